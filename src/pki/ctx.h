/*
 * TLS contexts and connections by policy: one SSL_CTX per role and policy, never per host (130 us
 * each). AEAD with ephemeral keys and TLS 1.2 and up unless the policy says otherwise; no
 * compression, no renegotiation, no early data. Contexts may be shared by threads once they are set
 * up; an SSL belongs to one thread.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"
#include "pki/verdict.h"

#include <stdint.h>

struct ca;
struct client_cert;
struct leaf;
struct peer_tls;
struct sessions;
struct ssl_ctx_st;
struct ssl_st;

struct ctx_policy {
    uint16_t min, max; /* versions as on the wire (0x0303 is TLS 1.2); 0: unbounded */
    /* OpenSSL's list; names that start with TLS_ choose for TLS 1.3. NULL: ours. */
    const char *ciphers;
    const char *groups; /* "X25519:P-256"; NULL: ours */
};

/* What is used without options: TLS 1.2 and up. A lower 'min' also lowers OpenSSL's security level
 * to 0 and adds CBC ciphers: without, the old versions cannot be spoken. */
#define CTX_POLICY_DEFAULT ((struct ctx_policy){.min = 0x0303})

/* mitmproxy's names: UNBOUNDED SSL3 TLS1 TLS1_1 TLS1_2 TLS1_3; case is ignored. OpenSSL has no SSL
 * 3: it means TLS 1. */
bool ctx_version_parse(struct slice name, uint16_t *version, struct err *e) MUST_CHECK;
/* "TLSv1.3" */
const char *ctx_version_name(int version);

/* Return owned; NULL says which part of the policy is wrong. Before sharing it, the TLS layer may
 * set its ClientHello callback. */
struct ssl_ctx_st *ctx_accept_new(const struct ctx_policy *p, struct err *e) MUST_CHECK;
struct ssl_ctx_st *ctx_connect_new(const struct ctx_policy *p, struct err *e) MUST_CHECK;
/* NULL is allowed. */
void ctx_free(struct ssl_ctx_st *ctx);

/* Accepting. */

/* Returns owned, in accept state, without certificate. */
struct ssl_st *ctx_accept_ssl(struct ssl_ctx_st *ctx, struct err *e) MUST_CHECK;
/* Certificate, key and chain of the leaf, which the SSL keeps. A few microseconds. */
bool ctx_apply_leaf(struct ssl_st *ssl, const struct leaf *leaf, struct err *e) MUST_CHECK;
/* The protocols that we would speak with the client, most wanted first, in the wire form of RFC
 * 7301 (length and name, repeated). Keeps the pointer: *protos must outlive the SSL. Empty: no
 * protocol is chosen. A client that offers none of them gets the alert no_application_protocol. */
void ctx_set_alpn(struct ssl_st *ssl, const struct slice *protos);
/* Tickets of this connection resume only for the same 'identity' (host and SNI: OpenSSL would
 * resume across names). Must be called in the ClientHello callback. */
bool ctx_bind_session(struct ssl_st *ssl, struct slice identity) MUST_CHECK;

/* Connecting. */

/* What one connection asks for, and the verdict. Lives as long as the SSL and does not move. */
struct ctx_target {
    struct slice host;   /* what the certificate must be good for; slices are kept, not copied */
    struct slice sni;    /* empty: none is sent */
    struct slice alpn;   /* wire form; empty: none */
    struct trust *trust; /* borrowed as long as the SSL lives */
    struct ca *own;      /* see trust_query; may be NULL */
    struct client_cert *cert;  /* to present; may be NULL */
    struct sessions *sessions; /* of this thread; NULL: no resumption */
    struct slice session_key;
    struct peer_tls *facts; /* gets the chain when the verdict is bad; may be NULL */
    bool allow;             /* a bad verdict does not end the handshake */
    /* Set when the peer's chain has been judged. Stays VERDICT_NONE when a session is resumed: the
     * verdict was good then, since only sessions with a good one are kept. */
    struct verdict verdict;
};

/* Returns owned, in connect state, with everything of the target applied. */
struct ssl_st *ctx_connect_ssl(struct ssl_ctx_st *ctx, struct ctx_target *target,
                               struct err *e) MUST_CHECK;

/* Frees it without marking the session as not resumable. NULL is allowed. */
void ctx_ssl_free(struct ssl_st *ssl);
