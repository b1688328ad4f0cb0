/* Rules and people at the stages of an exchange. */
#include "proxy/hooks.h"

#include "base/mem.h"
#include "base/rand.h"
#include "flow/message.h"
#include "proxy/engine.h"
#include "proxy/hold.h"

#define ALL_STAGES ((1u << STAGES_N) - (1u << STAGE_REQUEST_HEAD))

static void
hooks_on_timer(void *arg)
{
    struct hooks *h = arg;
    if (h->held)
        hold_expire(h);
    else
        hooks_go_on(h);
}

static bool
any_is_on(const struct rules *rules)
{
    bool on = false;
    for (enum stage s = STAGE_REQUEST_HEAD; rules && s < STAGES_N && !on; s++)
        on = rules_any(rules, s);
    return on;
}

static struct hooks *
hooks_make(struct session *s, struct rules *rules)
{
    struct hooks *h = mem_zalloc(sizeof(*h));
    if (!h)
        return NULL;
    h->main = h;
    h->session = s;
    h->rules = rules_ref(rules);
    list_init(&h->node);
    return h;
}

struct hooks *
hooks_new(struct session *s)
{
    return hooks_make(s, s->worker->rules);
}

bool
hooks_begin(struct session *s, struct ask *a)
{
    a->request.stages = 0;
    a->request.hooks = NULL;
    if (!any_is_on(s->worker->rules))
        return true;
    a->request.hooks = hooks_new(s);
    a->request.stages = ALL_STAGES;
    if (!rules_any(s->worker->rules, STAGE_MESSAGE))
        a->request.stages &= ~(1u << STAGE_MESSAGE);
    return a->request.hooks;
}

void
hooks_free(struct hooks *h)
{
    if (h->other)
        hooks_free(h->other);
    if (h->held)
        hold_forget(h);
    timer_free(h->timer);
    rules_unref(h->rules);
    mem_free(h);
}

bool
hooks_need_timer(struct hooks *h)
{
    if (!h->timer)
        h->timer = timer_new(h->session->worker->loop, hooks_on_timer, h);
    return h->timer;
}

/* false without memory: then nobody waits. */
static bool
hooks_wait(struct hooks *h, uint64_t ns)
{
    struct loop *l = h->session->worker->loop;
    TRY(hooks_need_timer(h));
    timer_set(h->timer, loop_now(l) + ns);
    return true;
}

static uint64_t
hooks_latency(const struct shape *s)
{
    uint64_t more = 0;
    if (s->jitter)
        rand_bytes(&more, sizeof(more));
    return s->latency + more % (s->jitter + 1);
}

/* What a decision says beyond this stage. */
static void
hooks_note(struct hooks *h, struct decision *d)
{
    struct flow *f = h->hook.flow;
    h->main->never_hold |= d->never_hold;
    d->never_hold = false;
    if (d->discard)
        f->flags |= FLOW_DISCARDED;
    if (d->shape.up || d->shape.down || d->shape.latency || d->shape.jitter)
        h->shape = d->shape;
}

static bool
hooks_hold(struct hooks *h, struct decision *d)
{
    bool wanted = d->hold && !h->main->never_hold;
    d->hold = false;
    return wanted && hold_begin(h);
}

static bool
hooks_delay(struct hooks *h, struct decision *d)
{
    uint64_t ns = d->delay;
    d->delay = 0;
    return ns && hooks_wait(h, ns);
}

/* All rules of the stage have spoken: whether its end has to wait for the latency of a slow line.
 */
static bool
hooks_end(struct hooks *h)
{
    struct ask *a = h->ask;
    const struct decision *d = &a->hook.decision;
    bool head = a->hook.stage == STAGE_REQUEST_HEAD || a->hook.stage == STAGE_RESPONSE_HEAD;
    if (!head || d->end != END_GO || d->failed)
        return false;
    if (a->hook.stage == STAGE_REQUEST_HEAD)
        a->hook.want = rules_want(h->rules, STAGE_REQUEST, &h->hook);
    else
        a->hook.want = h->hold_response || rules_want(h->rules, STAGE_RESPONSE, &h->hook);
    a->hook.no_more = !rules_may(h->rules, STAGE_MESSAGE, h->hook.flow);
    uint64_t latency = hooks_latency(&h->shape);
    return latency && hooks_wait(h, latency);
}

