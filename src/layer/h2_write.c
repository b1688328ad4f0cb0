/* Parts to HTTP/2 frames. */
#include "layer/h2.h"

#include "base/mem.h"
#include "codec/token.h"

#include <nghttp2/nghttp2.h>
#define USUAL_FIELDS 48 /* need no allocation */
#define USUAL_ORDER  "masp"

/* Header lists ---------------------------------------------------------------------------------
 */

/* What is handed to nghttp2, which copies it, and writes names in lower case. */
struct list_out {
    nghttp2_nv usual[USUAL_FIELDS + H2_PSEUDO_COUNT], *v;
    size_t n;
};

static bool
list_begin(struct list_out *l, const struct http_head *h)
{
    size_t most = h->n + H2_PSEUDO_COUNT;
    l->n = 0;
    l->v = most <= ARRAY_LEN(l->usual) ? l->usual : mem_alloc(most * sizeof(*l->v));
    return l->v;
}

static void
list_end(struct list_out *l)
{
    if (l->v != l->usual)
        mem_free(l->v);
}

static void
list_put(struct list_out *l, struct slice name, struct slice value)
{
    union {
        const char *in;
        uint8_t *out; /* nghttp2 only reads */
    } n = {.in = name.n ? name.p : ""}, v = {.in = value.n ? value.p : ""};
    l->v[l->n++] = (nghttp2_nv){n.out, v.out, name.n, value.n, NGHTTP2_NV_FLAG_NONE};
}

/* Whether a field may be said here; what was let through as it is may hold anything. */
static bool
may_go(const struct field *f, bool host)
{
    if (h2_is_connection_field(f->id) || (host && f->id == FIELD_HOST))
        return false;
    if (f->id == FIELD_TE && !slice_eq_nocase(f->value, SLICE("trailers")))
        return false;
    return !slice_eq_nocase(f->name, SLICE("HTTP2-Settings")) && token_valid(f->name) &&
           token_span(f->value, TOKEN_VALUE) == f->value.n;
}

/* 'host': the authority has been said. */
static void
list_fields(struct list_out *l, const struct http_head *h, bool host)
{
    for (size_t i = 0; i < h->n; i++)
        if (may_go(&h->fields[i], host))
            list_put(l, h->fields[i].name, h->fields[i].value);
}

static void
list_request(struct list_out *l, const struct http_head *h, const struct flow *f)
{
    struct slice scheme = f->scheme[0] ? slice_str(f->scheme) : h->scheme;
    struct slice host = head_value(h, FIELD_HOST);
    const char *order = h->pseudo[0] ? h->pseudo : USUAL_ORDER;
    bool said = false;
    for (const char *c = order; *c; c++) {
        if (*c == 'm')
            list_put(l, h2_pseudo_name(H2_METHOD), h->method);
        else if (*c == 's')
            list_put(l, h2_pseudo_name(H2_SCHEME), scheme);
        else if (*c == 'p')
            list_put(l, h2_pseudo_name(H2_PATH), h->target);
        else if (*c == 'r')
            list_put(l, h2_pseudo_name(H2_PROTOCOL), h->protocol);
        if (*c != 'a' || !host.n)
            continue;
        list_put(l, h2_pseudo_name(H2_AUTHORITY), host);
        said = true;
    }
    list_fields(l, h, said);
}

/* Content --------------------------------------------------------------------------------------
 */

static int
submit_trailers(struct h2_stream *s)
{
    struct list_out l;
    if (!list_begin(&l, s->trailers))
        return NGHTTP2_ERR_NOMEM;
    list_fields(&l, s->trailers, false);
    int r = nghttp2_submit_trailer(s->h->session, s->id, l.v, l.n);
    list_end(&l);
    return r;
}

static ssize_t /* NOLINTNEXTLINE(readability-function-size): the parameters are nghttp2's */
on_read(nghttp2_session *session UNUSED, int32_t id UNUSED, uint8_t *to UNUSED, size_t most,
        uint32_t *flags, nghttp2_data_source *source, void *user UNUSED)
{
    struct h2_stream *s = source->ptr;
    size_t n = MIN(most, buf_len(&s->out));
    if (!n && s->cut)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* the stream is reset */
    if (!n && !s->out_end) {
        s->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (s->cut || !s->out_end || n < buf_len(&s->out))
        return (ssize_t)n;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!s->trailers)
        return (ssize_t)n;
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    return submit_trailers(s) ? NGHTTP2_ERR_CALLBACK_FAILURE : (ssize_t)n;
}

