/* HTTP/2 bytes to streams: what nghttp2 finds in them. */
#include "layer/h2.h"

#include <nghttp2/nghttp2.h>

/* A head that is larger than 'head-max' is refused, one that is so many times larger is an attack.
 */
#define BOMB_TIMES 16

static struct h2 *
h2_of_user(void *user)
{
    return user;
}

static struct h2_stream *
stream_of(struct h2 *h, int32_t id)
{
    return id ? nghttp2_session_get_stream_user_data(h->session, id) : NULL;
}

/* Content --------------------------------------------------------------------------------------
 */

static void
consume(struct h2 *h, int32_t id, size_t n)
{
    if (nghttp2_is_fatal(nghttp2_session_consume(h->session, id, n)))
        chain_fail(h->layer.chain);
}

/* Content is there: offered above, or kept. */
static void
on_content(struct h2_stream *s, struct slice data)
{
    struct h2 *h = s->h;
    struct part p = {.type = PART_BODY, .data = data};
    bool none = s->framing == FRAMING_NONE;
    if (s->deaf) {
        consume(h, s->id, data.n);
        return;
    }
    if (s->flow)
        h2_msg(s)->wire_bytes += data.n;
    s->content += data.n;
    if (none || (s->framing == FRAMING_LENGTH && data.n > s->left)) {
        consume(h, s->id, data.n);
        h2_bad(s, H2_FAULT_LENGTH_DATA);
        return;
    }
    s->left -= s->framing == FRAMING_LENGTH ? data.n : 0;
    s->waits_from = h2_now(h);
    if (!buf_len(&s->in) && h2_up(s, &p)) {
        consume(h, s->id, data.n);
        return;
    }
    /* Those above may have ended it over this. */
    if (s->deaf) {
        consume(h, s->id, data.n);
        return;
    }
    buf_append(&s->in, data);
    h->held += data.n;
    if (s->in.failed)
        chain_fail(h->layer.chain);
}

void
h2_offer(struct h2_stream *s)
{
    struct h2 *h = s->h;
    size_t n = buf_len(&s->in);
    struct part p = {.type = PART_BODY, .data = buf_slice(&s->in)};
    if (s->deaf)
        return;
    if (n) {
        if (!h2_up(s, &p) || s->deaf)
            return;
        h->held -= n;
        buf_release(&s->in);
        consume(h, s->id, n);
        /* The time in which nobody wanted it does not count. */
        s->waits_from = s->content_at = h2_now(h);
        s->content = 0;
    }
    if (s->ended)
        h2_on_end(s);
}

/* Ends of streams ------------------------------------------------------------------------------
 */

void
h2_fail(struct h2_stream *s, const struct failure *why, uint32_t code)
{
    struct part p = {.type = PART_ERROR, .why = why};
    s->deaf = true;
    if (!s->over)
        h2_up(s, &p);
    h2_over(s);
    h2_reset(s, code);
}

/* By the peer, whose GOAWAY refuses too; else by nghttp2, for what came on it. */
static void
closed_failure(const struct h2_stream *s, struct failure *why)
{
    char room[H2_CODE_TEXT];
    const char *code = h2_code_name(s->code, room);
    bool accept = s->h->role == ROLE_ACCEPT, refused = !accept && s->code == H2_REFUSED_STREAM;
    bool theirs = s->reset || refused;
    enum reason reason = theirs ? REASON_SERVER_RESET : REASON_BAD_RESPONSE;
    if (accept)
        reason = REASON_CLIENT_CLOSED;
    failure_set(why, refused ? REASON_SERVER_REFUSED : reason, "%s (%s)",
                theirs ? "the stream was reset" : "its stream broke the rules of HTTP/2", code);
    why->coded = theirs;
    why->code = s->code;
}

/* The stream is gone for nghttp2, and those above have not had its end. */
static void
tell_closed(struct h2_stream *s)
{
    struct failure why;
    closed_failure(s, &why);
    h2_fail(s, &why, s->code);
}

