/* Memory that is freed as a whole: pieces are cut from chunks that double in size. */
#include "base/arena.h"

#include "base/mem.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PIECES_APART 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PIECES_APART 1
#endif
#endif
#ifndef PIECES_APART
#define PIECES_APART 0
#endif

#define LARGEST_STEP ((size_t)64 << 10)

struct chunk {
    struct chunk *next; /* the one before it in time */
    size_t used, cap;
    alignas(max_align_t) char data[];
};

struct arena {
    struct chunk *chunk; /* the newest */
    size_t step;         /* size of the next chunk */
    size_t used, max;
};

static size_t
round_up(size_t n)
{
    return (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static bool
add_chunk(struct arena *a, size_t cap)
{
    struct chunk *c = mem_alloc(sizeof(*c) + cap);
    if (!c)
        return false;
    *c = (struct chunk){a->chunk, 0, cap};
    a->chunk = c;
    return true;
}

struct arena *
arena_new(size_t first, size_t max)
{
    struct arena *a = mem_alloc(sizeof(*a));
    if (!a)
        return NULL;
    *a = (struct arena){.step = round_up(MIN(first, LARGEST_STEP)), .max = max};
    if (PIECES_APART || add_chunk(a, a->step))
        return a;
    mem_free(a);
    return NULL;
}

void
arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct chunk *c = a->chunk, *next; c; c = next) {
        next = c->next;
        mem_free(c);
    }
    mem_free(a);
}

/* A chunk with room for n more bytes becomes the newest. */
static bool
make_room(struct arena *a, size_t n)
{
    if (PIECES_APART)
        return add_chunk(a, n);
    if (a->chunk->cap - a->chunk->used >= n)
        return true;
    size_t step = MIN(a->step * 2, LARGEST_STEP);
    TRY(add_chunk(a, MAX(step, round_up(n))));
    a->step = step;
    return true;
}

void *
arena_alloc(struct arena *a, size_t n)
{
    if (n > a->max || round_up(n) > a->max - a->used || !make_room(a, n))
        return NULL;
    struct chunk *c = a->chunk;
    char *p = c->data + c->used;
    c->used += MIN(round_up(n), c->cap - c->used);
    a->used += round_up(n);
    return memset(p, 0, n);
}

struct slice
arena_dup(struct arena *a, struct slice s)
{
    char *p = s.n < SIZE_MAX ? arena_alloc(a, s.n + 1) : NULL;
    if (!p)
        return SLICE_NONE;
    if (s.n)
        memcpy(p, s.p, s.n);
    return slice_of(p, s.n);
}

/* The newest piece stays where it is, when its chunk has the room. */
static bool
grow_in_place(struct arena *a, const char *p, size_t old_n, size_t n)
{
    struct chunk *c = a->chunk;
    size_t more = round_up(n) - round_up(old_n);
    if (PIECES_APART || p + round_up(old_n) != c->data + c->used || more > c->cap - c->used)
        return false;
    c->used += more;
    a->used += more;
    return true;
}

/* So that a pointer to the old place, kept by mistake, is seen by the sanitizer. */
static void
drop_moved(struct arena *a, const void *p)
{
    struct chunk *moved = a->chunk->next;
    if (!PIECES_APART || !moved || moved->data != p)
        return;
    a->chunk->next = moved->next;
    mem_free(moved);
}

void *
arena_grow(struct arena *a, void *p, size_t old_n, size_t n)
{
    assert(n >= old_n);
    if (!p)
        return arena_alloc(a, n);
    if (n > a->max || round_up(n) - round_up(old_n) > a->max - a->used)
        return NULL;
    if (grow_in_place(a, p, old_n, n)) {
        memset((char *)p + old_n, 0, n - old_n);
        return p;
    }
    char *moved = arena_alloc(a, n);
    if (!moved)
        return NULL;
    memcpy(moved, p, old_n);
    drop_moved(a, p);
    return moved;
}

size_t
arena_used(const struct arena *a)
{
    return a->used;
}
