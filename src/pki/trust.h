/*
 * Whether a certificate chain may speak for a host: the roots, the revocation lists, and the
 * judgement. OpenSSL builds and verifies the chain (strict flags, security level 2); then the built
 * chain is checked for what OpenSSL lets pass: names from the SAN only, no authority as leaf, EKU
 * present and right, version 3, key kinds and sizes, serial form, name constraints, revocation by
 * staple, certificates of our own authority. Where certificates share a name, other paths are tried
 * when the first is bad. RFC 5280, RFC 6125, RFC 7633. Work is bounded.
 *
 * A struct trust does not change once it is made; any thread may hold references and verify.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"
#include "pki/verdict.h"

#include <time.h>

struct ca;
struct stack_st_X509;
struct trust;
struct x509_st;

struct trust_options {
    /* FILE of PEM certificates or DIR of them; NULL: the roots of the system. SSL_CERT_FILE and
     * SSL_CERT_DIR, which OpenSSL honours, choose other system roots. */
    const char *ca;
    /* FILE of PEM revocation lists; NULL: none. Issuers with a list in it are checked. */
    const char *crl;
};

struct trust_query {
    struct stack_st_X509 *chain; /* as the peer sent it, leaf first */
    struct slice host;           /* name (A-label) or IP literal without brackets */
    time_t at;                   /* 0: now */
    struct slice staple;         /* OCSP response, DER; empty: none */
    bool staple_later;           /* it may still come (TLS 1.2): its absence is no fault yet */
    struct ca *own;              /* what it signed is refused; NULL: nobody */
};

#define TRUST_MAX_DEPTH        8
#define TRUST_MAX_CERTS        32
#define TRUST_MAX_PATHS        16 /* that are tried where certificates share a name */
#define TRUST_MAX_CHAIN_BYTES  (128 * 1024u)
#define TRUST_MAX_STAPLE_BYTES (64 * 1024u)

/* Returns owned, or NULL: a file cannot be read, or has no certificate in it. Reads the roots: tens
 * of milliseconds. */
struct trust *trust_new(const struct trust_options *o, struct err *e) MUST_CHECK;
struct trust *trust_ref(struct trust *t);
/* NULL is allowed. */
void trust_unref(struct trust *t);

/* Sets *v in any case; true when the reason is VERDICT_OK. Never crashes, loops or waits, whatever
 * the chain is. */
bool trust_verify(struct trust *t, const struct trust_query *q, struct verdict *v);
