/* Shared bytes, immutable once shared: bodies of flows, segments of messages. References may be
 * dropped on any thread. */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#include <stdatomic.h>

struct block {
    struct block
        *next; /* for the list that owns this reference; do not share a block between two lists */
    atomic_uint refs;
    size_t n, cap;
    char data[];
};

/* One reference, n = 0. NULL without memory. */
struct block *block_new(size_t cap) MUST_CHECK;
struct block *block_ref(struct block *b);
/* NULL is allowed. */
void block_unref(struct block *b);

static inline struct slice
block_slice(const struct block *b)
{
    return slice_of(b->data, b->n);
}
