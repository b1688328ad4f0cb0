/* A request as Python, with nothing but what Python brings along. */
#include "api/export.h"

/* Any bytes, as b"...". */
static void
put_bytes(struct buf *out, struct slice s)
{
    buf_append(out, SLICE("b\""));
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            buf_byte(out, '\\');
        if (c >= ' ' && c <= '~')
            buf_byte(out, (char)c);
        else
            buf_printf(out, "\\x%02x", c);
    }
    buf_byte(out, '"');
}

/* As text: other bytes than ASCII are one character each. */
static void
put_text(struct buf *out, struct slice s)
{
    struct buf bytes = {.max = 8 << 20};
    put_bytes(&bytes, s);
    buf_append(out, slice_from(buf_slice(&bytes), 1));
    out->failed |= bytes.failed;
    buf_release(&bytes);
}

static void
put_header(struct buf *out, struct slice name, struct slice value)
{
    buf_append(out, SLICE("connection.putheader("));
    put_text(out, name);
    buf_append(out, SLICE(", "));
    put_bytes(out, value);
    buf_append(out, SLICE(")\n"));
}

static void
put_headers(struct buf *out, const struct export_request *r)
{
    for (size_t i = 0; i < r->head->n; i++)
        if (!export_leaves_out(&r->head->fields[i]))
            put_header(out, r->head->fields[i].name, r->head->fields[i].value);
    if (buf_len(&r->content) || head_find(r->head, FIELD_CONTENT_LENGTH)) {
        char length[24];
        snprintf(length, sizeof length, "%zu", buf_len(&r->content));
        put_header(out, SLICE("Content-Length"), slice_str(length));
    }
}

static bool
print_python(const struct flow *f, struct buf *out, struct err *e)
{
    struct export_request r;
    TRY(export_request(f, &r, e));
    bool tls = slice_eq(slice_str(f->scheme), SLICE("https"));
    buf_printf(out, "import http.client\n\nconnection = http.client.HTTP%sConnection(",
               tls ? "S" : "");
    put_text(out, f->host);
    buf_printf(out, ", %u)\nconnection.putrequest(", f->port);
    put_text(out, r.head->method);
    buf_append(out, SLICE(", "));
    put_text(out, r.target);
    buf_append(out, SLICE(", skip_host=True, skip_accept_encoding=True)\n"));
    put_headers(out, &r);
    buf_append(out, SLICE("connection.endheaders("));
    if (buf_len(&r.content))
        put_bytes(out, buf_slice(&r.content));
    buf_append(out, SLICE(")\nresponse = connection.getresponse()\n"
                          "print(response.status, response.reason)\nprint(response.read())\n"));
    export_request_release(&r);
    return !out->failed || err_memory(e);
}

const struct export export_python = {
    .name = "python",
    .type = "text/plain; charset=utf-8",
    .suffix = "py",
    .help = "a Python program without further libraries",
    .print = print_python,
};