static int /* NOLINTNEXTLINE(readability-function-size): the parameters are nghttp2's */
on_send_data(nghttp2_session *session UNUSED, nghttp2_frame *frame UNUSED, const uint8_t *head,
             size_t n, nghttp2_data_source *source, void *user)
{
    struct h2 *h = user;
    struct h2_stream *s = source->ptr;
    if (chain_full(h->layer.chain))
        return NGHTTP2_ERR_WOULDBLOCK;
    layer_send(&h->layer, slice_of(head, 9));
    layer_send(&h->layer, slice_first(buf_slice(&s->out), n));
    buf_consume(&s->out, n);
    h2_credit(h);
    s->sent += n;
    if (!buf_len(&s->out)) {
        buf_release(&s->out);
        s->blocked_from = 0;
    }
    if (s->full && buf_len(&s->out) < H2_OUT_FULL / 2)
        chain_want_room(h->layer.chain);
    return 0;
}

/* A response that is whole before its request: the rest of that is not wanted (RFC 9113
 * section 8.1). A client that leaves its windows shut opens them as it likes, and so do we. */
static int
on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2 *h = user;
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code && !h->failed) {
        if (!h->why.reason)
            failure_set(&h->why, h->role == ROLE_ACCEPT ? REASON_BAD_REQUEST : REASON_BAD_RESPONSE,
                        "HTTP/2: %s", nghttp2_http2_strerror(frame->goaway.error_code));
        h->failed = true;
    }
    if (h->shut && frame->hd.type == NGHTTP2_HEADERS &&
        frame->headers.cat == NGHTTP2_HCAT_REQUEST &&
        nghttp2_is_fatal(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE,
                                                               frame->hd.stream_id, H2_WINDOW)))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    bool content = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (!content || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) || h->role == ROLE_CONNECT)
        return 0;
    struct h2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!s)
        return 0;
    s->end_sent = true;
    if (!s->ended && s->over)
        h2_reset(s, NGHTTP2_NO_ERROR);
    return 0;
}

void
h2_write_callbacks(nghttp2_session_callbacks *c)
{
    nghttp2_session_callbacks_set_send_data_callback(c, on_send_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, on_frame_sent);
}

/* More content, or its end. */
static void
resume(struct h2_stream *s)
{
    if (!s->deferred)
        return;
    s->deferred = false;
    if (nghttp2_is_fatal(nghttp2_session_resume_data(s->h->session, s->id)))
        chain_fail(s->h->layer.chain);
}

static void
write_body(struct h2_stream *s, struct slice data)
{
    if (!data.n)
        return;
    if (!buf_len(&s->out)) {
        s->blocked_from = h2_now(s->h);
        s->sent = 0;
    }
    buf_append(&s->out, data);
    if (s->out.failed)
        chain_fail(s->h->layer.chain);
    if (s->tunnel && s->h->role == ROLE_CONNECT)
        s->waits_from = h2_now(s->h);
    resume(s);
}

/* Heads ----------------------------------------------------------------------------------------
 */

static bool
has_content(const struct http_head *h)
{
    return h->framing != FRAMING_NONE && !(h->framing == FRAMING_LENGTH && !h->length);
}

static void
check_submitted(struct h2 *h, int r)
{
    if (nghttp2_is_fatal(r))
        chain_fail(h->layer.chain);
}

static void
write_response(struct h2_stream *s, const struct http_head *head)
{
    struct h2 *h = s->h;
    struct list_out l;
    char status[3];
    nghttp2_data_provider content = {.source.ptr = s, .read_callback = on_read};
    if (s->begun)
        return;
    if (!list_begin(&l, head)) {
        chain_fail(h->layer.chain);
        return;
    }
    h2_put_status(status, head->status);
    list_put(&l, h2_pseudo_name(H2_STATUS), slice_of(status, sizeof(status)));
    list_fields(&l, head, false);
    if (head->status < 200 && !head->malformed) {
        if (head->status == 100)
            s->content_at = h2_now(h);
        check_submitted(
            h, nghttp2_submit_headers(h->session, NGHTTP2_FLAG_NONE, s->id, NULL, l.v, l.n, NULL));
    } else {
        s->begun = true;
        s->tunnel = head->framing == FRAMING_TUNNEL;
        if (s->tunnel) { /* the exchange hands the flow over now */
            flow_unref(s->flow);
            s->flow = NULL;
        }
        check_submitted(h, nghttp2_submit_response(h->session, s->id, l.v, l.n,
                                                   has_content(head) ? &content : NULL));
    }
    list_end(&l);
}

/* The stream gets the number that the client gave it, where it still can. */
static void
choose_number(struct h2 *h, uint32_t wanted)
{
    if (wanted % 2 && wanted > h->seen && wanted >= nghttp2_session_get_next_stream_id(h->session))
        nghttp2_session_set_next_stream_id(h->session, (int32_t)wanted);
}

