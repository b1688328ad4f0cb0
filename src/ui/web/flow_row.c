/* Rows of lists of flows. */
#include "ui/web/flow_row.h"

#include "codec/url.h"
#include "flow/edit.h"
#include "flow/flow_json.h"
#include "flow/message.h"

#define URL_MAX ((size_t)1 << 20)
/* Of each text in a row, so that a thousand rows are an answer. */
#define TEXT_MAX 2000
#define MARK_MAX 64
#define NOTE_MAX 200
#define TAGS_MAX 16

static void
put_url(struct json *j, const struct flow *f)
{
    struct buf url;
    buf_init(&url, URL_MAX);
    flow_url(f, &url);
    json_text(j, "url", slice_first(buf_slice(&url), TEXT_MAX));
    buf_release(&url);
}

/* "text/html; charset=utf-8" is text/html. */
static struct slice
media_type(const struct http_head *h)
{
    struct slice type = head_value(h, FIELD_CONTENT_TYPE);
    return slice_trim(slice_cut(&type, ';'));
}

/* Of a target in whatever form. */
static struct slice
path_of(struct slice target)
{
    struct url url;
    if (!url_parse_absolute(target, &url))
        return target;
    size_t tail = url.path.n + url.query.n;
    return tail ? slice_from(target, target.n - tail) : SLICE("/");
}

static void
put_messages(struct json *j, const struct flow *f)
{
    const struct http_head *req = edit_head(&f->req), *resp = edit_head(&f->resp);
    json_text(j, "method", slice_first(req->method, TEXT_MAX));
    json_text(j, "path", slice_first(path_of(req->target), TEXT_MAX));
    json_u64(j, "status", resp->status);
    json_text(j, "type", slice_first(media_type(resp), TEXT_MAX));
    json_u64(j, "request_size", edit_body(&f->req)->size);
    json_u64(j, "response_size", edit_body(&f->resp)->size);
}

static void
put_marks(struct json *j, const struct flow *f)
{
    const struct marks *m = atomic_load(&f->marks);
    if (!m)
        return;
    json_begin_object(j, "marks");
    json_text(j, "mark", slice_first(m->mark, MARK_MAX));
    json_text(j, "note", slice_first(m->note, NOTE_MAX));
    json_begin_array(j, "tags");
    for (size_t i = 0; i < m->n_tags && i < TAGS_MAX; i++)
        json_text(j, NULL, slice_first(m->tags[i], MARK_MAX));
    json_end_array(j);
    json_end_object(j);
}

void
flow_row(struct json *j, const struct flow *f)
{
    json_begin_object(j, NULL);
    json_u64(j, "id", f->id);
    json_str(j, "kind", flow_kind_name(f->kind));
    put_url(j, f);
    json_text(j, "host", f->host);
    put_messages(j, f);
    json_u64(j, "started_us", f->started / 1000);
    json_u64(j, "ended_us", f->ended / 1000);
    flow_json_flags(j, f);
    put_marks(j, f);
    if (f->error)
        json_str(j, "error", f->error);
    if (f->local)
        json_bool(j, "local", true);
    if (f->messages)
        json_u64(j, "messages", f->messages->total);
    json_end_object(j);
}
