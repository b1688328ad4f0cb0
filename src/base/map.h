/* Hash map from bytes to pointer. Keys are copied. Hashing is seeded per process, so that peers
 * cannot choose collisions. */
#pragma once

#include "base/base.h"
#include "base/hash.h"
#include "base/slice.h"

struct map;

struct map *map_new(void) MUST_CHECK;
/* Values are the caller's: free them first with map_each. */
void map_free(struct map *m);
size_t map_len(const struct map *m);
/* NULL when absent. */
void *map_get(const struct map *m, struct slice key);
/* Replaces; *old gets the previous value or NULL. false without memory, and then nothing has
 * changed. */
bool map_put(struct map *m, struct slice key, void *value, void **old) MUST_CHECK;
/* Returns the value that was there, or NULL. */
void *map_take(struct map *m, struct slice key);
/* In no order. fn must not change the map. */
void map_each(struct map *m, void (*fn)(void *arg, struct slice key, void *value), void *arg);
