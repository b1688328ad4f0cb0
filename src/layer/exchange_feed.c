/* Contents that wait in an exchange to be sent: collected, replaced, or slowed down; and contents
 * that are broken on purpose. */
#include "layer/exchange.h"

#include "base/clock.h"
#include "base/mem.h"
#include "flow/transform.h"

#define PIECE_MAX    65536u
#define PIECES_PER_S 20 /* of a content that is slowed down */
#define RESET_DELAY  (20 * NS_PER_MS)
#define LATE         (200 * NS_PER_MS)

struct feed *
exchange_feed(struct exchange *x, bool up)
{
    struct feed *f = x->feeds[!up];
    if (f)
        return f;
    f = mem_zalloc(sizeof *f);
    if (!f)
        return NULL;
    f->x = x;
    f->to = up ? &x->server : &x->client;
    f->from = up ? &x->client : &x->server;
    f->rate = up ? x->shape.up : x->shape.down;
    f->loss = x->shape.loss;
    f->msg = up ? &x->flow->req : &x->flow->resp;
    f->through = transform_of(f->msg);
    f->pause.type = ASK_PAUSE;
    f->pause.chain = x->ask.chain;
    buf_init(&f->held, LAYER_HELD_MAX * 4);
    return x->feeds[!up] = f;
}

void
feed_free(struct feed *f)
{
    if (!f)
        return;
    if (f->pause.waiting) {
        f->pause.waiting = false;
        f->x->host->ops->cancel(f->x->host, &f->pause);
    }
    buf_release(&f->held);
    mem_free(f);
}

static bool
feed_is_up(const struct feed *f)
{
    return f->to == &f->x->server;
}

static struct slice
feed_source(const struct feed *f)
{
    if (f->through)
        return buf_slice(&f->through->out);
    return f->block ? slice_from(block_slice(f->block), f->at) : buf_slice(&f->held);
}

static void
feed_drain(struct feed *f, size_t n)
{
    if (f->through || !f->block) {
        buf_consume(f->through ? &f->through->out : &f->held, n);
        return;
    }
    f->at += n;
    while (f->block && f->at >= f->block->n) {
        f->at -= f->block->n;
        f->block = f->block->next;
    }
}

static struct slice
feed_next(const struct feed *f, size_t most)
{
    const struct buf *out = exchange_split_out(f->x, feed_is_up(f));
    return slice_first(out ? buf_slice(out) : feed_source(f), most);
}

static void
feed_skip(struct feed *f, size_t n)
{
    struct buf *out = exchange_split_out(f->x, feed_is_up(f));
    if (out)
        buf_consume(out, n);
    else
        feed_drain(f, n);
}

static void
feed_again(struct ask *a)
{
    feed_run(container_of(a, struct feed, pause));
}

/* Whether it is too early; then it goes on when it is not. */
static bool
feed_waits(struct feed *f)
{
    struct host *host = f->x->host;
    if (f->pause.waiting)
        return true;
    if (!f->rate || host->ops->now(host) >= f->next)
        return false;
    f->pause.answered = feed_again;
    f->pause.pause.until = f->next;
    return chain_ask(f->pause.chain, &f->pause) == ASK_WAIT;
}

/* The time that n bytes take, and more when one of them is lost on the way: by their number, so
 * that every run is the same. */
static void
feed_took(struct feed *f, size_t n)
{
    struct host *host = f->x->host;
    if (!f->rate)
        return;
    uint64_t now = host->ops->now(host), piece = f->sent / PIECE_MAX * 7919 + f->sent;
    f->next = MAX(f->next, now) + (uint64_t)n * NS_PER_S / f->rate;
    if (f->loss && piece % 1000 < f->loss)
        f->next += LATE;
}

/* Nothing more arrives. */
static bool
feed_over(const struct feed *f)
{
    return feed_is_up(f) ? f->x->request_done : f->x->response_done;
}

static void
feed_end(struct feed *f)
{
    struct exchange *x = f->x;
    f->active = false;
    bool up = feed_is_up(f);
    if (!f->all && !feed_over(f))
        fan_more(f->from);
    else if (up)
        exchange_end_up(x);
    else
        exchange_end_down(x);
}

