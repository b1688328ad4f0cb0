/* weir commands: the table of commands. */
#include "base/json.h"
#include "cli/cli.h"
#include "cli/help.h"

#define OUTPUT_MAX (1u << 20)

static void
put_json_command(struct json *j, const struct cli_command *c)
{
    json_begin_object(j, NULL);
    json_str(j, "name", c->name);
    json_str(j, "args", c->args);
    json_str(j, "help", c->help);
    json_begin_array(j, "flags");
    for (const struct cli_flag *f = c->flags; f && f->name; f++) {
        json_begin_object(j, NULL);
        json_str(j, "name", f->name);
        json_str(j, "arg", f->arg);
        json_str(j, "help", f->help);
        json_end_object(j);
    }
    json_end_array(j);
    json_bool(j, "options", c->proxy);
    json_end_object(j);
}

void
cli_json_commands(struct json *j)
{
    json_begin_array(j, NULL);
    for (const struct cli_command *const *c = cli_table; *c; c++)
        if ((*c)->help)
            put_json_command(j, *c);
    json_end_array(j);
}

static void
put_commands(struct buf *out, bool as_json)
{
    struct json j;
    json_init(&j, out);
    if (as_json) {
        cli_json_commands(&j);
        buf_byte(out, '\n');
        return;
    }
    for (const struct cli_command *const *c = cli_table; *c; c++)
        if ((*c)->help)
            buf_printf(out, "weir %s %s\n    %s\n", (*c)->name, (*c)->args, (*c)->help);
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
    .help = "the table of commands",
    .flags = commands_flags,
    .run = run_commands,
};
