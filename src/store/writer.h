/*
 * The one thread to which all finished flows go, in the order in which they were handed over. It
 * gives each to its sinks: a store, a file, the printer. A sink that is slow makes the threads that
 * hand over flows wait, once the mailbox is full: nothing is lost.
 */
#pragma once

#include "base/err.h"
#include "flow/flow.h"

#define WRITER_SINKS_MAX 4
#define WRITER_JOBS_MAX  256

/* Both are called on the writer's thread, one sink after the other. */
struct writer_sink {
    void (*flow)(void *arg, struct flow *f); /* borrows it; flow_ref to keep it */
    void (*flush)(void *arg);                /* after each batch; may be NULL */
    void *arg;
};

struct writer_options {
    const struct writer_sink *sinks; /* copied; what 'arg' points to must outlive the writer */
    unsigned n_sinks;
    size_t max; /* bytes of flows that wait, about */
};

struct writer;

/* Returns owned. */
struct writer *writer_start(const struct writer_options *o, struct err *e) MUST_CHECK;
/*
 * What one thread has finished since it last handed flows over: the lock and the waking of the
 * writer are paid once for all of them. A zeroed one is empty.
 */
struct outbox {
    struct mail *first, *last;
    size_t weight; /* bytes, about */
    unsigned n;
};
/* Any thread. Keeps a reference; the flow must not be changed any more, and goes to a writer once
 * only. Sends when much has gathered. */
void writer_put(struct writer *w, struct outbox *o, struct flow *f);
/* Hands over what is there. Waits while the mailbox is full. */
void writer_send(struct writer *w, struct outbox *o);
/* Runs fn(arg) on the writer's thread, soon, between two batches; in order. Any thread, never
 * waits; false without memory, or while WRITER_JOBS_MAX have not run yet. */
bool writer_run(struct writer *w, void (*fn)(void *arg), void *arg) MUST_CHECK;
/* Waits until all jobs have run that were asked for. Not on the writer's thread. */
void writer_settle(struct writer *w);
/* Nobody may be in writer_put or writer_run any more. Gives what is left to the sinks, runs the
 * jobs that wait, ends the thread, frees. NULL is allowed. */
void writer_stop(struct writer *w);
