/* OpenSSL's heap, with an eye on what it holds. */
#include "pki/wipe.h"

#include "base/base.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local unsigned depth;

void
wipe_begin(void)
{
    depth++;
}

void
wipe_end(void)
{
    depth--;
}

static void *
wipe_malloc(size_t n, const char *file UNUSED, int line UNUSED)
{
    return malloc(n);
}

static void
wipe_free(void *p, const char *file UNUSED, int line UNUSED)
{
    if (depth && p)
        explicit_bzero(p, malloc_usable_size(p));
    free(p);
}

static void *
wipe_realloc(void *p, size_t n, const char *file, int line)
{
    if (!depth || !p)
        return realloc(p, n);
    void *moved = malloc(n);
    if (!moved)
        return NULL;
    memcpy(moved, p, MIN(n, malloc_usable_size(p)));
    wipe_free(p, file, line);
    return moved;
}

/* Before OpenSSL allocates anything: later it does not listen. */
__attribute__((constructor)) static void
wipe_install(void)
{
    CRYPTO_set_mem_functions(wipe_malloc, wipe_realloc, wipe_free);
}
