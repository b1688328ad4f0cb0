/*
 * One thread with its loop, its listeners, the connections that they accepted, and the connections
 * to servers which these share. Nothing in here is touched by another thread while the worker runs.
 */
#pragma once

#include "base/list.h"
#include "base/thread.h"
#include "io/listen.h"
#include "io/loop.h"
#include "proxy/mode.h"
#include "proxy/proxy.h"
#include "proxy/setup.h"
#include "store/writer.h"

struct worker {
    struct proxy *proxy;
    struct thread thread;
    bool started, joined;
    struct loop *loop;
    struct setup *setup; /* for new connections: a reference */
    struct rules *rules; /* for new requests: a reference, or NULL */
    struct list held;    /* struct hooks: that wait for a person, the oldest first */
    struct list ports;   /* struct port: open listeners */
    uint64_t last_port;  /* the number of the newest */
    struct list sessions;
    struct pool *pool;
    struct list away; /* struct upstream: leased, in a tunnel, or being closed */
    struct facts *facts;
    struct sessions *tls_sessions;
    struct outbox outbox;       /* finished flows, for a few milliseconds */
    struct timer *outbox_timer; /* set while it holds something */
    struct timer *grace;
    struct timer *trim;        /* runs when a flood of clients has gone */
    unsigned trims;            /* that are still to come */
    unsigned long clients_max; /* of the whole proxy, seen by this worker since then */
    bool stopping;
    unsigned long full_said; /* connections refused since the last line about it */
    uint64_t crowd_said;     /* when a client with too many was last named; 0: never */
};

/* Where a mode is to listen. */
struct port_spec {
    const struct mode_ops *mode;
    struct mode_server server;
    char host[64];
    uint16_t port;
    char name[600]; /* mode with its data, host and the port that was asked for: equal names are the
                       same listener */
};

/* A listener of a mode on one worker. */
struct port {
    struct list node;
    struct worker *worker;
    uint64_t number; /* on this worker, never given twice */
    unsigned long accepted;
    const struct mode_ops *mode;
    struct mode_server server;
    struct listener *listener;
    char name[600];
    bool announced;
    bool wanted; /* by the newest configuration */
};

/* NULL with a sentence. Keeps the setup. */
struct worker *worker_new(struct proxy *p, struct setup *s, struct err *e) MUST_CHECK;
/* Its thread must have ended (or never begun). NULL is allowed. */
void worker_free(struct worker *w);
/* Runs fn on the worker's thread and waits for it. Before the thread has begun it runs at once. */
void worker_call(struct worker *w, void (*fn)(struct worker *w, void *arg), void *arg);
bool worker_start(struct worker *w, unsigned number, struct err *e) MUST_CHECK;
struct budget *worker_budget(const struct worker *w);

/* The rest: on its thread. */

/* No new connections; what is idle is closed; the rest has the grace time of the configuration. The
 * second call closes everything. */
void worker_stop(struct worker *w);
/* Hands a finished flow to the writer. */
void worker_record(struct worker *w, struct flow *f);
/* A session has begun, has ended. */
void worker_session_came(struct worker *w);
void worker_session_gone(struct worker *w);
/* NULL with a sentence. */
struct port *worker_open_port(struct worker *w, const struct port_spec *spec,
                              struct err *e) MUST_CHECK;
/* The listener that was asked for in the same words, or that listens there. */
struct port *worker_find_port(struct worker *w, const struct port_spec *spec);
/* Closes the listeners that are not wanted. Their connections go on. */
void worker_sweep_ports(struct worker *w);
/* Whether the address is one that this program listens on. */
bool worker_is_own(const struct worker *w, const struct sockaddr *a);
