/* HTTP/2 connections: life, streams, events and commands. */
#include "layer/h2.h"

#include "base/clock.h"
#include "base/mem.h"

#include <nghttp2/nghttp2.h>

/* What we keep of an encoder's table, whatever a client that we resemble says. */
#define TABLE_MAX (64u << 10)

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

uint64_t
h2_now(const struct h2 *h)
{
    struct host *host = h->layer.chain->host;
    return host->ops->now(host);
}

/* Memory of nghttp2, through our gate ----------------------------------------------------------
 */

static void *
on_malloc(size_t n, void *user UNUSED)
{
    return mem_alloc(n);
}

static void
on_free(void *p, void *user UNUSED)
{
    mem_free(p);
}

static void *
on_calloc(size_t count, size_t n, void *user UNUSED)
{
    return n && count > SIZE_MAX / n ? NULL : mem_zalloc(count * n);
}

static void *
on_realloc(void *p, size_t n, void *user UNUSED)
{
    return mem_realloc(p, n);
}

static nghttp2_mem gate = {NULL, on_malloc, on_free, on_calloc, on_realloc};

/* Life -----------------------------------------------------------------------------------------
 */

/* We check messages ourselves (codec/h2_head.c), so that a refusal has a reason and a record. */
static bool
session_new(struct h2 *h)
{
    nghttp2_session_callbacks *calls = NULL;
    nghttp2_option *option = NULL;
    int r = nghttp2_session_callbacks_new(&calls) || nghttp2_option_new(&option);
    if (!r) {
        h2_read_callbacks(calls);
        h2_write_callbacks(calls);
        h2_priority_callbacks(calls, option);
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_no_http_messaging(option, 1);
        nghttp2_option_set_no_closed_streams(option, 1);
        /* It counts pieces of frames for frames; h2_read.c counts bytes. */
        nghttp2_option_set_max_continuations(option, SIZE_MAX);
        r = h->role == ROLE_ACCEPT
                ? nghttp2_session_server_new3(&h->session, calls, h, option, &gate)
                : nghttp2_session_client_new3(&h->session, calls, h, option, &gate);
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(calls);
    return !r;
}

static size_t
own_settings(const struct h2 *h, nghttp2_settings_entry *iv)
{
    const struct layer_limits *l = h->layer.chain->host->limits;
    size_t n = 0;
    if (h->role == ROLE_CONNECT)
        iv[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
    else
        iv[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};
    iv[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, l->h2_streams};
    iv[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_WINDOW};
    iv[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
                                       (uint32_t)h->limits.head_max};
    return n;
}

/* gRPC: values of fields may hold any byte, of those whose name ends in -bin. We do not read such.
 */
#define SETTINGS_TRUE_BINARY 0xfe03

/* What only a server says is left out, with what would let it send fields that are no HTTP; what
 * would cost us any amount of memory is bounded. */
static size_t
their_settings(const struct peer_h2 *like, nghttp2_settings_entry *iv)
{
    size_t n = 0;
    for (unsigned i = 0; i < like->n_settings; i++) {
        nghttp2_settings_entry e = {like->settings[i].id, like->settings[i].value};
        if (e.settings_id == NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL ||
            e.settings_id == SETTINGS_TRUE_BINARY)
            continue;
        if (e.settings_id == NGHTTP2_SETTINGS_HEADER_TABLE_SIZE)
            e.value = MIN(e.value, TABLE_MAX);
        iv[n++] = e;
    }
    return n;
}

static bool
shuts_windows(const nghttp2_settings_entry *iv, size_t n)
{
    bool shut = false;
    for (size_t i = 0; i < n; i++)
        if (iv[i].settings_id == NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)
            shut = !iv[i].value;
    return shut;
}

static int
submit_priorities(struct h2 *h, const struct peer_h2 *like)
{
    for (unsigned i = 0; like && i < like->n_priorities; i++) {
        const struct priority *p = &like->priorities[i].priority;
        nghttp2_priority_spec spec;
        nghttp2_priority_spec_init(&spec, (int32_t)p->stream, p->weight, p->exclusive);
        int r = nghttp2_submit_priority(h->session, NGHTTP2_FLAG_NONE,
                                        (int32_t)like->priorities[i].stream, &spec);
        if (nghttp2_is_fatal(r))
            return r;
    }
    return 0;
}

bool
h2_begin(struct h2 *h, const struct peer_h2 *like)
{
    nghttp2_settings_entry iv[PEER_SETTINGS_MAX + 4];
    TRY(session_new(h));
    size_t n = like ? their_settings(like, iv) : own_settings(h, iv);
    int64_t window =
        like ? NGHTTP2_INITIAL_CONNECTION_WINDOW_SIZE + (int64_t)like->window : H2_CONNECTION;
    window = MIN(window, NGHTTP2_MAX_WINDOW_SIZE);
    h->shut = shuts_windows(iv, n);
    return !nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, iv, n) &&
           (window <= NGHTTP2_INITIAL_CONNECTION_WINDOW_SIZE ||
            !nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0,
                                                   (int32_t)window)) &&
           !submit_priorities(h, like);
}

