/* One client connection: its life, and its part as host. */
#include "proxy/session.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/hello.h"
#include "io/fd.h"
#include "io/sock.h"
#include "io/stream.h"
#include "layer/exchange.h"
#include "layer/h1.h"
#include "layer/h2.h"
#include "layer/lane.h"
#include "layer/peek.h"
#include "layer/tls.h"
#include "proxy/engine.h"
#include "proxy/guard.h"
#include "proxy/hooks.h"
#include "proxy/learnt.h"
#include "proxy/page.h"
#include "proxy/pool.h"
#include "proxy/session_h2.h"

#include <stdio.h>

#define CROWD_SAID_EVERY (10 * NS_PER_S)

static const struct host_ops session_host_ops;
static void session_init(struct session *s, struct worker *w, const struct mode_ops *mode);
static void session_on_gone(struct chain *c);

void
session_hang_up(struct session *s)
{
    struct turn *t = loop_turn(s->worker->loop);
    struct layer *top = s->client->top;
    turn_begin(t);
    if (top)
        top->ops->on_cmd(top, &(struct cmd){.type = CMD_CLOSE});
    turn_end(t);
}

/* Of the client's connection. */
void
session_tell(struct session *s, enum hook_id id, const char *word, struct slice text)
{
    if (host_wants(&s->host, id))
        host_say(&s->host,
                 &(struct moment){.id = id, .client = s->peer, .word = word, .text = text});
}

static void
session_tell_hello(struct session *s, const struct hello *hello)
{
    char name[256];
    if (!host_wants(&s->host, HOOK_CLIENT_HELLO))
        return;
    snprintf(name, sizeof(name), "%.*s", SLICE_ARG(hello->sni));
    session_tell(s, HOOK_CLIENT_HELLO, name, SLICE_NONE);
}

static enum ask_result
host_ask(struct host *h, struct ask *a)
{
    struct session *s = session_of(h);
    switch (a->type) {
    case ASK_NEXT: return session_ask_next(s, a);
    case ASK_TLS: session_tell_hello(s, a->tls.hello); return session_ask_tls(s, a);
    case ASK_REQUEST: return session_ask_request(s, a);
    case ASK_HOOK: return hooks_ask(a);
    case ASK_PAUSE: return hooks_pause(s, a);
    case ASK_OPEN: return session_ask_open(s, a);
    }
    return ASK_DONE;
}

static void
host_cancel(struct host *h, struct ask *a)
{
    switch (a->type) {
    case ASK_TLS: session_cancel_tls(session_of(h)); break;
    case ASK_REQUEST: session_cancel_request(a); break;
    case ASK_OPEN: session_cancel_open(a); break;
    case ASK_HOOK: hooks_cancel(a); break;
    case ASK_PAUSE: hooks_cancel_pause(a); break;
    case ASK_NEXT: session_cancel_next(session_of(h)); break;
    }
}

static uint64_t
host_now(struct host *h)
{
    return loop_now(session_of(h)->worker->loop);
}

static uint64_t
host_wall(struct host *h)
{
    return loop_wall(session_of(h)->worker->loop);
}

static bool
host_page(struct host *h, struct flow *f, const struct failure *why, struct slice *content)
{
    return page_failure(session_of(h)->setup->config, f, why, content);
}

void
session_record(struct session *s, struct flow *f)
{
    atomic_fetch_add_explicit(&s->worker->proxy->counters.flows, 1, memory_order_relaxed);
    if (flow_is_private(f))
        flow_hide(f);
    if (!(f->flags & FLOW_DISCARDED))
        worker_record(s->worker, f);
}

static void
host_record(struct host *h, struct flow *f)
{
    struct session *s = session_of(h);
    session_record(s, f);
    if (f == session_hello_flow(s))
        session_hello_forget(s);
    if (s->worker->stopping && session_idle(s))
        session_hang_up(s);
}

static void
host_unhook(struct host *h UNUSED, void *hooks)
{
    hooks_free(hooks);
}

static struct layer *
host_tunnel(struct host *h, struct flow *f)
{
    struct session *s = session_of(h);
    /* The flow of the CONNECT is handed over now, and what follows still adds to the facts. */
    struct peer *peer = peer_copy(s->peer);
    if (!peer)
        return NULL;
    peer_unref(s->client->peer);
    peer_unref(s->peer);
    s->client->peer = peer_ref(peer);
    s->peer = peer;
    s->tunnelled = s->silent = true;
    s->shown = LEAF_GOOD;
    mem_free(s->to);
    s->to = NULL;
    s->fan = NULL;
    s->port = f->port;
    snprintf(s->target, sizeof(s->target), "%.*s", SLICE_ARG(f->host));
    return peek_new(PEEK_PATIENCE);
}

