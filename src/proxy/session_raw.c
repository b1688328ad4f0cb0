/* Tunnels whose bytes are not read as HTTP: what comes next on a client's chain, hosts that are
 * left alone, servers that speak first, and TLS that begins in the middle. */
#include "layer/h1.h"
#include "layer/peek.h"
#include "layer/relay.h"
#include "layer/tls.h"
#include "proxy/engine.h"
#include "proxy/hosts.h"
#include "proxy/pool.h"
#include "proxy/session.h"

#include <stdio.h>

/* Which hosts ------------------------------------------------------------------------------- */

/* By where it goes, and by the name that the client says. */
static bool
raw_listed(const struct session *s, const struct hosts *h)
{
    return hosts_match(h, slice_str(s->target), s->port) ||
           hosts_match(h, slice_str(s->sni), s->port);
}

static const char *
raw_left_by(const struct session *s, bool ignored, bool allowed)
{
    const struct config *c = s->setup->config;
    if (ignored)
        return "ignore-hosts";
    return c->allow_hosts && c->allow_hosts[0] && !allowed ? "allow-hosts" : NULL;
}

const char *
session_left_alone(const struct session *s)
{
    if (!s->tunnelled || !s->target[0])
        return NULL;
    return raw_left_by(s, raw_listed(s, s->setup->ignore), raw_listed(s, s->setup->allow));
}

const char *
session_leaves(const struct session *s, struct slice host, uint16_t port)
{
    return raw_left_by(s, hosts_match(s->setup->ignore, host, port),
                       hosts_match(s->setup->allow, host, port));
}

/* Letters at its beginning and a blank in its first line: then it is read as HTTP, which says what
 * is wrong with it. */
static bool
raw_looks_like_http(struct slice first)
{
    while (first.n && (first.p[0] == '\r' || first.p[0] == '\n'))
        first = slice_from(first, 1);
    for (size_t i = 0; i < 3 && i < first.n; i++)
        if (!((first.p[i] | 0x20) >= 'a' && (first.p[i] | 0x20) <= 'z') && first.p[i] != '-')
            return false;
    struct slice rest = first, line = slice_cut(&rest, '\n');
    return slice_find(line, ' ') < line.n && !slice_starts(first, SLICE("SSH-"));
}

/* Whether what follows is relayed as it is. */
static bool
raw_is_wanted(const struct session *s, const struct ask *a)
{
    bool http = a->next.found || raw_looks_like_http(a->next.first);
    if (!s->tunnelled || s->blocked || session_is_ours(s))
        return false;
    return s->fixed.raw || session_left_alone(s) || raw_listed(s, s->setup->tcp) ||
           (!http && !s->fixed.host[0]);
}

/* The tunnel -------------------------------------------------------------------------------- */

/* There is none: the client's connection is closed for it. */
static enum ask_result
raw_refuse(struct ask *a)
{
    a->next.layer = NULL;
    a->next.silent = false;
    return ASK_DONE;
}

static void
raw_on_spoke(void *arg)
{
    struct session *s = arg;
    struct ask *a = s->next_ask;
    s->silent = false;
    s->next_ask = NULL;
    s->waits_for = NULL;
    ask_answer(a);
}

/* TLS begins in the middle: first with the client, who says for which name, then with the server.
 */
static void
raw_on_change(void *arg, struct layer *client, struct layer *server)
{
    struct session *s = arg;
    struct layer *tls = tls_accept_new();
    session_tell(s, HOOK_NEXT_LAYER, "tls", SLICE_NONE);
    if (!tls) {
        layer_tell(client, CMD_ABORT);
        return;
    }
    s->changes = server->chain->owner;
    chain_insert(s->client, client, tls);
    tls->ops->on_event(tls, &(struct event){.type = EV_START});
}

static const struct relay_ops raw_ops = {.on_spoke = raw_on_spoke, .on_change = raw_on_change};

/* Both halves; ASK_WAIT when the server's word is waited for. */
static enum ask_result
raw_join(struct session *s, struct ask *a, struct upstream *u, const struct failure *why)
{
    struct layer *half = session_tunnel_half(s, u, why);
    if (!half)
        return raw_refuse(a);
    relay_tell(half, &raw_ops, s);
    if (!s->tls && !session_hello_flow(s)->passed.n)
        relay_watch(half);
    a->next.layer = half;
    s->silent = a->next.silent;
    if (!s->silent)
        return ASK_DONE;
    s->waits_for = u;
    relay_listen(half);
    return ASK_WAIT;
}