static void
h2_destroy(struct layer *l)
{
    struct h2 *h = h2_of(l);
    nghttp2_session_del(h->session);
    list_for_safe (it, &h->streams)
        h2_stream_free(container_of(it, struct h2_stream, node));
    list_for_safe (it, &h->gone)
        h2_stream_free(container_of(it, struct h2_stream, node));
    h2_block_release(&h->block);
    flow_unref(h->first);
    mem_free(h->urgencies);
    mem_free(h);
}

/* Streams --------------------------------------------------------------------------------------
 */

struct h2_stream *
h2_stream_new(struct h2 *h, uint32_t up, int32_t id)
{
    struct h2_stream *s = mem_zalloc(sizeof(*s));
    if (!s)
        return NULL;
    s->h = h;
    s->up = up;
    s->id = id;
    buf_init(&s->in, SIZE_MAX / 2);  /* the windows and H2_HELD_MAX are the bound */
    buf_init(&s->out, SIZE_MAX / 2); /* and those above stop when it is full */
    list_push(&h->streams, &s->node);
    h->n_streams++;
    return s;
}

void
h2_stream_free(struct h2_stream *s)
{
    list_remove(&s->node);
    flow_unref(s->flow);
    buf_release(&s->in);
    buf_release(&s->out);
    mem_free(s->urgency);
    mem_free(s);
}

struct h2_stream *
h2_stream_find(struct h2 *h, uint32_t up)
{
    struct h2_stream *s = NULL;
    if (h->role == ROLE_ACCEPT)
        s = nghttp2_session_get_stream_user_data(h->session, (int32_t)up);
    if (s)
        return s;
    /* Of a client, one that nghttp2 has closed. */
    list_for (it, &h->streams)
        if (container_of(it, struct h2_stream, node)->up == up)
            return container_of(it, struct h2_stream, node);
    return NULL;
}

void
h2_over(struct h2_stream *s)
{
    struct h2 *h = s->h;
    s->over = s->deaf = true;
    flow_unref(s->flow);
    s->flow = NULL;
    if (!buf_len(&s->in))
        return;
    h->held -= buf_len(&s->in);
    nghttp2_session_consume(h->session, s->id, buf_len(&s->in));
    buf_release(&s->in);
}

void
h2_reset(struct h2_stream *s, uint32_t code)
{
    if (s->closed)
        return;
    chain_touch(s->h->layer.chain);
    if (s->id < 0) { /* nghttp2 does not know it yet */
        s->closed = true;
        return;
    }
    if (nghttp2_is_fatal(nghttp2_submit_rst_stream(s->h->session, NGHTTP2_FLAG_NONE, s->id, code)))
        chain_fail(s->h->layer.chain);
}

/* Those that have closed are dead for those above as well, and are freed. */
static void
reap(struct h2 *h)
{
    list_for_safe (it, &h->streams) {
        struct h2_stream *s = container_of(it, struct h2_stream, node);
        if (!s->closed || !s->over)
            continue;
        list_remove(&s->node);
        list_push(&h->gone, &s->node);
        if (!--h->n_streams)
            h->idle_from = h2_now(h);
    }
    list_for_safe (it, &h->gone)
        h2_stream_free(container_of(it, struct h2_stream, node));
}

