/* A request of our own: a seat on a server's connection, and nobody on the other side. */
#include "proxy/send.h"

#include "base/mem.h"
#include "codec/url.h"
#include "flow/edit.h"
#include "io/loop.h"
#include "proxy/engine.h"
#include "proxy/pool.h"
#include "proxy/worker.h"

#include <stdio.h>

struct sending {
    struct send_call *call;
    struct worker *worker;
    struct seat seat;
    struct waiter waiter;
    struct upstream *up; /* leased */
    struct timer *timer;
    struct flow *flow;
    struct peer *peer;
    struct decision decision;
    bool waiting; /* in the pool */
    bool sent;    /* the request, to its end */
    bool over;
    struct dying dying;
};

static void
sending_destroy(struct dying *d)
{
    struct sending *s = container_of(d, struct sending, dying);
    timer_free(s->timer);
    flow_unref(s->flow);
    peer_unref(s->peer);
    mem_free(s);
}

static void
sending_leave(struct sending *s, bool reusable)
{
    struct upstream *u = s->up;
    if (s->waiting)
        pool_forget(&s->waiter);
    s->waiting = false;
    if (!u)
        return;
    s->up = NULL;
    if (s->seat.fan)
        fan_leave(&s->seat);
    if (reusable && !u->fan->broken)
        pool_put(s->worker->pool, u);
    else
        upstream_close(u);
}

/* The flow is finished: recorded, and handed to who asked. */
static void
sending_end(struct sending *s, bool reusable)
{
    struct send_call *c = s->call;
    if (s->over)
        return;
    s->over = true;
    sending_leave(s, reusable && !s->call->exact);
    s->flow->ended = loop_wall(s->worker->loop);
    atomic_fetch_add_explicit(&s->worker->proxy->counters.flows, 1, memory_order_relaxed);
    worker_record(s->worker, s->flow);
    c->flow = flow_ref(s->flow);
    turn_defer(loop_turn(s->worker->loop), &s->dying, sending_destroy);
    c->done(c);
}

static void
sending_fail(struct sending *s, const struct failure *why)
{
    flow_fail(s->flow, reason_word(why->reason), slice_str(why->text));
    sending_end(s, false);
}

/* The response */

static void
take_head(struct sending *s, const struct part *p)
{
    struct http_msg *resp = &s->flow->resp;
    if (p->head->status < 200 && p->head->status != 101)
        return;
    resp->head = *p->head;
    resp->sent = *p->head;
    resp->head_at = loop_wall(s->worker->loop);
}

static size_t
on_part(struct seat *seat, const struct part *p)
{
    struct sending *s = container_of(seat, struct sending, seat);
    struct http_msg *resp = &s->flow->resp;
    switch (p->type) {
    case PART_HEAD: take_head(s, p); break;
    case PART_BODY:
        body_append(&resp->body, p->data, s->worker->setup->limits.body_limit, resp->head.length);
        break;
    case PART_PRIORITY:
    case PART_TRAILERS: break;
    case PART_END:
        resp->end_at = loop_wall(s->worker->loop);
        sending_end(s, p->reusable && s->sent);
        break;
    case PART_ERROR: sending_fail(s, p->why); break;
    }
    return 1;
}

/* The request */

static void
on_room(struct seat *seat)
{
    struct sending *s = container_of(seat, struct sending, seat);
    struct slice rest = slice_from(s->call->content, (size_t)s->flow->req.body.size);
    while (rest.n && s->seat.fan && !fan_full(&s->seat)) {
        struct slice piece = slice_first(rest, 65536);
        body_append(&s->flow->req.body, piece, s->worker->setup->limits.body_limit,
                    s->call->content.n);
        fan_send(&s->seat, &(struct part){.type = PART_BODY, .data = piece});
        rest = slice_from(rest, piece.n);
    }
    if (rest.n || s->sent || !s->seat.fan)
        return;
    s->sent = true;
    s->flow->req.end_at = loop_wall(s->worker->loop);
    fan_send(&s->seat, &(struct part){.type = PART_END});
}

static void
on_closed(struct seat *seat, const struct failure *why)
{
    struct sending *s = container_of(seat, struct sending, seat);
    sending_fail(s, why);
}

static const struct seat_ops sending_ops = {
    .on_part = on_part, .on_room = on_room, .on_closed = on_closed};

static void
sending_go(struct sending *s, struct upstream *u)
{
    struct flow *f = s->flow;
    s->up = u;
    f->server_reused = u->fan->served > 0;
    flow_set_server(f, u->peer);
    s->seat.ops = &sending_ops;
    fan_join(u->fan, &s->seat);
    fan_send(&s->seat, &(struct part){.type = PART_HEAD, .head = &f->req.sent, .flow = f});
    on_room(&s->seat);
}

