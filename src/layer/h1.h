/*
 * HTTP/1.0 and HTTP/1.1 on one connection (RFC 9112): bytes to parts and back. On a client's
 * connection requests are read one at a time: the next is looked at when the response to the last
 * has been written, so answers keep their order and what a client pipelines stays in the bounded
 * buffers below.
 */
#pragma once

#include "codec/chunk.h"
#include "layer/chain.h"

enum h1_state {
    H1_IDLE, /* connect: nothing was asked */
    H1_HEAD,
    H1_LENGTH,
    H1_CHUNKED,
    H1_TO_EOF,
    H1_END,  /* the message is complete, which is to be said */
    H1_WAIT, /* accept: the request was read, its response is under way */
    H1_DEAD, /* what still comes is dropped */
};

struct h1 {
    struct layer layer;
    enum role role;
    enum h1_state state;
    uint32_t stream;
    struct flow *flow; /* of the message being read: a reference */

    /* Reading. */
    struct http1_limits limits;
    size_t scanned;
    uint64_t left;
    struct chunk_reader chunk;
    uint64_t content_at; /* accept: since when the client could send content; 0: it waits for 100 */
    uint64_t blocked_at; /* for 'blocked': since when */
    bool started;        /* some of the head is there */
    bool late;           /* the rest of it did not come in time */
    bool blank;          /* an empty line was skipped */
    bool keep;           /* the peer would keep the connection */
    bool eof, eof_clean;
    bool torn;    /* content to the end has ended without a word of the peer */
    bool reading; /* inside h1_read */
    bool untaken; /* the last offer was not taken whole */
    bool patient; /* CMD_WAIT */
    bool blocked; /* because those above did not want it */

    /* Writing. */
    enum framing out;
    const struct http_head *trailers;
    bool written; /* the message is complete */
    bool close_after;
};

/* NULL without memory. */
struct layer *h1_new(struct host *host, enum role role) MUST_CHECK;
extern const struct layer_ops h1_accept_ops;

/* The halves, for h1.c. */
size_t h1_read(struct h1 *h, struct slice in);
void h1_write(struct h1 *h, uint32_t stream, const struct part *p);
/* The message being read fails: says so upwards. */
void h1_fail(struct h1 *h, const struct failure *why);
/* Accept: what was offered is no request. It becomes a flow of its own, which says why. */
void h1_refuse(struct h1 *h, struct slice raw, const struct failure *why);
/* Connect: the bytes that should have been a head, for the record. */
void h1_keep_raw(struct h1 *h, struct slice raw);
/* The end of the stream where more was needed; 'rest' is what there is. */
void h1_at_eof(struct h1 *h, struct slice rest);
/* Accept: on to the next request when both the request and the response are done. */
void h1_cycle(struct h1 *h);
void h1_drop_flow(struct h1 *h);
/* What still comes is dropped. */
void h1_dead(struct h1 *h);
void h1_set_deadline(struct h1 *h);
/* Accept: from now on it is the client's to send content. */
void h1_await_content(struct h1 *h);
/* The message of the flow that is being read. */
struct http_msg *h1_msg(struct h1 *h);
static inline struct h1 *
h1_of(struct layer *l)
{
    return container_of(l, struct h1, layer);
}