struct flow *
session_tls_flow(struct session *s)
{
    struct flow *f = flow_new(FLOW_TLS, s->peer, s->host.budget);
    if (!f)
        return NULL;
    f->started = host_wall(&s->host);
    f->scheme = "https";
    f->host = arena_dup(f->arena, slice_str(s->sni[0] ? s->sni : s->target));
    f->port = s->port;
    return f;
}

/* A tunnel on a stream: a session of its own, which ends with the stream. */
static struct chain *
host_branch(struct host *h, struct flow *f, void (**gone)(struct chain *c))
{
    struct session *above = session_of(h), *s = mem_zalloc(sizeof(*s));
    if (!s)
        return NULL;
    session_init(s, above->worker, above->mode);
    s->peer = peer_copy(above->peer);
    struct layer *peek = s->peer ? peek_new(PEEK_PATIENCE) : NULL;
    s->client = peek ? chain_new(loop_turn(s->worker->loop), &s->host, ROLE_ACCEPT, s->peer) : NULL;
    if (!s->client) {
        if (peek)
            peek->ops->destroy(peek);
        session_close(s);
        return NULL;
    }
    s->client->owner = s;
    chain_push(s->client, peek);
    s->from = above->from;
    s->source = above->source;
    s->branch = s->tunnelled = s->silent = true;
    s->port = f->port;
    snprintf(s->target, sizeof(s->target), "%.*s", SLICE_ARG(f->host));
    list_push(&s->worker->sessions, &s->node);
    *gone = session_on_gone;
    return s->client;
}

/* Who refuses our certificate may be left alone the next time; one that was wrong on purpose
 * teaches nothing. */
static void
session_learn(struct session *s, const struct failure *why)
{
    uint64_t time = s->setup->config->pass_refused, now = host_wall(&s->host);
    struct slice text = slice_str(why->text);
    if (!time || s->shown || s->mirrored || !slice_starts(text, SLICE("refused:")))
        return;
    struct lesson lesson = {.client = s->source, .at = now, .until = now + time};
    snprintf(lesson.from, sizeof(lesson.from), "%s", s->peer->remote);
    snprintf(lesson.host, sizeof(lesson.host), "%s", s->sni[0] ? s->sni : s->target);
    snprintf(lesson.why, sizeof(lesson.why), "%.*s", SLICE_ARG(slice_first(text, 150)));
    learnt_put(s->worker->proxy->learnt, &lesson);
}

/* A client that does not like our certificate is worth a flow of its own. */
static void
session_record_refusal(struct session *s, const struct failure *why)
{
    struct flow *hello = session_hello_flow(s);
    struct flow *f = hello ? flow_ref(hello) : session_tls_flow(s);
    if (!f)
        return;
    char text[400];
    const char *shown = "", *fault = "";
    if (s->shown) {
        shown = "; a rule had it shown this fault: ";
        fault = leaf_fault_word(s->shown);
    } else if (s->mirrored) {
        shown = "; it was shown the fault of the server's certificate: ";
        fault = verdict_word(s->mirrored);
    }
    snprintf(text, sizeof(text), "%s%s%s", why->text, shown, fault);
    flow_fail(f, reason_word(why->reason), slice_str(text));
    atomic_fetch_add_explicit(&s->worker->proxy->counters.client_refusals, 1, memory_order_relaxed);
    f->ended = host_wall(&s->host);
    /* A tunnel records its end by itself. */
    bool tunnel = f->kind == FLOW_TUNNEL;
    if (!(f->flags & FLOW_DISCARDED) && !tunnel)
        worker_record(s->worker, f);
    if (!tunnel)
        session_hello_forget(s);
    flow_unref(f);
}

bool
session_http_layers(struct session *s, struct layer **http, struct layer **fan)
{
    *http = s->h2 ? h2_new(&s->host, ROLE_ACCEPT) : h1_new(&s->host, ROLE_ACCEPT);
    struct fan *f = *http ? fan_new(exchange_arrive) : NULL;
    if (!f) {
        if (*http)
            (*http)->ops->destroy(*http);
        return false;
    }
    f->many = s->h2;
    s->fan = f;
    *fan = &f->layer;
    return true;
}

