/*
 * One client connection and all that it causes: the host of its layers. It answers what they ask,
 * out of the pool, the caches and the authority of its worker.
 */
#pragma once

#include "layer/fan.h"
#include "pki/leaf_fault.h"
#include "proxy/mode.h"
#include "proxy/upstream.h"
#include "proxy/worker.h"

struct session {
    struct host host;
    struct list node; /* in the worker's sessions */
    struct worker *worker;
    struct setup *setup; /* a reference */
    const struct mode_ops *mode;
    struct mode_server fixed; /* where the mode leads it; without a host: nowhere */
    uint64_t port_number;     /* of the listener it came by, which may be closed by now */
    struct chain *client;
    atomic_uint *from; /* the counter of its client */
    struct peer *peer;
    struct fan *fan; /* valid while it is the top of the client's chain: not in a tunnel that is not
                        HTTP (yet) */

    uint64_t source; /* see sock_source */
    bool blocked;    /* by its address: every request is answered with 'why' */

    /* The tunnel of a CONNECT. */
    bool tunnelled, tls;
    bool branch; /* it is on a stream of another session's client */
    bool silent; /* its first byte has yet to come */
    char target[256];
    uint16_t port;
    char sni[256];
    bool h2;       /* HTTP/2 is spoken with the client */
    bool upgraded; /* to it, in clear: which says nothing of what the server speaks */
    bool asks_h2;  /* servers are offered it */
    enum verdict_reason
        mirrored;          /* the fault of the server's certificate that ours shows on purpose */
    enum leaf_fault shown; /* the fault that a rule wants ours to show */
    char *to;              /* "host:port" that a rule wants in place of the target; owned */
    struct greeting *greeting; /* the ClientHello as a flow; NULL: nobody wants it */

    /* The question about TLS that waits: for the server's certificate, or for those who act on a
     * ClientHello. */
    struct ask *tls_ask;
    struct waiter tls_wait;
    bool failed; /* the server could not be reached or trusted: 'why' is for the next who asks */
    struct failure *why;      /* owned; see failure_kept */
    struct peer *failed_peer; /* a reference: the connection of that failure, or NULL */

    struct ask *next_ask;       /* about a tunnel: its server is being connected, or listened to */
    struct upstream *waits_for; /* a server that is to speak first, or NULL */
    struct upstream *changes;   /* whose tunnel changes to TLS in the middle, or NULL */

    struct upstream *bound; /* a connection that nobody else may use */
    struct list owned;      /* of HTTP/2: see session_h2.h */
    struct list opens;      /* exchanges that wait for their connection */
    struct dying dying;
};

/* Takes the descriptor, in any case. */
void session_accept(struct port *p, int fd, const struct sockaddr *from);
/* Says goodbye to an idle client; the session ends when the connection does. */
void session_hang_up(struct session *s);
/* Closes the client's connection, at once, and all that belongs to it. */
void session_close(struct session *s);
/* Whether nothing is under way. */
bool session_idle(const struct session *s);

static inline struct session *
session_of(struct host *h)
{
    return container_of(h, struct session, host);
}

/* The parts: one question each. */
enum ask_result session_ask_request(struct session *s, struct ask *a);
void session_cancel_request(struct ask *a);
enum ask_result session_ask_open(struct session *s, struct ask *a);
void session_cancel_open(struct ask *a);
enum ask_result session_ask_tls(struct session *s, struct ask *a);
void session_cancel_tls(struct session *s);
/* How we speak TLS to it, after others have had their say. */
enum ask_result session_speak_tls(struct session *s, struct ask *a);
enum ask_result session_ask_next(struct session *s, struct ask *a);
void session_cancel_next(struct session *s);
/* What comes on top of a client's TLS: HTTP, or whatever its first bytes are. */
bool session_push_next(struct session *s) MUST_CHECK;
/* The option that says that a tunnel's bytes are nobody's business, or NULL; and those of a request
 * to that host. */
const char *session_left_alone(const struct session *s);
const char *session_leaves(const struct session *s, struct slice host, uint16_t port);
/* Whether it is us that it wants to speak with. */
bool session_is_ours(const struct session *s);
void session_tell(struct session *s, enum hook_id id, const char *word, struct slice text);
void session_leave(struct host *h, struct fan *server, struct flow *f, bool reusable);
/* Where a rule wants the session's own target to be; empty: where it is. */
struct slice session_to(const struct session *s);
/* A flow of the handshake with the client. NULL without memory. */
struct flow *session_tls_flow(struct session *s) MUST_CHECK;
/* Into the list of flows. */
void session_record(struct session *s, struct flow *f);

/* The ClientHello: a flow on which rules and people act, while there is one. */

/* Whether any of them may. */
bool session_hello_wanted(const struct session *s);
enum ask_result session_hello_begin(struct session *s, struct ask *a);
void session_hello_cancel(struct session *s);
/* The flow, or NULL. It lives until the handshake is over, or the tunnel that it became. */
struct flow *session_hello_flow(const struct session *s);
/* A flow of a tunnel in its place; 'passed', which may be NULL, is why its bytes are not kept.
 * false without memory. */
bool session_hello_tunnel(struct session *s, const char *scheme, const char *passed) MUST_CHECK;
/* The client's TLS is left closed. */
enum ask_result session_pass(struct session *s, struct ask *a, const char *why);
/* The client's half of a relay between it and the server, whose connection was opened raw, or
 * failed ('why'): then, and without memory, the flow fails, and it is NULL. */
struct layer *session_tunnel_half(struct session *s, struct upstream *u, const struct failure *why);
/* It fails, and is over. */
void session_hello_fail(struct session *s, const struct failure *why);
/* It is over: recorded when something acted on it. */
void session_hello_end(struct session *s);
/* The connection is closed before that. */
void session_hello_cut(struct session *s);
/* It was recorded. */
void session_hello_forget(struct session *s);
void session_hello_kill(struct session *s, struct slice by);

/* HTTP on top of the client's chain, in the version s->h2. */
bool session_push_http(struct session *s) MUST_CHECK;
/* Layers of it that are not on a chain yet. false without memory. */
bool session_http_layers(struct session *s, struct layer **http, struct layer **fan) MUST_CHECK;
