/* The proxy from its start to its end, for the commands that show it in their own way. */
#pragma once

#include "cli/cli.h"

/* What is to be seen of it. */
struct run_face {
    bool lines;   /* exchanges on standard output */
    bool control; /* the control API, whatever the option says */
};

/* Returns the exit status. Signals end it (SIGINT, SIGTERM) and have it read its configuration
 * again (SIGHUP). */
int run_proxy(struct cli *cli, const struct run_face *face);
