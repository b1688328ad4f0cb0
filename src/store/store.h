/*
 * Where finished flows are kept. One row in store/list.h and one file each; a store is used on the
 * writer's thread only (store/writer.h), so that it needs no lock.
 */
#pragma once

#include "base/err.h"
#include "flow/flow.h"

struct store_options {
    size_t max; /* bytes of memory, as flow_memory counts them */
    /* Is called for each flow that went because of the limit; it must not change the store. May be
     * NULL. */
    void (*gone)(void *arg, uint64_t id);
    void *arg;
};

struct store_counts {
    unsigned long flows;   /* that are in it */
    unsigned long evicted; /* that had to go, or never came in, because of the limit */
    size_t bytes;
};

/* Returns false to end the walk. Borrows the flow. */
typedef bool store_each_fn(void *arg, const struct flow *f);

struct store_ops {
    const char *name;
    /* Returns owned, or NULL. */
    void *(*open)(const struct store_options *o, struct err *e);
    /* Keeps a reference, in place of a flow with the same id. What is too large for the limit is
     * counted, not an error. */
    bool (*put)(void *store, struct flow *f, struct err *e);
    /* Returns an owned reference, or NULL when it is not there. */
    struct flow *(*get)(void *store, uint64_t id);
    /* In the order in which they were put. fn must not change the store. */
    void (*each)(void *store, bool newest_first, store_each_fn *fn, void *arg);
    /* From the oldest, behind the one with the id; all of them when that is not there (any more).
     */
    void (*each_after)(void *store, uint64_t id, store_each_fn *fn, void *arg);
    /* false when it was not there. */
    bool (*drop)(void *store, uint64_t id);
    struct store_counts (*counts)(const void *store);
    /* NULL is allowed. */
    void (*close)(void *store);
};

#define STORE(name) extern const struct store_ops store_##name;
#include "store/list.h"
#undef STORE
