/* An exchange as HTTP Archive 1.2, with one entry. */
#include "api/export.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/print.h"
#include "base/utf8.h"
#include "flow/content.h"
#include "flow/edit.h"
#include "flow/flow_json.h"

static const struct content_limits limits = {.max = EXPORT_CONTENT_MAX, .max_ratio = 1000};

static void
put_pairs(struct json *j, const struct http_head *h)
{
    json_begin_array(j, "headers");
    for (size_t i = 0; i < h->n; i++) {
        json_begin_object(j, NULL);
        json_text(j, "name", h->fields[i].name);
        json_text(j, "value", h->fields[i].value);
        json_end_object(j);
    }
    json_end_array(j);
}

static void
put_query(struct json *j, struct slice target)
{
    slice_cut(&target, '?');
    json_begin_array(j, "queryString");
    while (target.n) {
        struct slice value = slice_cut(&target, '&'), name = slice_cut(&value, '=');
        json_begin_object(j, NULL);
        json_text(j, "name", name);
        json_text(j, "value", value);
        json_end_object(j);
    }
    json_end_array(j);
}

/* Text as it is, other content in base64. */
static void
put_text(struct json *j, struct slice content)
{
    if (utf8_valid(content)) {
        json_text(j, "text", content);
        return;
    }
    json_base64(j, "text", content);
    json_str(j, "encoding", "base64");
}

/* What cannot be decoded stands there as it came. */
static void
put_content(struct json *j, const struct http_head *h, const struct body *b)
{
    struct err why;
    struct buf plain = {.max = EXPORT_CONTENT_MAX};
    if (!content_decode(h, b, &limits, &plain, &why)) {
        buf_reset(&plain);
        content_append(b, &plain);
        json_text(j, "comment", slice_str(why.text));
    }
    j->out->failed |= plain.failed;
    json_u64(j, "size", buf_len(&plain));
    json_text(j, "mimeType", head_value(h, FIELD_CONTENT_TYPE));
    put_text(j, buf_slice(&plain));
    buf_release(&plain);
}

static void
put_common(struct json *j, const struct http_msg *m, const struct http_head *h)
{
    json_str(j, "httpVersion",
             h->version == 10   ? "HTTP/1.0"
             : h->version == 20 ? "HTTP/2.0"
                                : "HTTP/1.1");
    json_begin_array(j, "cookies");
    json_end_array(j);
    put_pairs(j, h);
    json_u64(j, "headersSize", m->head.raw.n);
    json_u64(j, "bodySize", m->body.size);
}

static void
put_request(struct json *j, const struct flow *f)
{
    const struct http_head *h = edit_head(&f->req);
    json_begin_object(j, "request");
    json_text(j, "method", h->method);
    flow_json_url(j, f);
    put_query(j, h->target);
    put_common(j, &f->req, h);
    if (edit_body(&f->req)->kept) {
        json_begin_object(j, "postData");
        json_begin_array(j, "params");
        json_end_array(j);
        put_content(j, h, edit_body(&f->req));
        json_end_object(j);
    }
    json_end_object(j);
}

/* There is one in any entry: status 0 says that none came. */
static void
put_response(struct json *j, const struct flow *f)
{
    const struct http_head *h = edit_head(&f->resp);
    json_begin_object(j, "response");
    json_u64(j, "status", h->status);
    json_text(j, "statusText", h->reason);
    put_common(j, &f->resp, h);
    json_text(j, "redirectURL", head_value(h, FIELD_LOCATION));
    json_begin_object(j, "content");
    put_content(j, h, edit_body(&f->resp));
    json_end_object(j);
    json_end_object(j);
}

static uint64_t
between_ms(uint64_t from, uint64_t to)
{
    return from && to > from ? (to - from) / NS_PER_MS : 0;
}

static void
put_times(struct json *j, const struct flow *f)
{
    json_u64(j, "time", between_ms(f->started, f->ended));
    json_begin_object(j, "timings");
    json_u64(j, "send", between_ms(f->req.head_at, f->req.end_at));
    json_u64(j, "wait", between_ms(f->req.end_at, f->resp.head_at));
    json_u64(j, "receive", between_ms(f->resp.head_at, f->resp.end_at));
    json_end_object(j);
    json_begin_object(j, "cache");
    json_end_object(j);
}

static void
put_entry(struct json *j, const struct flow *f)
{
    json_begin_object(j, NULL);
    json_time(j, "startedDateTime", f->started);
    put_request(j, f);
    put_response(j, f);
    put_times(j, f);
    if (f->error)
        json_text(j, "comment", f->error_text);
    json_end_object(j);
}

bool
export_har_flows(struct flow *const *flows, size_t n, struct buf *out, struct err *e)
{
    struct json j;
    json_init(&j, out);
    json_begin_object(&j, NULL);
    json_begin_object(&j, "log");
    json_str(&j, "version", "1.2");
    json_begin_object(&j, "creator");
    json_str(&j, "name", "weir");
    json_str(&j, "version", WEIR_VERSION);
    json_end_object(&j);
    json_begin_array(&j, "entries");
    for (size_t i = 0; i < n && !out->failed; i++)
        if (flows[i]->kind == FLOW_HTTP)
            put_entry(&j, flows[i]);
    json_end_array(&j);
    json_end_object(&j);
    json_end_object(&j);
    return !out->failed || err_memory(e);
}

static bool
print_har(const struct flow *f, struct buf *out, struct err *e)
{
    struct flow *one = (struct flow *)(uintptr_t)f;
    if (f->kind != FLOW_HTTP)
        return err_set(e, ERR_FAILED, "the flow has no request");
    return export_har_flows(&one, 1, out, e);
}

const struct export export_har = {
    .name = "har",
    .type = "application/json",
    .suffix = "har",
    .help = "HTTP Archive 1.2, as browsers read and write it",
    .print = print_har,
};
