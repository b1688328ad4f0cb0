/* Chooses the next layer by a client's first bytes. */
#include "layer/peek.h"

#include "base/mem.h"

#define LAYER(name) extern const struct layer_ops name##_ops;
#include "layer/list.h"
#undef LAYER

static const struct layer_ops *const candidates[] = {
#define LAYER(name) &name##_ops,
#include "layer/list.h"
#undef LAYER
};

struct peek {
    struct layer layer;
    struct ask ask;
    const struct layer_ops *maybe; /* what the bytes so far could become */
    uint64_t patience;
    uint64_t give_up; /* monotonic: it has been silent for too long; 0: never */
    bool asked;
};

static struct peek *
peek_of(struct layer *l)
{
    return container_of(l, struct peek, layer);
}

/* The best of those that know the bytes. false: more bytes are needed. */
static bool
peek_score(struct slice first, const struct layer_ops **best, const struct layer_ops **maybe)
{
    int top = 0;
    bool unsure = false;
    *best = *maybe = NULL;
    for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
        int score = candidates[i]->detect(first);
        if (score < 0 && !unsure)
            *maybe = candidates[i];
        unsure |= score < 0;
        if (score <= top)
            continue;
        top = score;
        *best = candidates[i];
    }
    return *best || !unsure || first.n >= PEEK_MAX;
}

static void
peek_answered(struct ask *a)
{
    struct peek *p = container_of(a, struct peek, ask);
    if (!p->layer.down)
        return;
    if (!a->next.layer && a->next.silent) {
        p->asked = false;
        return;
    }
    if (!a->next.layer) {
        layer_tell(&p->layer, CMD_CLOSE);
        return;
    }
    struct layer *next = a->next.layer;
    chain_swap(p->layer.chain, &p->layer, next);
    if (a->next.above)
        chain_push(next->chain, a->next.above);
    next->ops->on_event(next, &(struct event){.type = EV_START});
}

/* 'found' has been set. */
static void
peek_ask(struct peek *p, struct slice first)
{
    p->asked = true;
    p->layer.deadline = 0;
    p->ask.type = ASK_NEXT;
    p->ask.answered = peek_answered;
    p->ask.next.first = first;
    p->ask.next.layer = p->ask.next.above = NULL;
    if (chain_ask(p->layer.chain, &p->ask) == ASK_DONE)
        peek_answered(&p->ask);
}

/* The question about a silent client, while the host has not answered it. */
static void
peek_withdraw(struct peek *p)
{
    struct host *host = p->layer.chain->host;
    if (!p->asked || !p->ask.next.silent || !p->ask.waiting)
        return;
    p->ask.waiting = p->asked = false;
    host->ops->cancel(host, &p->ask);
}

/* Nothing more comes. Who has sent something is told what is wrong with it in its own protocol. */
static void
peek_give_up(struct peek *p)
{
    peek_withdraw(p);
    if (p->asked)
        return;
    p->ask.next.silent = false;
    p->ask.next.found = p->maybe;
    if (p->maybe)
        peek_ask(p, SLICE_NONE);
    else
        layer_tell(&p->layer, CMD_CLOSE);
}

static void
peek_on_data(struct peek *p, struct slice data)
{
    struct host *host = p->layer.chain->host;
    if (!data.n)
        return;
    peek_withdraw(p);
    if (p->asked)
        return;
    p->ask.next.silent = false;
    bool begun = p->maybe;
    if (!peek_score(data, &p->ask.next.found, &p->maybe)) {
        if (!begun && host->limits->head_time)
            p->layer.deadline = host->ops->now(host) + host->limits->head_time;
        return;
    }
    peek_ask(p, data);
}

/* Its server may be the one to begin. */
static void
peek_on_timer(struct peek *p, uint64_t now)
{
    bool late = p->give_up && now >= p->give_up;
    if (p->maybe || !p->patience || late) {
        peek_give_up(p);
        return;
    }
    p->patience = 0;
    p->ask.next.found = NULL;
    p->ask.next.silent = true;
    peek_ask(p, SLICE_NONE);
    p->layer.deadline = p->give_up;
}

static void
peek_on_start(struct peek *p)
{
    struct host *host = p->layer.chain->host;
    uint64_t now = host->ops->now(host);
    p->give_up = host->limits->keepalive_time ? now + host->limits->keepalive_time : 0;
    p->layer.deadline = p->patience ? now + p->patience : p->give_up;
}

static size_t
peek_on_event(struct layer *l, const struct event *ev)
{
    struct peek *p = peek_of(l);
    struct host *host = l->chain->host;
    if (ev->type == EV_START)
        peek_on_start(p);
    if (ev->type == EV_DATA)
        peek_on_data(p, ev->data);
    if (ev->type == EV_TIMER)
        peek_on_timer(p, ev->now);
    if (ev->type == EV_EOF)
        peek_give_up(p);
    if (ev->type == EV_CLOSED && p->ask.waiting) {
        p->ask.waiting = false;
        host->ops->cancel(host, &p->ask);
    }
    return 0;
}

static void
peek_on_cmd(struct layer *l, const struct cmd *c)
{
    layer_down(l, c);
}

static void
peek_destroy(struct layer *l)
{
    mem_free(peek_of(l));
}

static const struct layer_ops peek_ops = {
    .name = "peek", .on_event = peek_on_event, .on_cmd = peek_on_cmd, .destroy = peek_destroy};

struct layer *
peek_new(uint64_t patience)
{
    struct peek *p = mem_zalloc(sizeof(*p));
    if (!p)
        return NULL;
    p->layer.ops = &peek_ops;
    p->patience = patience;
    return &p->layer;
}
