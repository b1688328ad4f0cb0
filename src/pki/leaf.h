/*
 * A forged certificate for one host: mirrors the names of the upstream's certificate, is signed by
 * our authority, and has one of the two keys that the whole process shares (P-256, RSA-2048; made
 * when first needed). Immutable and counted: any thread may hold references.
 */
#pragma once

#include "base/block.h"
#include "base/err.h"
#include "base/slice.h"
#include "pki/leaf_fault.h"

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

struct ca;
struct evp_pkey_st;
struct stack_st_X509;
struct x509_st;

enum leaf_key { LEAF_ECDSA, LEAF_RSA, LEAF_RSA_1024 /* for LEAF_WEAK_KEY alone */ };

struct leaf_spec {
    struct slice host;        /* where the client wants to go: A-label or IP literal, no brackets */
    struct slice sni;         /* empty when the client sent none */
    struct x509_st *upstream; /* borrowed; NULL when unknown: the names are host and sni alone */
    enum leaf_key key;
    enum leaf_fault fault;
    /* "http://weir.it/crl/": used when the upstream names a revocation list; NULL: never. */
    const char *crl_base;
    uint64_t client; /* whom it is for: see mint_limit; no part of the leaf */
};

struct leaf {
    atomic_uint refs;
    struct x509_st *cert;
    struct block *der; /* the same, as it is sent */
    struct evp_pkey_st *key;
    struct stack_st_X509 *chain; /* to send behind it; may be empty */
    bool parsed;                 /* see leaf_parsed */
    bool weak;                   /* see leaf_fault_is_weak */
    time_t renew; /* when another should be made: within a day, while this one is good */
};

#define LEAF_MAX_NAMES      2000         /* of subject alternative names; more are left out */
#define LEAF_MAX_NAME_BYTES (64 * 1024u) /* of all of them together */
#define LEAF_MAX_DAYS       199          /* in all: clients refuse more than 200 from 2026 on */

/* Returns owned, or NULL: a bad host name, one that cannot have the fault, or no memory. About 0.5
 * ms under an RSA-2048 CA. The fault md5 needs an authority with an RSA key. */
struct leaf *leaf_mint(struct ca *ca, const struct leaf_spec *wanted, struct err *e) MUST_CHECK;
/* The same for those that are used again. A certificate that was parsed keeps its encoding; one
 * that was made is encoded anew for each handshake, but to parse it takes as long as three of
 * these. Returns owned, or NULL without memory. */
struct leaf *leaf_parsed(const struct leaf *leaf) MUST_CHECK;
struct leaf *leaf_ref(struct leaf *leaf);
/* NULL is allowed. */
void leaf_unref(struct leaf *leaf);

/* Whether a leaf may be made for it: a host name of at most 253 bytes in labels of letters, digits,
 * '-' and '_', or an IP literal. No NUL, no wildcard, no empty label. */
bool leaf_host_check(struct slice host, struct err *e) MUST_CHECK;
