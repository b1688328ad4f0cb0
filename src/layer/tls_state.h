/* The TLS layer's inside, for its own files. */
#pragma once

#include "base/buf.h"
#include "codec/hello.h"
#include "layer/tls.h"

#include <openssl/ssl.h>

enum tls_state {
    TLS_HELLO,     /* accept: the ClientHello is not all there */
    TLS_ASKED,     /* accept: the host looks for an answer */
    TLS_HANDSHAKE,
    TLS_OPEN,
    TLS_DEAD,      /* what still comes is dropped */
};

/* The ClientHello with the bytes that it points to. */
struct tls_hello {
    struct hello hello;
    struct buf raw, scratch;
};

struct tls {
    struct layer layer;
    enum role role;
    enum tls_state state;
    SSL *ssl;
    struct ask ask;
    struct tls_hello *hello; /* until the handshake has ended */
    struct slice in;         /* what OpenSSL may read, during an event */
    struct buf held;         /* plaintext that was not taken */
    struct buf out;          /* plaintext that waits, to leave in one record */
    bool eof;                /* the transport has ended */
    bool eof_up;             /* and that was said */
    bool got_data;           /* some plaintext came */
    unsigned key_updates;    /* since the last plaintext */
};

static inline struct tls *
tls_of(struct layer *l)
{
    return container_of(l, struct tls, layer);
}

/* Joins the SSL to the layer below. false without memory. */
bool tls_bio_attach(struct tls *t) MUST_CHECK;
/* JA3 and JA4, noted in the facts of the connection. */
void tls_facts_hello(struct tls *t);
/* What the handshake agreed on. */
void tls_facts_fill(struct tls *t);
/* Fills in why the last call of OpenSSL failed, out of its error queue. */
void tls_failure(struct tls *t, struct failure *why);
