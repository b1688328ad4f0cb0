/* The two clocks of the program, in nanoseconds. Code in layer/ and below it asks its host instead.
 */
#pragma once

#include <stdint.h>

#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

uint64_t clock_mono(void);
/* Since 1970-01-01 UTC. */
uint64_t clock_wall(void);
