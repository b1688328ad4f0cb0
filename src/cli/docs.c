/* weir docs: the reference texts that are made from the tables, for the documentation of the
 * program itself. */
#include "cli/docs.h"
#include "api/args.h"
#include "cli/cli.h"
#include "cli/help.h"

#define OUTPUT_MAX (1u << 20)

static void
put(struct buf *out, const char *text)
{
    buf_append(out, slice_str(text));
}

void
docs_cell(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|' || *text == '<')
            buf_byte(out, '\\');
        buf_byte(out, *text);
    }
}

static void
put_md_default(struct buf *out, const struct option *o)
{
    if (!o->def)
        return;
    put(out, "`");
    docs_cell(out, o->def);
    put(out, "`");
}

static void
put_md_name(struct buf *out, const struct option *o)
{
    const char *arg = option_arg(o);
    put(out, "`--");
    put(out, o->name);
    if (arg && o->type != OPTION_CHOICE) {
        put(out, " ");
        docs_cell(out, arg);
    }
    put(out, "`");
    if (o->letter)
        buf_printf(out, " `-%c`", o->letter);
}

static void
put_md_alias(struct buf *out, struct slice alias)
{
    buf_printf(out, "`%.*s` ", SLICE_ARG(alias));
}

static void
put_md_option(struct buf *out, const struct option *o)
{
    put(out, "| ");
    put_md_name(out, o);
    buf_printf(out, " | %s | ", option_type_name(o->type));
    put_md_default(out, o);
    buf_printf(out, " | %s | ", o->live ? "yes" : "no");
    docs_cell(out, o->help);
    if (o->choices) {
        put(out, ": ");
        docs_cell(out, o->choices);
    }
    if (o->aliases)
        put(out, ". Also: ");
    for (struct slice rest = slice_str(o->aliases); rest.n;)
        put_md_alias(out, slice_cut(&rest, ' '));
    put(out, o->aliases ? "|\n" : " |\n");
}

static void
docs_options(struct buf *out)
{
    put(out, "# Options\n\n"
             "Made from `src/api/option_list.h` by `make docs`.\n\n"
             "`--name value`, `--name=value`, `--no-name` for bools, `--set name=value`; "
             "`WEIR_NAME` in the environment; "
             "`name: value` in `config.yaml` in the config folder. In this order, the first that "
             "says something counts. "
             "`-` and `_` are the same in names. *Live* options follow the file when the program "
             "gets SIGHUP. "
             "An alias with `!` in front says the opposite.\n");
    for (const struct option *o = options; o < options + options_n; o++)
        if (o->heading)
            buf_printf(out,
                       "\n## %s\n\n| option | type | default | live | |\n| --- | --- | --- | --- | "
                       "--- |\n",
                       o->heading);
        else
            put_md_option(out, o);
}

static void
docs_commands(struct buf *out)
{
    put(out, "# Commands\n\nMade from `src/cli/` by `make docs`.\n");
    for (const struct cli_command *const *c = cli_table; *c; c++) {
        if (!(*c)->help)
            continue;
        buf_printf(out, "\n## weir %s\n\n```\n", (*c)->name);
        if ((*c)->proxy)
            buf_printf(out, "Usage: weir %s %s\n\n%s\n\nAll options: options.md\n", (*c)->name,
                       (*c)->args, (*c)->help);
        else
            help_command(out, *c);
        put(out, "```\n");
    }
    docs_api_commands(out);
}

/* Text for a manual page: a backslash and a dash are not what they look like, nor is a dot in
 * front. */
void
docs_man_text(struct buf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if ((p == text || p[-1] == '\n') && (*p == '.' || *p == '\''))
            put(out, "\\&");
        if (*p == '\\')
            put(out, "\\e");
        else if (*p == '-')
            put(out, "\\-");
        else
            buf_byte(out, *p);
    }
}

