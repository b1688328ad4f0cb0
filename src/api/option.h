/*
 * The options of the program: one row each in api/option_list.h, which is all that there is to
 * write for a new one. The command line, the file, the environment and the help are made from them.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/nearest.h"
#include "base/slice.h"
#include "proxy/config.h"

enum option_type {
    OPTION_BOOL,
    OPTION_INT,      /* int64_t; -1 when not given and without default */
    OPTION_SIZE,     /* uint64_t, bytes */
    OPTION_DURATION, /* uint64_t, nanoseconds */
    OPTION_TEXT,     /* const char *, NULL when not given */
    OPTION_PATH,     /* the same; "~/" in front stands for the home folder */
    OPTION_CHOICE,   /* the same, one of the choices in their spelling */
    OPTION_LIST,     /* const char **, ended by NULL; NULL when empty */
};

struct option {
    const char *name;    /* as we spell it: with '-' */
    const char *heading; /* not NULL: this row is only the heading of those behind it */
    enum option_type type;
    size_t offset;       /* in struct config */
    char letter;         /* the 'p' of '-p'; 0: none */
    bool live;           /* a reload may change it */
    bool secret;         /* its value is shown to nobody */
    char separator;      /* of several entries of a list in one text; 0: a text is one entry */
    const char *def;     /* as one would type it; NULL: not given */
    uint64_t min, max;   /* numbers, durations in nanoseconds; max 0: as large as may be */
    const char *choices; /* "error|mirror|allow" */
    const char *arg;     /* what it takes, for the help; NULL: by type */
    /* Other names, blanks between them. With '!' in front the name of a bool says the opposite. */
    const char *aliases;
    const char *help; /* one or more sentences without the last full stop */
    /* Of a text, or of an entry of a list, with the text in the sentence; may be NULL. */
    bool (*check)(const char *text, struct err *e);
};

extern const struct option options[];
extern const size_t options_n;

/* All options without the headings. */
#define option_for(o)                                                                              \
    for (const struct option *o = options; o < options + options_n; o++)                           \
        if (!o->heading)

/* A name as somebody spelt it. */
struct option_name {
    const struct option *option;
    bool opposite; /* of a bool: "no-" in front, or an alias that says the opposite */
};

/* '-' and '_' are the same. false when there is none. */
bool option_find(struct slice name, struct option_name *out) MUST_CHECK;
/* The option with the letter, or NULL. */
const struct option *option_find_letter(char letter);
/* Offers all names, aliases too. */
void option_names(struct nearest *n);
/* Sets *e to "unknown option 'x'" with the nearest name, and returns false. */
bool option_unknown(struct slice name, struct err *e);

/*
 * Sets it in a configuration that nobody else has yet; to a list the entry is added. On failure
 * nothing has changed and *e says "option 'x': 'value' is not ...".
 */
bool option_set(const struct option_name *name, struct config *c, struct slice text,
                struct err *e) MUST_CHECK;
/* Back to its default. */
bool option_reset(const struct option *o, struct config *c, struct err *e) MUST_CHECK;
/* Empties a list. */
void option_clear(const struct option *o, struct config *c);
bool option_equal(const struct option *o, const struct config *a, const struct config *b);
/* Copies the value; texts too. false without memory. */
bool option_copy(const struct option *o, struct config *to, const struct config *from) MUST_CHECK;

/* "SIZE", "FILE": what it takes; NULL for a bool. */
const char *option_arg(const struct option *o);
/* "size", "list": the word for a type. */
const char *option_type_name(enum option_type type);
