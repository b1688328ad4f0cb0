/* weir web: the proxy, with the control API. */
#include "cli/run.h"

static int
run_web(struct cli *cli)
{
    return run_proxy(cli, &(struct run_face){.control = true});
}

const struct cli_command cli_web = {
    .name = "web",
    .args = "[options]",
    .help = "the proxy, with the control API on 127.0.0.1:8081",
    .more =
        "The address that is printed holds the token that opens it. Programs send the token as\n"
        "'Authorization: Bearer TOKEN'; the socket 'api.sock' in the folder of the authority\n"
        "needs none, and is open to its owner alone.\n",
    .proxy = true,
    .run = run_web,
};
