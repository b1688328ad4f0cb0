/* Revocation by a stapled OCSP response (RFC 6960, RFC 6066 section 8, RFC 7633). Inside pki. */
#pragma once

#include "base/slice.h"
#include "pki/verdict.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <time.h>

struct staple {
    struct slice der; /* empty: none came */
    bool later;       /* it may still come */
    time_t at;
};

/* Refuses a revoked certificate, and one that demands a response without a good one. A response
 * that cannot be relied on is otherwise no fault: *note says what is wrong with it, or stays NULL.
 */
bool trust_check_staple(const STACK_OF(X509) * chain, const struct staple *staple,
                        const char **note, struct verdict *v);
