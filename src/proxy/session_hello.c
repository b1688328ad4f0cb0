/* The ClientHello as a flow: rules and people act on it before anybody answers, and TLS may be left
 * closed. */
#include "base/mem.h"
#include "codec/url.h"
#include "layer/relay.h"
#include "proxy/engine.h"
#include "proxy/hooks.h"
#include "proxy/pool.h"
#include "proxy/session.h"

struct greeting {
    struct session *session;
    struct flow *flow; /* a reference */
    struct hooks *hooks;
    struct ask ask; /* of the stage; the question of the layer is session->tls_ask */
    struct dying dying;
};

bool
session_hello_wanted(const struct session *s)
{
    const struct rules *rules = s->worker->rules;
    /* Who may not use the proxy is told so, by TLS of ours. */
    return rules && rules_any(rules, STAGE_CLIENT_HELLO) && s->target[0] && !s->blocked &&
           !session_is_ours(s);
}

struct flow *
session_hello_flow(const struct session *s)
{
    return s->greeting ? s->greeting->flow : NULL;
}

static void
greeting_unhook(struct greeting *g)
{
    if (g->hooks)
        hooks_free(g->hooks);
    g->hooks = NULL;
}

static void
greeting_destroy(struct dying *d)
{
    struct greeting *g = container_of(d, struct greeting, dying);
    greeting_unhook(g);
    flow_unref(g->flow);
    mem_free(g);
}

/* Those who act on it may be on their way out of it. */
void
session_hello_forget(struct session *s)
{
    struct greeting *g = s->greeting;
    if (!g)
        return;
    s->greeting = NULL;
    turn_defer(loop_turn(s->worker->loop), &g->dying, greeting_destroy);
}

void
session_hello_end(struct session *s)
{
    struct greeting *g = s->greeting;
    if (!g)
        return;
    if (s->changes) {
        /* The tunnel goes on, or records its end by itself. */
        greeting_unhook(g);
        return;
    }
    g->flow->ended = loop_wall(s->worker->loop);
    if (g->flow->trace || g->flow->error)
        session_record(s, g->flow);
    session_hello_forget(s);
}

void
session_hello_cut(struct session *s)
{
    if (!s->greeting)
        return;
    flow_fail(s->greeting->flow, reason_word(REASON_SHUTDOWN),
              slice_str(reason_text(REASON_SHUTDOWN)));
    session_hello_end(s);
}

void
session_hello_fail(struct session *s, const struct failure *why)
{
    flow_fail(s->greeting->flow, reason_word(why->reason), slice_str(why->text));
    session_hello_end(s);
}

static void
hello_fail_for(struct session *s, enum reason reason, const char *text)
{
    struct failure why;
    failure_set(&why, reason, "%s", text);
    session_hello_fail(s, &why);
}

bool
session_hello_tunnel(struct session *s, const char *scheme, const char *passed)
{
    struct greeting *g = mem_zalloc(sizeof(*g));
    if (!g)
        return false;
    g->session = s;
    g->flow = session_tls_flow(s);
    if (!g->flow) {
        mem_free(g);
        return false;
    }
    g->flow->kind = FLOW_TUNNEL;
    g->flow->scheme = scheme;
    if (passed)
        g->flow->passed = arena_dup(g->flow->arena, slice_str(passed));
    s->greeting = g;
    return true;
}

/* Passing through --------------------------------------------------------------------------- */

/* Where a rule may want something of segments. false without memory. */
static bool
tunnel_stage(struct session *s, struct layer *half)
{
    const struct rules *rules = s->worker->rules;
    if (s->greeting->flow->passed.n || !rules ||
        !rules_may(rules, STAGE_MESSAGE, s->greeting->flow))
        return true;
    struct hooks *h = hooks_new(s);
    return h && relay_stage(half, h, true);
}

struct layer *
session_tunnel_half(struct session *s, struct upstream *u, const struct failure *why)
{
    struct flow *f = s->greeting->flow;
    if (u)
        flow_set_server(f, u->peer);
    if (why) {
        session_hello_fail(s, why);
        return NULL;
    }
    /* Where TLS was to begin in the middle there is a relay already. */
    struct layer *old = s->changes ? u->chain->top : u->fan->layer.down;
    struct layer *half = relay_new(s->client, old, f);
    if (half && tunnel_stage(s, half))
        return half;
    if (half)
        relay_drop(half);
    upstream_close(u);
    hello_fail_for(s, REASON_MEMORY, "for a tunnel");
    return NULL;
}

static void
pass_join(struct session *s, struct ask *a, struct upstream *u, const struct failure *why)
{
    a->tls.instead = session_tunnel_half(s, u, why);
    a->tls.way = a->tls.instead ? TLS_WAY_INSTEAD : TLS_WAY_CLOSE;
    if (!a->tls.instead)
        return;
    /* The tunnel may last: the rules need not. */
    greeting_unhook(s->greeting);
    atomic_fetch_add_explicit(&s->worker->proxy->counters.passed, 1, memory_order_relaxed);
}

static void
pass_opened(struct waiter *w, struct upstream *u, const struct failure *why)
{
    struct session *s = container_of(w, struct session, tls_wait);
    struct turn *t = loop_turn(s->worker->loop);
    struct ask *a = s->tls_ask;
    s->tls_ask = NULL;
    turn_begin(t);
    pass_join(s, a, u, why);
    ask_answer(a);
    turn_end(t);
}

