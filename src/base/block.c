/* Shared bytes with a reference count that any thread may drop. */
#include "base/block.h"

#include "base/mem.h"

#include <assert.h>

struct block *
block_new(size_t cap)
{
    if (cap > (size_t)-1 - sizeof(struct block))
        return NULL;
    struct block *b = mem_alloc(sizeof(*b) + cap);
    if (!b)
        return NULL;
    b->next = NULL;
    atomic_init(&b->refs, 1);
    b->n = 0;
    b->cap = cap;
    return b;
}

struct block *
block_ref(struct block *b)
{
    unsigned before = atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    assert(before > 0);
    return b;
}

void
block_unref(struct block *b)
{
    /* Release what this thread did with the bytes; acquire what the others did, before they are
     * freed. */
    if (b && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
        mem_free(b);
}