bool
session_push_http(struct session *s)
{
    struct layer *http, *fan;
    TRY(session_http_layers(s, &http, &fan));
    chain_push(s->client, http);
    chain_push(s->client, fan);
    return true;
}

/* A client that goes without a word may have heard all that it wanted from a server that speaks
 * first. */
static bool
session_was_answered(const struct session *s)
{
    const struct flow *f = session_hello_flow(s);
    return s->tls && f && f->kind == FLOW_TUNNEL && f->tunnel_down;
}

static void
host_secured(struct host *h, struct chain *c, struct ssl_st *ssl, const struct failure *why)
{
    struct session *s = session_of(h);
    (void)ssl;
    if (why && session_was_answered(s))
        return;
    if (why) {
        session_tell(s, HOOK_TLS_CLIENT_FAILED, reason_word(why->reason), slice_str(why->text));
        session_learn(s, why);
        session_record_refusal(s, why);
        return;
    }
    s->tls = true;
    s->h2 = s->peer->tls && slice_eq(slice_str(s->peer->tls->alpn), SLICE("h2"));
    s->peer->secured = host_wall(h);
    session_tell(s, HOOK_TLS_CLIENT_ESTABLISHED, NULL, SLICE_NONE);
    session_hello_end(s);
    bool changed = s->changes;
    s->changes = NULL;
    if (!changed && !session_push_next(s))
        c->top->ops->on_cmd(c->top, &(struct cmd){.type = CMD_ABORT});
}

static void
host_limited(struct host *h, const struct failure *why)
{
    struct session *s = session_of(h);
    atomic_fetch_add_explicit(&s->worker->proxy->counters.limited, 1, memory_order_relaxed);
    log_line(LOG_DEBUG, "the client '%s' is sent away: %s", s->peer->remote, why->text);
}

/* HTTP/2 in clear. */
static bool
host_upgrade(struct host *h, struct chain *c UNUSED, struct flow *f, struct layer **next,
             struct layer **above)
{
    struct session *s = session_of(h);
    const struct config *config = s->setup->config;
    if (s->tls || !config->http2_client || !h2_upgrade_wanted(&f->req.head))
        return false;
    s->h2 = s->upgraded = true;
    s->asks_h2 = config->http2_server;
    if (session_http_layers(s, next, above))
        h2_upgrade_with(*next, f);
    else
        *next = NULL;
    return true;
}

static const struct host_ops session_host_ops = {.ask = host_ask,
                                                 .cancel = host_cancel,
                                                 .now = host_now,
                                                 .wall = host_wall,
                                                 .page = host_page,
                                                 .record = host_record,
                                                 .leave = session_leave,
                                                 .tunnel = host_tunnel,
                                                 .unhook = host_unhook,
                                                 .limited = host_limited,
                                                 .branch = host_branch,
                                                 .upgrade = host_upgrade,
                                                 .secured = host_secured};

bool
session_idle(const struct session *s)
{
    /* After an upgrade the fan is gone, and something else is on top. */
    bool http = s->fan && s->client->top == &s->fan->layer;
    return http ? list_empty(&s->fan->seats) : s->silent;
}

static void
session_destroy(struct dying *d)
{
    struct session *s = container_of(d, struct session, dying);
    peer_unref(s->peer);
    peer_unref(s->failed_peer);
    setup_unref(s->setup);
    mem_free(s->why);
    mem_free(s->to);
    mem_free(s);
}

static atomic_uint *
session_slot(struct worker *w, const struct sockaddr *from)
{
    return &w->proxy->from[sock_hash_client(from) % CLIENT_SLOTS];
}

static void
session_count(struct session *s, int n)
{
    struct proxy *p = s->worker->proxy;
    atomic_fetch_add_explicit(&p->counters.clients, (unsigned long)n, memory_order_relaxed);
    atomic_fetch_add_explicit(s->from, (unsigned)n, memory_order_relaxed);
}

void
session_close(struct session *s)
{
    struct worker *w = s->worker;
    struct turn *t = loop_turn(w->loop);
    turn_begin(t);
    session_cancel_tls(s);
    if (s->client) {
        if (s->branch)
            lane_close(s->client);
        else
            stream_close(s->client);
        chain_free(s->client);
    }
    session_hello_cut(s);
    if (s->bound)
        upstream_close(s->bound);
    session_h2_close(s);
    if (!list_empty(&s->node) && !s->branch) {
        session_count(s, -1);
        session_tell(s, HOOK_CLIENT_DISCONNECTED, NULL, SLICE_NONE);
    }
    list_remove(&s->node);
    turn_defer(t, &s->dying, session_destroy);
    turn_end(t);
    worker_session_gone(w);
}

