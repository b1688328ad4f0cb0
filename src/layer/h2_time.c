/* HTTP/2 connections in time: deadlines of streams, and how many frames of a kind may come. */
#include "layer/h2.h"

#include "base/clock.h"

#include <nghttp2/nghttp2.h>

#define COUNT_TIME  (10 * NS_PER_S)
#define SECONDS_MAX 1000000000ull

/* Deadlines ------------------------------------------------------------------------------------
 */

/* What moved at less than the rate since 'from'; 0: never. */
static uint64_t
rate_due(const struct h2 *h, uint64_t from, uint64_t bytes)
{
    const struct layer_limits *l = h->layer.chain->host->limits;
    if (h->role != ROLE_ACCEPT || !l->body_rate || !from)
        return 0;
    return from + l->body_time + MIN(bytes / l->body_rate, SECONDS_MAX) * NS_PER_S;
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
    return !a || (b && b < a) ? b : a;
}

/* The peer is to send: a client all of its request, unless it is for a tunnel, a server what we
 * asked for. */
static bool
waits_for_peer(const struct h2_stream *s)
{
    if (s->deaf || s->ended || s->patient || buf_len(&s->in) || !s->waits_from)
        return false;
    /* Tunnels of clients have times of their own, or their server's, until that has ended. */
    if (s->h->role == ROLE_ACCEPT)
        return s->tunnel ? s->out_end : s->framing != FRAMING_TUNNEL;
    return s->out_end || s->tunnel;
}

static uint64_t
stream_due(const struct h2_stream *s)
{
    const struct h2 *h = s->h;
    uint64_t idle = h->layer.chain->host->limits->idle_time, due = 0;
    if (s->closed)
        return 0;
    if (waits_for_peer(s)) {
        due = idle ? s->waits_from + idle : 0;
        if (s->head_read && s->content_at)
            due = earlier(due, rate_due(h, s->content_at, s->content));
    }
    if (!s->blocked_from || chain_full(h->layer.chain))
        return due;
    due = earlier(due, idle ? s->blocked_from + idle : 0);
    return earlier(due, rate_due(h, s->blocked_from, s->sent));
}

static uint64_t
connection_due(const struct h2 *h)
{
    const struct layer_limits *l = h->layer.chain->host->limits;
    uint64_t due = 0;
    if (!h->n_streams && l->keepalive_time)
        due = h->idle_from + l->keepalive_time;
    if (h->block_from && l->head_time)
        due = earlier(due, h->block_from + l->head_time);
    return due;
}

void
h2_set_deadline(struct h2 *h)
{
    uint64_t due = h->closed ? 0 : connection_due(h);
    if (!h->closed)
        list_for (it, &h->streams)
            due = earlier(due, stream_due(container_of(it, struct h2_stream, node)));
    h->layer.deadline = due;
}

static void
stream_timed_out(struct h2_stream *s)
{
    struct failure why;
    bool accept = s->h->role == ROLE_ACCEPT;
    failure_set(&why, accept ? REASON_CLIENT_TIMEOUT : REASON_SERVER_TIMEOUT, NULL);
    h2_fail(s, &why, NGHTTP2_CANCEL);
}

static void
connection_timed_out(struct h2 *h)
{
    struct failure why;
    if (!h->block_from) {
        failure_set(&why, REASON_SHUTDOWN, NULL);
        chain_ends(h->layer.chain, "idle");
        h2_end(h, NGHTTP2_NO_ERROR, &why);
        return;
    }
    failure_set(&why, REASON_CLIENT_TIMEOUT, "the head of a message was not complete in time");
    h2_end(h, NGHTTP2_ENHANCE_YOUR_CALM, &why);
}

void
h2_on_timer(struct h2 *h)
{
    uint64_t now = h2_now(h), due = connection_due(h);
    if (h->closed)
        return;
    if (due && due <= now) {
        connection_timed_out(h);
        return;
    }
    list_for_safe (it, &h->streams) {
        struct h2_stream *s = container_of(it, struct h2_stream, node);
        due = stream_due(s);
        if (due && due <= now)
            stream_timed_out(s);
    }
    chain_touch(h->layer.chain);
}

/* Counters -------------------------------------------------------------------------------------
 */

static bool
exceeds(struct h2 *h, unsigned *count, uint32_t most)
{
    uint64_t now = h2_now(h);
    if (now >= h->count_from + COUNT_TIME) {
        h->count_from = now;
        h->resets = h->frames = 0;
    }
    return ++*count > most && most;
}

void
h2_count_reset(struct h2 *h)
{
    if (exceeds(h, &h->resets, h->layer.chain->host->limits->h2_resets))
        h2_limit(h, "more streams were reset than 'http2-resets' allows");
}

void
h2_count_frame(struct h2 *h)
{
    if (exceeds(h, &h->frames, h->layer.chain->host->limits->h2_frames))
        h2_limit(h, "more frames came that carry nothing than 'http2-frames' allows");
}

void
h2_credit(struct h2 *h)
{
    h->frames -= MIN(h->frames, 2);
}