static void
tell_news(struct h2 *h)
{
    while (h->news) {
        h->news = false;
        list_for_safe (it, &h->streams) {
            struct h2_stream *s = container_of(it, struct h2_stream, node);
            if (s->closed && !s->over)
                tell_closed(s);
        }
    }
}

static void
offer_more(struct h2 *h)
{
    if (!h->more)
        return;
    h->more = false;
    list_for_safe (it, &h->streams) {
        struct h2_stream *s = container_of(it, struct h2_stream, node);
        if (!s->more)
            continue;
        s->more = false;
        h2_offer(s);
    }
}

static void
say_no_more(struct h2 *h)
{
    if (h->no_more)
        return;
    h->no_more = true;
    layer_up(&h->layer, &(struct event){.type = EV_EOF, .clean = true});
}

/* The peer sends nothing more: what is not whole fails, what is goes on. */
static void
at_eof(struct h2 *h)
{
    struct failure why;
    bool accept = h->role == ROLE_ACCEPT;
    failure_set(&why, accept ? REASON_CLIENT_CLOSED : REASON_SERVER_CLOSED, NULL);
    say_no_more(h);
    list_for_safe (it, &h->streams) {
        struct h2_stream *s = container_of(it, struct h2_stream, node);
        if (!s->over && (accept || !s->ended))
            h2_fail(s, &why, NGHTTP2_CANCEL);
    }
    h->closing = true;
    chain_touch(h->layer.chain);
}

/* The callbacks --------------------------------------------------------------------------------
 */

/* A number that was left out is used no more (RFC 9113 section 5.1.1). nghttp2 takes it for a
 * stream that has closed, whose last frames are of no interest. */
static void
check_number(struct h2 *h, const nghttp2_frame_hd *hd)
{
    struct failure why;
    uint32_t id = (uint32_t)hd->stream_id;
    if (hd->type != NGHTTP2_HEADERS || id <= h->gap_from || id >= h->gap_to)
        return;
    failure_set(&why, REASON_BAD_REQUEST, "HTTP/2: a stream began behind one with a higher number");
    h2_end(h, NGHTTP2_PROTOCOL_ERROR, &why);
}

static int
on_begin_frame(nghttp2_session *session UNUSED, const nghttp2_frame_hd *hd, void *user)
{
    struct h2 *h = h2_of_user(user);
    bool known = hd->type <= NGHTTP2_CONTINUATION || hd->type == NGHTTP2_PRIORITY_UPDATE;
    if (hd->type == NGHTTP2_PRIORITY_UPDATE)
        h->update_n = 0;
    check_number(h, hd);
    if (!known || (hd->type == NGHTTP2_CONTINUATION && !hd->length))
        h2_count_frame(h);
    if (hd->type == NGHTTP2_HEADERS) {
        h->block_bytes = 0;
        h->block_from = h2_now(h);
    } else if (hd->type != NGHTTP2_CONTINUATION) {
        return 0;
    }
    if (hd->flags & NGHTTP2_FLAG_END_HEADERS)
        h->block_from = 0;
    h->block_bytes += hd->length;
    if (h->block_bytes > h->limits.head_max + 1024)
        h2_limit(h, "a head came in more bytes than 'head-max'");
    return 0;
}

static int
on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2 *h = h2_of_user(user);
    int32_t id = frame->hd.stream_id;
    if (frame->hd.type == NGHTTP2_PUSH_PROMISE)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    h2_block_release(&h->block);
    h2_block_init(&h->block, &h->limits);
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct h2_stream *s = h2_stream_new(h, (uint32_t)id, id);
    if (!s)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if ((uint32_t)id > h->seen + 2) {
        h->gap_from = h->seen;
        h->gap_to = (uint32_t)id;
    }
    h->seen = (uint32_t)id;
    s->waits_from = h2_now(h);
    return nghttp2_session_set_stream_user_data(session, id, s);
}

static int /* NOLINTNEXTLINE(readability-function-size): the parameters are nghttp2's */
on_header(nghttp2_session *session UNUSED, const nghttp2_frame *frame UNUSED, const uint8_t *name,
          size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags UNUSED, void *user)
{
    struct h2 *h = h2_of_user(user);
    h2_block_add(&h->block, slice_of(name, name_n), slice_of(value, value_n), &h->limits);
    if (h->block.size / BOMB_TIMES > h->limits.head_max)
        h2_limit(h, "a head was decoded to many times 'head-max'");
    return 0;
}