/* The next rules; true when it waits. */
static bool
hooks_run(struct hooks *h)
{
    struct decision *d = &h->ask->hook.decision;
    while (!d->failed && d->end == END_GO && rules_step(h->rules, &h->walk, &h->hook)) {
        hooks_note(h, d);
        if (d->end == END_GO && (hooks_delay(h, d) || hooks_hold(h, d)))
            return true;
    }
    if (h->hook.stage == STAGE_RESPONSE && h->hold_response && d->end == END_GO) {
        h->hold_response = false;
        if (hold_begin(h))
            return true;
    }
    return false;
}

/* true when it waits. */
static bool
hooks_proceed(struct hooks *h)
{
    if (h->over)
        return false;
    if (hooks_run(h))
        return true;
    h->over = true;
    return hooks_end(h);
}

/* Those for the question: a message of the client may wait beside whatever waits of the server. */
static struct hooks *
hooks_of(struct ask *a)
{
    struct hooks *h = a->hook.hooks;
    if (a->hook.stage != STAGE_MESSAGE || !a->hook.message->up)
        return h;
    if (!h->other)
        h->other = hooks_make(h->session, h->rules);
    if (h->other)
        h->other->main = h;
    return h->other;
}

enum ask_result
hooks_ask(struct ask *a)
{
    struct hooks *h = hooks_of(a);
    if (!h) {
        a->hook.decision.failed = true;
        return ASK_DONE;
    }
    /* Of the many messages of a flow, each has the same candidates room. */
    uint64_t *room = h->hook.stage == a->hook.stage ? h->walk.candidates : NULL;
    h->ask = a;
    h->walk = (struct rules_walk){.candidates = room};
    h->hook = (struct hook){.stage = a->hook.stage,
                            .flow = a->hook.flow,
                            .message = a->hook.message,
                            .now = loop_wall(h->session->worker->loop),
                            .body_limit = h->session->worker->setup->limits.body_limit,
                            .decision = &a->hook.decision};
    h->over = false;
    if (hooks_proceed(h))
        return ASK_WAIT;
    h->ask = NULL;
    return ASK_DONE;
}

void
hooks_go_on(struct hooks *h)
{
    struct ask *a = h->ask;
    h->hook.now = loop_wall(h->session->worker->loop);
    if (hooks_proceed(h))
        return;
    h->ask = NULL;
    ask_answer(a);
}

void
hooks_cancel(struct ask *a)
{
    struct hooks *h = hooks_of(a);
    if (!h)
        return;
    if (h->held)
        hold_forget(h);
    if (h->timer)
        timer_set(h->timer, 0);
    h->ask = NULL;
}

/* Pauses */

struct pause {
    struct timer *timer;
    struct ask *ask;
};

static void
pause_free(struct pause *p)
{
    timer_free(p->timer);
    mem_free(p);
}

static void
pause_over(void *arg)
{
    struct pause *p = arg;
    struct ask *a = p->ask;
    a->host_data = NULL;
    pause_free(p);
    ask_answer(a);
}

enum ask_result
hooks_pause(struct session *s, struct ask *a)
{
    struct pause *p = mem_zalloc(sizeof(*p));
    a->host_data = NULL;
    if (!p)
        return ASK_DONE;
    p->ask = a;
    p->timer = timer_new(s->worker->loop, pause_over, p);
    if (!p->timer) {
        mem_free(p);
        return ASK_DONE;
    }
    timer_set(p->timer, a->pause.until);
    a->host_data = p;
    return ASK_WAIT;
}

void
hooks_cancel_pause(struct ask *a)
{
    if (a->host_data)
        pause_free(a->host_data);
    a->host_data = NULL;
}