/* Where the client wanted to go: what it says in its ClientHello is for the server alone. */
static enum ask_result
pass_begin(struct session *s, struct ask *a)
{
    if (s->changes) {
        pass_join(s, a, s->changes, NULL);
        s->changes = NULL;
        return ASK_DONE;
    }
    struct authority to = {.host = slice_str(s->target), .port = s->port};
    /* It is HOST:PORT, see rule/upstream.c. */
    (void)!url_parse_authority(session_to(s), &to);
    s->greeting->flow->kind = FLOW_TUNNEL;
    s->tls_wait =
        (struct waiter){.spec = {.setup = s->setup, .host = to.host, .port = to.port, .raw = true},
                        .done = pass_opened};
    s->tls_ask = a;
    if (pool_wait(s->worker->pool, &s->tls_wait)) {
        /* To connect takes its time and no more; a place in the row may take any. */
        a->tls.half = s->tls_wait.up;
        return ASK_WAIT;
    }
    s->tls_ask = NULL;
    a->tls.way = TLS_WAY_CLOSE;
    hello_fail_for(s, REASON_MEMORY, "for a connection");
    return ASK_DONE;
}

enum ask_result
session_pass(struct session *s, struct ask *a, const char *why)
{
    if (!s->greeting && !session_hello_tunnel(s, "https", NULL)) {
        a->tls.way = TLS_WAY_CLOSE;
        return ASK_DONE;
    }
    struct flow *f = s->greeting->flow;
    f->passed = arena_dup(f->arena, slice_str(why));
    return pass_begin(s, a);
}

/* The stage --------------------------------------------------------------------------------- */

static enum ask_result
hello_finish(struct session *s, struct ask *a, enum tls_way way, const char *text)
{
    a->tls.way = way;
    hello_fail_for(s, REASON_RULE, text);
    return ASK_DONE;
}

/* false without memory. */
static bool
hello_keep(struct session *s, const struct decision *d)
{
    struct err e = {0};
    /* The rule knows the same words. */
    if (d->certificate.n && !leaf_fault_find(d->certificate, &s->shown, &e))
        return false;
    if (d->upstream.n)
        s->to = mem_strndup(d->upstream.p, d->upstream.n);
    return !d->failed && (s->to || !d->upstream.n);
}

static enum ask_result
hello_decided(struct session *s, struct ask *a)
{
    const struct decision *d = &s->greeting->ask.hook.decision;
    if (!hello_keep(s, d)) {
        a->tls.way = TLS_WAY_CLOSE;
        hello_fail_for(s, REASON_MEMORY, "for what a rule wants");
        return ASK_DONE;
    }
    switch (d->end) {
    case END_GO: return session_speak_tls(s, a);
    case END_PASS: return pass_begin(s, a);
    case END_ALERT:
        a->tls.alert = d->alert;
        return hello_finish(s, a, TLS_WAY_ALERT, "the ClientHello was answered with an alert");
    case END_RESET: return hello_finish(s, a, TLS_WAY_RESET, "the connection was reset");
    case END_DROP: /* is for messages */
    case END_ANSWER:
    case END_CLOSE: break;
    }
    return hello_finish(s, a, TLS_WAY_CLOSE, "the connection was closed without an answer");
}

static void
hello_answered(struct ask *mine)
{
    struct session *s = container_of(mine, struct greeting, ask)->session;
    struct ask *a = s->tls_ask;
    s->tls_ask = NULL;
    if (hello_decided(s, a) == ASK_DONE)
        ask_answer(a);
}

static struct greeting *
greeting_new(struct session *s)
{
    struct greeting *g = mem_zalloc(sizeof(*g));
    if (!g)
        return NULL;
    g->session = s;
    g->flow = session_tls_flow(s);
    g->hooks = g->flow ? hooks_new(s) : NULL;
    if (g->hooks)
        return g;
    greeting_destroy(&g->dying);
    return NULL;
}

enum ask_result
session_hello_begin(struct session *s, struct ask *a)
{
    struct greeting *g = s->greeting;
    if (!g)
        g = s->greeting = greeting_new(s);
    else
        g->hooks = hooks_new(s);
    if (!g || !g->hooks) {
        /* What a rule wants must not be passed over. */
        a->tls.way = TLS_WAY_CLOSE;
        return ASK_DONE;
    }
    g->ask = (struct ask){.type = ASK_HOOK, .answered = hello_answered};
    g->ask.hook.flow = g->flow;
    g->ask.hook.stage = STAGE_CLIENT_HELLO;
    g->ask.hook.hooks = g->hooks;
    s->tls_ask = a;
    if (chain_ask(s->client, &g->ask) == ASK_WAIT)
        return ASK_WAIT;
    s->tls_ask = NULL;
    return hello_decided(s, a);
}

void
session_hello_cancel(struct session *s)
{
    struct greeting *g = s->greeting;
    if (!g || !g->ask.waiting)
        return;
    g->ask.waiting = false;
    hooks_cancel(&g->ask);
}

void
session_hello_kill(struct session *s, struct slice by)
{
    struct failure why;
    failure_set(&why, REASON_KILLED, "by %.*s", SLICE_ARG(slice_first(by, 100)));
    flow_fail(s->greeting->flow, reason_word(why.reason), slice_str(why.text));
    if (s->client->top)
        s->client->top->ops->on_cmd(s->client->top, &(struct cmd){.type = CMD_ABORT});
}
