/* What OpenSSL's verifier lets pass: checks over the chain that it has built. Inside pki. */
#pragma once

#include "base/slice.h"
#include "pki/verdict.h"

#include <openssl/x509.h>

/* Leaf first, trust anchor last. Work is linear in the chain's bytes. All set *v and return false
 * on a fault. */
bool trust_check_leaked(const STACK_OF(X509) * chain, struct verdict *v);
/* Whether its key is of a kind and size that we take. */
bool trust_key_is_usable(X509 *cert);
bool trust_check_chain(const STACK_OF(X509) * chain, struct verdict *v);
/* Whether a name of the certificate covers the host: SAN only, addresses by address (RFC 6125
 * section 6.4). */
bool trust_check_name(X509 *leaf, struct slice host, struct verdict *v);
