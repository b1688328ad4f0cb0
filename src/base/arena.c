/* Memory that is freed as a whole: pieces are cut from chunks, the third and those behind it
 * doubling in size. */
#include "base/arena.h"

#include "base/mem.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>

#define PIECES_APART SANITIZED

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
    size_t memory;
};

static size_t
round_up(size_t n)
{
    return (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static struct chunk *
chunk_new(size_t cap)
{
    struct chunk *c = mem_alloc(sizeof(*c) + cap);
    if (c)
        *c = (struct chunk){NULL, 0, cap};
    return c;
}

static bool
add_chunk(struct arena *a, size_t cap)
{
    struct chunk *c = chunk_new(cap);
    if (!c)
        return false;
    c->next = a->chunk;
    a->chunk = c;
    a->memory += sizeof(*c) + cap;
    return true;
}

/* The arena itself is the first piece of the first chunk. */
struct arena *
arena_new(size_t first, size_t max)
{
    size_t own_size = round_up(sizeof(struct arena));
    size_t cap = own_size + (PIECES_APART ? 0 : round_up(MIN(first, max)));
    struct chunk *c = chunk_new(cap);
    if (!c)
        return NULL;
    c->used = own_size;
    struct arena *a = (struct arena *)c->data;
    *a = (struct arena){.chunk = c,
                        .step = MIN(cap - own_size, LARGEST_STEP),
                        .max = MIN(max, SIZE_MAX / 2),
                        .memory = sizeof(*c) + cap};
    return a;
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
}

/* Makes sure that the newest chunk has n more bytes; a new one is made for 'room' bytes. */
static bool
make_room(struct arena *a, size_t n, size_t room)
{
    if (PIECES_APART)
        return add_chunk(a, n);
    if (a->chunk->cap - a->chunk->used >= round_up(n))
        return true;
    TRY(add_chunk(a, MAX(a->step, round_up(room))));
    a->step = MIN(a->step * 2, LARGEST_STEP);
    return true;
}

static void *
cut(struct arena *a, size_t n, size_t room)
{
    if (n > a->max || round_up(n) > a->max - a->used || !make_room(a, n, room))
        return NULL;
    struct chunk *c = a->chunk;
    char *p = c->data + c->used;
    c->used += round_up(n);
    a->used += round_up(n);
    return memset(p, 0, n);
}

void *
arena_alloc(struct arena *a, size_t n)
{
    return cut(a, n, n);
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

static bool
is_last(const struct arena *a, const char *p, size_t n)
{
    return p + round_up(n) == a->chunk->data + a->chunk->used;
}

static bool
grow_in_place(struct arena *a, size_t more)
{
    struct chunk *c = a->chunk;
    if (PIECES_APART || more > c->cap - c->used || more > a->max - a->used)
        return false;
    c->used += more;
    a->used += more;
    return true;
}

/* Frees the chunk of a piece that has moved out of it and was alone there. */
static void
drop_emptied(struct arena *a, const void *p)
{
    struct chunk *emptied = a->chunk->next;
    if (!emptied || emptied->data != p)
        return;
    a->chunk->next = emptied->next;
    a->memory -= sizeof(*emptied) + emptied->cap;
    mem_free(emptied);
}

void *
arena_grow(struct arena *a, void *p, size_t old_n, size_t n)
{
    assert(n >= old_n);
    if (!p)
        return arena_alloc(a, n);
    if (n > a->max)
        return NULL;
    bool last = is_last(a, p, old_n);
    if (last && grow_in_place(a, round_up(n) - round_up(old_n))) {
        memset((char *)p + old_n, 0, n - old_n);
        return p;
    }
    /* What the last piece leaves behind does not count. */
    size_t left = last ? round_up(old_n) : 0;
    a->used -= left;
    char *moved = cut(a, n, n + n / 2);
    if (!moved) {
        a->used += left;
        return NULL;
    }
    memcpy(moved, p, old_n);
    if (last)
        drop_emptied(a, p);
    return moved;
}

size_t
arena_used(const struct arena *a)
{
    return a->used;
}

void
arena_trim(struct arena *a, void *p, size_t old_n, size_t n)
{
    size_t back = round_up(old_n) - round_up(n);
    if (PIECES_APART || !is_last(a, p, old_n))
        return;
    a->chunk->used -= back;
    a->used -= back;
}

size_t
arena_room(const struct arena *a)
{
    return PIECES_APART ? 0 : MIN(a->chunk->cap - a->chunk->used, a->max - a->used);
}

size_t
arena_memory(const struct arena *a)
{
    return a->memory;
}
