/*
 * The subcommands of the binary: one row each in cli/list.h, one file each. A command gets the
 * configuration (defaults, file, environment and the options it was given, already applied) and the
 * words that are left.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

#include <stdbool.h>

struct args;
struct buf;
struct cli_command;
struct config;
struct filter;
struct local;

/* Exit statuses of the program. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1, /* the thing asked for failed */
    CLI_USAGE = 2,  /* wrong usage or configuration */
    CLI_START = 3,  /* could not start: port taken, no permission */
};

struct cli_flag {
    const char *name; /* without the dashes */
    const char *arg;  /* what it takes, for the help; NULL: nothing */
    const char *help;
};

#define CLI_FLAGS_MAX 16

struct cli {
    const struct cli_command *command;
    const struct config *config;
    const struct args *args; /* the options of the command line, for settings_reload */
    int argc;                /* plain words behind the command's name that nobody has taken yet */
    char **argv;
    struct {
        const char *name, *value;
    } flags[CLI_FLAGS_MAX]; /* the command's own flags that were given */
    int n_flags;
};

struct cli_command {
    const char *name;
    const char *args;             /* one line, for the help */
    const char *help;             /* one line; NULL: not shown in the list */
    const char *more;             /* further help, may be NULL */
    const struct cli_flag *flags; /* the command's own flags, ended by a NULL name; may be NULL */
    bool proxy; /* the options of the option table are shown in its help; they are taken by all
                   commands */
    int (*run)(struct cli *cli);
};

/* The value of one of the command's own flags, taken out: NULL when it was not given, "" when it
 * takes none. Of several the last one counts. Borrowed from the command line. */
const char *cli_flag(struct cli *cli, const char *name);
/* The next plain word, taken out, or NULL. */
const char *cli_word(struct cli *cli);
/* Prints "weir: TEXT" on standard error and returns the status that fits the code. */
int cli_fail(const struct err *e);
/* Complains about the first word that is left over and returns CLI_USAGE, or CLI_OK when none is.
 */
int cli_finish(struct cli *cli);

/* What the program says about itself from now on is as the configuration says. */
void cli_set_verbosity(const struct config *c);
/* Writes it to standard output, frees it, and returns the status. A reader that has gone away is no
 * failure. */
int cli_print(struct buf *out);

/* The file, or standard input for "-", within the limit of 'out'. */
bool cli_read(const char *path, struct buf *out, struct err *e) MUST_CHECK;
/* The API of the engine that runs: its socket is 'path', or api.sock of the config folder. NULL
 * with a sentence. */
struct local *cli_engine(const struct cli *cli, const char *path, struct err *e) MUST_CHECK;
/* A query, with the presets of the config folder. As filter_parse. */
struct filter *cli_query_parse(const struct cli *cli, struct slice text, size_t *at,
                               struct err *e) MUST_CHECK;
/* The commands of cli/list.h, ended by NULL. */
extern const struct cli_command *const cli_table[];
/* The whole program: returns its exit status. */
int cli_main(int argc, char **argv);