/* One piece; false when none goes now, or that was the end of the exchange. */
static bool
feed_send(struct feed *f, struct slice piece)
{
    if (fan_full(f->to) || feed_waits(f))
        return false;
    struct part p = {.type = PART_BODY, .data = piece};
    if (feed_is_up(f))
        fan_send(f->to, &p);
    else if (!exchange_send_down(f->x, &p))
        return false;
    f->sent += piece.n;
    feed_took(f, piece.n);
    feed_skip(f, piece.n);
    return true;
}

/* Makes the next piece of a content that becomes another. false: that was the end. */
static bool
feed_make(struct feed *f)
{
    struct exchange *x = f->x;
    struct slice in = buf_slice(&f->held);
    size_t n = in.n;
    struct err e;
    bool good = transform_pull(f->msg, &in, feed_over(f), x->host->limits->body_limit, &e);
    buf_consume(&f->held, n - in.n);
    if (good)
        return true;
    enum reason why = feed_is_up(f) ? REASON_BAD_REQUEST : REASON_BAD_RESPONSE;
    exchange_fail_for(x, e.code == ERR_MEMORY ? REASON_MEMORY : why, e.text);
    return false;
}

/* Makes the next piece of a content of messages, as far as they do not wait. false: they do, or
 * that was the end. */
static bool
feed_split(struct feed *f)
{
    struct exchange *x = f->x;
    bool up = feed_is_up(f);
    const struct buf *out = exchange_split_out(x, up);
    bool moved = true;
    while (out && !buf_len(out) && moved) {
        if (f->through && !feed_make(f))
            return false;
        struct slice in = feed_source(f);
        size_t n = in.n;
        bool last =
            feed_over(f) &&
            (f->through ? f->through->ended : !f->block || (!f->block->next && !buf_len(&f->held)));
        bool goes = exchange_split_pass(x, up, &in, last);
        if (x->step == X_DONE)
            return false;
        feed_drain(f, n - in.n);
        if (!goes)
            return false;
        moved = in.n < n;
    }
    return true;
}

void /* NOLINTNEXTLINE(readability-function-cognitive-complexity): one loop with its ends */
feed_run(struct feed *f)
{
    size_t most = f->rate ? MAX(1, MIN(PIECE_MAX, f->rate / PIECES_PER_S)) : PIECE_MAX;
    while (f->active && !f->x->stalled) {
        if (f->through && !feed_make(f))
            return;
        if (!feed_split(f))
            return;
        struct slice piece = feed_next(f, most);
        if (!piece.n) {
            feed_end(f);
            return;
        }
        if (!feed_send(f, piece))
            return;
    }
}

bool
exchange_remakes(struct exchange *x, bool up)
{
    const struct http_msg *m = up ? &x->flow->req : &x->flow->resp;
    return exchange_split_out(x, up) || (m->versions && transform_of(m));
}

bool
exchange_feeds(struct exchange *x, bool up)
{
    return (up ? x->shape.up : x->shape.down) || exchange_remakes(x, up);
}

void
exchange_take(struct exchange *x, bool up, struct slice data)
{
    struct feed *f = exchange_feed(x, up);
    if (f)
        buf_append(&f->held, data);
    if (!f || f->held.failed) {
        exchange_fail_for(x, REASON_MEMORY, "for a content");
        return;
    }
    f->active = true;
    feed_run(f);
}

bool
exchange_flush(struct exchange *x, bool up)
{
    if (!exchange_remakes(x, up))
        return false;
    exchange_take(x, up, SLICE_NONE);
    return true;
}

bool
exchange_gather(struct exchange *x, bool up, struct slice data)
{
    struct http_msg *m = up ? &x->flow->req : &x->flow->resp;
    uint64_t limit = x->host->limits->body_limit, before = m->body.kept;
    body_append(&m->body, data, limit, m->head.length);
    if (!m->body.cut)
        return false;
    struct trace t = {.name = SLICE("body-limit"),
                      .stage = stage_name(up ? STAGE_REQUEST : STAGE_RESPONSE),
                      .did = "left out: the content is too large",
                      .at = exchange_wall(x)};
    struct feed *f = m->body.kept == limit ? exchange_feed(x, up) : NULL;
    if (f)
        buf_append(&f->held, slice_from(data, (size_t)(m->body.kept - before)));
    if (f && !f->held.failed && flow_trace(x->flow, &t))
        return true;
    exchange_fail_for(x, REASON_MEMORY, "for a content that is wanted whole");
    return false;
}

/* Faults */

