/*
 * One connection to a server: dialled, perhaps with TLS, then HTTP on it; leased to one exchange at
 * a time and kept in the pool between them. With HTTP/2 it leaves the pool for ever with its first
 * exchange: see session_h2.h.
 */
#pragma once

#include "base/list.h"
#include "io/dial.h"
#include "layer/fan.h"
#include "pki/ctx.h"
#include "proxy/setup.h"

struct worker;

#define UPSTREAM_KEY_MAX 800

/* What a connection is for: equal keys may share one. */
struct upstream_spec {
    struct setup *setup;
    struct slice host; /* without brackets */
    uint16_t port;
    bool tls;
    bool raw;         /* for one tunnel: never shared, never kept */
    struct slice sni; /* what the client sent; empty: the host, when it is a name */
    bool h2;          /* HTTP/2 is offered with TLS, and spoken in clear */
};

enum upstream_state { UPSTREAM_OPENING, UPSTREAM_IDLE, UPSTREAM_LEASED, UPSTREAM_DEAD };

/* Somebody who waits for a connection. Embedded; 'done' is called once, later, and not any more
 * after pool_forget; 'why' is NULL when 'up' is ready, else 'up' is what was tried, or NULL. The
 * slices of the spec live as long as the waiter. */
struct waiter {
    struct upstream_spec spec;
    struct list node;    /* in the pool's queue while it waits for a place */
    struct upstream *up; /* the connection that is being opened for it */
    void (*done)(struct waiter *w, struct upstream *up, const struct failure *why);
};

struct upstream {
    struct host host;
    struct worker *worker;
    struct setup *setup;  /* a reference */
    struct pool_host *at; /* the row of the pool that counts it; NULL when it is being closed */
    enum upstream_state state;
    bool killed;      /* whoever loses a seat on it by that may well want it closed */
    struct list node; /* in at->idle, at->opening or worker->away */
    struct chain *chain;
    struct fan *fan; /* NULL before it is ready for requests */
    struct peer *peer;
    struct dial *dial;
    struct ssl_st *ssl; /* until the TLS layer owns it */
    struct ctx_target target;
    struct x509_st *cert; /* of the server: a reference */
    struct waiter *waiter;
    struct failure why;
    uint64_t idle_since;
    void *bound; /* the session that alone may use it (connection-bound authentication) */
    bool tls, raw, connected, secured;
    bool offers_h2, h2;       /* HTTP/2 is offered (in clear: spoken), was chosen */
    struct list owned;        /* in the session that it belongs to */
    char name[256], sni[256]; /* host, server name */
    char key[UPSTREAM_KEY_MAX];
    struct dying dying;
};

/* Begins to connect. NULL without memory. */
struct upstream *upstream_open(struct worker *w, const struct upstream_spec *s,
                               struct pool_host *at) MUST_CHECK;
/* TLS begins on a raw one, below what is on it: as if it were being opened, for 'w' by its spec.
 * The chain must not be closed. false without memory, or when TLS cannot be set up. */
bool upstream_secure(struct upstream *u, struct waiter *w) MUST_CHECK;
/* Takes it off its row and closes it in the proper way, which may take a moment. */
void upstream_close(struct upstream *u);
/* The same, at once. */
void upstream_kill(struct upstream *u);
/* The connection whose fan it is. */
struct upstream *upstream_of(struct fan *f);
/* "host:port:tls:sni:setup:h2". */
void upstream_key(const struct upstream_spec *s, char out[UPSTREAM_KEY_MAX]);
