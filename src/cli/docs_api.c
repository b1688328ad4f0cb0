/* The reference of the commands of the control API, from their table. */
#include "cli/docs.h"
#include "ui/web/command.h"

static void
put_argument(struct buf *out, const struct command_arg *a)
{
    buf_printf(out, "%s`%s` (%s): ", a->required ? "" : "*", a->name, command_kind_name(a->kind));
    docs_cell(out, a->help);
    if (a->choices) {
        buf_append(out, SLICE(": "));
        docs_cell(out, a->choices);
    }
    buf_append(out, slice_str(a->required ? "" : "*"));
}

void
docs_api_commands(struct buf *out)
{
    buf_append(
        out,
        SLICE("\n# Commands of a running engine\n\nMade from `src/ui/web/command_list.h` by `make "
              "docs`.\n\n"
              "`weir call NAME [argument=value ...]`, or `POST /api/v1/commands/NAME` with the "
              "arguments as a JSON object; `GET /api/v1/commands` lists them. The answer is that "
              "of the route. Arguments in italics may be left out. *flows* are a query, or ids: "
              "`17`, `17,18`; an empty query is all. *content* is text, on the command line the "
              "name of a file.\n\n"
              "| command | route | arguments |\n| --- | --- | --- |\n"));
    for (const struct command *cmd = commands; cmd < commands + commands_n; cmd++) {
        buf_printf(out, "| `%s` | %s `", cmd->name, cmd->method);
        struct slice path = slice_str(cmd->target);
        buf_append(out, slice_cut(&path, '?'));
        buf_append(out, SLICE("` | "));
        docs_cell(out, cmd->help);
        buf_append(out, SLICE("."));
        for (const struct command_arg *a = cmd->args; a && a->name; a++) {
            buf_append(out, SLICE("<br>"));
            put_argument(out, a);
        }
        buf_append(out, SLICE(" |\n"));
    }
}

void
docs_api_man(struct buf *out)
{
    buf_append(out, SLICE(".SH COMMANDS OF A RUNNING ENGINE\nBy weir call.\n"));
    for (const struct command *cmd = commands; cmd < commands + commands_n; cmd++) {
        buf_printf(out, ".TP\n.B %s", cmd->name);
        for (const struct command_arg *a = cmd->args; a && a->name; a++) {
            buf_append(out, slice_str(a->required ? " " : " ["));
            docs_man_text(out, a->name);
            buf_append(out, slice_str(a->required ? "" : "]"));
        }
        buf_byte(out, '\n');
        docs_man_text(out, cmd->help);
        buf_byte(out, '\n');
    }
}
