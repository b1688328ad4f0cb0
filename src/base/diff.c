/* The difference of two texts: the greedy algorithm of Myers over numbered lines. */
#include "base/diff.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdint.h>

/* Lines that may go and come at most. The memory for it is half the square of it, times four. */
#define EDITS_MAX 1500u

struct text {
    struct slice *lines;
    unsigned long *hashes;
    bool *marked; /* gone, or new */
    size_t n;
};

/* The furthest line of 'a' that was reached with d edits on each of their d + 1 diagonals lies at
 * reach[d * (d + 1) / 2]. */
struct diff {
    struct text a, b;
    size_t prefix;              /* lines that both begin with */
    int32_t a_middle, b_middle; /* lines that remain without these and the common end */
    int32_t *reach;
    size_t cap;
};

static size_t
count_lines(struct slice s)
{
    size_t n = 0;
    for (; s.n; n++)
        slice_cut(&s, '\n');
    return n;
}

static bool
text_init(struct text *t, struct slice s)
{
    t->n = count_lines(s);
    if (t->n > DIFF_LINES_MAX)
        return false;
    size_t n = MAX(t->n, (size_t)1);
    t->lines = mem_alloc(n * sizeof *t->lines);
    t->hashes = mem_alloc(n * sizeof *t->hashes);
    t->marked = mem_zalloc(n * sizeof *t->marked);
    if (!t->lines || !t->hashes || !t->marked)
        return false;
    for (size_t i = 0; i < t->n; i++) {
        t->lines[i] = slice_cut(&s, '\n');
        t->hashes[i] = hash_bytes(t->lines[i]);
    }
    return true;
}

static void
text_release(struct text *t)
{
    mem_free(t->lines);
    mem_free(t->hashes);
    mem_free(t->marked);
}

static bool
same_line(const struct diff *d, size_t i, size_t j)
{
    return d->a.hashes[i] == d->b.hashes[j] && slice_eq(d->a.lines[i], d->b.lines[j]);
}

static void
trim_common(struct diff *d)
{
    size_t a = d->a.n, b = d->b.n;
    while (d->prefix < a && d->prefix < b && same_line(d, d->prefix, d->prefix))
        d->prefix++;
    while (a > d->prefix && b > d->prefix && same_line(d, a - 1, b - 1))
        a--, b--;
    d->a_middle = (int32_t)(a - d->prefix);
    d->b_middle = (int32_t)(b - d->prefix);
}

static int32_t *
reach_of(const struct diff *d, size_t edits)
{
    return d->reach + edits * (edits + 1) / 2;
}

static bool
reach_grow(struct diff *d, size_t edits)
{
    size_t need = (edits + 1) * (edits + 2) / 2;
    if (need <= d->cap)
        return true;
    size_t cap = MAX(d->cap * 2, MAX(need, (size_t)256));
    int32_t *reach = mem_realloc(d->reach, cap * sizeof *reach);
    if (!reach)
        return false;
    d->reach = reach;
    d->cap = cap;
    return true;
}

/* Whether the i-th diagonal of 'edits' is best reached by taking a line of 'b' in: else by leaving
 * one of 'a' out. */
static bool
comes_from_new(const int32_t *before, size_t edits, size_t i)
{
    return i == 0 || (i != edits && before[i - 1] < before[i]);
}

static int32_t
reach_next(const struct diff *d, size_t edits, size_t i)
{
    int32_t x = 0, diagonal = 2 * (int32_t)i - (int32_t)edits;
    if (edits) {
        const int32_t *before = reach_of(d, edits - 1);
        x = comes_from_new(before, edits, i) ? before[i] : before[i - 1] + 1;
    }
    while (x < d->a_middle && x - diagonal < d->b_middle &&
           same_line(d, d->prefix + (size_t)x, d->prefix + (size_t)(x - diagonal)))
        x++;
    return x;
}

/* Whether both ends are reached with so many edits. */
static bool
reach_all(struct diff *d, size_t edits)
{
    bool end = false;
    int32_t *now = reach_of(d, edits);
    for (size_t i = 0; i <= edits && !end; i++) {
        now[i] = reach_next(d, edits, i);
        int32_t y = now[i] - (2 * (int32_t)i - (int32_t)edits);
        end = now[i] >= d->a_middle && y >= d->b_middle;
    }
    return end;
}

/* Back from the end, edit by edit. */
static void
mark_path(struct diff *d, size_t edits)
{
    int32_t diagonal = d->a_middle - d->b_middle;
    for (; edits; edits--) {
        size_t i = (size_t)(diagonal + (int32_t)edits) / 2;
        const int32_t *before = reach_of(d, edits - 1);
        if (comes_from_new(before, edits, i)) {
            diagonal++;
            d->b.marked[d->prefix + (size_t)(before[i] - diagonal)] = true;
        } else {
            diagonal--;
            d->a.marked[d->prefix + (size_t)before[i - 1]] = true;
        }
    }
}

static void
mark_middle(struct diff *d)
{
    for (int32_t i = 0; i < d->a_middle; i++)
        d->a.marked[d->prefix + (size_t)i] = true;
    for (int32_t i = 0; i < d->b_middle; i++)
        d->b.marked[d->prefix + (size_t)i] = true;
}

static bool
diff_mark(struct diff *d)
{
    trim_common(d);
    if (d->a_middle == 0 || d->b_middle == 0) {
        mark_middle(d);
        return true;
    }
    for (size_t edits = 0; edits <= EDITS_MAX; edits++) {
        if (!reach_grow(d, edits))
            return false;
        if (reach_all(d, edits)) {
            mark_path(d, edits);
            return true;
        }
    }
    mark_middle(d);
    return true;
}

static void
diff_tell(const struct diff *d, diff_line_fn *fn, void *arg)
{
    size_t i = 0, j = 0;
    while (i < d->a.n || j < d->b.n) {
        if (i < d->a.n && d->a.marked[i])
            fn(arg, DIFF_GONE, d->a.lines[i++]);
        else if (j < d->b.n && d->b.marked[j])
            fn(arg, DIFF_NEW, d->b.lines[j++]);
        else {
            fn(arg, DIFF_SAME, d->b.lines[j++]);
            i++;
        }
    }
}

bool
diff_lines(struct slice before, struct slice after, diff_line_fn *fn, void *arg)
{
    struct diff d = {0};
    bool good = text_init(&d.a, before) && text_init(&d.b, after) && diff_mark(&d);
    if (good)
        diff_tell(&d, fn, arg);
    text_release(&d.a);
    text_release(&d.b);
    mem_free(d.reach);
    return good;
}
