/* Both messages as they came, byte for byte: the heads, and the contents without chunk framing. */
#include "api/export.h"
#include "flow/content.h"

static void
put_msg(struct buf *out, const struct http_msg *m)
{
    buf_append(out, m->head.raw);
    content_append(&m->body, out);
}

static bool
print_raw(const struct flow *f, struct buf *out, struct err *e)
{
    bool both = f->req.head.raw.n && f->resp.head.raw.n;
    put_msg(out, &f->req);
    if (both)
        buf_append(out, SLICE("\r\n\r\n"));
    put_msg(out, &f->resp);
    return !out->failed || err_memory(e);
}

const struct export export_raw = {
    .name = "raw",
    .type = "application/octet-stream",
    .suffix = "raw",
    .help = "request and response as they came, an empty line between them",
    .print = print_raw,
};
