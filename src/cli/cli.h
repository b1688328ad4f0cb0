/*
 * The subcommands of the binary: one row each in cli/list.h, one file each. A command gets the configuration (defaults,
 * file, environment and the options it was given, already applied) and the words that are left.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>

struct config;

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

struct cli {
    const struct config *config;
    int argc; /* words behind the command's name that are not options of the option table */
    char **argv;
};

struct cli_command {
    const char *name;
    const char *args; /* one line, for the help */
    const char *help; /* one line */
    const char *more; /* further help, may be NULL */
    const struct cli_flag *flags; /* the command's own flags, ended by a NULL name; may be NULL */
    bool proxy;       /* the options of the option table belong to it and are shown in its help */
    int (*run)(struct cli *cli);
};

/* Takes '--name VALUE', '--name=VALUE' or '--name' out of the words; NULL when it is not there. A flag without a value
 * gives "". Sets *e when the value is missing. */
const char *cli_flag(struct cli *cli, const char *name, bool takes_value, struct err *e);
/* The next plain word, taken out, or NULL. */
const char *cli_word(struct cli *cli);
/* Prints "weir: TEXT" on standard error and returns the status that fits the code. */
int cli_fail(const struct err *e);
/* Complains about the first word that is left over and returns CLI_USAGE, or CLI_OK when none is. */
int cli_finish(struct cli *cli);
