/* OpenSSL's heap, with an eye on what it holds and on what it did not get. */
#include "pki/heap.h"

#include "base/base.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

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
got(void *p)
{
    refusals += p == NULL;
    return p;
}

static void *
on_malloc(size_t n, const char *file UNUSED, int line UNUSED)
{
    return got(malloc(n));
}

static void
on_free(void *p, const char *file UNUSED, int line UNUSED)
{
    if (depth && p)
        explicit_bzero(p, malloc_usable_size(p));
    free(p);
}

static void *
on_realloc(void *p, size_t n, const char *file, int line)
{
    if (!depth || !p)
        return got(realloc(p, n));
    void *moved = got(malloc(n));
    if (!moved)
        return NULL;
    memcpy(moved, p, MIN(n, malloc_usable_size(p)));
    on_free(p, file, line);
    return moved;
}

/* Before OpenSSL allocates anything: later it does not listen. */
__attribute__((constructor)) static void
heap_install(void)
{
    CRYPTO_set_mem_functions(on_malloc, on_realloc, on_free);
}
