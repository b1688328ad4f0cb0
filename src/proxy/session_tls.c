/* How we speak TLS to a client: after the server's certificate is known, with a leaf that mirrors
 * it. */
#include "base/mem.h"
#include "codec/alert.h"
#include "codec/hello.h"
#include "codec/url.h"
#include "layer/relay.h"
#include "pki/ctx.h"
#include "pki/leaf_cache.h"
#include "proxy/engine.h"
#include "proxy/facts.h"
#include "proxy/learnt.h"
#include "proxy/onboard.h"
#include "proxy/pool.h"
#include "proxy/session.h"

#include <stdio.h>

static const struct slice alpn_h1 = {"\x08http/1.1", 9}, alpn_both = {"\x02h2\x08http/1.1", 12};

static struct upstream_spec
tls_spec(struct session *s)
{
    struct authority to;
    struct upstream_spec spec = {.setup = s->setup,
                                 .host = slice_str(s->target),
                                 .port = s->port,
                                 .tls = true,
                                 .h2 = s->asks_h2,
                                 .sni = slice_str(s->fixed.host[0] ? "" : s->sni)};
    if (!url_parse_authority(session_to(s), &to))
        return spec;
    /* The certificate is still to be good for where the client wants to go. */
    if (!spec.sni.n)
        spec.sni = spec.host;
    spec.host = to.host;
    spec.port = to.port;
    return spec;
}

/* The name that the client goes by: in front of one server and without SNI the address. */
static struct slice
tls_name(const struct session *s)
{
    struct slice local = slice_str(s->peer->local);
    if (s->sni[0] || !s->fixed.host[0])
        return slice_str(s->sni);
    local = slice_first(local, slice_find_last(local, ':'));
    return slice_starts(local, SLICE("[")) ? slice_of(local.p + 1, local.n - 2) : local;
}

/* The flows of the connection tell what its client was shown. */
static void
tls_note_leaf(struct session *s, const struct leaf *leaf)
{
    struct peer_tls *facts = peer_need_tls(s->peer);
    if (facts && !facts->n_certs)
        facts->certs[facts->n_certs++] = block_ref(leaf->der);
}

static bool
hello_offers(const struct hello *h, struct slice protocol)
{
    for (unsigned i = 0; i < h->n_alpn; i++)
        if (slice_eq(h->alpn[i], protocol))
            return true;
    return false;
}

/* Whether servers are offered what the client offers. */
static void
tls_choose_h2(struct session *s, const struct hello *hello)
{
    const struct config *c = s->setup->config;
    s->asks_h2 = c->http2_server && (!c->http2_client || hello_offers(hello, SLICE("h2")));
}

/* What the client may choose from. The server may have declined HTTP/2: then the client does not
 * get it either, unless it knows nothing else. */
static const struct slice *
tls_protocols(const struct session *s, const struct hello *hello, bool declined)
{
    if (!s->setup->config->http2_client)
        return &alpn_h1;
    bool only = hello_offers(hello, SLICE("h2")) && !hello_offers(hello, SLICE("http/1.1"));
    return declined && s->asks_h2 && !only ? &alpn_h1 : &alpn_both;
}

/* What is known of the server. */
struct server_facts {
    struct x509_st *cert; /* NULL: nothing */
    enum verdict_reason verdict;
    bool h2;
};

/* The SSL for this client, with a leaf like the server's under the fault of the verdict. */
static void
tls_answer(struct session *s, struct ask *a, const struct server_facts *server)
{
    struct x509_st *cert = server->cert;
    enum verdict_reason verdict = server->verdict;
    struct err e = {0};
    char crl[300], identity[600];
    const struct hello *hello = a->tls.hello;
    onboard_crl_base(s->setup->config, crl, sizeof(crl));
    struct leaf_spec spec = {.host = slice_str(s->target[0] ? s->target : s->sni),
                             .sni = tls_name(s),
                             .upstream = cert,
                             .key = hello->accepts_ecdsa_p256 ? LEAF_ECDSA : LEAF_RSA,
                             .crl_base = s->setup->config->onboarding ? crl : NULL,
                             .client = s->source};
    struct slice name = spec.sni.n ? spec.sni : spec.host;
    if (verdict != VERDICT_OK && verdict != VERDICT_NONE &&
        setup_on_invalid(s->setup, spec.host, name) == ON_INVALID_MIRROR) {
        spec.fault = leaf_fault_of(verdict);
        s->mirrored = verdict;
    }
    if (s->shown)
        spec.fault = s->shown;
    a->tls.ssl = ctx_accept_ssl(s->setup->accept, &e);
    if (!a->tls.ssl)
        return;
    struct leaf *leaf = leaf_cache_get(s->worker->proxy->leaves, s->setup->ca, &spec, &e);
    int n = snprintf(identity, sizeof(identity), "%s:%u:%s:%d", s->target, s->port, s->sni,
                     (int)spec.fault);
    bool good = leaf && ctx_apply_leaf(a->tls.ssl, leaf, &e) &&
                ctx_bind_session(a->tls.ssl, slice_of(identity, (size_t)n));
    ctx_set_alpn(a->tls.ssl, tls_protocols(s, hello, cert && !server->h2));
    if (good)
        tls_note_leaf(s, leaf);
    leaf_unref(leaf);
    if (good)
        return;
    ctx_ssl_free(a->tls.ssl);
    a->tls.ssl = NULL;
}

