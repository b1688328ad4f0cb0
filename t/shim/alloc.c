/* Faults of memory. libuv is spared: it ends the process when its table of descriptors cannot grow.
 */
#include "shim.h"

#include <errno.h>
#include <link.h>
#include <string.h>

void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);

static uintptr_t spared_from, spared_to;

static int
find_spared(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size, (void)arg;
    if (!strstr(info->dlpi_name, "/libuv."))
        return 0;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type != PT_LOAD || !(h->p_flags & PF_X))
            continue;
        spared_from = info->dlpi_addr + h->p_vaddr;
        spared_to = spared_from + h->p_memsz;
    }
    return 1;
}

__attribute__((constructor)) static void
alloc_prepare(void)
{
    dl_iterate_phdr(find_spared, NULL);
}

static bool
alloc_fails(uintptr_t caller)
{
    uint64_t one_in = page->alloc_one_in;
    if (caller >= spared_from && caller < spared_to)
        return false;
    uint64_t number = atomic_fetch_add(&page->alloc_seen, 1) + 1;
    if (number != page->alloc_at && !(one_in && shim_mix(4, number) % one_in == 0))
        return false;
    atomic_fetch_add(&page->alloc_failed, 1);
    shim_fired();
    errno = ENOMEM;
    return true;
}

#define FAILS() alloc_fails((uintptr_t)__builtin_return_address(0))

void *
malloc(size_t n)
{
    return FAILS() ? NULL : NEXT(malloc)(n);
}

void *
calloc(size_t n, size_t size)
{
    return FAILS() ? NULL : NEXT(calloc)(n, size);
}

void *
realloc(void *p, size_t n)
{
    return FAILS() ? NULL : NEXT(realloc)(p, n);
}
