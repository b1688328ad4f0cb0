/*
 * The connections to servers of one worker, by what they are for. Bounded per key: who comes when
 * all are in use waits for one to be given back. Idle ones are kept for a time, and up to a number
 * per key.
 */
#pragma once

#include "proxy/upstream.h"

struct pool;

struct pool_host {
    struct list idle;    /* struct upstream, the last used first */
    struct list opening; /* struct upstream */
    struct list waiting; /* struct waiter, the oldest first */
    struct list shared;  /* struct upstream of HTTP/2 in use, by 'owned': with --share-upstream */
    unsigned open;       /* connections that exist, in any state */
    unsigned n_idle;
    char key[UPSTREAM_KEY_MAX];
};

struct pool *pool_new(struct worker *w) MUST_CHECK;
/* Closes every connection of it. */
void pool_free(struct pool *p);
/* An idle connection, leased to the caller, or NULL. */
struct upstream *pool_take(struct pool *p, const struct upstream_spec *s);
/* w->done hears of one that was given back or opened. false without memory. */
bool pool_wait(struct pool *p, struct waiter *w) MUST_CHECK;
/* An idle connection for this, without leasing it; NULL when there is none. */
struct upstream *pool_look(struct pool *p, const struct upstream_spec *s);
/* Begins to open one, for whoever asks next, unless one is idle or being opened. */
void pool_prepare(struct pool *p, const struct upstream_spec *s);
/* Gives a leased or new connection to the next who waits, or to the idle ones. */
void pool_put(struct pool *p, struct upstream *u);
/* The connections of HTTP/2 that all share, or NULL. */
struct list *pool_shared(struct pool *p, const struct upstream_spec *s);
/* Whether somebody waits for the place that a connection takes. */
bool pool_is_wanted(const struct pool *p, const struct upstream *u);
/* The connection is closed: its row has room for another. */
void pool_gone(struct pool *p, struct upstream *u);
/* The waiter is not interested any more. What is being opened for it goes to the pool. */
void pool_forget(struct waiter *w);
/* Closes what is idle: everything, or what has been for too long. */
void pool_sweep(struct pool *p, bool all);
