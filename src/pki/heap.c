/* OpenSSL's heap, with an eye on what it holds and on what it did not get. */
#include "pki/heap.h"

#include "base/base.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* OpenSSL takes a buffer for each record and frees it after it, a little over 16 KiB. A heap hands
 * out one that was not used for long; each thread has a few of its own, always the same ones, which
 * the processor still has at hand. Who finds none gets memory from the heap. */
#define SLOT       ((size_t)17 << 10)
#define SLOT_ABOVE ((size_t)16 << 10)
#define SLOTS      4u
#define THREADS    16u

static struct place {
    alignas(4096) char slots[SLOTS][SLOT];
} places[THREADS];

/* A bit for each slot that is taken: set by the thread that owns the place, cleared by any. */
static struct taken {
    alignas(64) atomic_uint bits;
} taken[THREADS];

static atomic_uint places_given;
static _Thread_local unsigned own_place; /* its number and 1; 0: not yet given */

static _Thread_local unsigned depth;
static _Thread_local unsigned long refusals;

void
heap_wipe_begin(void)
{
    depth++;
}

void
heap_wipe_end(void)
{
    depth--;
}

unsigned long
heap_refusals(void)
{
    return refusals;
}

static void *
slot_take(void)
{
    if (!own_place)
        own_place = MIN(atomic_fetch_add(&places_given, 1), THREADS) + 1;
    unsigned place = own_place - 1;
    if (place >= THREADS)
        return NULL;
    unsigned bits = atomic_load_explicit(&taken[place].bits, memory_order_acquire);
    for (unsigned i = 0; i < SLOTS; i++)
        if (!(bits & 1u << i)) {
            atomic_fetch_or_explicit(&taken[place].bits, 1u << i, memory_order_relaxed);
            return places[place].slots[i];
        }
    return NULL;
}

static bool
is_slot(const void *p)
{
    return (uintptr_t)p - (uintptr_t)places < sizeof(places);
}

static void
slot_free(void *p)
{
    size_t at = (size_t)((char *)p - (char *)places);
    unsigned place = (unsigned)(at / sizeof(struct place));
    unsigned i = (unsigned)(at % sizeof(struct place) / SLOT);
    atomic_fetch_and_explicit(&taken[place].bits, ~(1u << i), memory_order_release);
}

static size_t
size_of(void *p)
{
    return is_slot(p) ? SLOT : malloc_usable_size(p);
}

static void *
got(void *p)
{
    refusals += p == NULL;
    return p;
}

static void *
on_malloc(size_t n, const char *file UNUSED, int line UNUSED)
{
    void *slot = !SANITIZED && n > SLOT_ABOVE && n <= SLOT ? slot_take() : NULL;
    return slot ? slot : got(malloc(n));
}

static void
on_free(void *p, const char *file UNUSED, int line UNUSED)
{
    if (depth && p)
        explicit_bzero(p, size_of(p));
    if (is_slot(p))
        slot_free(p);
    else
        free(p);
}

static void *
on_realloc(void *p, size_t n, const char *file, int line)
{
    if (!p || (!depth && !is_slot(p)))
        return got(realloc(p, n));
    void *moved = got(malloc(n));
    if (!moved)
        return NULL;
    memcpy(moved, p, MIN(n, size_of(p)));
    on_free(p, file, line);
    return moved;
}

/* Before OpenSSL allocates anything: later it does not listen. */
__attribute__((constructor)) static void
heap_install(void)
{
    CRYPTO_set_mem_functions(on_malloc, on_realloc, on_free);
}