static void
on_headers(struct h2 *h, const nghttp2_frame *frame)
{
    struct h2_stream *s = stream_of(h, frame->hd.stream_id);
    const nghttp2_priority_spec *spec = &frame->headers.pri_spec;
    bool set = frame->hd.flags & NGHTTP2_FLAG_PRIORITY;
    struct priority priority = {.stream = set ? (uint32_t)spec->stream_id : 0,
                                .weight = set ? (uint16_t)spec->weight : 0,
                                .exclusive = set && spec->exclusive};
    if (s)
        h2_on_head(s, frame->hd.flags & NGHTTP2_FLAG_END_STREAM, &priority);
    h2_block_release(&h->block);
}

/* How the client began, until its first request: flows that are handed over refer to the peer. */
static struct peer_h2 *
beginning(struct h2 *h)
{
    bool begins = h->role == ROLE_ACCEPT && !h->seen;
    return begins ? peer_need_h2(h->layer.chain->peer) : NULL;
}

static void
on_settings(struct h2 *h, const nghttp2_frame *frame)
{
    struct peer_h2 *p = beginning(h);
    if (frame->hd.flags & NGHTTP2_FLAG_ACK)
        return;
    h2_count_frame(h);
    h->settled = true;
    for (size_t i = 0; p && i < frame->settings.niv && p->n_settings < PEER_SETTINGS_MAX; i++) {
        p->settings[p->n_settings].id = (uint16_t)frame->settings.iv[i].settings_id;
        p->settings[p->n_settings++].value = frame->settings.iv[i].value;
    }
}

static void
on_window(struct h2 *h, const nghttp2_frame *frame)
{
    struct peer_h2 *p = frame->hd.stream_id ? NULL : beginning(h);
    if (p && p->window < NGHTTP2_MAX_WINDOW_SIZE)
        p->window += (uint32_t)frame->window_update.window_size_increment;
    h2_count_frame(h);
}

static void
on_priority(struct h2 *h, const nghttp2_frame *frame)
{
    struct peer_h2 *p = beginning(h);
    const nghttp2_priority_spec *spec = &frame->priority.pri_spec;
    h2_count_frame(h);
    if (!p || p->n_priorities == PEER_PRIORITIES_MAX)
        return;
    p->priorities[p->n_priorities].stream = (uint32_t)frame->hd.stream_id;
    p->priorities[p->n_priorities++].priority =
        (struct priority){(uint32_t)spec->stream_id, (uint16_t)spec->weight, spec->exclusive};
}

static void
on_data_frame(struct h2 *h, const nghttp2_frame *frame)
{
    struct h2_stream *s = stream_of(h, frame->hd.stream_id);
    bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (frame->hd.length)
        h2_credit(h);
    else if (!ends)
        h2_count_frame(h);
    if (!s || !ends)
        return;
    s->ended = true;
    if (!s->deaf)
        h2_on_end(s);
}

static void
on_reset(struct h2 *h, const nghttp2_frame *frame)
{
    struct h2_stream *s = stream_of(h, frame->hd.stream_id);
    if (s)
        s->reset = true;
    h2_count_reset(h);
}

static int
on_frame(nghttp2_session *session UNUSED, const nghttp2_frame *frame, void *user)
{
    struct h2 *h = h2_of_user(user);
    if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS)
        h2_tell(h, frame);
    switch (frame->hd.type) {
    case NGHTTP2_DATA: on_data_frame(h, frame); break;
    case NGHTTP2_HEADERS: on_headers(h, frame); break;
    case NGHTTP2_SETTINGS: on_settings(h, frame); break;
    case NGHTTP2_WINDOW_UPDATE: on_window(h, frame); break;
    case NGHTTP2_PRIORITY: on_priority(h, frame); break;
    case NGHTTP2_PRIORITY_UPDATE: h2_on_priority(h, frame->hd.stream_id); break;
    case NGHTTP2_RST_STREAM: on_reset(h, frame); break;
    case NGHTTP2_GOAWAY: say_no_more(h); break;
    default: h2_count_frame(h); break;
    }
    return 0;
}

