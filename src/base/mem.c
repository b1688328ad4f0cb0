/* Heap memory: malloc behind one gate that tests can close. */
#include "base/mem.h"

#include <mimalloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Not there in the builds with sanitizers, whose heap is another. */
#pragma weak mi_collect

static _Thread_local unsigned long count;
static _Thread_local unsigned long fail_at;

static bool
gate_closed(void)
{
    return ++count == fail_at;
}

void *
mem_alloc(size_t n)
{
    return gate_closed() ? NULL : malloc(n ? n : 1);
}

void *
mem_zalloc(size_t n)
{
    return gate_closed() ? NULL : calloc(1, n ? n : 1);
}

void *
mem_realloc(void *p, size_t n)
{
    return gate_closed() ? NULL : realloc(p, n ? n : 1);
}

char *
mem_strndup(const char *p, size_t n)
{
    char *copy = n < (size_t)-1 ? mem_alloc(n + 1) : NULL;
    if (!copy)
        return NULL;
    if (n)
        memcpy(copy, p, n);
    copy[n] = '\0';
    return copy;
}

void
mem_free(void *p)
{
    free(p);
}

void
mem_trim(void)
{
    if (mi_collect)
        mi_collect(true);
}

void *
mem_need(void *p)
{
    if (!p) {
        fputs("weir: out of memory\n", stderr);
        abort();
    }
    return p;
}

void
mem_fail_at(unsigned long nth)
{
    count = 0;
    fail_at = nth;
}

unsigned long
mem_count(void)
{
    return count;
}
