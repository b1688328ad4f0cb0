/* Timers: a heap of deadlines over one timer of libuv. */
#include "io/timer.h"

#include "base/clock.h"
#include "base/mem.h"
#include "io/loop_uv.h"

#include <uv.h>

struct timer {
    struct timers *timers;
    void (*fn)(void *arg);
    void *arg;
    uint64_t at;    /* when it is to fire; 0 when stopped */
    uint64_t armed; /* when the heap looks at it: 'at', or before it */
    size_t slot;    /* its place in the heap, counted from 1; 0 when it is not there */
};

struct timers {
    uv_timer_t uv;
    struct loop *loop;   /* NULL when it is gone */
    struct timer **heap; /* heap[1] is the first to be looked at; heap[0] is not used */
    size_t n, cap;
    size_t made;   /* timers that exist: there is room for all of them */
    size_t set;    /* timers that are to fire */
    uint64_t next; /* when libuv's timer fires; 0 when it does not run */
};

static void
heap_place(struct timers *ts, struct timer *t, size_t slot)
{
    ts->heap[slot] = t;
    t->slot = slot;
}

static void
heap_rise(struct timers *ts, struct timer *t)
{
    size_t slot = t->slot;
    for (; slot > 1 && ts->heap[slot / 2]->armed > t->armed; slot /= 2)
        heap_place(ts, ts->heap[slot / 2], slot);
    heap_place(ts, t, slot);
}

static void
heap_sink(struct timers *ts, struct timer *t)
{
    size_t slot = t->slot;
    for (size_t child; (child = slot * 2) <= ts->n; slot = child) {
        if (child < ts->n && ts->heap[child + 1]->armed < ts->heap[child]->armed)
            child++;
        if (ts->heap[child]->armed >= t->armed)
            break;
        heap_place(ts, ts->heap[child], slot);
    }
    heap_place(ts, t, slot);
}

static void
heap_remove(struct timers *ts, struct timer *t)
{
    struct timer *last = ts->heap[ts->n--];
    if (last != t) {
        heap_place(ts, last, t->slot);
        heap_rise(ts, last);
        heap_sink(ts, last);
    }
    t->slot = 0;
}

static void on_uv_timer(uv_timer_t *uv);

/* Makes libuv's timer fire no later than the first of the heap, and keep the loop alive while a
 * timer is set. */
static void
timers_arm(struct timers *ts)
{
    uint64_t first = ts->n ? ts->heap[1]->armed : 0;
    if (first && (!ts->next || first < ts->next)) {
        uint64_t now = loop_now(ts->loop);
        /* At least 1 ms: libuv 1.44 would fire a timer of 0 ms again within the same round, for
         * ever. */
        uint64_t ms = first > now ? (first - now + NS_PER_MS - 1) / NS_PER_MS : 1;
        ts->next = first;
        uv_timer_start(&ts->uv, on_uv_timer, ms, 0);
    }
    if (ts->set)
        uv_ref((uv_handle_t *)&ts->uv);
    else
        uv_unref((uv_handle_t *)&ts->uv);
}

/* Takes the first timer off the heap when its time has come; one that was moved is put where it
 * belongs now. */
static struct timer *
timers_due(struct timers *ts, uint64_t now)
{
    while (ts->n && ts->heap[1]->armed <= now) {
        struct timer *t = ts->heap[1];
        if (t->at > t->armed) {
            t->armed = t->at;
            heap_sink(ts, t);
            continue;
        }
        heap_remove(ts, t);
        if (t->at)
            return t;
    }
    return NULL;
}

static void
on_uv_timer(uv_timer_t *uv)
{
    struct timers *ts = container_of(uv, struct timers, uv);
    loop_new_round(ts->loop);
    uint64_t now = loop_now(ts->loop);
    struct timer *t;
    ts->next = 0;
    while ((t = timers_due(ts, now))) {
        t->at = 0;
        ts->set--;
        t->fn(t->arg);
    }
    timers_arm(ts);
}

struct timers *
timers_new(struct loop *l)
{
    struct timers *ts = mem_zalloc(sizeof(*ts));
    if (!ts)
        return NULL;
    ts->loop = l;
    uv_timer_init(loop_uv(l), &ts->uv);
    uv_unref((uv_handle_t *)&ts->uv);
    return ts;
}

static void
timers_release(struct timers *ts)
{
    if (ts->loop || ts->made)
        return;
    mem_free(ts->heap);
    mem_free(ts);
}

static void
on_uv_closed(uv_handle_t *uv)
{
    struct timers *ts = container_of(uv, struct timers, uv);
    ts->loop = NULL;
    timers_release(ts);
}

void
timers_close(struct timers *ts)
{
    uv_close((uv_handle_t *)&ts->uv, on_uv_closed);
}

static bool
timers_grow(struct timers *ts)
{
    if (ts->made + 1 < ts->cap)
        return true;
    size_t cap = ts->cap ? ts->cap * 2 : 64;
    struct timer **heap = mem_realloc(ts->heap, cap * sizeof(struct timer *));
    if (!heap)
        return false;
    ts->heap = heap;
    ts->cap = cap;
    return true;
}

struct timer *
timer_new(struct loop *l, void (*fn)(void *arg), void *arg)
{
    struct timers *ts = loop_timers(l);
    struct timer *t = timers_grow(ts) ? mem_zalloc(sizeof(*t)) : NULL;
    if (!t)
        return NULL;
    *t = (struct timer){.timers = ts, .fn = fn, .arg = arg};
    ts->made++;
    return t;
}

void
timer_set(struct timer *t, uint64_t at)
{
    struct timers *ts = t->timers;
    if (t->at)
        ts->set--;
    if (at)
        ts->set++;
    t->at = at;
    /* Never in the past: a timer that is set anew while the due ones fire waits for the next round.
     */
    uint64_t when = at ? MAX(at, loop_now(ts->loop) + 1) : UINT64_MAX;
    if (at && !t->slot) {
        t->armed = when;
        heap_place(ts, t, ++ts->n);
        heap_rise(ts, t);
    } else if (when < t->armed) {
        t->armed = when;
        heap_rise(ts, t);
    }
    timers_arm(ts);
}

void
timer_free(struct timer *t)
{
    if (!t)
        return;
    struct timers *ts = t->timers;
    if (t->slot)
        heap_remove(ts, t);
    if (t->at)
        ts->set--;
    ts->made--;
    mem_free(t);
    if (ts->loop && !ts->set)
        uv_unref((uv_handle_t *)&ts->uv);
    timers_release(ts);
}
