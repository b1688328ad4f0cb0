/*
 * A client and a server that speak TLS with each other in memory: two chains, back to back, driven
 * as io/stream.c does it. The server is a TLS layer in the accept role under the host of the test,
 * the client one in the connect role. On top of each stands a layer that counts, keeps and sends as
 * it is told.
 */
#pragma once

#include "layer/chain.h"

#include <openssl/ssl.h>

/* What stands on top. */
struct tls_top {
    struct layer layer;
    struct tls_end *end;
};

struct tls_end {
    struct host host;
    struct tls_pair *pair;
    struct chain *chain; /* NULL without memory */
    SSL *ssl;            /* the layer's */
    /* What the top has heard. */
    char *got; /* owned */
    size_t got_n, got_cap;
    size_t take;    /* it takes no more than this in all */
    size_t offered; /* bytes of the last offer */
    unsigned starts, eofs, closes;
    bool clean;
    struct failure closed;
    /* What the host has heard. */
    unsigned good, bad; /* calls of secured */
    struct failure failed;
    bool freed_by_host; /* the host frees the chain when it hears of a failure */
    /* What it sends once it is open, heeding chain_full: byte i is (char)(i * 7). */
    size_t to_send, sent;
    const char *greeting; /* or this, at EV_START */
    bool cut;             /* nothing of it reaches the other end any more */
    bool told_end;        /* the other end has heard of our end */
};

struct tls_pair {
    struct turn turn;
    SSL_CTX *accept_ctx, *connect_ctx;
    struct layer_limits limits;
    struct tls_end server, client;
    size_t piece; /* the most that is handed over at once; 0: all of it */
    uint64_t now;
    /* The question of the server. */
    bool wait, no_ssl, no_cert;
    enum tls_way way; /* of the answer; SPEAK: with an SSL */
    uint8_t alert;
    struct layer *instead; /* owned by the layer once it is answered */
    struct ask *asked;     /* waits */
    unsigned asks, cancels;
    char sni[256];
    const char *identity; /* of sessions; NULL: "a" */
    /* The client. */
    const char *name;     /* SNI; NULL: none */
    int verify_error;     /* X509_V_ERR_ that it finds in the certificate; 0: it trusts */
    SSL_SESSION *session; /* owned: the newest; used for the next connection when 'resume' */
    bool resume;
};

/* Contexts and certificates. */
void tls_pair_init(struct tls_pair *p);
/* Both chains, and the first event of each; nothing is handed over yet. */
void tls_pair_open(struct tls_pair *p);
/* Hands over what there is, in both directions, until nothing moves. */
void tls_pair_run(struct tls_pair *p);
/* open and run */
void tls_pair_connect(struct tls_pair *p);
/* One piece from 'from' to the other end; false when there is nothing. */
bool tls_pair_pass(struct tls_pair *p, struct tls_end *from);
/* Bytes of the test's own to an end. */
void tls_pair_input(struct tls_end *to, struct slice bytes);
/* The answer to the question that waits. */
void tls_pair_answer(struct tls_pair *p);
/* Commands of the top, in a turn. */
void tls_pair_send(struct tls_end *e, struct slice bytes);
void tls_pair_tell(struct tls_end *e, enum cmd_type type);
/* Ends the connections; all counts of the ends start over. */
void tls_pair_close(struct tls_pair *p);
void tls_pair_release(struct tls_pair *p);
/* The leaf, DER. */
struct slice tls_pair_leaf(void);
