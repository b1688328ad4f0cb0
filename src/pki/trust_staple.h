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
    /* Set by the check. */
    const char *state; /* see struct verdict */
    const char *note;  /* what is wrong with a response that cannot be relied on, else NULL */
};

/* Refuses a revoked certificate, and one that demands a response without a good one. A response
 * that cannot be relied on is otherwise no fault. */
bool trust_check_staple(const STACK_OF(X509) * chain, struct staple *staple, struct verdict *v);
