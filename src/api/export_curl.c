/* A request as a command for a shell: curl sends the same bytes, framing aside. */
#include "api/export.h"
#include "base/utf8.h"

/* What a program takes as one word is limited: longer content goes through a pipe. */
#define WORD_MAX ((size_t)64 << 10)

/* Fields that curl makes up when they are not there. */
static const char *const made_up[] = {"Accept", "User-Agent", "Content-Type", "Expect"};

/* One word, whatever is in it: between single quotes nothing but these has a meaning. */
static void
put_word(struct buf *out, struct slice s)
{
    buf_byte(out, '\'');
    while (s.n) {
        bool quoted = slice_find(s, '\'') < s.n;
        buf_append(out, slice_cut(&s, '\''));
        if (quoted)
            buf_append(out, SLICE("'\\''"));
    }
    buf_byte(out, '\'');
}

static void
put_option(struct buf *out, const char *option, struct slice word)
{
    buf_printf(out, " \\\n  %s ", option);
    put_word(out, word);
}

/* A field without a value is spelt with a semicolon; with a colon it would be taken away. */
static void
put_field(struct buf *out, const struct field *f)
{
    struct buf line = {.max = 1 << 20};
    buf_append(&line, f->name);
    buf_append(&line, f->value.n ? SLICE(": ") : SLICE(";"));
    buf_append(&line, f->value);
    out->failed |= line.failed;
    put_option(out, "-H", buf_slice(&line));
    buf_release(&line);
}

static void
put_fields(struct buf *out, const struct export_request *r)
{
    for (size_t i = 0; i < r->head->n; i++)
        if (!export_leaves_out(&r->head->fields[i]))
            put_field(out, &r->head->fields[i]);
    for (size_t i = 0; i < ARRAY_LEN(made_up); i++)
        if (!head_find_name(r->head, slice_str(made_up[i])))
            buf_printf(out, " \\\n  -H '%s:'", made_up[i]);
}

/* A method that curl would not take by itself. */
static void
put_method(struct buf *out, const struct export_request *r)
{
    bool content = buf_len(&r->content);
    if (slice_eq(r->head->method, SLICE("HEAD")) && !content)
        buf_append(out, SLICE(" --head"));
    else if (content || !slice_eq(r->head->method, SLICE("GET")))
        put_option(out, "-X", r->head->method);
}

/* Bytes that a URL would not keep. */
static bool
is_plain(struct slice target)
{
    for (size_t i = 0; i < target.n; i++)
        if (target.p[i] <= ' ' || target.p[i] > '~' || target.p[i] == '#')
            return false;
    return target.n && target.p[0] == '/';
}

static void
put_url(struct buf *out, const struct export_request *r)
{
    struct slice url = buf_slice(&r->url);
    buf_append(out, SLICE(" \\\n  "));
    if (is_plain(r->target)) {
        put_word(out, url);
        return;
    }
    if (!slice_eq(r->target, SLICE("*")))
        url.n -= r->target.n;
    put_word(out, url);
    put_option(out, "--request-target", r->target);
}

static bool
fits_a_word(struct slice content)
{
    return content.n <= WORD_MAX && utf8_valid(content) && slice_find(content, 0) == content.n;
}

/* For printf of the shell, whose octal numbers have three digits. */
static void
put_pipe(struct buf *out, struct slice content)
{
    buf_append(out, SLICE("printf '"));
    for (size_t i = 0; i < content.n; i++) {
        unsigned char c = (unsigned char)content.p[i];
        if (c >= ' ' && c <= '~' && c != '\\' && c != '%' && c != '\'')
            buf_byte(out, (char)c);
        else
            buf_printf(out, "\\%03o", c);
    }
    buf_append(out, SLICE("' | "));
}

static void
put_content(struct buf *out, const struct export_request *r, bool word)
{
    struct slice content = buf_slice(&r->content);
    if (content.n && !word)
        buf_append(out, SLICE(" \\\n  --data-binary @-"));
    else if (content.n || head_find(r->head, FIELD_CONTENT_LENGTH))
        put_option(out, "--data-raw", content);
}

static bool
print_curl(const struct flow *f, struct buf *out, struct err *e)
{
    struct export_request r;
    TRY(export_request(f, &r, e));
    bool word = fits_a_word(buf_slice(&r.content));
    if (!word)
        put_pipe(out, buf_slice(&r.content));
    buf_append(out, SLICE("curl --http1.1 --globoff --path-as-is"));
    if (head_find(r.head, FIELD_ACCEPT_ENCODING))
        buf_append(out, SLICE(" --compressed"));
    put_method(out, &r);
    put_url(out, &r);
    put_fields(out, &r);
    put_content(out, &r, word);
    buf_byte(out, '\n');
    export_request_release(&r);
    return !out->failed || err_memory(e);
}

const struct export export_curl = {
    .name = "curl",
    .type = "text/plain; charset=utf-8",
    .suffix = "sh",
    .help = "a command for a shell that sends the request again",
    .print = print_curl,
};
