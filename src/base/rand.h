/* Random bytes from the kernel. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* At most 256 at a time. Never fails: the process ends when the kernel has none. */
void rand_bytes(void *p, size_t n);
