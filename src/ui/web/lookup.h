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

struct lookup {
    struct control_work work;
    struct call *call;
    struct library *library;
    void (*run)(struct lookup *k);    /* on the writer's thread */
    void (*answer)(struct lookup *k); /* on the control thread, when it has not failed */
    void (*next)(struct lookup *k);   /* of lookup_flow */
    /* What is asked. */
    uint64_t id;
    struct filter *filter; /* a reference */
    struct library_query query;
    struct library_cull cull;
    const struct marking *marking; /* the handler's own */
    struct rule *rule;             /* a reference */
    /* What was found: references. */
    struct flow *flow;
    struct library_window window;
    size_t n;
    bool again; /* by run: it is to be run once more, behind the next batch */
    bool later; /* by answer: it comes with lookup_end */
    bool failed;
    struct err e;
};

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
/* The answer that was to come later is there: what the lookup holds is given back. */
void lookup_end(struct lookup *k);
/* Finds the flow with k->id, then answers; 404 without one. */
enum call_state lookup_get(struct lookup *k, void (*answer)(struct lookup *k));
/* For a handler about one flow: finds it by the id of the path, then answers; 404 without one. */
enum call_state lookup_flow(struct call *c, void (*answer)(struct lookup *k));
