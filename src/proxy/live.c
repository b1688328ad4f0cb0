/* Visits to what is under way. */
#include "proxy/live.h"

#include "layer/exchange.h"
#include "layer/relay.h"
#include "proxy/engine.h"
#include "proxy/hooks.h"

static struct session *
session_at(struct list *node)
{
    return container_of(node, struct session, node);
}

static struct hooks *
live_held(struct worker *w, const struct flow *f)
{
    list_for (it, &w->held) {
        struct hooks *h = container_of(it, struct hooks, node);
        if (h->hook.flow == f)
            return h;
    }
    return NULL;
}

static void
live_tell(struct live_call *c, struct worker *w, struct exchange *x)
{
    struct live l = {.worker = w, .x = x, .flow = x->flow};
    l.held = live_held(w, x->flow);
    c->found = true;
    c->each(c, &l);
}

/* The connection whose ClientHello is a flow. */
static void
live_tell_hello(struct live_call *c, struct session *s)
{
    struct live l = {.worker = s->worker, .session = s, .flow = session_hello_flow(s)};
    l.held = live_held(s->worker, l.flow);
    c->found = true;
    c->each(c, &l);
}

/* A tunnel whose flow goes on. */
static bool
live_relay(struct live_call *c, struct worker *w, const struct session *s)
{
    struct live l = {.worker = w, .relay = s->client->top};
    l.flow = relay_flow(l.relay);
    if (!l.flow || (c->flow && l.flow->id != c->flow))
        return false;
    l.held = live_held(w, l.flow);
    c->found = true;
    c->each(c, &l);
    return true;
}

static bool
live_is_http(const struct session *s)
{
    return s->fan && s->client->top == &s->fan->layer;
}

static void
live_all(struct live_call *c, struct worker *w)
{
    list_for_safe (it, &w->sessions) {
        struct session *s = session_at(it);
        if (live_relay(c, w, s))
            continue;
        if (session_hello_flow(s)) {
            live_tell_hello(c, s);
            continue;
        }
        if (!live_is_http(s))
            continue;
        list_for_safe (seat, &s->fan->seats) {
            struct exchange *x = exchange_at(seat);
            if (x && x->flow && !flow_is_private(x->flow))
                live_tell(c, w, x);
        }
    }
}

/* What is done to one may end others, and hold new ones: those are left. */
static void
live_all_held(struct live_call *c, struct worker *w)
{
    struct list todo;
    list_take(&todo, &w->held);
    while (!list_empty(&todo)) {
        struct hooks *h = container_of(todo.next, struct hooks, node);
        struct live l = {.worker = w, .flow = h->hook.flow, .held = h};
        list_remove(&h->node);
        list_push(&w->held, &h->node);
        if (h->hook.stage == STAGE_CLIENT_HELLO)
            l.session = h->session;
        else if (h->hook.stage != STAGE_MESSAGE)
            l.x = container_of(h->ask, struct exchange, ask);
        c->found = true;
        c->each(c, &l);
    }
}

static void
live_one(struct live_call *c, struct worker *w)
{
    list_for_safe (it, &w->sessions) {
        struct session *s = session_at(it);
        const struct flow *hello = session_hello_flow(s);
        if (live_relay(c, w, s))
            return;
        if (hello && hello->id == c->flow) {
            live_tell_hello(c, s);
            return;
        }
        struct exchange *x = live_is_http(s) ? exchange_find(s->fan, c->flow) : NULL;
        if (!x)
            continue;
        live_tell(c, w, x);
        return;
    }
}

static void live_visit(void *arg);

/* The next worker that runs; false when there is none. */
static bool
live_next(struct live_call *c)
{
    struct proxy *p = c->proxy;
    while (c->at < p->n_workers) {
        struct worker *w = p->workers[c->at];
        if (w->started && !w->joined && loop_post(w->loop, live_visit, c))
            return true;
        c->at++;
    }
    return false;
}

static void
live_visit(void *arg)
{
    struct live_call *c = arg;
    struct worker *w = c->proxy->workers[c->at];
    struct turn *t = loop_turn(w->loop);
    turn_begin(t);
    if (c->flow)
        live_one(c, w);
    else if (c->held)
        live_all_held(c, w);
    else
        live_all(c, w);
    turn_end(t);
    c->at++;
    if ((c->flow && c->found) || !live_next(c))
        c->done(c);
}

bool
live_begin(struct live_call *c)
{
    c->at = 0;
    c->found = false;
    return live_next(c);
}

void
live_kill(struct live *l, struct slice by)
{
    if (l->x)
        exchange_kill(l->x, by);
    else if (l->relay)
        relay_kill(l->relay, by);
    else
        session_hello_kill(l->session, by);
}

bool /* NOLINTNEXTLINE(readability-function-size): a message is these parts */
live_inject(struct live *l, bool up, const struct message *about, struct slice content,
            struct slice by, struct err *e)
{
    if (l->relay)
        return relay_inject(l->relay, up, about, content, by, e);
    if (l->x)
        return exchange_inject(l->x, up, about, content, by, e);
    return err_set(e, ERR_FAILED, "no messages cross the flow");
}