static void
put_man_option(struct buf *out, const struct option *o)
{
    const char *arg = option_arg(o);
    struct buf help;
    buf_init(&help, 2048);
    put(out, ".TP\n.B ");
    if (o->letter)
        buf_printf(out, "\\-%c, ", o->letter);
    put(out, "\\-\\-");
    docs_man_text(out, o->name);
    if (arg) {
        put(out, " ");
        docs_man_text(out, arg);
    }
    put(out, "\n");
    buf_append(&help, slice_str(o->help));
    if (o->def)
        buf_printf(&help, " (default %s)", o->def);
    docs_man_text(out, buf_str(&help));
    put(out, "\n");
    buf_release(&help);
}

static void
put_man_commands(struct buf *out)
{
    for (const struct cli_command *const *c = cli_table; *c; c++) {
        if (!(*c)->help)
            continue;
        put(out, ".TP\n.B weir ");
        docs_man_text(out, (*c)->name);
        put(out, " ");
        docs_man_text(out, (*c)->args);
        put(out, "\n");
        docs_man_text(out, (*c)->help);
        put(out, "\n");
        for (const struct cli_flag *f = (*c)->flags; f && f->name; f++) {
            put(out, ".br\n\\-\\-");
            docs_man_text(out, f->name);
            put(out, f->arg ? " " : "");
            docs_man_text(out, f->arg ? f->arg : "");
            put(out, ": ");
            docs_man_text(out, f->help);
            put(out, "\n");
        }
    }
}

static void
docs_man(struct buf *out)
{
    put(out, ".\\\" Made from the tables of options and commands by 'make docs'.\n"
             ".TH WEIR 1 \"\" \"weir " WEIR_VERSION "\" \"User commands\"\n"
             ".SH NAME\nweir \\- HTTPS interception proxy\n"
             ".SH SYNOPSIS\n.B weir\n.I COMMAND\n[options]\n"
             ".SH DESCRIPTION\nStands between a client and a server, opens their TLS, shows and "
             "records what they say to "
             "each other.\n"
             ".SH COMMANDS\n");
    put_man_commands(out);
    docs_api_man(out);
    for (const struct option *o = options; o < options + options_n; o++)
        if (o->heading) {
            put(out, ".SH OPTIONS: ");
            docs_man_text(out, o->heading);
            put(out, "\n");
        } else {
            put_man_option(out, o);
        }
    put(out,
        ".SH FILES\n.TP\n~/.weir\nThe config folder: the certificate authority, config.yaml, and "
        "api.sock, the local socket of the "
        "control API.\n"
        ".SH ENVIRONMENT\n.TP\nWEIR_NAME\nSets the option of that name.\n"
        ".TP\nSSLKEYLOGFILE\nA file to which the TLS secrets of all connections are appended.\n"
        ".SH SIGNALS\n.TP\nSIGINT, SIGTERM\nFinish what is running within the grace time; a second "
        "one ends at once.\n"
        ".TP\nSIGHUP\nRead the config file again.\n"
        ".SH EXIT STATUS\n0 done, 1 the thing asked for failed, 2 wrong usage or configuration, 3 "
        "could not start.\n");
}

static const struct {
    const char *name;
    void (*fill)(struct buf *out);
} docs[] = {
    {"options", docs_options}, {"commands", docs_commands}, {"man", docs_man},
    {"filters", docs_filters}, {"rules", docs_rules},       {"hooks", docs_hooks},
};

static int
run_docs(struct cli *cli)
{
    struct err e = {0};
    struct slice word = slice_str(cli_word(cli));
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    for (size_t i = 0; i < ARRAY_LEN(docs); i++) {
        if (!slice_eq(word, slice_str(docs[i].name)))
            continue;
        struct buf out;
        buf_init(&out, OUTPUT_MAX);
        docs[i].fill(&out);
        return cli_print(&out);
    }
    err_set(&e, ERR_USAGE, "docs needs one of: options, commands, man, filters, rules, hooks");
    return cli_fail(&e);
}

const struct cli_command cli_docs = {
    .name = "docs",
    .args = "options | commands | man | filters | rules | hooks",
    .run = run_docs,
};
