/* The table of exports, and what they share. */
#include "api/export.h"

#include "codec/url.h"
#include "flow/content.h"
#include "flow/edit.h"

static const struct export *const exports[] = {
#define EXPORT(name) &export_##name,
#include "api/export_list.h"
#undef EXPORT
};

const struct export *
export_at(size_t i)
{
    return i < ARRAY_LEN(exports) ? exports[i] : NULL;
}

const struct export *
export_find(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(exports); i++)
        if (slice_eq(name, slice_str(exports[i]->name)))
            return exports[i];
    return NULL;
}

bool
export_leaves_out(const struct field *f)
{
    return f->id == FIELD_CONTENT_LENGTH || f->id == FIELD_TRANSFER_ENCODING ||
           f->id == FIELD_TRAILER || f->id == FIELD_TE || f->id == FIELD_CONNECTION ||
           f->id == FIELD_KEEP_ALIVE || slice_eq_nocase(slice_first(f->name, 6), SLICE("proxy-"));
}

static void
put_origin(const struct flow *f, struct buf *out)
{
    bool bracket = slice_find(f->host, ':') < f->host.n;
    bool usual = f->port == (slice_eq(slice_str(f->scheme), SLICE("https")) ? 443 : 80);
    buf_printf(out, "%s://%s", f->scheme, bracket ? "[" : "");
    buf_append(out, f->host);
    if (bracket)
        buf_byte(out, ']');
    if (!usual)
        buf_printf(out, ":%u", f->port);
}

/* An absolute target is the same as its path, since the origin is told by the flow. */
static struct slice
origin_form(struct slice target)
{
    struct url url;
    if (!url_parse_absolute(target, &url))
        return target;
    struct slice path = url.path.n ? url.path : url.query;
    return path.n ? slice_of(path.p, (size_t)(target.p + target.n - path.p)) : SLICE("/");
}

static bool
check_request(const struct flow *f, const struct http_head *h, struct err *e)
{
    if (f->kind != FLOW_HTTP || h->method.n == 0)
        return err_set(e, ERR_FAILED, "the flow has no request that could be made again");
    if (h->malformed || slice_find(h->raw, 0) < h->raw.n)
        return err_set(e, ERR_FAILED, "the request is malformed: only 'raw' can say it");
    if (edit_body(&f->req)->cut)
        return err_set(e, ERR_FAILED, "the content of the request was not recorded to its end");
    return f->host.n || err_set(e, ERR_FAILED, "the request has no host");
}

bool
export_request(const struct flow *f, struct export_request *r, struct err *e)
{
    const struct http_head *h = edit_head(&f->req);
    if (!check_request(f, h, e))
        return false;
    *r = (struct export_request){.head = h, .target = origin_form(h->target)};
    buf_init(&r->url, 1 << 20);
    buf_init(&r->content, EXPORT_CONTENT_MAX);
    put_origin(f, &r->url);
    if (!slice_eq(r->target, SLICE("*")))
        buf_append(&r->url, r->target);
    content_append(edit_body(&f->req), &r->content);
    if (!r->url.failed && !r->content.failed)
        return true;
    export_request_release(r);
    return err_set(e, ERR_FAILED, "the request is too large for an export");
}

void
export_request_release(struct export_request *r)
{
    buf_release(&r->url);
    buf_release(&r->content);
}
