/* OpenSSL's verification errors as reasons of ours. Inside pki. */
#pragma once

#include "pki/verdict.h"

#include <openssl/x509.h>

/* Sets *v from the error that the context ended with, and returns false. */
bool trust_error_verdict(X509_STORE_CTX *ctx, struct verdict *v);
