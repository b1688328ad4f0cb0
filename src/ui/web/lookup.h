/*
 * What a handler asks of the library: done on the writer's thread, answered on the control thread.
 *
 *     struct lookup *k = lookup_new(call);
 *     if (!k || !lookup_query(k))
 *         return CALL_DONE;                       the call has failed
 *     return lookup_start(k, run_thing, answer_thing);
 */
#pragma once

#include "ui/library.h"
#include "ui/web/call.h"
#include "ui/web/control.h"

struct marking;
struct rule;
struct table;

struct lookup {
    struct control_work work;
    struct call *call;
    struct library *library;
    void (*run)(struct lookup *k);    /* on the writer's thread */
    void (*answer)(struct lookup *k); /* on the control thread, when it has not failed */
    void (*next)(struct lookup *k);   /* of lookup_flow */
    void (*pool)(void *k);            /* of lookup_many, on a pool thread */
    /* What is asked. */
    uint64_t id;
    struct filter *filter; /* a reference */
    struct library_query query;
    struct library_cull cull;
    struct library_walk walk;
    const struct marking *marking;     /* the handler's own */
    struct table *table;               /* so, too */
    void (*release)(struct lookup *k); /* what else is to be given back; may be NULL */
    struct rule *rule;                 /* a reference */
    /* What was found: references. */
    struct flow *flow;
    struct library_window window;
    struct flow **flows; /* of lookup_many */
    size_t n, cap;
    bool again; /* by run: it is to be run once more, behind the next batch */
    bool later; /* by answer: it comes with lookup_end */
    bool failed;
    struct err e;
};

/* A query, with the presets as they are now. As filter_parse. */
struct filter *lookup_parse(const struct control *c, struct slice text, size_t *at,
                            struct err *e) MUST_CHECK;
/* NULL: the call has failed. In the arena of the call. */
struct lookup *lookup_new(struct call *c) MUST_CHECK;
/* Reads the parameter 'query' of the URL. Without it, everything matches. */
bool lookup_query(struct lookup *k) MUST_CHECK;
/* Reads the first parameter of the path. */
bool lookup_id(struct lookup *k) MUST_CHECK;
/* Reads 'order': oldest or newest. */
bool lookup_order(struct lookup *k, bool newest_first) MUST_CHECK;
/* CALL_WAIT. What the lookup holds is given back. */
enum call_state lookup_start(struct lookup *k, void (*run)(struct lookup *k),
                             void (*answer)(struct lookup *k));
/* What runs for a window of the flows that 'filter' matches, as 'query' says. */
void lookup_look(struct lookup *k);
/* Reads the parameter 'query', which must be there: not everything by mistake. */
bool lookup_named(struct lookup *k) MUST_CHECK;
/* For a handler about many flows: each(k, flow) for all that match, on the writer's thread; false
 * fails the call with k->e. Then it answers. */
enum call_state lookup_each(struct lookup *k, bool (*each)(void *k, struct flow *f),
                            void (*answer)(struct lookup *k));
/* An answer: k->n as "done". */
void lookup_counted(struct lookup *k);
/* Finds all that match, oldest first, as k->flows[0..k->n), then answers. */
enum call_state lookup_collect(struct lookup *k, void (*answer)(struct lookup *k));
/* The same; then work(k) writes the answer on a
 * pool thread; it may fail by k->failed and k->e. */
enum call_state lookup_many(struct lookup *k, void (*work)(void *k));
/* The answer that was to come later is there: what the lookup holds is given back. */
void lookup_end(struct lookup *k);
/* Finds the flow with k->id, then answers; 404 without one. */
enum call_state lookup_get(struct lookup *k, void (*answer)(struct lookup *k));
/* For a handler about one flow: finds it by the id of the path, then answers; 404 without one. */
enum call_state lookup_flow(struct call *c, void (*answer)(struct lookup *k));
