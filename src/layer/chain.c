/* Stacks of layers, the wire below them, and the turn. */
#include "layer/chain.h"

#include "base/mem.h"

#include <assert.h>

/* 'out' is bounded by who sends: they stop at WIRE_FULL. This is the bound for those who do not. */
#define WIRE_OUT_MAX (16u << 20)

/* Less is copied as fast as it is sent from elsewhere. */
#define LENT_MIN (4u << 10)

/* Makes sure that a large 'out' is large at once. */
static void
wire_widen(struct chain *c, size_t n)
{
    struct buf *out = &c->wire.out, *spare = &c->turn->spare;
    if (out->cap >= WIRE_BULK || buf_len(out) + n <= WIRE_SMALL)
        return;
    if (!spare->cap) {
        /* Without memory for so much, there may be some for what is needed. */
        if (!buf_reserve(out, MAX(n, WIRE_BULK - buf_len(out))))
            out->failed = false;
        return;
    }
    struct buf wide = *spare;
    buf_append(&wide, buf_slice(out));
    buf_release(out);
    *out = wide;
    *spare = (struct buf){0};
}

static void
wire_append(struct chain *c, struct slice data)
{
    wire_widen(c, data.n);
    buf_append(&c->wire.out, data);
    if (c->wire.out.failed)
        chain_fail(c);
}

/* What was lent becomes our own. */
static void
wire_keep(struct chain *c)
{
    struct slice lent = c->wire.lent;
    if (!lent.n)
        return;
    c->wire.lent = SLICE_NONE;
    wire_append(c, lent);
}

static size_t
wire_left(const struct wire *w)
{
    return buf_len(&w->out) + w->lent.n + w->queued;
}

static bool
wire_may_borrow(const struct chain *c, struct slice data)
{
    struct slice lasting = c->turn->lasting;
    uintptr_t from = (uintptr_t)lasting.p, at = (uintptr_t)data.p;
    return c->wire.borrows && data.n >= LENT_MIN && !wire_left(&c->wire) && at >= from &&
           at + data.n <= from + lasting.n;
}

void
chain_sent(struct chain *c)
{
    struct buf *out = &c->wire.out, *spare = &c->turn->spare;
    assert(!buf_len(out));
    if (out->cap <= WIRE_SMALL)
        return;
    if (!spare->cap && out->cap >= WIRE_BULK && out->cap <= 2 * WIRE_BULK) {
        *spare = *out;
        buf_reset(spare);
        buf_init(out, WIRE_OUT_MAX);
    } else {
        buf_release(out);
    }
}

void
chain_ends(struct chain *c, const char *by)
{
    static const char *const peers[] = {"client-closed", "server-closed"};
    const char *word = c->wire.eof ? peers[c->role == ROLE_CONNECT] : by;
    peer_end(c->peer, c->host->ops->wall(c->host), word);
}

static void
wire_on_cmd(struct layer *l, const struct cmd *c)
{
    struct wire *w = container_of(l, struct wire, layer);
    switch (c->type) {
    case CMD_SEND:
        if (w->lost || w->shut || w->close || w->abort)
            return;
        wire_keep(l->chain);
        if (wire_may_borrow(l->chain, c->data))
            w->lent = c->data;
        else
            wire_append(l->chain, c->data);
        break;
    case CMD_MORE: w->more = true; break;
    case CMD_SHUT: w->shut = true; break;
    case CMD_CLOSE:
    case CMD_ABORT:
        chain_ends(l->chain, "weir");
        *(c->type == CMD_CLOSE ? &w->close : &w->abort) = true;
        break;
    case CMD_PART:
    case CMD_TORN:
    case CMD_WAIT:
    case CMD_FLUSH: return;
    }
    chain_touch(l->chain);
}

static const struct layer_ops wire_ops = {.name = "wire", .on_cmd = wire_on_cmd};

void
turn_init(struct turn *t, void (*flush)(struct chain *c))
{
    *t = (struct turn){.flush = flush};
    list_init(&t->dirty);
}

void
turn_trim(struct turn *t)
{
    buf_release(&t->spare);
}

void
turn_begin(struct turn *t)
{
    t->depth++;
}

/* Offers what the wire holds, and 'data' behind it; keeps what was not taken. */
static void
wire_offer(struct chain *c, struct slice data)
{
    struct wire *w = &c->wire;
    bool direct = buf_len(&w->held) == 0;
    if (!direct)
        buf_append(&w->held, data);
    struct slice all = direct ? data : buf_slice(&w->held);
    size_t took =
        w->held.failed ? 0 : layer_up(&w->layer, &(struct event){.type = EV_DATA, .data = all});
    assert(took <= all.n);
    if (direct)
        buf_append(&w->held, slice_from(all, took));
    else
        buf_consume(&w->held, took);
    if (w->held.failed)
        chain_fail(c);
    if (buf_len(&w->held) == 0)
        buf_release(&w->held);
}