/* Ends -----------------------------------------------------------------------------------------
 */

void
h2_end(struct h2 *h, uint32_t code, const struct failure *why)
{
    if (!h->failed)
        h->why = *why;
    h->failed = true;
    if (!h->session || nghttp2_session_terminate_session(h->session, code))
        layer_tell(&h->layer, CMD_CLOSE);
    chain_touch(h->layer.chain);
}

void
h2_limit(struct h2 *h, const char *what)
{
    struct host *host = h->layer.chain->host;
    struct failure why;
    if (h->failed)
        return;
    failure_set(&why, REASON_LIMIT, "%s", what);
    if (h->role == ROLE_ACCEPT && host->ops->limited)
        host->ops->limited(host, &why);
    h2_end(h, NGHTTP2_ENHANCE_YOUR_CALM, &why);
}

/* What was accepted is finished. */
static void
goodbye(struct h2 *h)
{
    if (h->closing)
        return;
    h->closing = true;
    chain_touch(h->layer.chain);
    if (h->session)
        nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR,
                              NULL, 0);
}

static bool
is_finished(const struct h2 *h)
{
    if (!h->session)
        return h->closing || h->failed;
    if (nghttp2_session_want_write(h->session))
        return false;
    return !nghttp2_session_want_read(h->session) || ((h->closing || h->eof) && !h->n_streams);
}

static void
flush(struct h2 *h)
{
    if (!h->closed && h->session)
        h2_send(h);
    reap(h);
    if (!h->closed && is_finished(h)) {
        h->closed = true;
        h->layer.deadline = 0;
        if (h->no_more)
            chain_ends(h->layer.chain, "goaway");
        layer_tell(&h->layer, CMD_CLOSE);
    }
    h2_set_deadline(h);
}

/* Events and commands --------------------------------------------------------------------------
 */

static void
on_start(struct h2 *h)
{
    h->idle_from = h2_now(h);
    if (h->first)
        layer_send(&h->layer, SLICE("HTTP/1.1 101 Switching Protocols\r\n"
                                    "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"));
    if (h->role == ROLE_ACCEPT && (!h2_begin(h, NULL) || (h->first && !h2_upgrade(h))))
        chain_fail(h->layer.chain);
    chain_touch(h->layer.chain);
}

static void
on_room(struct h2 *h)
{
    chain_touch(h->layer.chain);
    list_for_safe (it, &h->streams) {
        struct h2_stream *s = container_of(it, struct h2_stream, node);
        if (!s->full || buf_len(&s->out) >= H2_OUT_FULL / 2)
            continue;
        s->full = false;
        layer_up(&h->layer, &(struct event){.type = EV_ROOM, .stream = s->up});
    }
}

static void
on_closed(struct h2 *h, const struct event *ev)
{
    struct event said = *ev;
    bool ours = ev->why->reason == REASON_NONE || ev->why->reason == REASON_SHUTDOWN;
    if (h->failed && ours)
        said.why = &h->why;
    h->closed = true;
    h->layer.deadline = 0;
    layer_up(&h->layer, &said);
}

static size_t
h2_on_event(struct layer *l, const struct event *ev)
{
    struct h2 *h = h2_of(l);
    switch (ev->type) {
    case EV_START: on_start(h); break;
    case EV_DATA: return h2_read(h, ev->data);
    case EV_ROOM: on_room(h); break;
    case EV_TIMER: h2_on_timer(h); break;
    case EV_EOF:
        h->eof = true;
        layer_tell(l, CMD_MORE); /* what was left comes once more, and then its end is known */
        break;
    case EV_CLOSED: on_closed(h, ev); break;
    case EV_MOVED:
    case EV_PART: break;
    }
    return 0;
}

/* A rule ends the connection. */
static void
end_whole(struct h2 *h, uint32_t code)
{
    struct failure why;
    failure_set(&why, REASON_RULE, "the connection was ended (GOAWAY)");
    h2_end(h, code, &why);
}

