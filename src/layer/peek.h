/* Looks at the first bytes of a client and puts the layer that knows them in its own place; the
 * host decides. */
#pragma once

#include "layer/chain.h"

/* More than this is never needed to tell protocols apart. */
#define PEEK_MAX 64

/* NULL without memory. */
struct layer *peek_new(void) MUST_CHECK;