static void
on_open(struct waiter *w, struct upstream *u, const struct failure *why)
{
    struct sending *s = container_of(w, struct sending, waiter);
    struct turn *t = loop_turn(s->worker->loop);
    s->waiting = false;
    turn_begin(t);
    if (!why) {
        sending_go(s, u);
    } else {
        if (u)
            flow_set_server(s->flow, u->peer);
        sending_fail(s, why);
    }
    turn_end(t);
}

static void
on_time(void *arg)
{
    struct sending *s = arg;
    struct turn *t = loop_turn(s->worker->loop);
    struct failure why;
    failure_set(&why, REASON_SERVER_TIMEOUT, "the time for this request is over");
    turn_begin(t);
    sending_fail(s, &why);
    turn_end(t);
}

/* The length of the content is for us to say. */
static bool
fit_content(struct flow *f, size_t n)
{
    char length[24];
    if (!n && f->req.head.framing == FRAMING_NONE)
        return true;
    snprintf(length, sizeof(length), "%zu", n);
    head_remove(&f->req.sent, FIELD_TRANSFER_ENCODING);
    f->req.sent.framing = FRAMING_LENGTH;
    f->req.sent.length = n;
    return head_set(&f->req.sent, f->arena, FIELD_CONTENT_LENGTH, slice_str(length));
}

static bool
parse_strictly(struct send_call *c, struct flow *f, struct slice raw)
{
    struct http1_why why;
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    struct http_head *h = &f->req.head;
    if (http1_parse_request(raw, &limits, f->arena, h, &why) != HTTP1_OK)
        return err_set(&c->err, ERR_USAGE, "the head cannot be sent: %s (at byte %zu)",
                       http1_fault_row(why.fault)->text, why.at);
    if (slice_eq(h->method, SLICE("CONNECT")))
        return err_set(&c->err, ERR_USAGE, "CONNECT makes a tunnel: ask for what is behind it");
    return (head_copy(&f->req.sent, h, f->arena) && fit_content(f, c->content.n)) ||
           err_memory(&c->err);
}

static bool
parse_head(struct sending *s)
{
    struct send_call *c = s->call;
    struct flow *f = s->flow;
    struct slice raw = arena_dup(f->arena, c->head);
    if (!raw.p)
        return err_memory(&c->err);
    if (!c->exact)
        return parse_strictly(c, f, raw);
    if (!http1_parse_lenient(raw, false, f->arena, &f->req.head))
        return err_memory(&c->err);
    f->req.sent = f->req.head;
    return true;
}

static bool
sending_fill(struct sending *s)
{
    struct send_call *c = s->call;
    char host[URL_HOST_MAX + 1];
    if (!url_host_normal(c->host, host))
        return err_set(&c->err, ERR_USAGE, "'%.*s' is no host",
                       SLICE_ARG(slice_first(c->host, 80)));
    s->peer = peer_new();
    s->flow = s->peer ? flow_new(FLOW_HTTP, s->peer, s->worker->proxy->budget) : NULL;
    s->timer = s->flow ? timer_new(s->worker->loop, on_time, s) : NULL;
    if (!s->timer)
        return err_memory(&c->err);
    struct flow *f = s->flow;
    snprintf(s->peer->remote, sizeof(s->peer->remote), "weir");
    f->flags |= FLOW_SENT;
    f->scheme = c->https ? "https" : "http";
    f->port = c->port;
    f->host = arena_dup(f->arena, slice_str(host));
    f->started = f->req.head_at = loop_wall(s->worker->loop);
    return f->host.p ? parse_head(s) : err_memory(&c->err);
}

static void
sending_open(struct sending *s)
{
    struct flow *f = s->flow;
    struct pool *pool = s->worker->pool;
    s->waiter = (struct waiter){.spec = {.setup = s->worker->setup,
                                         .host = f->host,
                                         .port = f->port,
                                         .tls = s->call->https},
                                .done = on_open};
    struct upstream *u = s->call->exact ? NULL : pool_take(pool, &s->waiter.spec);
    if (s->call->time)
        timer_set(s->timer, loop_now(s->worker->loop) + s->call->time);
    if (u) {
        sending_go(s, u);
        return;
    }
    s->waiting = pool_wait(pool, &s->waiter);
    if (!s->waiting)
        sending_fail(s, failure_kept(NULL));
}

static void
send_run(void *arg)
{
    struct send_call *c = arg;
    struct worker *w = c->proxy->workers[0];
    struct turn *t = loop_turn(w->loop);
    struct sending *s = mem_zalloc(sizeof(*s));
    if (!s) {
        err_memory(&c->err);
        c->done(c);
        return;
    }
    s->call = c;
    s->worker = w;
    turn_begin(t);
    if (sending_fill(s)) {
        sending_open(s);
    } else {
        turn_defer(t, &s->dying, sending_destroy);
        c->done(c);
    }
    turn_end(t);
}

bool
send_begin(struct send_call *c)
{
    struct worker *w = c->proxy->workers[0];
    c->err = (struct err){0};
    c->flow = NULL;
    return w->started && !w->joined && loop_post(w->loop, send_run, c);
}
