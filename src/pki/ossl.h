/* Small things around OpenSSL: cleanup functions for AUTO, and its error queue as an err. Inside
 * pki and cli only. */
#pragma once

#include "base/err.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/* Sets *e to the text with OpenSSL's newest reason behind it, empties its queue, and returns false.
 */
bool ossl_fail(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

void ossl_free_x509(X509 **cert);
void ossl_free_pkey(EVP_PKEY **key);
void ossl_free_bio(BIO **bio);
void ossl_free_chain(STACK_OF(X509) * *chain);
void ossl_free_names(GENERAL_NAMES **names);
