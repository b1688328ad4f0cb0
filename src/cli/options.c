/* weir options: the table of options. */
#include "base/json.h"
#include "cli/cli.h"
#include "cli/help.h"

#define OUTPUT_MAX (1u << 20)

static void
put_json_option(struct json *j, const struct option *o, const char *heading)
{
    json_begin_object(j, NULL);
    json_str(j, "name", o->name);
    json_str(j, "group", heading);
    json_str(j, "type", option_type_name(o->type));
    json_str(j, "default", o->def);
    if (o->choices) {
        json_begin_array(j, "choices");
        for (struct slice rest = slice_str(o->choices); rest.n;)
            json_text(j, NULL, slice_cut(&rest, '|'));
        json_end_array(j);
    }
    if (o->letter)
        json_text(j, "letter", slice_of(&o->letter, 1));
    json_begin_array(j, "aliases");
    for (struct slice rest = slice_str(o->aliases); rest.n;)
        json_text(j, NULL, slice_cut(&rest, ' '));
    json_end_array(j);
    json_bool(j, "live", o->live);
    json_str(j, "help", o->help);
    json_end_object(j);
}

static void
put_json_options(struct buf *out)
{
    struct json j;
    const char *heading = NULL;
    json_init(&j, out);
    json_begin_array(&j, NULL);
    for (const struct option *o = options; o < options + options_n; o++)
        if (o->heading)
            heading = o->heading;
        else
            put_json_option(&j, o, heading);
    json_end_array(&j);
    buf_byte(out, '\n');
}

static void
put_text_option(struct buf *out, const struct option *o)
{
    struct buf help;
    buf_init(&help, 2048);
    buf_append(&help, slice_str(o->help));
    help_facts(&help, o);
    if (o->aliases)
        buf_printf(&help, " (also: %s)", o->aliases);
    if (!o->live)
        buf_append(&help, SLICE(" (fixed while it runs)"));
    buf_printf(out, "%s: %s", o->name, option_type_name(o->type));
    if (o->type == OPTION_BOOL)
        buf_printf(out, ", default %s", o->def);
    buf_append(out, SLICE("\n    "));
    help_wrap(out, buf_slice(&help), 4, 4);
    buf_release(&help);
}

static void
put_text_options(struct buf *out)
{
    for (const struct option *o = options; o < options + options_n; o++)
        if (o->heading)
            buf_printf(out, "%s== %s ==\n", o == options ? "" : "\n", o->heading);
        else
            put_text_option(out, o);
}

static int
run_options(struct cli *cli)
{
    bool json = cli_flag(cli, "json");
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    struct buf out;
    buf_init(&out, OUTPUT_MAX);
    if (json)
        put_json_options(&out);
    else
        put_text_options(&out);
    return cli_print(&out);
}

static const struct cli_flag options_flags[] = {
    {"json", NULL, "as a JSON array"},
    {NULL, NULL, NULL},
};

const struct cli_command cli_options = {
    .name = "options",
    .args = "[--json]",
    .help = "the table of options: types, defaults, other names, help",
    .flags = options_flags,
    .run = run_options,
};
