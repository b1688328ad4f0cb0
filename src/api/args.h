/*
 * The options among the words of a command line: --name VALUE, --name=VALUE, --no-name, -pVALUE,
 * -p VALUE, --set name=VALUE. They are only collected here; api/settings.h makes a configuration of
 * them, again for each reload.
 */
#pragma once

#include "api/option.h"

struct args_item {
    struct option_name name;
    struct slice value; /* borrowed from the command line */
};

struct args {
    struct args_item *items; /* in the order in which they were given */
    size_t n, cap;
};

enum args_result {
    ARGS_TAKEN,
    ARGS_OTHER,  /* not an option of the table; nothing has changed */
    ARGS_FAILED, /* *e says why */
};

/* Takes the option at words[*at], which moves behind it and its value. The words are borrowed. */
enum args_result args_take(struct args *a, char *const *words, int n, int *at,
                           struct err *e) MUST_CHECK;
void args_release(struct args *a);

/* Short ways to say an option with its value. */
struct args_shortcut {
    char letter;
    const char *name; /* without the dashes */
    const char *option, *value;
};

/* Ended by a NULL name. */
extern const struct args_shortcut args_shortcuts[];
