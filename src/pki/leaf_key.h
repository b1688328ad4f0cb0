/* The keys that all forged certificates share, and the extensions that go with them. Inside
 * pki. */
#pragma once

#include "pki/leaf.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* Made on the first call and kept for the life of the process; NULL: OpenSSL could not make it. RSA
 * takes about 0.2 s. Any thread. Returns borrowed. */
EVP_PKEY *leaf_key_get(enum leaf_key kind);