static bool
submit_request(struct h2_stream *s, const struct http_head *head)
{
    struct h2 *h = s->h;
    struct list_out l;
    nghttp2_data_provider content = {.source.ptr = s, .read_callback = on_read};
    nghttp2_priority_spec spec;
    const struct priority *p = &head->priority;
    TRY(list_begin(&l, head));
    list_request(&l, head, s->flow);
    nghttp2_priority_spec_init(&spec, (int32_t)p->stream, p->weight ? p->weight : 16, p->exclusive);
    choose_number(h, s->flow->stream);
    s->id = nghttp2_submit_request(h->session, p->weight ? &spec : NULL, l.v, l.n,
                                   s->tunnel || has_content(head) ? &content : NULL, s);
    list_end(&l);
    return s->id > 0;
}

static void
write_request(struct h2 *h, uint32_t stream, const struct part *p)
{
    const struct peer_h2 *like = p->flow->client ? p->flow->client->h2 : NULL;
    bool first = !h->session;
    struct h2_stream *s = NULL;
    if (!first || h2_begin(h, like))
        s = h2_stream_new(h, stream, -1);
    if (!s) {
        chain_fail(h->layer.chain);
        return;
    }
    s->flow = flow_ref(p->flow);
    s->begun = true;
    s->waiting = s->tunnel = p->head->protocol.n;
    h->waiting |= s->waiting;
    s->waits_from = s->waiting ? h2_now(h) : 0;
    if (!s->waiting && !submit_request(s, p->head)) {
        chain_fail(h->layer.chain);
        return;
    }
    if (first || s->waiting)
        layer_tell(&h->layer, CMD_MORE); /* what the server has said already */
}

/* RFC 8441 section 3. */
static void
begin_waiting(struct h2_stream *s)
{
    struct nghttp2_session *session = s->h->session;
    struct failure why;
    s->waiting = false;
    if (!nghttp2_session_check_request_allowed(session)) { /* GOAWAY came */
        failure_set(&why, REASON_SERVER_REFUSED, NULL);
        h2_fail(s, &why, H2_CANCEL);
        return;
    }
    if (nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL)) {
        if (!submit_request(s, &s->flow->req.sent))
            chain_fail(s->h->layer.chain);
        else if (s->urgency)
            h2_priority_queue(s);
        return;
    }
    failure_set(&why, REASON_NO_TUNNEL,
                "its server takes no extended CONNECT, which '%.*s' needs (RFC 8441)",
                SLICE_ARG(slice_first(s->flow->req.head.protocol, 40)));
    h2_fail(s, &why, H2_CANCEL);
}

void
h2_begin_waiting(struct h2 *h)
{
    if (!h->waiting || !h->settled)
        return;
    h->waiting = false;
    list_for_safe (it, &h->streams) {
        struct h2_stream *s = container_of(it, struct h2_stream, node);
        if (s->waiting && !s->over)
            begin_waiting(s);
    }
}

/* Parts ----------------------------------------------------------------------------------------
 */

static void
write_end(struct h2_stream *s, bool torn)
{
    s->out_end = true;
    s->cut |= torn;
    resume(s);
    if (s->h->role == ROLE_ACCEPT && !s->tunnel)
        h2_over(s); /* the exchange hands the flow over now, to another thread */
    else
        s->waits_from = h2_now(s->h);
}

void
h2_write(struct h2 *h, uint32_t stream, const struct part *p)
{
    if (h->role == ROLE_CONNECT && p->type == PART_HEAD) {
        write_request(h, stream, p);
        return;
    }
    struct h2_stream *s = h->session ? h2_stream_find(h, stream) : NULL;
    if (!s || s->closed)
        return;
    switch (p->type) {
    case PART_HEAD: write_response(s, p->head); break;
    case PART_BODY: write_body(s, p->data); break;
    case PART_TRAILERS: s->trailers = p->head; break;
    case PART_PRIORITY: h2_priority_send(s, p->data); break;
    case PART_END: write_end(s, p->torn); break;
    case PART_ERROR:
        h2_over(s);
        h2_reset(s, NGHTTP2_INTERNAL_ERROR);
        break;
    }
}

void
h2_send(struct h2 *h)
{
    const uint8_t *bytes;
    ssize_t n = 1;
    while (n > 0 && !chain_full(h->layer.chain)) {
        n = nghttp2_session_mem_send(h->session, &bytes);
        if (n > 0)
            layer_send(&h->layer, slice_of(bytes, (size_t)n));
    }
    if (n < 0)
        chain_fail(h->layer.chain);
}
