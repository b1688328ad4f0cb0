/* Random bytes from the kernel. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Never fails: the process ends when the kernel has none. */
void rand_bytes(void *p, size_t n);
uint64_t rand_u64(void);
