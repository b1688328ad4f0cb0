/* The own signatures of roots: verified once for each, not for each connection. */
#pragma once

#include "base/base.h"

#include <openssl/x509.h>
#include <stdbool.h>

#define ANCHORS_KNOWN 16

/* Roots whose own signature is good. They are never forgotten: who is not among them is verified
 * each time. A zeroed one is empty. Any thread may use it. */
struct anchors {
    _Atomic(X509 *) known[ANCHORS_KNOWN]; /* references */
};

void anchors_release(struct anchors *a);
/* The context has built and verified a path. Whether its root, if it is signed by itself, has a
 * good signature and may sign; otherwise the context ends with the error, as with OpenSSL's
 * X509_V_FLAG_CHECK_SS_SIGNATURE. */
bool anchors_hold(struct anchors *a, X509_STORE_CTX *ctx) MUST_CHECK;
