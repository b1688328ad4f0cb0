/*
 * Owned bytes that grow up to a hard limit. Failure (no memory, or the limit) is sticky: write
 * freely, then look at 'failed' once before the bytes leave. A zeroed buf with 'max' set is a valid
 * empty one.
 */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#include <stdint.h>

struct buf {
    char *p;
    size_t r, w, cap; /* readable bytes are p[r..w) */
    size_t max;       /* never holds more than this */
    bool failed;
};

void buf_init(struct buf *b, size_t max);
/* Frees the memory; the buf may be used again, with the same limit. */
void buf_release(struct buf *b);
/* Empties it and clears 'failed'; keeps the memory. */
void buf_reset(struct buf *b);

/* Room for n more bytes at p[w], or NULL and 'failed'; the bytes count once buf_commit says so. */
char *buf_reserve(struct buf *b, size_t n) MUST_CHECK;
void buf_commit(struct buf *b, size_t n);
void buf_append(struct buf *b, struct slice s);
void buf_byte(struct buf *b, char c);
/* In decimal. */
void buf_u64(struct buf *b, uint64_t n);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Drops n bytes from the front; memory is kept. */
void buf_consume(struct buf *b, size_t n);

static inline struct slice
buf_slice(const struct buf *b)
{
    return (struct slice){b->r ? b->p + b->r : b->p, b->w - b->r};
}

static inline size_t
buf_len(const struct buf *b)
{
    return b->w - b->r;
}

/* NUL-terminates without counting the NUL; "" on failure. Borrowed until the next change. */
const char *buf_str(struct buf *b);
/* Returns owned bytes as a NUL-terminated string (mem_free it) or NULL when failed; the buf is
 * empty after. */
char *buf_take(struct buf *b) MUST_CHECK;
