/* Looks at the first bytes of a client and puts the layer that knows them in its own place; the
 * host decides. */
#pragma once

#include "layer/chain.h"

/* More than this is never needed to tell protocols apart. */
#define PEEK_MAX 64

/* The host is asked about a client that has said nothing for so long (nanoseconds): its server may
 * be the one that speaks first. 0: it is not asked. */
#define PEEK_PATIENCE 200000000ull

/* NULL without memory. */
struct layer *peek_new(uint64_t patience) MUST_CHECK;