static int /* NOLINTNEXTLINE(readability-function-size): the parameters are nghttp2's */
on_chunk(nghttp2_session *session UNUSED, uint8_t flags UNUSED, int32_t id, const uint8_t *data,
         size_t n, void *user)
{
    struct h2 *h = h2_of_user(user);
    struct h2_stream *s = stream_of(h, id);
    if (s)
        on_content(s, slice_of(data, n));
    else
        consume(h, id, n);
    return 0;
}

/* Those above hear of it when nghttp2 is done: a command may have led here. */
static int
on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct h2 *h = h2_of_user(user);
    struct h2_stream *s = nghttp2_session_get_stream_user_data(session, id);
    if (!s)
        return 0;
    s->closed = true;
    s->code = code;
    s->blocked_from = 0;
    /* A whole response is not harmed by what comes behind it (RFC 9113 section 8.1), nor a tunnel
     * by its second end. */
    bool whole = h->role == ROLE_CONNECT || (s->tunnel && code == NGHTTP2_NO_ERROR);
    if (s->over || (s->ended && whole))
        return 0;
    h->news = true;
    if (!h->reading)
        layer_tell(&h->layer, CMD_MORE);
    return 0;
}

static int
on_error(nghttp2_session *session UNUSED, int code UNUSED, const char *text, size_t n, void *user)
{
    struct h2 *h = h2_of_user(user);
    bool accept = h->role == ROLE_ACCEPT;
    if (!h->failed)
        failure_set(&h->why, accept ? REASON_BAD_REQUEST : REASON_BAD_RESPONSE, "HTTP/2: %.*s",
                    SLICE_ARG(slice_first(slice_of(text, n), 200)));
    return 0;
}

void
h2_read_callbacks(nghttp2_session_callbacks *c)
{
    nghttp2_session_callbacks_set_on_begin_frame_callback(c, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(c, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, on_stream_close);
    nghttp2_session_callbacks_set_error_callback2(c, on_error);
}

static void
session_broke(struct h2 *h, ssize_t error)
{
    struct failure why;
    if (error == NGHTTP2_ERR_NOMEM || error == NGHTTP2_ERR_CALLBACK_FAILURE) {
        chain_fail(h->layer.chain);
        return;
    }
    bool accept = h->role == ROLE_ACCEPT;
    failure_set(&why, accept ? REASON_BAD_REQUEST : REASON_BAD_RESPONSE, "HTTP/2: %s",
                nghttp2_strerror((int)error));
    if (error == NGHTTP2_ERR_FLOODED)
        h2_limit(h, "its answers were not read, and it asked for more");
    else
        h2_end(h, NGHTTP2_PROTOCOL_ERROR, &why);
}

static ssize_t
feed(struct h2 *h, struct slice in)
{
    h->reading = true;
    ssize_t n = nghttp2_session_mem_recv(h->session, (const uint8_t *)in.p, in.n);
    h->reading = false;
    tell_news(h);
    if (h->role == ROLE_CONNECT && !nghttp2_session_check_request_allowed(h->session))
        say_no_more(h); /* it has said goodbye, or is about to be told */
    h2_begin_waiting(h);
    return n;
}

size_t
h2_read(struct h2 *h, struct slice in)
{
    ssize_t n = 0;
    if (h->closed)
        return in.n;
    chain_touch(h->layer.chain);
    if (h->session) {
        tell_news(h);
        offer_more(h);
        h2_begin_waiting(h);
    }
    if (!h->session && !h->eof)
        return 0;
    if (h->session && in.n && h->held < H2_HELD_MAX && !h->failed)
        n = feed(h, in);
    if (n < 0 || h->failed) {
        if (n < 0)
            session_broke(h, n);
        n = (ssize_t)in.n;
    }
    if (h->eof && ((size_t)n == in.n || !h->session))
        at_eof(h);
    return (size_t)n;
}
