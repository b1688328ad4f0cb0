/* One connection to a server, from the name to the first request. */
#include "proxy/upstream.h"

#include "base/mem.h"
#include "io/fd.h"
#include "io/stream.h"
#include "layer/h1.h"
#include "layer/h2.h"
#include "layer/tls.h"
#include "pki/ca.h"
#include "pki/client_cert.h"
#include "pki/host.h"
#include "pki/peer_cert.h"
#include "proxy/facts.h"
#include "proxy/guard.h"
#include "proxy/pool.h"
#include "proxy/worker.h"

#include <stdio.h>

/* The name that is asked for and that the certificate has to be good for. */
static struct slice
spec_name(const struct upstream_spec *s)
{
    return s->sni.n ? s->sni : s->host;
}

void
upstream_key(const struct upstream_spec *s, char out[UPSTREAM_KEY_MAX])
{
    /* Asked for with every request. */
    struct buf b = {.p = out, .cap = UPSTREAM_KEY_MAX - 1, .max = UPSTREAM_KEY_MAX - 1};
    buf_append(&b, s->host);
    buf_byte(&b, ':');
    buf_u64(&b, s->port);
    buf_append(&b, s->raw ? SLICE(":raw:") : s->tls ? SLICE(":tls:") : SLICE(":tcp:"));
    buf_append(&b, s->tls ? spec_name(s) : s->host);
    buf_byte(&b, ':');
    buf_u64(&b, s->setup->id);
    if (s->h2)
        buf_append(&b, SLICE(":h2"));
    out[b.w] = 0;
}

struct upstream *
upstream_of(struct fan *f)
{
    return f->layer.chain->owner;
}

static struct upstream *
upstream_of_host(struct host *h)
{
    return container_of(h, struct upstream, host);
}

/* 'why' may be NULL. */
static void
upstream_tell(struct upstream *u, enum hook_id id, const struct failure *why)
{
    if (host_wants(&u->host, id))
        host_say(&u->host, &(struct moment){.id = id,
                                            .server = u->peer,
                                            .word = why ? reason_word(why->reason) : NULL,
                                            .text = why ? slice_str(why->text) : SLICE_NONE});
}

/* The connection is ready, or never will be: who waits for it hears of it, else it joins the idle
 * ones. */
static void
upstream_settle(struct upstream *u, const struct failure *why)
{
    struct waiter *w = u->waiter;
    u->waiter = NULL;
    list_remove(&u->node);
    list_push(&u->worker->away, &u->node);
    if (why) {
        u->state = UPSTREAM_DEAD;
        u->why = *why;
    } else {
        u->state = UPSTREAM_LEASED;
    }
    if (w) {
        w->up = NULL;
        w->done(w, u, why);
    } else if (!why) {
        pool_put(u->worker->pool, u);
    }
}

static void
upstream_destroy(struct dying *d)
{
    struct upstream *u = container_of(d, struct upstream, dying);
    peer_cert_unref(u->cert);
    client_cert_unref(u->target.cert);
    peer_unref(u->peer);
    setup_unref(u->setup);
    mem_free(u);
}

/* Off its row, and nobody waits for it any more. */
static void
upstream_detach(struct upstream *u)
{
    struct failure why;
    if (u->state == UPSTREAM_OPENING) {
        failure_set(&why, REASON_SHUTDOWN, NULL);
        if (!u->connected)
            upstream_tell(u, HOOK_SERVER_FAILED, &why);
        upstream_settle(u, &why);
    }
    if (u->dial)
        dial_cancel(u->dial);
    u->dial = NULL;
    list_remove(&u->owned);
    if (u->at)
        pool_gone(u->worker->pool, u);
    u->at = NULL;
    u->state = UPSTREAM_DEAD;
}

void
upstream_kill(struct upstream *u)
{
    struct turn *t = loop_turn(u->worker->loop);
    if (u->killed)
        return;
    u->killed = true;
    turn_begin(t);
    upstream_detach(u);
    if (u->connected)
        upstream_tell(u, HOOK_SERVER_DISCONNECTED, NULL);
    u->connected = false;
    list_remove(&u->node);
    if (u->chain) {
        stream_close(u->chain);
        chain_free(u->chain);
    }
    turn_defer(t, &u->dying, upstream_destroy);
    turn_end(t);
}

void
upstream_close(struct upstream *u)
{
    struct turn *t = loop_turn(u->worker->loop);
    if (u->killed || !u->chain || !u->chain->driver || u->chain->closed) {
        upstream_kill(u);
        return;
    }
    /* The server gets our close_notify; 'gone' frees it. */
    turn_begin(t);
    bool again = !u->at;
    upstream_detach(u);
    if (!again) {
        list_push(&u->worker->away, &u->node);
        u->chain->top->ops->on_cmd(u->chain->top, &(struct cmd){.type = CMD_CLOSE});
    }
    turn_end(t);
}