static const struct server_facts nothing = {.verdict = VERDICT_NONE};

static void
tls_done(struct waiter *w, struct upstream *u, const struct failure *why)
{
    struct session *s = container_of(w, struct session, tls_wait);
    struct ask *a = s->tls_ask;
    s->tls_ask = NULL;
    if (!why) {
        tls_answer(s, a, &(struct server_facts){u->cert, u->target.verdict.reason, u->h2});
        pool_put(s->worker->pool, u);
    } else {
        s->failed = true;
        mem_free(s->why);
        s->why = failure_copy(why);
        s->failed_peer = u ? peer_ref(u->peer) : NULL;
        tls_answer(s, a, &nothing);
    }
    ask_answer(a);
}

void
session_cancel_tls(struct session *s)
{
    if (!s->tls_ask)
        return;
    session_hello_cancel(s);
    pool_forget(&s->tls_wait);
    s->tls_ask = NULL;
}

/* The certificate of the server: from an idle connection, from what was seen lately, or from a new
 * connection. */
static enum ask_result
tls_upstream_first(struct session *s, struct ask *a)
{
    struct worker *w = s->worker;
    struct upstream_spec spec = tls_spec(s);
    struct upstream *u = pool_look(w->pool, &spec);
    if (u && u->cert) {
        tls_answer(s, a, &(struct server_facts){u->cert, u->target.verdict.reason, u->h2});
        return ASK_DONE;
    }
    const struct fact *fact = facts_get(w->facts, &spec, loop_now(w->loop));
    if (fact) {
        tls_answer(s, a, &(struct server_facts){fact->cert, fact->verdict, fact->h2});
        pool_prepare(w->pool, &spec);
        return ASK_DONE;
    }
    s->tls_wait = (struct waiter){.spec = spec, .done = tls_done};
    s->tls_ask = a;
    if (pool_wait(w->pool, &s->tls_wait))
        return ASK_WAIT;
    s->tls_ask = NULL;
    tls_answer(s, a, &nothing);
    return ASK_DONE;
}

/* The server of a tunnel that changes to TLS: what it shows, or why it does not. */
static void
change_done(struct waiter *w, struct upstream *u, const struct failure *why)
{
    struct session *s = container_of(w, struct session, tls_wait);
    struct ask *a = s->tls_ask;
    s->tls_ask = NULL;
    if (!why) {
        tls_answer(s, a, &(struct server_facts){u->cert, u->target.verdict.reason, false});
    } else {
        a->tls.way = TLS_WAY_ALERT;
        (void)!alert_find(SLICE("handshake_failure"), &a->tls.alert);
        session_hello_fail(s, why);
        /* The alert is to arrive. */
        relay_part(s->client->top);
    }
    ask_answer(a);
}

static enum ask_result
change_begin(struct session *s, struct ask *a)
{
    s->tls_wait = (struct waiter){.spec = tls_spec(s), .done = change_done};
    list_init(&s->tls_wait.node);
    s->tls_ask = a;
    if (upstream_secure(s->changes, &s->tls_wait))
        return ASK_WAIT;
    s->tls_ask = NULL;
    tls_answer(s, a, &nothing);
    return ASK_DONE;
}

bool
session_is_ours(const struct session *s)
{
    return onboard_is_host(s->setup->config, slice_str(s->target));
}

enum ask_result
session_speak_tls(struct session *s, struct ask *a)
{
    if (s->changes)
        return change_begin(s, a);
    tls_choose_h2(s, a->tls.hello);
    bool ours = session_is_ours(s);
    bool tls = !s->fixed.host[0] || s->fixed.tls;
    if (s->setup->eager && tls && !ours)
        return tls_upstream_first(s, a);
    tls_answer(s, a, &nothing);
    return ASK_DONE;
}

/* Whether the client has taught us to leave it alone with this host, and by what. */
static bool
tls_is_learnt(const struct session *s, char why[300])
{
    struct lesson lesson;
    struct slice host = slice_str(s->sni[0] ? s->sni : s->target);
    if (!s->setup->config->pass_refused || s->blocked ||
        !learnt_get(s->worker->proxy->learnt, s->source, host, loop_wall(s->worker->loop), &lesson))
        return false;
    snprintf(why, 300, "pass-refused: it refused our certificate before (%s)", lesson.why);
    return true;
}

enum ask_result
session_ask_tls(struct session *s, struct ask *a)
{
    const struct hello *hello = a->tls.hello;
    char learnt[300];
    list_init(&s->tls_wait.node);
    if (hello->sni_valid && !url_host_normal(hello->sni, s->sni))
        s->sni[0] = 0;
    const char *alone = session_left_alone(s);
    if (alone)
        return session_pass(s, a, alone);
    if (tls_is_learnt(s, learnt))
        return session_pass(s, a, learnt);
    return session_hello_wanted(s) ? session_hello_begin(s, a) : session_speak_tls(s, a);
}
