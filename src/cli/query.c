/* weir query: what a query means. */
#include "base/buf.h"
#include "cli/cli.h"
#include "flow/filter.h"

#include <stdio.h>

#define OUTPUT_MAX (1u << 20)

static void
put(struct buf *out, const char *text)
{
    buf_append(out, slice_str(text));
}

static void
explain(const struct filter *f, struct buf *out)
{
    put(out, "query: ");
    filter_print(f, out);
    put(out, "\n\n");
    filter_explain(f, out);
    put(out, "\n\nTree:\n");
    filter_print_tree(f, out);
    put(out, "\nPlan:\n");
    filter_plan(f, out);
}

/* The text, and a sign below the place that is wrong. */
static int
complain(struct slice text, size_t at, const struct err *e)
{
    struct err shown = {.code = ERR_USAGE};
    err_set(&shown, ERR_USAGE, "at byte %zu of the query: %s", at, e->text);
    int status = cli_fail(&shown);
    bool line = text.n <= 200;
    for (size_t i = 0; i < text.n; i++)
        line = line && text.p[i] >= ' ' && text.p[i] < 0x7f;
    if (line)
        fprintf(stderr, "    %.*s\n    %*s^\n", SLICE_ARG(text), (int)at, "");
    return status;
}

static int
run_query(struct cli *cli)
{
    struct err e = {0};
    const char *verb = cli_word(cli), *text = cli_word(cli);
    if (!verb || !slice_eq(slice_str(verb), SLICE("explain")) || !text) {
        err_set(&e, ERR_USAGE, "query needs: explain TEXT");
        return cli_fail(&e);
    }
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    size_t at = 0;
    struct filter *f = cli_query_parse(cli, slice_str(text), &at, &e);
    if (!f)
        return complain(slice_str(text), at, &e);
    struct buf out;
    buf_init(&out, OUTPUT_MAX);
    explain(f, &out);
    filter_unref(f);
    return cli_print(&out);
}

const struct cli_command cli_query = {
    .name = "query",
    .args = "explain TEXT",
    .help = "what a query means: its tree, in plain words, and what is looked at for it",
    .more = "A text that begins with '-' comes behind '--'.\n"
            "Expressions of mitmproxy and HTTPQL are understood too and shown as ours.\n",
    .run = run_query,
};