static void
upstream_on_gone(struct chain *c)
{
    struct upstream *u = c->owner;
    if (u->state == UPSTREAM_OPENING && c->wire.lost)
        upstream_settle(u, failure_kept(c->wire.why));
    upstream_kill(u);
}

static void
upstream_failed(struct upstream *u, const struct failure *why)
{
    upstream_tell(u, HOOK_SERVER_FAILED, why);
    upstream_settle(u, why);
    upstream_close(u);
}

static bool
upstream_push_tls(struct upstream *u, struct err *e)
{
    struct worker *w = u->worker;
    const struct setup *s = u->setup;
    struct ctx_target *t = &u->target;
    t->host = slice_str(u->sni);
    uint8_t ip[16];
    if (!host_ip(t->host, ip))
        t->sni = t->host;
    if (!u->raw)
        t->alpn = u->offers_h2 ? SLICE("\x02h2\x08http/1.1") : SLICE("\x08http/1.1");
    t->trust = s->trust;
    t->own = s->ca;
    t->sessions = w->tls_sessions;
    t->session_key = slice_str(u->key);
    t->facts = peer_need_tls(u->peer);
    t->allow = setup_on_invalid(s, slice_str(u->name), t->host) != ON_INVALID_ERROR;
    if (s->client_certs)
        TRY(client_certs_get(s->client_certs, t->host, &t->cert, e));
    struct ssl_st *ssl = ctx_connect_ssl(s->connect, t, e);
    struct layer *tls = ssl ? tls_connect_new(ssl) : NULL;
    if (!tls) {
        ctx_ssl_free(ssl);
        return ssl ? err_memory(e) : false;
    }
    if (u->chain->top)
        chain_insert(u->chain, u->chain->top, tls);
    else
        chain_push(u->chain, tls);
    return true;
}

bool
upstream_secure(struct upstream *u, struct waiter *w)
{
    struct err e = {0};
    snprintf(u->sni, sizeof(u->sni), "%.*s", SLICE_ARG(spec_name(&w->spec)));
    if (u->chain->closed || !upstream_push_tls(u, &e))
        return false;
    struct layer *tls = u->chain->top->down;
    u->tls = true;
    u->state = UPSTREAM_OPENING;
    u->waiter = w;
    w->up = u;
    tls->ops->on_event(tls, &(struct event){.type = EV_START});
    return true;
}

/* In the version that TLS agreed on. In clear nobody agrees on any. */
static bool
upstream_push_http(struct upstream *u)
{
    const struct peer_tls *facts = u->peer->tls;
    u->h2 = u->offers_h2 && (!u->tls || (facts && slice_eq(slice_str(facts->alpn), SLICE("h2"))));
    struct layer *http = u->h2 ? h2_new(&u->host, ROLE_CONNECT) : h1_new(&u->host, ROLE_CONNECT);
    struct fan *fan = http ? fan_new(NULL) : NULL;
    if (!fan) {
        if (http)
            http->ops->destroy(http);
        return false;
    }
    fan->many = u->h2;
    chain_push(u->chain, http);
    chain_push(u->chain, &fan->layer);
    u->fan = fan;
    return true;
}

static bool
upstream_build(struct upstream *u, struct err *e)
{
    struct worker *w = u->worker;
    u->chain = chain_new(loop_turn(w->loop), &u->host, ROLE_CONNECT, u->peer);
    if (!u->chain)
        return err_memory(e);
    u->chain->owner = u;
    if (u->tls)
        return upstream_push_tls(u, e);
    return upstream_push_http(u) || err_memory(e);
}

static void
upstream_on_dialled(void *arg, const struct dial_result *r)
{
    struct upstream *u = arg;
    struct err e = {0};
    struct failure why;
    u->dial = NULL;
    u->peer->resolved = r->resolved;
    u->peer->connected = r->connected;
    snprintf(u->peer->local, sizeof(u->peer->local), "%s", r->local);
    snprintf(u->peer->remote, sizeof(u->peer->remote), "%s", r->remote);
    if (r->fd < 0) {
        upstream_failed(u, &r->why);
        return;
    }
    u->connected = true;
    upstream_tell(u, HOOK_SERVER_CONNECTED, NULL);
    turn_begin(loop_turn(u->worker->loop));
    if (!upstream_build(u, &e)) {
        fd_close(r->fd);
        failure_set(&why, REASON_TLS_SERVER, "%s", e.text);
        upstream_failed(u, &why);
    } else if (!stream_open(u->worker->loop, r->fd, u->chain, upstream_on_gone, &e)) {
        failure_set(&why, REASON_CONNECT, "%s", e.text);
        upstream_failed(u, &why);
    } else if (!u->tls) {
        upstream_settle(u, NULL);
    }
    turn_end(loop_turn(u->worker->loop));
}

