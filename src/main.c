/* The program weir. */
#include "cli/cli.h"

#include <signal.h>

int
main(int argc, char **argv)
{
    /* Who writes to something that is gone gets an error, and says what it means. */
    signal(SIGPIPE, SIG_IGN);
    return cli_main(argc, argv);
}