/* One event that is due on the chain; false when there is none. */
static bool
chain_step(struct chain *c)
{
    struct wire *w = &c->wire;
    if (c->closed)
        return false;
    if (w->lost) {
        c->closed = true;
        layer_up(&w->layer, &(struct event){.type = EV_CLOSED, .why = failure_kept(w->why)});
        return true;
    }
    if (w->more) {
        w->more = false;
        wire_offer(c, SLICE_NONE);
        return true;
    }
    if (c->swapped_in) {
        struct layer *l = c->swapped_in;
        c->swapped_in = NULL;
        if (l->down->ended)
            l->ops->on_event(l, &(struct event){.type = EV_EOF, .clean = l->down->ended_clean});
        return true;
    }
    if (w->was_full && wire_left(w) < WIRE_FULL / 2) {
        w->was_full = false;
        layer_up(&w->layer, &(struct event){.type = EV_ROOM});
        return true;
    }
    return false;
}

static void
turn_settle(struct turn *t, struct chain *c)
{
    list_remove(&c->dirty);
    c->touched = false;
    while (chain_step(c))
        ;
    if (c->top)
        c->top->ops->on_cmd(c->top, &(struct cmd){.type = CMD_FLUSH});
    (c->flush ? c->flush : t->flush)(c);
    wire_keep(c);
}

/* In the order in which they died: who dies later may be needed by those before. */
static void
turn_reap(struct turn *t)
{
    struct dying *first = NULL;
    while (t->dead) {
        struct dying *d = t->dead;
        t->dead = d->next;
        d->next = first;
        first = d;
    }
    while (first) {
        struct dying *d = first;
        first = d->next;
        d->destroy(d);
    }
}

void
turn_end(struct turn *t)
{
    if (t->depth == 1) {
        while (!list_empty(&t->dirty) || t->dead) {
            if (list_empty(&t->dirty))
                turn_reap(t); /* which may end what a chain was for */
            else
                turn_settle(t, container_of(t->dirty.next, struct chain, dirty));
        }
        t->lasting = SLICE_NONE;
    }
    t->depth--;
}

void
turn_defer(struct turn *t, struct dying *d, void (*destroy)(struct dying *d))
{
    if (!t->depth) {
        destroy(d);
        return;
    }
    d->destroy = destroy;
    d->next = t->dead;
    t->dead = d;
}

struct chain *
chain_new(struct turn *t, struct host *host, enum role role, struct peer *peer)
{
    struct chain *c = mem_zalloc(sizeof(*c));
    if (!c)
        return NULL;
    c->wire.layer = (struct layer){.ops = &wire_ops, .chain = c};
    buf_init(&c->wire.out, WIRE_OUT_MAX);
    buf_init(&c->wire.held, LAYER_HELD_MAX * 2);
    c->turn = t;
    c->host = host;
    c->role = role;
    c->peer = peer_ref(peer);
    list_init(&c->dirty);
    return c;
}

static void
layer_destroy(struct dying *d)
{
    struct layer *l = container_of(d, struct layer, dying);
    l->ops->destroy(l);
}

/* The layer and everything above it leave the chain and die at the end of the turn. */
static void
chain_drop(struct chain *c, struct layer *l)
{
    while (l) {
        struct layer *up = l->up;
        l->up = l->down = NULL;
        l->deadline = 0;
        if (l == c->swapped_in)
            c->swapped_in = NULL;
        turn_defer(c->turn, &l->dying, layer_destroy);
        l = up;
    }
}

static void
chain_destroy(struct dying *d)
{
    struct chain *c = container_of(d, struct chain, dying);
    list_remove(&c->dirty);
    buf_release(&c->wire.out);
    buf_release(&c->wire.held);
    peer_unref(c->peer);
    mem_free(c->wire.why);
    mem_free(c);
}

void
chain_join(struct chain *a, struct chain *b)
{
    a->wire.onto = b;
    b->wire.onto = a;
}

void
chain_part(struct chain *c)
{
    struct chain *other = c->wire.onto;
    if (!other)
        return;
    turn_begin(c->turn);
    c->wire.onto = other->wire.onto = NULL;
    /* One may be waiting for the other. */
    chain_touch(c);
    chain_touch(other);
    turn_end(c->turn);
}

void
chain_free(struct chain *c)
{
    turn_begin(c->turn);
    chain_part(c);
    if (!c->closed) {
        c->closed = true;
        struct failure why;
        failure_set(&why, REASON_SHUTDOWN, NULL);
        layer_up(&c->wire.layer, &(struct event){.type = EV_CLOSED, .why = &why});
    }
    chain_drop(c, c->wire.layer.up);
    c->wire.layer.up = c->top = NULL;
    list_remove(&c->dirty);
    c->touched = true; /* nobody may put it back into the list */
    turn_defer(c->turn, &c->dying, chain_destroy);
    turn_end(c->turn);
}

