/* weir dump: the proxy, with a line on standard output for each exchange. */
#include "cli/run.h"

static int
run_dump(struct cli *cli)
{
    return run_proxy(cli, &(struct run_face){.lines = true});
}

const struct cli_command cli_dump = {
    .name = "dump",
    .args = "[options] [QUERY]",
    .help = "the proxy, with one line per exchange on standard output",
    .more = "Words that are left are a query, as for --filter: 'weir dump \"status>=400\"'.\n"
            "One that begins with '-' comes behind '--'.\n"
            "Set 127.0.0.1:8080 as the HTTP and HTTPS proxy of a program, and open\n"
            "http://weir.it/ through it for the certificate that it must trust.\n",
    .proxy = true,
    .run = run_dump,
};
