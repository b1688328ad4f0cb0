/*
 * Certificates for tests, good and bad: a spec says what is in one, an issuer signs it. Everything
 * aborts on failure. Made certificates live until the program ends.
 */
#pragma once

#include "base/slice.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

struct made {
    X509 *cert;
    EVP_PKEY *key;
};

enum made_key {
    MADE_P256,
    MADE_P256_OTHER, /* another pair of the same kind */
    MADE_P384,
    MADE_P224,
    MADE_P256_EXPLICIT, /* curve given by its parameters */
    MADE_SECP256K1,
    MADE_ED25519,
    MADE_RSA1024,
    MADE_RSA2048,
    MADE_RSA2048_OTHER,
    MADE_RSA2052,
    MADE_DSA2048,
    MADE_KEYS,
};

struct made_ext {
    const char *name, *value; /* as in OpenSSL's configuration files; DER:... for raw bytes */
};

struct made_spec {
    const char *cn, *org; /* NULL: none */
    struct slice raw_cn;  /* instead of cn when not empty */
    struct slice raw_dns; /* one more DNS name, any bytes */
    enum made_key key;
    int from_days, to_days; /* from now */
    long version;           /* 2 is version 3 */
    const EVP_MD *md;       /* NULL: SHA-256 */
    const char *serial;     /* hexadecimal, '-' in front allowed; NULL: 1 */
    bool bad_signature;
    struct made_ext ext[12];
};

/* Good ones to start from. */
struct made_spec made_root(const char *cn);
struct made_spec made_intermediate(const char *cn);
struct made_spec made_leaf(const char *host);

/* Sets, replaces or (value NULL) removes an extension. */
void made_set(struct made_spec *spec, const char *name, const char *value);
/* NULL issuer: signed by itself. */
struct made made_cert(const struct made_spec *spec, const struct made *issuer);
/* A key of the kind; the same on every call. */
EVP_PKEY *made_key(enum made_key kind);

/* Up to four certificates, ended by NULL. The stack owns references. */
STACK_OF(X509) * made_chain(X509 *a, X509 *b, X509 *c, X509 *d);
/* PEM of certificates, and of a key when it is not NULL, into a file of the test's folder. Returns
 * its path. */
const char *made_pem(const char *name, EVP_PKEY *key, const STACK_OF(X509) * certs, mode_t mode);

/* An OCSP response for 'cert' (signed by signer, which may be the issuer), DER. status:
 * V_OCSP_CERTSTATUS_. */
struct made_ocsp {
    X509 *cert, *issuer;
    struct made signer;
    int status;
    int from_days, to_days;
};
struct slice made_ocsp(const struct made_ocsp *o);
/* A revocation list of the issuer with 'revoked' on it (NULL: empty), in a file of the test's
 * folder. */
const char *made_crl(const char *name, const struct made *issuer, X509 *revoked, int from_days,
                     int to_days);
