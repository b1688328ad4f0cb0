/* The heap of the program for zlib. */
#include "codec/zlib_heap.h"

#include "base/base.h"
#include "base/mem.h"

static void *
zlib_alloc(void *opaque UNUSED, unsigned items, unsigned size)
{
    return mem_alloc((size_t)items * size);
}

static void
zlib_free(void *opaque UNUSED, void *p)
{
    mem_free(p);
}

void
zlib_heap_use(z_stream *z)
{
    z->zalloc = zlib_alloc;
    z->zfree = zlib_free;
}
