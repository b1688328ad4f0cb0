/* The page of the faults, and what all of them need. */
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct page quiet;
struct page *page = &quiet;

__attribute__((constructor)) static void
page_map(void)
{
    const char *path = getenv("FAULTS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *p = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p != MAP_FAILED)
        page = p;
    close(fd);
}

void *
shim_next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

uint64_t
shim_mix(uint64_t a, uint64_t b)
{
    uint64_t x = page->seed * 0x9e3779b97f4a7c15 + a * 0xbf58476d1ce4e5b9 + b;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

void
shim_fired(void)
{
    atomic_fetch_add(&page->fired, 1);
}

bool
shim_fails(_Atomic uint64_t *error, _Atomic uint64_t *times)
{
    uint64_t left = atomic_load(times);
    while (left && !atomic_compare_exchange_weak(times, &left, left - 1))
        ;
    if (!left)
        return false;
    shim_fired();
    errno = (int)atomic_load(error);
    return true;
}
