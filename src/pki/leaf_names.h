/* The names of a forged certificate: subject and subject alternative names. Inside pki. */
#pragma once

#include "pki/leaf.h"

#include <openssl/x509v3.h>

/* Returns owned; NULL: no memory. Never empty when host is valid. */
GENERAL_NAMES *leaf_names_alt(const struct leaf_spec *spec);
/* Fills the subject: O and CN as the upstream has them, CN from the names when it has none. Stays
 * empty when nothing fits. */
bool leaf_names_subject(X509 *cert, const struct leaf_spec *spec,
                        const GENERAL_NAMES *alt) MUST_CHECK;
