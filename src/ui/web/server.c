/* The connections of the control API. */
#include "ui/web/server.h"

#include "base/log.h"
#include "base/mem.h"
#include "codec/hello.h"
#include "io/fd.h"
#include "io/sock.h"
#include "io/stream.h"
#include "layer/h1.h"
#include "layer/tls.h"
#include "pki/ca.h"
#include "pki/ctx.h"
#include "pki/leaf.h"
#include "proxy/setup.h"
#include "ui/web/control.h"
#include "ui/web/errand.h"

#include <stdio.h>

static const struct slice alpn_h1 = {"\x08http/1.1", 9};

static struct visit *
visit_of(struct host *h)
{
    return container_of(h, struct visit, host);
}

static struct slice
port_cut(const char *text)
{
    struct slice s = slice_str(text);
    s = slice_first(s, slice_find_last(s, ':'));
    return slice_starts(s, SLICE("[")) ? slice_first(slice_from(s, 1), s.n - 2) : s;
}

/* A certificate for the very address that the client has come to. Of names, see gate_site. */
static bool
visit_certify(struct visit *v, const struct hello *hello, struct ssl_st *ssl, struct err *e)
{
    struct slice local = SLICE("localhost");
    struct leaf_spec spec = {.host = slice_str(v->from.host),
                             .sni = slice_eq_nocase(hello->sni, local) ? local : SLICE_NONE,
                             .key = hello->accepts_ecdsa_p256 ? LEAF_ECDSA : LEAF_RSA};
    struct leaf *leaf = leaf_mint(v->control->setup->ca, &spec, e);
    bool good = leaf && ctx_apply_leaf(ssl, leaf, e) && ctx_bind_session(ssl, spec.host);
    ctx_set_alpn(ssl, &alpn_h1);
    leaf_unref(leaf);
    return good;
}

static enum ask_result
host_ask(struct host *h, struct ask *a)
{
    struct visit *v = visit_of(h);
    struct err e = {0};
    if (a->type != ASK_TLS)
        return ASK_DONE;
    a->tls.ssl = ctx_accept_ssl(v->control->tls, &e);
    if (!a->tls.ssl || visit_certify(v, a->tls.hello, a->tls.ssl, &e))
        return ASK_DONE;
    log_line(LOG_WARN, "the control API has no certificate for '%s': %s", v->from.host, e.text);
    ctx_ssl_free(a->tls.ssl);
    a->tls.ssl = NULL;
    return ASK_DONE;
}

static void
host_cancel(struct host *h UNUSED, struct ask *a UNUSED)
{
}

static uint64_t
host_now(struct host *h)
{
    return loop_now(visit_of(h)->control->loop);
}

static uint64_t
host_wall(struct host *h)
{
    return loop_wall(visit_of(h)->control->loop);
}

static bool
visit_push_http(struct visit *v)
{
    struct layer *h1 = h1_new(&v->host, ROLE_ACCEPT);
    struct fan *f = h1 ? fan_new(errand_arrive) : NULL;
    if (!f) {
        if (h1)
            h1->ops->destroy(h1);
        return false;
    }
    chain_push(v->chain, h1);
    chain_push(v->chain, &f->layer);
    return true;
}

static void
host_secured(struct host *h, struct chain *c, struct ssl_st *ssl UNUSED, const struct failure *why)
{
    if (!why && !visit_push_http(visit_of(h)))
        c->top->ops->on_cmd(c->top, &(struct cmd){.type = CMD_ABORT});
}

/* Only what a chain of TLS, HTTP and errands asks. */
static const struct host_ops visit_host_ops = {.ask = host_ask,
                                               .cancel = host_cancel,
                                               .now = host_now,
                                               .wall = host_wall,
                                               .secured = host_secured};

static void
visit_destroy(struct dying *d)
{
    struct visit *v = container_of(d, struct visit, dying);
    peer_unref(v->peer);
    mem_free(v);
}

static void
visit_close(struct visit *v)
{
    struct turn *t = loop_turn(v->control->loop);
    turn_begin(t);
    if (v->chain) {
        stream_close(v->chain);
        chain_free(v->chain);
    }
    list_remove(&v->node);
    v->control->n_visits--;
    turn_defer(t, &v->dying, visit_destroy);
    turn_end(t);
}

static void
visit_on_gone(struct chain *c)
{
    visit_close(c->owner);
}

static void
visit_describe(struct visit *v, int fd, const struct sockaddr *from)
{
    char own[64];
    snprintf(v->who, sizeof(v->who), "socket");
    v->from.local = !from;
    v->from.tls = from && v->control->tls;
    if (from) {
        sock_text(from, v->who, sizeof(v->who));
        fd_local_text(fd, own, sizeof(own));
        snprintf(v->from.host, sizeof(v->from.host), "%.*s", SLICE_ARG(port_cut(own)));
        v->from.slot = sock_hash_client(from);
    }
    memcpy(v->peer->remote, v->who, sizeof(v->who));
    v->peer->opened = v->peer->connected = loop_wall(v->control->loop);
}

static struct visit *
visit_new(struct control *c, int fd, const struct sockaddr *from)
{
    struct visit *v = mem_zalloc(sizeof(*v));
    if (!v)
        return NULL;
    v->control = c;
    v->host =
        (struct host){.ops = &visit_host_ops, .limits = &c->setup->limits, .budget = &c->budget};
    list_push(&c->visits, &v->node);
    c->n_visits++;
    v->peer = peer_new();
    v->chain = v->peer ? chain_new(loop_turn(c->loop), &v->host, ROLE_ACCEPT, v->peer) : NULL;
    if (!v->chain) {
        visit_close(v);
        return NULL;
    }
    v->chain->owner = v;
    visit_describe(v, fd, from);
    struct layer *tls = v->from.tls ? tls_accept_new() : NULL;
    if (tls)
        chain_push(v->chain, tls);
    if (tls || (!v->from.tls && visit_push_http(v)))
        return v;
    visit_close(v);
    return NULL;
}

void
server_accept(struct control *c, int fd, const struct sockaddr *from)
{
    struct err e = {0};
    bool welcome = from ? c->n_visits < SERVER_VISITS_MAX
                        : c->n_visits < SERVER_VISITS_MAX + SERVER_NEIGHBOURS && fd_peer_is_own(fd);
    struct visit *v = welcome ? visit_new(c, fd, from) : NULL;
    if (!v) {
        fd_close(fd);
        return;
    }
    if (!stream_open(c->loop, fd, v->chain, visit_on_gone, &e)) {
        log_line(LOG_WARN, "a connection to the control API is dropped: %s", e.text);
        visit_close(v);
        return;
    }
    if (from)
        fd_keep_alive(fd);
    stream_stall_time(v->chain, c->setup->limits.idle_time);
    stream_slow(v->chain, c->setup->limits.body_rate, c->setup->limits.body_time);
}

void
server_close(struct control *c)
{
    while (!list_empty(&c->visits))
        visit_close(container_of(c->visits.next, struct visit, node));
}