/* The exchange wants no more of its stream: at once, or when all is sent. */
static void /* NOLINTNEXTLINE(readability-*): one way to end below the other */
leave(struct h2_stream *s, bool now, const struct cmd *c)
{
    bool whole = s->out_end && !s->cut;
    h2_over(s);
    if (!now && whole) { /* the rest of the request is not wanted (RFC 9113 section 8.1) */
        if (s->end_sent && !s->ended)
            h2_reset(s, NGHTTP2_NO_ERROR);
        return;
    }
    if (!now && s->begun) {
        s->cut = true;
        if (s->deferred && !nghttp2_session_resume_data(s->h->session, s->id))
            s->deferred = false;
        return;
    }
    uint32_t usual = s->h->role == ROLE_ACCEPT ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_CANCEL;
    if (c->whole)
        end_whole(s->h, c->coded ? c->code : NGHTTP2_NO_ERROR);
    else
        h2_reset(s, c->coded ? c->code : usual);
}

static void
on_stream_cmd(struct h2 *h, struct h2_stream *s, const struct cmd *c)
{
    chain_touch(h->layer.chain);
    switch ((int)c->type) { /* the others are no business of a stream */
    case CMD_MORE:
        if (s->patient)
            s->waits_from = h2_now(h);
        s->patient = false;
        s->more = h->more = true;
        layer_tell(&h->layer, CMD_MORE);
        break;
    case CMD_WAIT: s->patient = true; break;
    case CMD_CLOSE: leave(s, false, c); break;
    case CMD_ABORT: leave(s, true, c); break;
    default: break;
    }
}

static void
h2_on_cmd(struct layer *l, const struct cmd *c)
{
    struct h2 *h = h2_of(l);
    if (!l->down)
        return;
    if (c->type == CMD_PART) {
        chain_touch(l->chain);
        h2_write(h, c->stream, c->part);
        return;
    }
    if (c->stream) {
        struct h2_stream *s = h->session ? h2_stream_find(h, c->stream) : NULL;
        if (s)
            on_stream_cmd(h, s, c);
        return;
    }
    if (c->type == CMD_CLOSE) {
        goodbye(h);
        return;
    }
    if (c->type == CMD_FLUSH)
        flush(h);
    layer_down(l, c);
}

static bool
h2_is_full(struct layer *l, uint32_t stream)
{
    struct h2 *h = h2_of(l);
    struct h2_stream *s = h->session ? h2_stream_find(h, stream) : NULL;
    if (!s || s->closed || buf_len(&s->out) < H2_OUT_FULL)
        return false;
    return s->full = true;
}

/* "PRI" is no method of HTTP/1 (RFC 9113 section 3.4). */
static int
h2_detect(struct slice first)
{
    struct slice preface = SLICE(PREFACE);
    if (!slice_starts(preface, slice_first(first, preface.n)))
        return 0;
    return first.n >= 4 ? 100 : -1;
}

const struct layer_ops h2_accept_ops = {.name = "h2",
                                        .detect = h2_detect,
                                        .on_event = h2_on_event,
                                        .on_cmd = h2_on_cmd,
                                        .destroy = h2_destroy,
                                        .is_full = h2_is_full};

static const struct layer_ops h2_connect_ops = {.name = "h2",
                                                .on_event = h2_on_event,
                                                .on_cmd = h2_on_cmd,
                                                .destroy = h2_destroy,
                                                .is_full = h2_is_full};

struct layer *
h2_new(struct host *host, enum role role)
{
    struct h2 *h = mem_zalloc(sizeof(*h));
    if (!h)
        return NULL;
    h->layer.ops = role == ROLE_ACCEPT ? &h2_accept_ops : &h2_connect_ops;
    h->role = role;
    h->limits = HTTP1_LIMITS_DEFAULT;
    h->limits.head_max = host->limits->head_max;
    h->limits.line_max = host->limits->line_max;
    h->limits.fields_max = host->limits->fields_max;
    h->limits.trailer_max = host->limits->trailer_max;
    list_init(&h->streams);
    list_init(&h->gone);
    h2_block_init(&h->block, &h->limits);
    return &h->layer;
}
