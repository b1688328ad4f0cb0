/* The load of the bench: connections that send requests, one at a time on each. */
#pragma once

#include "base/base.h"
#include "bench/lib/wire.h"

#include <stdint.h>

enum load_protocol {
    LOAD_HTTP1,
    LOAD_WEBSOCKET, /* a connection is upgraded, then a request is a message, its answer the echo */
    LOAD_HTTP2      /* one request on each connection */
};

/* What is asked; all of it stays as it is while the load runs. */
struct load_plan {
    const char *to;       /* where to connect: 'a.b.c.d:port' */
    const char *connect;  /* CONNECT to this first, or NULL */
    const char *absolute; /* the request's target is http://ABSOLUTE/PATH, or NULL */
    const char *path;
    enum load_protocol protocol;
    const char *name; /* SNI, Host and the name that is verified; % becomes a running number */
    const char *ca;   /* with TLS, this authority is trusted; NULL: plain */
    bool again;       /* a first request that fails is made once more, under the same name */
    bool resume;      /* TLS sessions of earlier connections are used again */
    uint64_t upload;  /* bytes of content to send */
    uint64_t expect;  /* bytes of content that the answer, or the message, must have */
    uint64_t names_from;
    uint64_t warm, requests; /* before and while it is measured; requests 0: by time */
    uint64_t time;           /* ns, or 0 */
    uint64_t per_conn;       /* requests until a new connection is made, 0: no end */
    uint64_t rate;           /* requests a second of one connection, one at a time; or 0 */
    unsigned conns;          /* at the same time; with 'hold', being opened at the same time */
    bool hold;               /* each connection stays open after its only request */
    bool wait;               /* for a line on standard input, between warm-up and measurement */
};

/* What came of it, since the last load_measure. */
struct load_result {
    uint64_t requests, errors, retries, handshakes, resumed, connections, bytes_in, bytes_out, ns;
    uint64_t *latency; /* ns of each request, in any order; NULL without memory */
    size_t n_latency, cap_latency;
    char error[256]; /* the first one */
};

struct load;

struct load *load_new(const struct load_plan *plan);
void load_free(struct load *l);
/* Runs this many requests (0: until 'ns' have passed) to their end. Connections that may be used
 * again stay open. 'r' is emptied first. */
void load_run(struct load *l, uint64_t requests, uint64_t ns, struct load_result *r);
/* Looks whether the connections that are held are still open; returns how many. */
unsigned load_held(struct load *l);
