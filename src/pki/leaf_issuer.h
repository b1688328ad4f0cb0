/* The authorities between ours and a leaf, for the faults that lie in them. Inside pki.
 * What they could do in wrong hands: nothing for long, they end within two days; nothing at all for
 * a client without the fault; and their keys are gone as soon as the leaf is signed. */
#pragma once

#include "pki/leaf.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* Who signs a leaf; both owned. */
struct leaf_issuer {
    X509 *cert;
    EVP_PKEY *key; /* NULL: 'ca' itself */
};

/* The one that signs leaves of that fault: 'ca' unless the fault lies between. Those that must be
 * sent along are put in front of 'chain'. Releasing it forgets the key. */
bool leaf_issuer_init(struct leaf_issuer *issuer, const struct ca *ca, enum leaf_fault fault,
                      STACK_OF(X509) * chain, struct err *e) MUST_CHECK;
void leaf_issuer_release(struct leaf_issuer *issuer);
