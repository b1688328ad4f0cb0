/* Makes a new authority: key pair and self-signed certificate. */
#pragma once

#include "pki/ca.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* "rsa:2048" and the like; NULL is the default. Returns owned. */
EVP_PKEY *ca_make_key(const char *key_type, struct err *e) MUST_CHECK;
/* *key and *cert are owned by the caller after. */
bool ca_make(const struct ca_options *o, EVP_PKEY **key, X509 **cert, struct err *e) MUST_CHECK;
/* SHA-256, or SHA-384 for a P-384 key. */
const EVP_MD *ca_digest(const EVP_PKEY *key);

/* As in OpenSSL's configuration files: "keyUsage", "critical,keyCertSign". */
bool ca_add_extension(X509 *cert, X509 *issuer, const char *name, const char *value) MUST_CHECK;
/* Sets a random serial number of 16 bytes, positive and without a redundant zero in front. */
bool ca_random_serial(X509 *cert) MUST_CHECK;