static void
raw_opened(struct waiter *w, struct upstream *u, const struct failure *why)
{
    struct session *s = container_of(w, struct session, tls_wait);
    struct turn *t = loop_turn(s->worker->loop);
    struct ask *a = s->next_ask;
    turn_begin(t);
    if (raw_join(s, a, u, why) == ASK_DONE) {
        s->next_ask = NULL;
        ask_answer(a);
    }
    turn_end(t);
}

static enum ask_result
raw_begin(struct session *s, struct ask *a)
{
    bool tls = s->fixed.raw ? s->fixed.tls : s->tls;
    struct failure why;
    if (!session_hello_tunnel(s, tls ? "tls" : "tcp", session_left_alone(s)))
        return raw_refuse(a);
    s->tls_wait = (struct waiter){.spec = {.setup = s->setup,
                                           .host = slice_str(s->target),
                                           .port = s->port,
                                           .tls = tls,
                                           .raw = true,
                                           .sni = slice_str(s->fixed.host[0] ? "" : s->sni)},
                                  .done = raw_opened};
    s->next_ask = a;
    if (pool_wait(s->worker->pool, &s->tls_wait))
        return ASK_WAIT;
    s->next_ask = NULL;
    failure_set(&why, REASON_MEMORY, "for a connection");
    session_hello_fail(s, &why);
    return raw_refuse(a);
}

void
session_cancel_next(struct session *s)
{
    struct upstream *u = s->waits_for;
    if (!s->next_ask)
        return;
    pool_forget(&s->tls_wait);
    if (u) {
        relay_drop(s->next_ask->next.layer);
        upstream_close(u);
    }
    s->next_ask = NULL;
    s->waits_for = NULL;
    session_hello_forget(s);
}

/* What comes next --------------------------------------------------------------------------- */

/* A server of the web never begins. */
static bool
raw_may_wait(const struct session *s)
{
    return s->fixed.raw || (!s->fixed.host[0] && s->port != 80 && s->port != 443);
}

static void
raw_tell(struct session *s, const char *layer)
{
    if (s->tunnelled)
        session_tell(s, HOOK_NEXT_LAYER, layer, SLICE_NONE);
}

enum ask_result
session_ask_next(struct session *s, struct ask *a)
{
    const char *found = a->next.found ? a->next.found->name : "";
    const struct config *c = s->setup->config;
    bool tls = slice_eq(slice_str(found), SLICE("tls"));
    a->next.layer = NULL;
    if (a->next.silent) {
        bool waits = !s->blocked && !session_is_ours(s) && raw_may_wait(s);
        return waits ? raw_begin(s, a) : ASK_DONE;
    }
    s->silent = false;
    if (tls && s->tunnelled && !s->tls) {
        raw_tell(s, "tls");
        a->next.layer = tls_accept_new();
        return ASK_DONE;
    }
    if (raw_is_wanted(s, a)) {
        raw_tell(s, "tcp");
        return raw_begin(s, a);
    }
    s->h2 = slice_eq(slice_str(found), SLICE("h2")) && c->http2_client;
    s->asks_h2 = s->h2 && c->http2_server;
    raw_tell(s, s->h2 ? "h2" : "h1");
    if (!session_http_layers(s, &a->next.layer, &a->next.above))
        a->next.layer = NULL;
    return ASK_DONE;
}

bool
session_push_next(struct session *s)
{
    struct slice alpn = slice_str(s->peer->tls ? s->peer->tls->alpn : "");
    bool http = slice_eq(alpn, SLICE("h2")) || slice_starts(alpn, SLICE("http/"));
    if (http && !s->fixed.raw && !raw_listed(s, s->setup->tcp))
        return session_push_http(s);
    struct layer *peek = peek_new(s->fixed.raw ? PEEK_PATIENCE / 10 : PEEK_PATIENCE);
    if (!peek)
        return false;
    s->fan = NULL;
    s->silent = true;
    chain_push(s->client, peek);
    return true;
}
