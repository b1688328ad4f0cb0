/*
 * What is under way, for other threads: a call visits the workers one after the other, each on its
 * own thread, so that flows which are not finished are only ever touched by theirs.
 */
#pragma once

#include "proxy/proxy.h"

struct exchange;
struct hooks;
struct layer;
struct live_call;
struct message;
struct session;
struct worker;

/* An exchange that is under way, or a ClientHello and what becomes of it. Borrowed for the call. */
struct live {
    struct worker *worker;
    struct exchange *x;      /* NULL where its connections are a tunnel, */
    struct layer *relay;     /* which is this, of the client's chain; */
    struct session *session; /* or a connection whose ClientHello is the flow */
    struct flow *flow;
    struct hooks *held; /* when it waits for a person, else NULL */
};

typedef void live_fn(struct live_call *c, struct live *l);

/* Embedded, for as long as it is under way. */
struct live_call {
    struct proxy *proxy;
    uint64_t flow; /* the one that is meant; 0: all of them */
    bool held;     /* of all: only those that are held */
    bool found;    /* out: 'each' was called */
    live_fn *each; /* on the thread of the worker */
    /* At the end, on the thread of a worker. The call may be freed in it. */
    void (*done)(struct live_call *c);
    unsigned at; /* the worker that is visited */
};

/* Begins. false without memory, or when the engine has stopped: 'done' is not called then. Any
 * thread. */
bool live_begin(struct live_call *c) MUST_CHECK;
/* Ends it, whatever it does; 'by' says who wanted that. */
void live_kill(struct live *l, struct slice by);
/* Sends a message of our own in it: to the server ('up') or to the client; 'about' has the opcode
 * for a WebSocket and the name of an event. */
bool live_inject(struct live *l, bool up, const struct message *about, struct slice content,
                 struct slice by, struct err *e) MUST_CHECK;
