/* Contents of messages in blocks, within a limit and a budget. */
#include "flow/body.h"

#include "base/base.h"
#include "base/mem.h"

#define INSIDE_MAX  2048u
#define BLOCK_MIN   1024u
#define BLOCK_FIRST 65536u /* the most for the first block, whatever the sender announces */
#define BLOCK_MAX   262144u

void
body_init(struct body *b, struct budget *budget, struct arena *arena)
{
    *b = (struct body){.budget = budget, .arena = arena};
}

static size_t
block_cost(size_t cap)
{
    return sizeof(struct block) + cap;
}

void
budget_give(struct budget *budget, size_t n)
{
    if (budget)
        atomic_fetch_sub_explicit(&budget->used, n, memory_order_relaxed);
}

/* Counts first and looks then: two threads may be refused where one would have fitted, but never
 * both let in. */
bool
budget_take(struct budget *budget, size_t n)
{
    if (!budget)
        return true;
    size_t before = atomic_fetch_add_explicit(&budget->used, n, memory_order_relaxed);
    if (before <= budget->max && n <= budget->max - before)
        return true;
    budget_give(budget, n);
    atomic_fetch_add_explicit(&budget->refused, 1, memory_order_relaxed);
    return false;
}

void
body_release(struct body *b)
{
    struct block *first = b->inside ? b->first->next : b->first;
    for (struct block *it = first, *next; it; it = next) {
        next = it->next;
        budget_give(b->budget, block_cost(it->cap));
        block_unref(it);
    }
    body_init(b, b->budget, b->arena);
}

/* The first block is as large as what is to come when that is known, the next ones double. 'left'
 * is what may still be kept. */
static size_t
block_size(const struct body *b, size_t n, uint64_t left, uint64_t expect)
{
    uint64_t want = b->last ? MIN((uint64_t)b->last->cap * 2, BLOCK_MAX)
                            : MIN(expect ? expect : BLOCK_MIN, BLOCK_FIRST);
    if (want < n)
        want = MIN(n, BLOCK_MAX);
    return (size_t)MIN(want, left);
}

static bool
body_begin_inside(struct body *b, size_t cap)
{
    if (b->first || cap > INSIDE_MAX || !b->arena || arena_room(b->arena) < block_cost(cap))
        return false;
    struct block *block = arena_alloc(b->arena, block_cost(cap));
    if (!block)
        return false;
    *block = (struct block){.refs = 1, .cap = cap};
    b->first = b->last = block;
    b->inside = true;
    return true;
}

static bool
body_grow(struct body *b, size_t cap)
{
    if (!budget_take(b->budget, block_cost(cap)))
        return false;
    struct block *block = block_new(cap);
    if (!block) {
        budget_give(b->budget, block_cost(cap));
        return false;
    }
    if (b->last)
        b->last->next = block;
    else
        b->first = block;
    b->last = block;
    return true;
}

/* Room for what is to come: in the last block, or in a new one. 'left' is what may still be kept.
 */
static bool
body_has_room(struct body *b, size_t n, uint64_t left, uint64_t expect)
{
    bool full = !b->last || b->last->n == b->last->cap;
    if (left == 0 || !full)
        return left > 0;
    size_t size = block_size(b, n, left, expect);
    return (expect && body_begin_inside(b, size)) || body_grow(b, size);
}

void
body_append(struct body *b, struct slice s, uint64_t limit, uint64_t expect)
{
    b->size += s.n;
    while (s.n && !b->cut) {
        uint64_t left = limit > b->kept ? limit - b->kept : 0;
        b->cut = !body_has_room(b, s.n, left, expect);
        if (b->cut)
            return;
        struct block *last = b->last;
        size_t n = (size_t)MIN(MIN(s.n, last->cap - last->n), left);
        memcpy(last->data + last->n, s.p, n);
        last->n += n;
        b->kept += n;
        s = slice_from(s, n);
    }
}

bool
body_set(struct body *b, struct slice s)
{
    if (s.n && !body_grow(b, s.n))
        return false;
    if (s.n) {
        memcpy(b->first->data, s.p, s.n);
        b->first->n = s.n;
    }
    b->size = b->kept = s.n;
    return true;
}

size_t
body_memory(const struct body *b)
{
    size_t n = 0;
    for (const struct block *it = b->inside ? b->first->next : b->first; it; it = it->next)
        n += block_cost(it->cap);
    return n;
}
