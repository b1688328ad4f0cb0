/* weir docs filters: the manual of the query language, with the table of its fields. */
#include "cli/docs.h"
#include "flow/filter_tree.h"

static const char intro[] =
    "# Queries\n\n"
    "Made from `src/flow/filter_list.h` and `src/cli/docs_filters.c` by `make docs`.\n\n"
    "One language for everything that chooses among flows: `weir dump QUERY`, `--filter`, rules. "
    "`weir query explain TEXT` says what a query means.\n\n"
    "A word alone does the obvious thing; a colon makes it exact; a comparison makes it numeric; a "
    "tilde makes it a regular expression. White space means *and*, a minus means *not*.\n\n"
    "| write | for |\n| --- | --- |\n"
    "| `login` | *login* in the URL, a header or the note |\n"
    "| `POST` | the method, in capitals |\n"
    "| `404` | the status |\n"
    "| `/api` | paths that start with it |\n"
    "| `\"two words\"` | text as it is; only `\\\"` and `\\\\` are escapes |\n"
    "| `host:example` `host:*.example.com` | the host contains it; with `*`, all of it is like "
    "that |\n"
    "| `status:4xx` `status:200..299` `status:(404,5xx)` | a class, a range, any of a list |\n"
    "| `resp.size>100k` `time>1500ms` `age<10m` | units: `k` `M` `G`; `ms` `s` `m` `h` `d` |\n"
    "| `at:2026-01-31` `at>2026-01-31T10:00` | a day, a minute, a second, in UTC |\n"
    "| `header[server]:nginx` `req.json[user.roles.0]=admin` | one header, one place in JSON; `*` "
    "is any key or index |\n"
    "| `url~/v[0-9]+\\/users/` `body~/Secret/c` | a regular expression (PCRE2); `c`: case counts "
    "|\n"
    "| `client:10.0.0.0/8` `server::443` | addresses, networks, ports |\n"
    "| `header[x-debug]?` `-status?` | what is there; what is not: no response yet |\n"
    "| `a b or -c d` | *(a and b) or (not c and d)*; also `and` `or` `not`, `&&` "
    "`\\|\\|` `!`, parentheses |\n"
    "| `@name` | a query that has that name |\n\n"
    "Text is compared without regard to case, unless the operator is `=` or `!=` or the regular "
    "expression ends in `/c`. A field that a flow lacks makes its test false, `!=` and `!~` "
    "included. Contents are decoded, up to 8 MiB; regular expressions have limits of steps and of "
    "time. What exceeds them does not match.\n\n"
    "A query of mitmproxy (`~u login & !~m POST`) or of Caido (`req.host.eq:\"x\" AND "
    "resp.code.gte:400`) is understood as that program does, and shown in this language.\n\n"
    "## Operators\n\n"
    "| | |\n| --- | --- |\n";

static const char *const type_names[FILTER_TYPES_N] = {
    [FILTER_TEXT] = "text",         [FILTER_NAME] = "name",     [FILTER_ADDRESS] = "address",
    [FILTER_WORDS] = "words",       [FILTER_NUMBER] = "number", [FILTER_SIZE] = "size",
    [FILTER_DURATION] = "duration", [FILTER_TIME] = "time",
};

static void
put(struct buf *out, const char *text)
{
    buf_append(out, slice_str(text));
}

static void
put_operators(struct buf *out)
{
    for (int i = 0; i < OPS_N; i++) {
        put(out, "| `");
        put(out, filter_ops[i].sign);
        put(out, "` | ");
        put(out, i == OP_HAS ? "contains, for text; is, for all else" : filter_ops[i].verb);
        put(out, " |\n");
    }
}

static void
put_words(struct buf *out, const struct filter_word *words)
{
    put(out, ":");
    for (const struct filter_word *w = words; w->name; w++) {
        buf_printf(out, " `%s`", w->name);
        put(out, w->has ? "" : "\\*");
    }
}

static void
put_field(struct buf *out, const struct filter_field *f)
{
    if (f->group) {
        buf_printf(out, "\n### %s\n\n| field | type | |\n| --- | --- | --- |\n", f->group);
        return;
    }
    buf_printf(out, "| `%s%s`%s | %s | ", f->name, f->named ? "[name]" : "",
               filter_field_is_later(f) ? "\\*" : "", type_names[f->type]);
    docs_cell(out, f->help);
    if (f->words)
        put_words(out, f->words);
    put(out, f->named && !f->must_be_named ? "; without a name, any of them |\n" : " |\n");
}

void
docs_filters(struct buf *out)
{
    put(out, intro);
    put_operators(out);
    put(out, "\n## Fields\n\nWith \\*: understood, but no flow has it yet.\n");
    for (size_t i = 0; i < filter_fields_n; i++)
        put_field(out, &filter_fields[i]);
}
