/* What the fields of a query are read from, made once for each flow. */
#include "flow/filter_view.h"

#include "codec/encoding.h"
#include "codec/url.h"
#include "flow/content.h"

#define MADE_MAX  ((size_t)4 << 20) /* bytes of a URL, or of the lines of a head */
#define RATIO_MAX 1000u

void
view_release(struct filter_view *v)
{
    buf_release(&v->url.buf);
    for (int i = 0; i < 2; i++) {
        buf_release(&v->lines[i].buf);
        buf_release(&v->contents[i].buf);
    }
    regex_room_release(&v->room);
}

static const struct http_msg *
message(const struct flow *f, enum filter_side side)
{
    return side == FILTER_REQUEST ? &f->req : &f->resp;
}

const struct http_head *
view_head(const struct flow *f, enum filter_side side)
{
    const struct http_msg *m = message(f, side);
    const struct http_head *h = edit_head(m);
    return h->line.n || h->status || h->method.n ? h : NULL;
}

struct filter_target
view_target(const struct flow *f)
{
    return (struct filter_target){.scheme = slice_str(f->scheme), .host = f->host, .port = f->port};
}

struct filter_resource
view_resource(const struct flow *f)
{
    const struct http_head *h = view_head(f, FILTER_REQUEST);
    struct filter_resource r = {0};
    struct url url;
    if (f->kind == FLOW_CONNECT || !h)
        return r;
    struct slice rest = h->target;
    if (!slice_starts(rest, SLICE("/")) && url_parse_absolute(rest, &url))
        rest = slice_from(rest, (size_t)(url.authority.p + url.authority.n - rest.p));
    r.has_query = slice_find(rest, '?') < rest.n;
    r.path = slice_cut(&rest, '?');
    r.query = rest;
    return r;
}

struct slice
view_url(struct filter_view *v)
{
    struct filter_made *m = &v->url;
    if (m->done)
        return m->text;
    buf_init(&m->buf, MADE_MAX);
    flow_url(v->flow, &m->buf);
    m->done = true;
    m->text = buf_slice(&m->buf);
    return m->text;
}

/* The start line of a message that was changed has lost its bytes. */
static void
put_start(const struct http_head *h, struct buf *out)
{
    unsigned major = h->version / 10, minor = h->version % 10;
    if (h->status)
        buf_printf(out, "HTTP/%u.%u %u %.*s\r\n", major, minor, h->status, SLICE_ARG(h->reason));
    else
        buf_printf(out, "%.*s %.*s HTTP/%u.%u\r\n", SLICE_ARG(h->method), SLICE_ARG(h->target),
                   major, minor);
}

static void
put_lines(const struct http_head *h, struct buf *out)
{
    put_start(h, out);
    for (size_t i = 0; i < h->n; i++) {
        buf_append(out, h->fields[i].name);
        buf_append(out, SLICE(": "));
        buf_append(out, h->fields[i].value);
        buf_append(out, SLICE("\r\n"));
    }
}

struct slice
view_lines(struct filter_view *v, enum filter_side side, bool whole)
{
    const struct http_head *h = view_head(v->flow, side);
    struct filter_made *m = &v->lines[side == FILTER_RESPONSE];
    if (!h)
        return SLICE_NONE;
    if (!m->done) {
        const struct version *last = edit_last(message(v->flow, side));
        bool raw = h->raw.n && (!last || last->exact);
        buf_init(&m->buf, MADE_MAX);
        if (!raw)
            put_lines(h, &m->buf);
        m->text = raw ? h->raw : buf_slice(&m->buf);
        m->done = true;
    }
    return whole ? m->text : slice_from(m->text, slice_find(m->text, '\n') + 1);
}

static void
put_blocks(const struct body *b, struct buf *out)
{
    for (const struct block *it = b->first; it && buf_len(out) < FILTER_BODY_MAX; it = it->next)
        buf_append(out, slice_first(block_slice(it), FILTER_BODY_MAX - buf_len(out)));
}

/* false: the content is not what its head says, or there is no memory for it. What has not come
 * yet, or was cut, is no damage. */
static bool
put_decoded(const struct body *b, struct slice codings, struct buf *out)
{
    struct err e;
    struct decoder *d = decoder_new(codings, FILTER_BODY_MAX, RATIO_MAX, &e);
    enum decode_result r = d ? DECODE_OK : DECODE_BAD;
    for (const struct block *it = b->first; it && r == DECODE_OK; it = it->next)
        r = decoder_push(d, block_slice(it), out);
    decoder_free(d);
    return r != DECODE_BAD && !out->failed;
}

/* What cannot be decoded is looked at as it is. */
static struct slice
make_content(const struct http_msg *m, const struct http_head *h, struct buf *out)
{
    const struct body *b = edit_body(m);
    const struct version *last = edit_last(m);
    struct buf codings;
    buf_init(&codings, CONTENT_CODINGS_MAX);
    if (h && !(last && last->exact))
        content_codings(h, &codings);
    bool coded = buf_len(&codings) > 0,
         decoded = coded && !codings.failed && put_decoded(b, buf_slice(&codings), out);
    buf_release(&codings);
    if (!coded && (!b->first || !b->first->next))
        return b->first ? block_slice(b->first) : SLICE_NONE;
    if (!decoded) {
        buf_reset(out);
        put_blocks(b, out);
    }
    return buf_slice(out);
}

struct slice
view_content(struct filter_view *v, enum filter_side side)
{
    struct filter_made *m = &v->contents[side == FILTER_RESPONSE];
    if (!m->done) {
        buf_init(&m->buf, FILTER_BODY_MAX + 1);
        m->text = make_content(message(v->flow, side), view_head(v->flow, side), &m->buf);
        m->done = true;
    }
    v->scanned += m->text.n;
    return v->scanned <= FILTER_SCAN_MAX ? m->text : SLICE_NONE;
}
