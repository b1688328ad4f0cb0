/*
 * One request and its response: joins a stream of a client's chain to a stream of a server's. The
 * request half is a table of steps; from the moment its head has been sent both contents stream,
 * each as fast as the other side takes it.
 */
#pragma once

#include "layer/fan.h"

/* How many 1xx responses one request may have. */
#define EXCHANGE_INTERIM_MAX 32

enum x_step { X_ASK, X_ASKED, X_OPEN, X_OPENED, X_SEND, X_STREAM, X_DONE };

struct exchange {
    struct seat client, server;
    struct host *host;
    struct flow *flow; /* a reference */
    enum x_step step;
    struct ask ask;
    bool request_done;    /* its END was taken */
    bool response_begun;  /* its head has been sent to the client */
    bool server_answered; /* a part of the response came */
    bool retried;
    unsigned n_interim;
    struct dying dying;
};

/* The fan_arrive_fn of every client's fan. */
struct seat *exchange_arrive(struct fan *f, uint32_t stream);

/* The halves, for exchange.c. */
size_t exchange_on_request(struct exchange *x, const struct part *p);
size_t exchange_on_response(struct exchange *x, const struct part *p);
/* Sends the page for the failure, or breaks the response off when it has begun; the flow is
 * finished then. */
void exchange_fail(struct exchange *x, const struct failure *why);
/* Sends the flow's response head and the content, and finishes. */
void exchange_answer(struct exchange *x, struct slice content);
/* Both are done, or nothing more can come: the flow is recorded, the seats are left, the exchange
 * dies. */
void exchange_finish(struct exchange *x, bool server_reusable);
/* The same, but the flow goes on elsewhere. */
void exchange_retire(struct exchange *x, bool server_reusable);
/* The next steps. */
void exchange_run(struct exchange *x);

/* The heads as they are sent on. false without memory. */
bool exchange_head_request(struct exchange *x) MUST_CHECK;
bool exchange_head_response(struct exchange *x) MUST_CHECK;

/* The client's chain and the server's become a tunnel, which finishes the flow. 'first' goes to the
 * server. */
void exchange_tunnel(struct exchange *x, struct slice first);
/* The client's chain carries what the host makes of it: the CONNECT was answered. */
void exchange_connect(struct exchange *x);

uint64_t exchange_wall(const struct exchange *x);

/* Whether content of the request has yet to be read, so that its connection cannot go on after the
 * response (RFC 9112 section 9.6). */
static inline bool
exchange_unread(const struct exchange *x)
{
    const struct http_head *h = &x->flow->req.head;
    return !x->request_done && h->framing != FRAMING_NONE &&
           !(h->framing == FRAMING_LENGTH && !h->length);
}
