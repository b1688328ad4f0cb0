/*
 * The ids of the flows of one list, ascending, with a number for each row that stays the same while
 * others are added behind it or the oldest go. Knows from which row on it has changed since any
 * earlier state, exactly for the latest changes and roughly for older ones.
 */
#pragma once

#include "base/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROWS_CHANGES_MAX 64

struct rows_change {
    uint64_t seq; /* of the newest change in here */
    uint64_t row; /* this one and those behind it may be others since */
};

struct rows {
    uint64_t *ids; /* ids[head .. head + n) */
    size_t head, n, cap;
    uint64_t first; /* the number of the first row: so many have gone in front */
    uint64_t seq;   /* counts changes */
    struct rows_change changes[ROWS_CHANGES_MAX]; /* ascending in both */
    size_t n_changes;
};

/* A zeroed one is empty. */
void rows_release(struct rows *r);
/* Puts it where it belongs. One that is there already has changed. false without memory. */
bool rows_add(struct rows *r, uint64_t id) MUST_CHECK;
/* false when it is not there. */
bool rows_remove(struct rows *r, uint64_t id);
/* Takes all that are in 'others' out, in one pass over that stretch. */
void rows_remove_all(struct rows *r, const struct rows *others);
/* How many ids are smaller: the place of the id, or where it would be. */
size_t rows_below(const struct rows *r, uint64_t id);
uint64_t rows_at(const struct rows *r, size_t i);
/* The number of the row from which on the list is another one than at 'seq'. One behind the last
 * row: nothing has changed. */
uint64_t rows_changed_from(const struct rows *r, uint64_t seq);
