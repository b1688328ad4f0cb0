/* A request as JavaScript. */
#include "api/export.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/utf8.h"

/* Names that scripts may not set (Fetch, section 2.2.2): the browser makes them. */
static const char *const forbidden[] = {"accept-charset",
                                        "accept-encoding",
                                        "connection",
                                        "cookie",
                                        "cookie2",
                                        "date",
                                        "dnt",
                                        "expect",
                                        "host",
                                        "keep-alive",
                                        "origin",
                                        "referer",
                                        "upgrade",
                                        "via"};

static bool
is_forbidden(const struct field *f)
{
    for (size_t i = 0; i < ARRAY_LEN(forbidden); i++)
        if (slice_eq_nocase(f->name, slice_str(forbidden[i])))
            return true;
    return export_leaves_out(f) || slice_eq_nocase(slice_first(f->name, 4), SLICE("sec-"));
}

static void
put_string(struct buf *out, struct slice s)
{
    struct json j;
    json_init(&j, out);
    json_text(&j, NULL, s);
}

static void
put_headers(struct buf *out, const struct http_head *h)
{
    buf_append(out, SLICE("  headers: [\n"));
    for (size_t i = 0; i < h->n; i++) {
        if (is_forbidden(&h->fields[i]))
            continue;
        buf_append(out, SLICE("    ["));
        put_string(out, h->fields[i].name);
        buf_append(out, SLICE(", "));
        put_string(out, h->fields[i].value);
        buf_append(out, SLICE("],\n"));
    }
    buf_append(out, SLICE("  ],\n"));
}

static void
put_body(struct buf *out, struct slice content)
{
    buf_append(out, SLICE("  body: "));
    if (utf8_valid(content))
        put_string(out, content);
    else {
        buf_append(out, SLICE("Uint8Array.from(atob(\""));
        base64_encode(out, content);
        buf_append(out, SLICE("\"), c => c.charCodeAt(0))"));
    }
    buf_append(out, SLICE(",\n"));
}

static bool
print_fetch(const struct flow *f, struct buf *out, struct err *e)
{
    struct export_request r;
    TRY(export_request(f, &r, e));
    buf_append(out, SLICE("await fetch("));
    put_string(out, buf_slice(&r.url));
    buf_append(out, SLICE(", {\n  method: "));
    put_string(out, r.head->method);
    buf_append(out, SLICE(",\n"));
    put_headers(out, r.head);
    if (buf_len(&r.content))
        put_body(out, buf_slice(&r.content));
    buf_append(out, SLICE("  credentials: \"include\",\n  redirect: \"manual\",\n});\n"));
    export_request_release(&r);
    return !out->failed || err_memory(e);
}

const struct export export_fetch = {
    .name = "fetch",
    .type = "text/plain; charset=utf-8",
    .suffix = "js",
    .help = "JavaScript for a browser or Node",
    .print = print_fetch,
};
