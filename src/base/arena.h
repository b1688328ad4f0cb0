/*
 * Memory that is freed as a whole: one per flow, one per chain. In sanitizer builds every piece is
 * an allocation of its own, so that overruns are seen.
 */
#pragma once

#include "base/base.h"
#include "base/slice.h"

struct arena;

/* 'first' is the size of the first chunk in bytes; 'max' the most it may ever hand out, each piece
 * rounded up to a multiple of 16. NULL without memory. */
struct arena *arena_new(size_t first, size_t max) MUST_CHECK;
void arena_free(struct arena *a);
/* Zeroed, aligned for any type. NULL at the limit or without memory. */
void *arena_alloc(struct arena *a, size_t n) MUST_CHECK;
/* Copies s, with a NUL behind it that does not count. p is NULL on failure. */
struct slice arena_dup(struct arena *a, struct slice s);
/* Makes a piece larger: where it stands when it is the last one and there is room, else by moving
 * it. The old bytes are kept, the new ones are zero. NULL as above, and then the piece is as it
 * was. p may be NULL. */
void *arena_grow(struct arena *a, void *p, size_t old_n, size_t n) MUST_CHECK;
/* Bytes handed out so far, rounded as above. */
size_t arena_used(const struct arena *a);
/* Makes the newest piece smaller. Nothing happens to another one. */
void arena_trim(struct arena *a, void *p, size_t old_n, size_t n);
/* Bytes that can be had without going to the heap. */
size_t arena_room(const struct arena *a);
/* Bytes of the heap that it occupies. */
size_t arena_memory(const struct arena *a);
