/*
 * What is stored, as others look at it: one flow by its id, or a window of the list of those that
 * match a query. A list is made when it is first asked for; from then on each new flow costs it one
 * match, and a window costs no more than its rows. LIBRARY_LISTS_MAX lists live; the one that was
 * not asked for the longest makes room.
 *
 * The writer's thread only (see writer_run), but for what says otherwise, library_new and
 * library_free. It is a sink of the writer, and owns the store.
 */
#pragma once

#include "flow/filter.h"
#include "store/store.h"

#define LIBRARY_LISTS_MAX  8
#define LIBRARY_WINDOW_MAX 1000

struct library;

/* Returns owned. */
struct library *library_new(const struct store_ops *ops, size_t max, struct err *e) MUST_CHECK;
/* NULL is allowed. */
void library_free(struct library *l);
/* Calls fn(arg) on the writer's thread behind each batch, or deletion, in which something has
 * changed. One such call per library, NULL takes it back: it is not called any more after that. Any
 * thread; fn must not take long, nor call this. */
void library_on_change(struct library *l, void (*fn)(void *arg), void *arg);

/* For the writer: 'arg' is a struct library. */
void library_flow(void *arg, struct flow *f);
void library_flush(void *arg);

/* Returns an owned reference, or NULL when it is not there. */
struct flow *library_get(struct library *l, uint64_t id);
/* Its marks are others: it is matched again, and whoever shows it hears of it. */
void library_touch(struct library *l, struct flow *f);
/* false when it was not there. */
bool library_drop(struct library *l, uint64_t id);

/* The deletion of all that match, in steps. */
struct library_cull {
    const struct filter *filter;
    uint64_t at;    /* 0 at the beginning: the last flow that stays, so far */
    size_t dropped; /* how many went */
};

/* One step; true: that was all. Without memory it ends too early. */
bool library_drop_matching(struct library *l, struct library_cull *cull) MUST_CHECK;

/* All that match, in steps: those of a step are found first, so that 'each' may change their marks.
 */
struct library_walk {
    const struct filter *filter;
    bool (*each)(void *arg, struct flow *f); /* borrows the flow; false ends the walk */
    void *arg;
    uint64_t at; /* 0 at the beginning: the last flow that was looked at, so far */
};

/* One step; true: that was all. Without memory it ends too early: *failed says so. */
bool library_walk(struct library *l, struct library_walk *walk, bool *failed) MUST_CHECK;

struct library_query {
    struct filter *filter; /* borrowed; the list keeps a reference */
    bool newest_first;     /* rows are counted from the newest */
    uint64_t from;         /* number of the first row */
    uint64_t cursor;       /* not 0: what is behind this id, 'from' does not count */
    size_t count;          /* at most LIBRARY_WINDOW_MAX */
    uint64_t list, have;   /* the state that is known already: see library_window; may be 0 */
};

/* A list, and a window of it. Rows are numbered from the oldest, or the newest, and keep their
 * number (oldest first) while others come or the oldest go. */
struct library_window {
    struct flow *flows[LIBRARY_WINDOW_MAX]; /* references */
    size_t n;
    bool ready;          /* false: the list is still being made, ask again behind the next batch */
    uint64_t from;       /* the row of flows[0] */
    uint64_t first, end; /* rows that there are: [first, end) */
    uint64_t list;       /* another number: another list, even for the same query */
    uint64_t seq;        /* counts its changes */
    uint64_t unchanged;  /* rows below this one are what they were at 'have' of 'list' */
};

/* A new list is made in steps, one with each call, so that flows never wait for long. What is asked
 * for and is not there is left out: n may be 0. */
bool library_look(struct library *l, const struct library_query *q, struct library_window *out,
                  struct err *e) MUST_CHECK;
void library_window_release(struct library_window *w);

struct library_counts {
    struct store_counts store;
    unsigned lists;
    unsigned long lists_made, lists_dropped;
};
struct library_counts library_counts(const struct library *l);
