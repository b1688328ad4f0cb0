/* weir commands: the table of commands of the control API. */
#include "base/json.h"
#include "cli/cli.h"
#include "cli/help.h"
#include "ui/web/command.h"

#define OUTPUT_MAX (1u << 20)

static void
put_argument(struct buf *out, const struct command_arg *a)
{
    buf_printf(out, "    %s%s: %s. %s", a->name, a->required ? "" : "?", command_kind_name(a->kind),
               a->help);
    if (a->choices)
        buf_printf(out, " (one of %s)", a->choices);
    buf_byte(out, '\n');
}

static void
put_commands(struct buf *out, bool as_json)
{
    struct json j;
    json_init(&j, out);
    if (as_json) {
        commands_json(&j, NULL);
        buf_byte(out, '\n');
        return;
    }
    for (const struct command *cmd = commands; cmd < commands + commands_n; cmd++) {
        buf_printf(out, "%s: %s\n", cmd->name, cmd->help);
        for (const struct command_arg *a = cmd->args; a && a->name; a++)
            put_argument(out, a);
    }
}

static int
run_commands(struct cli *cli)
{
    bool json = cli_flag(cli, "json");
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    struct buf out;
    buf_init(&out, OUTPUT_MAX);
    put_commands(&out, json);
    return cli_print(&out);
}

static const struct cli_flag commands_flags[] = {
    {"json", NULL, "as a JSON array"},
    {NULL, NULL, NULL},
};

const struct cli_command cli_commands = {
    .name = "commands",
    .args = "[--json]",
    .help = "the commands of a running engine, which 'weir call' and the control API run",
    .flags = commands_flags,
    .run = run_commands,
};