static bool
upstream_allow(void *arg, const struct sockaddr *to, struct failure *why)
{
    struct upstream *u = arg;
    return guard_target(u->worker, u->setup->config, to, why);
}

/* What the verification said, in the facts that the flows show. */
static void
upstream_note_verdict(struct upstream *u)
{
    const struct verdict *v = &u->target.verdict;
    struct peer_tls *t = peer_need_tls(u->peer);
    if (!t)
        return;
    enum verdict_reason r = v->reason == VERDICT_NONE ? VERDICT_OK : v->reason;
    snprintf(t->verdict, sizeof(t->verdict), "%s", verdict_word(r));
    snprintf(t->ocsp, sizeof(t->ocsp), "%s", v->ocsp ? v->ocsp : "");
    peer_set_text(&t->verdict_text, slice_str(v->text));
}

static void
upstream_secured(struct host *h, struct chain *c, struct ssl_st *ssl, const struct failure *why)
{
    struct upstream *u = upstream_of_host(h);
    const struct verdict *v = &u->target.verdict;
    struct failure own;
    (void)c;
    upstream_note_verdict(u);
    if (u->state != UPSTREAM_OPENING)
        return;
    if (why) {
        if (v->reason != VERDICT_NONE && v->reason != VERDICT_OK && !u->target.allow) {
            failure_set(&own, REASON_TLS_VERIFY, "%s", v->text);
            why = &own;
        }
        upstream_tell(u, HOOK_TLS_SERVER_FAILED, why);
        upstream_settle(u, why);
        return;
    }
    u->secured = true;
    u->peer->secured = loop_wall(u->worker->loop);
    u->cert = peer_cert_get(ssl);
    /* What changes to TLS in the middle has its layers. */
    if (!u->fan && !upstream_push_http(u)) {
        upstream_settle(u, failure_kept(NULL));
        return;
    }
    upstream_tell(u, HOOK_TLS_SERVER_ESTABLISHED, NULL);
    if (!u->raw)
        facts_put(u->worker->facts, u, loop_now(u->worker->loop));
    upstream_settle(u, NULL);
}

static uint64_t
upstream_now(struct host *h)
{
    return loop_now(upstream_of_host(h)->worker->loop);
}

static uint64_t
upstream_wall(struct host *h)
{
    return loop_wall(upstream_of_host(h)->worker->loop);
}

static enum ask_result
upstream_ask(struct host *h, struct ask *a)
{
    /* Nothing on a server's chain asks. */
    (void)h;
    a->next.layer = NULL;
    return ASK_DONE;
}

static const struct host_ops upstream_host_ops = {
    .ask = upstream_ask, .now = upstream_now, .wall = upstream_wall, .secured = upstream_secured};

static void
upstream_init(struct upstream *u, struct worker *w, const struct upstream_spec *s,
              struct pool_host *at)
{
    u->worker = w;
    u->setup = setup_ref(s->setup);
    u->host = (struct host){.ops = &upstream_host_ops,
                            .limits = &u->setup->limits,
                            .budget = worker_budget(w),
                            .audience = proxy_audience(w->proxy)};
    u->at = at;
    list_init(&u->node);
    list_init(&u->owned);
    u->tls = s->tls;
    u->raw = s->raw;
    u->offers_h2 = s->h2;
    snprintf(u->name, sizeof(u->name), "%.*s", SLICE_ARG(s->host));
    snprintf(u->sni, sizeof(u->sni), "%.*s", SLICE_ARG(spec_name(s)));
    upstream_key(s, u->key);
    u->peer->port = s->port;
    u->peer->opened = loop_wall(w->loop);
    peer_set_text(&u->peer->host, slice_str(u->name));
}

struct upstream *
upstream_open(struct worker *w, const struct upstream_spec *s, struct pool_host *at)
{
    struct upstream *u = mem_zalloc(sizeof(*u));
    if (!u)
        return NULL;
    u->peer = peer_new();
    if (!u->peer) {
        mem_free(u);
        return NULL;
    }
    upstream_init(u, w, s, at);
    struct dial_options o = {.host = slice_str(u->name),
                             .port = s->port,
                             .timeout = u->setup->config->connect_time,
                             .overrides = u->setup->config->resolve,
                             .allow = upstream_allow,
                             .done = upstream_on_dialled,
                             .arg = u};
    upstream_tell(u, HOOK_SERVER_CONNECT, NULL);
    u->dial = dial_start(w->loop, &o);
    if (u->dial)
        return u;
    upstream_destroy(&u->dying);
    return NULL;
}
