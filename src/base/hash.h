/* A keyed hash for tables: the key is random per process, so that peers cannot choose collisions.
 */
#pragma once

#include "base/slice.h"

/* SipHash-1-3. Differs from run to run; never store or send it. */
unsigned long hash_bytes(struct slice s);