static void
fault_stall(struct exchange *x)
{
    flow_fail(x->flow, reason_word(REASON_RULE), SLICE("the response stalls"));
    x->stalled = true;
    exchange_leave_server(x, false);
}

static void
fault_reset_now(struct ask *a)
{
    exchange_break(container_of(a, struct feed, pause)->x, REASON_RULE, CMD_ABORT,
                   "the connection was reset");
}

/* A reset overtakes what was sent: that goes first. */
static void
fault_reset(struct exchange *x)
{
    struct feed *f = x->response_begun ? exchange_feed(x, false) : NULL;
    if (f) {
        x->stalled = true;
        f->pause.answered = fault_reset_now;
        f->pause.pause.until = x->host->ops->now(x->host) + RESET_DELAY;
        if (f->pause.waiting || chain_ask(f->pause.chain, &f->pause) == ASK_WAIT)
            return;
    }
    exchange_break(x, REASON_RULE, CMD_ABORT, "the connection was reset");
}

/* What happens when as much content has been sent as was to be. */
static void
fault_strike(struct exchange *x)
{
    switch (x->fault.kind) {
    case FAULT_RESET:
    case FAULT_GOAWAY: fault_reset(x); break;
    case FAULT_STALL: fault_stall(x); break;
    case FAULT_CHUNK:
        fan_send(&x->client,
                 &(struct part){.type = PART_BODY, .data = SLICE("zz\r\nno size of a chunk\r\n")});
        exchange_break(x, REASON_RULE, CMD_CLOSE, "a chunk was broken");
        break;
    case FAULT_CLOSE: exchange_break(x, REASON_RULE, CMD_CLOSE, "the connection was closed"); break;
    case FAULT_TRUNCATE:
        exchange_break(x, REASON_RULE, CMD_CLOSE, "the content was cut short");
        break;
    case FAULT_NONE:
    case FAULT_LENGTH:
    case FAULT_GZIP: break;
    }
}

static bool
fault_counts(const struct exchange *x)
{
    enum fault_kind k = x->fault.kind;
    return k != FAULT_NONE && k != FAULT_LENGTH && k != FAULT_GZIP;
}

bool
exchange_fault_begin(struct exchange *x)
{
    enum fault_kind k = x->fault.kind;
    bool at_once = k == FAULT_RESET || k == FAULT_GOAWAY || k == FAULT_CLOSE || k == FAULT_STALL;
    if (x->fault.after || !at_once)
        return true;
    fault_strike(x);
    return false;
}

static void
send_chunk(struct exchange *x, struct slice data)
{
    struct buf size;
    buf_init(&size, 64);
    buf_printf(&size, "%zx\r\n", data.n);
    fan_send(&x->client, &(struct part){.type = PART_BODY, .data = buf_slice(&size)});
    fan_send(&x->client, &(struct part){.type = PART_BODY, .data = data});
    fan_send(&x->client, &(struct part){.type = PART_BODY, .data = SLICE("\r\n")});
    buf_release(&size);
}

bool
exchange_fault_end(struct exchange *x)
{
    if (x->fault.kind == FAULT_LENGTH)
        exchange_break(x, REASON_RULE, CMD_CLOSE, "less was sent than announced");
    else if (x->fault.kind == FAULT_CHUNK)
        fault_strike(x);
    else
        return true;
    return false;
}

/* The first byte is another one. */
static void
send_spoilt(struct exchange *x, const struct part *p)
{
    struct slice rest = slice_from(p->data, 1);
    x->fault.kind = FAULT_NONE;
    fan_send(&x->client, &(struct part){.type = PART_BODY, .data = SLICE("\1")});
    if (rest.n)
        fan_send(&x->client, &(struct part){.type = PART_BODY, .data = rest});
}

bool
exchange_send_down(struct exchange *x, const struct part *p)
{
    if (!fault_counts(x)) {
        if (x->fault.kind == FAULT_GZIP)
            send_spoilt(x, p);
        else
            fan_send(&x->client, p);
        return true;
    }
    struct slice data = slice_first(p->data, (size_t)MIN(x->fault.after, p->data.n));
    if (data.n && x->fault.kind == FAULT_CHUNK)
        send_chunk(x, data);
    else if (data.n)
        fan_send(&x->client, &(struct part){.type = PART_BODY, .data = data});
    x->fault.after -= data.n;
    if (x->fault.after)
        return true;
    fault_strike(x);
    return false;
}
