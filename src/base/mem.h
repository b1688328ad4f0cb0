/* Heap memory. One gate for every allocation of ours, so that tests can make any of them fail. */
#pragma once

#include "base/base.h"

#include <stddef.h>

/* All return owned memory or NULL; free it with mem_free. mem_zalloc clears it. */
void *mem_alloc(size_t n) MUST_CHECK;
void *mem_zalloc(size_t n) MUST_CHECK;
void *mem_realloc(void *p, size_t n) MUST_CHECK;
/* Returns an owned, NUL-terminated copy of n bytes, or NULL. */
char *mem_strndup(const char *p, size_t n) MUST_CHECK;
void mem_free(void *p);
/* Gives what the heap and this thread keep free back to the system. It looks at all of the heap
 * (some milliseconds): for after a peak. */
void mem_trim(void);

/* For start-up code, where there is nothing to do without memory: aborts on failure. */
void *mem_need(void *p);

/* Tests only: the allocation number 'nth' from now (1 is the next) fails, 0 turns it off. Per
 * thread. */
void mem_fail_at(unsigned long nth);
/* Tests only: allocations of this thread since the last mem_fail_at. */
unsigned long mem_count(void);
