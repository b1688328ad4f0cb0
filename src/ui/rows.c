/* The rows of one list: sorted ids in a window that moves through its memory. */
#include "ui/rows.h"

#include "base/mem.h"

#include <string.h>

#define FIRST_CAP 256

void
rows_release(struct rows *r)
{
    mem_free(r->ids);
    *r = (struct rows){0};
}

uint64_t
rows_at(const struct rows *r, size_t i)
{
    return r->ids[r->head + i];
}

size_t
rows_below(const struct rows *r, uint64_t id)
{
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rows_at(r, middle) < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool
rows_has_at(const struct rows *r, size_t i, uint64_t id)
{
    return i < r->n && rows_at(r, i) == id;
}

/* Two neighbours of the older half become one, that claims more to have changed than has. */
static void
rows_merge_changes(struct rows *r)
{
    size_t half = ROWS_CHANGES_MAX / 2, to = 0;
    for (size_t i = 0; i + 1 < half; i += 2)
        r->changes[to++] = (struct rows_change){r->changes[i + 1].seq, r->changes[i].row};
    memmove(&r->changes[to], &r->changes[half], (r->n_changes - half) * sizeof *r->changes);
    r->n_changes -= half - to;
}

/* What is behind the row needs no record of its own any more. */
static void
rows_note_change(struct rows *r, size_t i)
{
    uint64_t row = r->first + i;
    r->seq++;
    while (r->n_changes && r->changes[r->n_changes - 1].row >= row)
        r->n_changes--;
    if (r->n_changes == ROWS_CHANGES_MAX)
        rows_merge_changes(r);
    r->changes[r->n_changes++] = (struct rows_change){r->seq, row};
}

uint64_t
rows_changed_from(const struct rows *r, uint64_t seq)
{
    for (size_t i = 0; i < r->n_changes; i++)
        if (r->changes[i].seq > seq)
            return r->changes[i].row;
    return r->first + r->n;
}

/* Room for one more at the end. */
static bool
rows_make_room(struct rows *r)
{
    if (r->head + r->n < r->cap)
        return true;
    if (r->head > r->cap / 2) {
        memmove(r->ids, r->ids + r->head, r->n * sizeof *r->ids);
        r->head = 0;
        return true;
    }
    size_t cap = r->cap ? r->cap * 2 : FIRST_CAP;
    uint64_t *ids = mem_realloc(r->ids, cap * sizeof *ids);
    if (!ids)
        return false;
    r->ids = ids;
    r->cap = cap;
    return true;
}

bool
rows_add(struct rows *r, uint64_t id)
{
    size_t i = rows_below(r, id);
    if (rows_has_at(r, i, id)) {
        rows_note_change(r, i);
        return true;
    }
    if (!rows_make_room(r))
        return false;
    uint64_t *at = r->ids + r->head + i;
    memmove(at + 1, at, (r->n - i) * sizeof *at);
    *at = id;
    r->n++;
    rows_note_change(r, i);
    return true;
}

bool
rows_remove(struct rows *r, uint64_t id)
{
    size_t i = rows_below(r, id);
    if (!rows_has_at(r, i, id))
        return false;
    r->n--;
    if (i == 0) {
        r->head++;
        r->first++;
        r->seq++;
        return true;
    }
    uint64_t *at = r->ids + r->head + i;
    memmove(at, at + 1, (r->n - i) * sizeof *at);
    rows_note_change(r, i);
    return true;
}

static bool
rows_has(const struct rows *r, uint64_t id)
{
    return rows_has_at(r, rows_below(r, id), id);
}

void
rows_remove_all(struct rows *r, const struct rows *others)
{
    if (!others->n)
        return;
    size_t begin = rows_below(r, rows_at(others, 0)), kept = begin;
    size_t end = rows_below(r, rows_at(others, others->n - 1) + 1);
    for (size_t i = begin; i < end; i++)
        if (!rows_has(others, rows_at(r, i)))
            r->ids[r->head + kept++] = rows_at(r, i);
    if (kept == end)
        return;
    uint64_t *ids = r->ids + r->head;
    memmove(ids + kept, ids + end, (r->n - end) * sizeof *ids);
    r->n -= end - kept;
    rows_note_change(r, begin);
}