static void
chain_put(struct chain *c, struct layer *below, struct layer *l)
{
    l->chain = c;
    l->down = below;
    l->up = NULL;
    below->up = l;
    c->top = l;
}

void
chain_push(struct chain *c, struct layer *l)
{
    chain_put(c, c->top ? c->top : &c->wire.layer, l);
}

void
chain_insert(struct chain *c, struct layer *above, struct layer *l)
{
    struct layer *below = above->down;
    chain_part(c);
    c->wire.bulk = false;
    l->chain = c;
    l->down = below;
    l->up = above;
    below->up = l;
    above->down = l;
    layer_tell(l, CMD_MORE);
}

void
chain_swap(struct chain *c, struct layer *old, struct layer *l)
{
    struct layer *below = old->down;
    chain_part(c);
    c->wire.bulk = false;
    chain_drop(c, old);
    chain_put(c, below, l);
    c->swapped_in = l;
    layer_tell(l, CMD_MORE);
}

void
chain_start(struct chain *c)
{
    turn_begin(c->turn);
    chain_touch(c);
    layer_up(&c->wire.layer, &(struct event){.type = EV_START});
    turn_end(c->turn);
}

void
chain_input(struct chain *c, struct slice data)
{
    if (c->closed || c->wire.lost)
        return;
    turn_begin(c->turn);
    if (c->turn->depth == 1)
        c->turn->lasting = data;
    chain_touch(c);
    wire_offer(c, data);
    turn_end(c->turn);
}

void
chain_moved(struct chain *c, uint64_t n)
{
    turn_begin(c->turn);
    chain_touch(c);
    layer_up(&c->wire.layer, &(struct event){.type = EV_MOVED, .moved = n});
    turn_end(c->turn);
}

void
chain_eof(struct chain *c)
{
    if (c->closed || c->wire.eof)
        return;
    turn_begin(c->turn);
    chain_touch(c);
    c->wire.eof = true;
    layer_up(&c->wire.layer, &(struct event){.type = EV_EOF, .clean = true});
    turn_end(c->turn);
}

void
chain_lost(struct chain *c, const struct failure *why)
{
    if (c->wire.lost)
        return;
    c->wire.lost = true;
    c->wire.why = failure_copy(why);
    peer_end(c->peer, c->host->ops->wall(c->host), reason_word(why->reason));
    turn_begin(c->turn);
    chain_touch(c);
    chain_part(c);
    turn_end(c->turn);
}

void
chain_fail(struct chain *c)
{
    if (c->wire.lost)
        return;
    c->wire.lost = c->wire.abort = true;
    chain_touch(c);
}

void
chain_drained(struct chain *c)
{
    turn_begin(c->turn);
    chain_touch(c);
    turn_end(c->turn);
}

void
chain_timer(struct chain *c, uint64_t now)
{
    turn_begin(c->turn);
    chain_touch(c);
    struct layer *up;
    for (struct layer *l = c->wire.layer.up; l; l = up) {
        up = l->up;
        if (!l->deadline || l->deadline > now)
            continue;
        l->deadline = 0;
        l->ops->on_event(l, &(struct event){.type = EV_TIMER, .now = now});
    }
    turn_end(c->turn);
}

uint64_t
chain_deadline(const struct chain *c)
{
    uint64_t first = 0;
    for (const struct layer *l = c->wire.layer.up; l; l = l->up)
        if (l->deadline && (!first || l->deadline < first))
            first = l->deadline;
    return first;
}

bool
chain_wants_input(const struct chain *c)
{
    return !c->closed && !c->wire.lost && !c->wire.eof && buf_len(&c->wire.held) < LAYER_HELD_MAX;
}

bool
chain_full(struct chain *c)
{
    if (wire_left(&c->wire) < WIRE_FULL)
        return false;
    c->wire.was_full = true;
    return true;
}

void
chain_want_room(struct chain *c)
{
    c->wire.was_full = true;
    chain_touch(c);
}

void
chain_touch(struct chain *c)
{
    if (c->touched)
        return;
    c->touched = true;
    list_push(&c->turn->dirty, &c->dirty);
}

enum ask_result
chain_ask(struct chain *c, struct ask *a)
{
    a->chain = c;
    a->waiting = true;
    enum ask_result r = c->host->ops->ask(c->host, a);
    if (r == ASK_DONE)
        a->waiting = false;
    return r;
}

void
ask_answer(struct ask *a)
{
    struct turn *t = a->chain->turn;
    turn_begin(t);
    chain_touch(a->chain);
    a->waiting = false;
    a->answered(a);
    turn_end(t);
}
