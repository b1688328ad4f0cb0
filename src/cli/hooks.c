/* weir hooks: the table of hooks. */
#include "cli/cli.h"
#include "cli/help.h"
#include "flow/hook.h"

#define OUTPUT_MAX (1u << 20)

static int
run_hooks(struct cli *cli)
{
    struct buf out;
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    buf_init(&out, OUTPUT_MAX);
    for (enum hook_id i = 0; i < HOOKS_N; i++) {
        const struct hook_row *h = &hook_rows[i];
        buf_append(&out, slice_str(h->name));
        if (h->mitmproxy[0])
            buf_printf(&out, " (mitmproxy: %s)", h->mitmproxy);
        buf_append(&out, SLICE("\n    "));
        help_wrap(&out, slice_str(h->help), 4, 4);
    }
    return cli_print(&out);
}

const struct cli_command cli_hooks = {
    .name = "hooks",
    .args = "",
    .help = "the table of hooks: what happens in the engine and can be heard of",
    .run = run_hooks,
};
