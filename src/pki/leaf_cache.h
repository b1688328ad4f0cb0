/*
 * Forged certificates by host, SNI, upstream certificate, key type and fault. Bounded by count, the
 * least recently used goes first. Any thread may ask; callers who ask for the same new leaf at once
 * wait for the one that makes it.
 */
#pragma once

#include "pki/leaf.h"

#include <stdint.h>

struct leaf_cache;

struct leaf_cache_stats {
    uint64_t hits;    /* found, or waited for another who made it */
    uint64_t misses;  /* made */
    uint64_t count;   /* held now */
    uint64_t refused; /* asked for too fast */
};

/* Holds about 'max' leaves (at least 16: the cache has 16 parts), and makes 'rate' a second for
 * each client (0: any number). NULL without memory. */
struct leaf_cache *leaf_cache_new(size_t max, unsigned rate) MUST_CHECK;
/* Nobody may be inside any more. NULL is allowed. */
void leaf_cache_free(struct leaf_cache *c);
/* Returns an owned reference, or NULL when minting failed. A leaf of another authority than 'ca',
 * or one whose time is nearly over, is made again. */
struct leaf *leaf_cache_get(struct leaf_cache *c, struct ca *ca, const struct leaf_spec *spec,
                            struct err *e) MUST_CHECK;
struct leaf_cache_stats leaf_cache_stats(struct leaf_cache *c);
