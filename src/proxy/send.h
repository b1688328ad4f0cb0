/*
 * One request that is composed here and sent to a server: through the pool, with its own flow,
 * which is recorded like any other. Rules do not touch it: it goes out as it is written.
 */
#pragma once

#include "proxy/proxy.h"

struct flow;
struct send_call;

/* Embedded, for as long as it is under way; the slices live as long. */
struct send_call {
    struct proxy *proxy;
    bool https;
    struct slice host; /* without brackets */
    uint16_t port;
    struct slice head; /* as text, through the empty line: an HTTP/1.1 request */
    struct slice content;
    bool exact; /* head and content go out byte for byte, right or wrong; else they must be right,
                   and Content-Length is made to fit */
    uint64_t time; /* nanoseconds for all of it; 0: the limits of the configuration alone */
    /* Out. */
    struct flow *flow; /* a reference, for whoever is called; NULL without memory */
    struct err err;    /* why it was not sent at all; its code is ERR_NONE when it was */
    /* At the end, on the thread of a worker. The call may be freed in it. */
    void (*done)(struct send_call *c);
};

/* Begins. false when the engine has stopped, or without memory: 'done' is not called then. Any
 * thread. */
bool send_begin(struct send_call *c) MUST_CHECK;
