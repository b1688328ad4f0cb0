/* Owned bytes that grow up to a hard limit, with sticky failure. */
#include "base/buf.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define SMALLEST 64

void
buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void
buf_release(struct buf *b)
{
    mem_free(b->p);
    buf_init(b, b->max);
}

void
buf_reset(struct buf *b)
{
    b->r = b->w = 0;
    b->failed = false;
}

static char *
reserve_failed(struct buf *b)
{
    b->failed = true;
    return NULL;
}

static void
move_to_front(struct buf *b)
{
    assert(b->p);
    memmove(b->p, b->p + b->r, buf_len(b));
    b->w -= b->r;
    b->r = 0;
}

static bool
grow(struct buf *b, size_t need)
{
    size_t cap = MAX(b->cap + b->cap / 2, need);
    cap = MIN(MAX(cap, (size_t)SMALLEST), MAX(b->max, 1));
    if (b->r)
        move_to_front(b);
    char *p = mem_realloc(b->p, cap);
    if (!p)
        return false;
    b->p = p;
    b->cap = cap;
    return true;
}

char *
buf_reserve(struct buf *b, size_t n)
{
    size_t len = buf_len(b);
    if (b->failed || n > b->max || len > b->max - n)
        return reserve_failed(b);
    if (b->p && b->cap - b->w >= n)
        return b->p + b->w;
    /* Moving more than half of the memory for a little room would make appending quadratic. */
    if (b->p && len <= b->cap / 2 && len + n <= b->cap)
        move_to_front(b);
    else if (!grow(b, len + n))
        return reserve_failed(b);
    return b->p + b->w;
}

void
buf_commit(struct buf *b, size_t n)
{
    assert(n <= b->cap - b->w);
    b->w += n;
}

void
buf_append(struct buf *b, struct slice s)
{
    if (s.n == 0)
        return;
    char *to = buf_reserve(b, s.n);
    if (!to)
        return;
    memcpy(to, s.p, s.n);
    b->w += s.n;
}

void
buf_byte(struct buf *b, char c)
{
    char *to = buf_reserve(b, 1);
    if (!to)
        return;
    *to = c;
    b->w++;
}

void
buf_u64(struct buf *b, uint64_t n)
{
    char digits[20], *p = digits + sizeof(digits);
    do
        *--p = (char)('0' + n % 10);
    while (n /= 10);
    buf_append(b, slice_of(p, (size_t)(digits + sizeof(digits) - p)));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
    char small[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(small, sizeof(small), fmt, args);
    va_end(args);
    if (n < 0) {
        b->failed = true;
        return;
    }
    if ((size_t)n < sizeof(small)) {
        buf_append(b, slice_of(small, (size_t)n));
        return;
    }
    /* vsnprintf wants room for a NUL that need not count against the limit. */
    char *text = mem_alloc((size_t)n + 1);
    if (!text) {
        b->failed = true;
        return;
    }
    va_start(args, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, args);
    va_end(args);
    buf_append(b, slice_of(text, (size_t)n));
    mem_free(text);
}

void
buf_consume(struct buf *b, size_t n)
{
    assert(n <= buf_len(b));
    b->r += n;
    if (b->r == b->w)
        b->r = b->w = 0;
}

/* The NUL does not count against the limit either: it is a convenience of ours, not content. */
static bool
terminate(struct buf *b)
{
    size_t max = b->max;
    b->max = MAX(max, max + 1);
    char *nul = buf_reserve(b, 1);
    b->max = max;
    if (nul)
        *nul = '\0';
    return nul != NULL;
}

const char *
buf_str(struct buf *b)
{
    return terminate(b) ? b->p + b->r : "";
}

char *
buf_take(struct buf *b)
{
    if (!terminate(b)) {
        buf_release(b);
        return NULL;
    }
    if (b->r)
        memmove(b->p, b->p + b->r, buf_len(b) + 1);
    char *p = b->p;
    buf_init(b, b->max);
    return p;
}
