/*
 * One connection as the flows that used it see it: addresses, TLS facts, times. Written by the
 * thread of the connection, until the first flow that refers to it is handed over; read-only from
 * then on, but for its end. Times are wall clock, in nanoseconds since 1970, 0 for "did not
 * happen".
 */
#pragma once

#include "base/block.h"
#include "base/slice.h"
#include "codec/head.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PEER_CERTS_MAX 16

/* What the handshake on one side agreed on. */
struct peer_tls {
    char version[12]; /* "TLSv1.3" */
    char cipher[64];  /* OpenSSL's name */
    char group[32];   /* key exchange group, "" when unknown */
    char alpn[32];
    char *sni;             /* owned; as the client sent it; NULL for none */
    char ja3[33], ja4[37]; /* of the ClientHello that we received; "" on the server's side */
    bool resumed;
    char verdict[32];   /* server's side: the reason word of the verification, "ok" when good */
    char *verdict_text; /* owned; NULL for none */
    char ocsp[12]; /* server's side: none, good, revoked, unknown, useless; "": not looked at */
    struct block *certs[PEER_CERTS_MAX]; /* DER: what the server showed, or what we showed to the
                                            client; leaf first */
    unsigned n_certs;
};

#define PEER_SETTINGS_MAX   16
#define PEER_PRIORITIES_MAX 8

/* How a client of HTTP/2 began: by that it is recognised. */
struct peer_h2 {
    struct {
        uint16_t id;
        uint32_t value;
    } settings[PEER_SETTINGS_MAX]; /* in their order */
    unsigned n_settings;
    uint32_t window; /* what it added to the window of the connection */
    struct {
        uint32_t stream;
        struct priority priority;
    } priorities[PEER_PRIORITIES_MAX]; /* PRIORITY frames before the first request */
    unsigned n_priorities;
};

struct peer {
    atomic_uint refs;
    uint64_t id;    /* connection id, unique in the process */
    char local[64]; /* "127.0.0.1:8080", "[::1]:8080" */
    char remote[64];
    char *host; /* owned; server's side: as asked for, before resolution; else NULL */
    uint16_t port;
    uint64_t opened, resolved, connected, secured;
    struct peer_tls *tls;           /* owned; NULL without TLS */
    struct peer_h2 *h2;             /* owned; of clients that speak HTTP/2, else NULL */
    _Atomic(const char *) ended_by; /* see peer_end; NULL: it goes on. Any thread may look */
    _Atomic uint64_t ended;
};

/* One reference, fresh id. NULL without memory. */
struct peer *peer_new(void) MUST_CHECK;
/* A new one with the id, addresses and times of this one, and without the facts of TLS and HTTP/2.
 * NULL without memory. */
struct peer *peer_copy(const struct peer *p) MUST_CHECK;
struct peer *peer_ref(struct peer *p);
/* NULL is allowed. Any thread. */
void peer_unref(struct peer *p);
/* It has ended, by a static word: "client-closed", "server-closed", another reason; "weir" when we
 * close it, "connection-close" after a message that said so, "goaway", "idle". The first one
 * counts. */
void peer_end(struct peer *p, uint64_t wall, const char *by);
/* Replaces one of the owned texts by a copy, to the first NUL; NULL for an empty one or without
 * memory. */
void peer_set_text(char **text, struct slice s);
/* The facts of TLS and of HTTP/2, made when there are none yet. NULL without memory. */
struct peer_tls *peer_need_tls(struct peer *p) MUST_CHECK;
struct peer_h2 *peer_need_h2(struct peer *p) MUST_CHECK;
