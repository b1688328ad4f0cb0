/*
 * Where a configuration comes from. A stronger source replaces what a weaker one says, lists as a
 * whole: the command line, the environment (WEIR_NAME), config.yaml in the config folder, the
 * default.
 */
#pragma once

#include "api/args.h"
#include "base/json.h"

enum settings_how {
    SETTINGS_SET,    /* one text, several for a list, none for an empty one */
    SETTINGS_RESET,  /* to the default */
    SETTINGS_ADD,    /* one text more of a list, which must not be there yet */
    SETTINGS_REMOVE, /* one less, which must be there */
    SETTINGS_TOGGLE, /* of a bool */
};

struct settings_texts {
    const struct slice *texts; /* as one would type them */
    size_t n;
    enum settings_how how;
};

/*
 * Changing one that is in force: each returns a copy, owned; NULL with a sentence. Only options
 * that are live can have another value. What was given so stays until it is taken back, whatever is
 * read anew meanwhile.
 */

/* One option has another value. */
struct config *settings_with(const struct config *old, const struct option *o,
                             const struct settings_texts *texts, struct err *e) MUST_CHECK;
/* Several have, as the text of a config file says. */
struct config *settings_merge(const struct config *old, struct slice text,
                              struct err *e) MUST_CHECK;
/* The option (NULL: each of them) is as the sources say, which are read anew for it. */
struct config *settings_without(const struct args *a, const struct config *old,
                                const struct option *o, struct err *e) MUST_CHECK;

/* The text of a config file, for all options that have not their default; secrets are left out. */
void settings_print(const struct config *c, struct buf *out);
/* The value as JSON; null for a secret. 'key' as for json_text. */
void settings_value(struct json *j, const char *key, const struct option *o,
                    const struct config *c);
/* Whether its value was given while the program ran. */
bool settings_is_changed(const struct option *o, const struct config *c);

/* Returns owned; NULL with a sentence that names the option, the value, and where it stands. */
struct config *settings_load(const struct args *a, struct err *e) MUST_CHECK;
/*
 * The same again, for a running program: file and environment are read anew. Options that were
 * changed while it ran keep that value; those that cannot change keep their old one, and a warning
 * says so.
 */
struct config *settings_reload(const struct args *a, const struct config *old,
                               struct err *e) MUST_CHECK;
