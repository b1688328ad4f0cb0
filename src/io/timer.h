/*
 * The timers of one loop: a heap over one timer of libuv, so that ten thousand idle deadlines cost
 * it nothing. A timer that is set to a later time, or stopped, stays where it is in the heap until
 * its old time comes. The timers themselves are in io/loop.h.
 */
#pragma once

#include "io/loop.h"

/* NULL without memory. */
struct timers *timers_new(struct loop *l) MUST_CHECK;
/* Before the loop is freed; timers that are not set may be freed after it. */
void timers_close(struct timers *ts);
