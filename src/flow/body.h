/*
 * The content of a message as it is kept: blocks in memory, up to a limit per message and a budget
 * shared by all. What does not fit is counted and the body says that it is cut; it never grows
 * silently and never loses bytes silently. Contents are kept as they crossed the wire, without the
 * chunk framing.
 */
#pragma once

#include "base/arena.h"
#include "base/block.h"
#include "base/slice.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Memory for recorded things, shared by all threads. */
struct budget {
    atomic_size_t used;
    size_t max;
    atomic_ulong refused; /* appends that found it full */
};

/* NULL has no end. false when so much is not left: then it is counted in 'refused'. */
bool budget_take(struct budget *budget, size_t n) MUST_CHECK;
void budget_give(struct budget *budget, size_t n);

struct body {
    struct block *first, *last;
    uint64_t size; /* bytes that crossed the wire */
    uint64_t kept; /* bytes in the blocks: a prefix */
    bool cut;      /* kept < size, because of the limit or the budget */
    bool inside;   /* the first block is a piece of the arena: nobody else may keep it */
    struct budget *budget;
    struct arena *arena;
};

/* Small contents whose size is known beforehand go into the arena (may be NULL), which must outlive
 * the body, when it has room for them; they do not count in the budget. */
void body_init(struct body *b, struct budget *budget, struct arena *arena);
/* Gives the blocks and their share of the budget back. */
void body_release(struct body *b);
/* Copies s behind what is there, as far as 'limit' bytes and the budget allow. 'expect' is the
 * whole size when known, else 0: it sizes the first block. */
void body_append(struct body *b, struct slice s, uint64_t limit, uint64_t expect);
/* Fills an empty one with a copy of s, in one block whatever its size. false without memory, or
 * when the budget is used up: then it is still empty. */
bool body_set(struct body *b, struct slice s) MUST_CHECK;
/* Bytes of memory that it holds of its own: not those in the arena. */
size_t body_memory(const struct body *b);