static void
session_on_gone(struct chain *c)
{
    session_close(c->owner);
}

static void
session_init(struct session *s, struct worker *w, const struct mode_ops *mode)
{
    list_init(&s->node);
    list_init(&s->owned);
    list_init(&s->opens);
    s->worker = w;
    s->setup = setup_ref(w->setup);
    s->mode = mode;
    s->host = (struct host){.ops = &session_host_ops,
                            .limits = &s->setup->limits,
                            .budget = w->proxy->budget,
                            .audience = &w->proxy->audience};
}

static void
session_describe(struct session *s, int fd, const struct sockaddr *from)
{
    sock_text(from, s->peer->remote, sizeof(s->peer->remote));
    fd_local_text(fd, s->peer->local, sizeof(s->peer->local));
    s->peer->opened = s->peer->connected = loop_wall(s->worker->loop);
}

static struct session *
session_new(struct port *p, int fd, const struct sockaddr *from)
{
    struct worker *w = p->worker;
    struct session *s = mem_zalloc(sizeof(*s));
    if (!s)
        return NULL;
    session_init(s, w, p->mode);
    s->fixed = p->server;
    s->port = s->fixed.port;
    snprintf(s->target, sizeof(s->target), "%s", s->fixed.host);
    s->port_number = p->number;
    s->peer = peer_new();
    s->client = s->peer ? chain_new(loop_turn(w->loop), &s->host, ROLE_ACCEPT, s->peer) : NULL;
    if (!s->client || !s->mode->accept(s)) {
        session_close(s);
        return NULL;
    }
    s->client->owner = s;
    session_describe(s, fd, from);
    struct failure why;
    s->blocked = !guard_client(s->setup->config, from, &why);
    if (s->blocked)
        s->why = failure_copy(&why);
    s->from = session_slot(w, from);
    s->source = sock_source(from);
    list_push(&w->sessions, &s->node);
    session_count(s, 1);
    session_tell(s, HOOK_CLIENT_CONNECTED, NULL, SLICE_NONE);
    worker_session_came(w);
    return s;
}

static bool
session_has_room(struct worker *w)
{
    unsigned long max = (unsigned long)w->setup->config->connections_max;
    unsigned long n = atomic_load_explicit(&w->proxy->counters.clients, memory_order_relaxed);
    if (!w->stopping && n < max) {
        /* Not each time that one of many comes and goes. */
        if (n <= max / 2)
            w->full_said = 0;
        return true;
    }
    atomic_fetch_add_explicit(&w->proxy->counters.refused, 1, memory_order_relaxed);
    if (!w->stopping && w->full_said++ == 0)
        log_line(
            LOG_WARN,
            "the limit of %lld connections ('connections-max') is reached: new ones are refused",
            (long long)w->setup->config->connections_max);
    return false;
}

static bool
session_may_come(struct worker *w, const struct sockaddr *from)
{
    unsigned long max = (unsigned long)w->setup->config->connections_per_client;
    char text[64];
    if (atomic_load_explicit(session_slot(w, from), memory_order_relaxed) < max)
        return true;
    atomic_fetch_add_explicit(&w->proxy->counters.refused, 1, memory_order_relaxed);
    if (w->crowd_said && loop_now(w->loop) < w->crowd_said + CROWD_SAID_EVERY)
        return false;
    w->crowd_said = loop_now(w->loop);
    sock_text(from, text, sizeof(text));
    log_line(LOG_WARN,
             "the client '%s' has %lu connections ('connections-per-client'): new ones are refused",
             text, max);
    return false;
}

void
session_accept(struct port *p, int fd, const struct sockaddr *from)
{
    struct worker *w = p->worker;
    struct err e = {0};
    bool welcome = session_has_room(w) && session_may_come(w, from);
    struct session *s = welcome ? session_new(p, fd, from) : NULL;
    if (!s) {
        fd_close(fd);
        return;
    }
    p->accepted++;
    atomic_fetch_add_explicit(&w->proxy->counters.connections, 1, memory_order_relaxed);
    if (!stream_open(w->loop, fd, s->client, session_on_gone, &e)) {
        log_line(LOG_WARN, "a connection is dropped: %s", e.text);
        session_close(s);
        return;
    }
    stream_stall_time(s->client, s->setup->limits.idle_time);
    stream_slow(s->client, s->setup->limits.body_rate, s->setup->limits.body_time);
}
