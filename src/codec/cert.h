/*
 * What a certificate says of itself (RFC 5280), read out of its DER form: for searching and for
 * showing what was recorded. Nothing is verified here; who decides by a certificate asks pki/.
 */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#include <stdint.h>

struct cert {
    struct slice subject, issuer; /* names: what is in the sequence */
    struct slice alt_names; /* the same of the alternative names of the subject; may be empty */
    uint64_t not_before, not_after; /* seconds since 1970 */
};

/* Slices point into 'der'. false, and *out untouched, when it is no certificate. */
bool cert_read(struct slice der, struct cert *out) MUST_CHECK;

/* These call fn with each text until it returns true, and return that. */
typedef bool cert_each_fn(void *arg, struct slice text);
/* The values of the attributes of a name; 'common' only those that are common names. */
bool cert_each_attribute(struct slice name, bool common, cert_each_fn *fn, void *arg);
/* DNS names, addresses of mail, URIs; addresses of IP as they are usually written. */
bool cert_each_alt_name(const struct cert *c, cert_each_fn *fn, void *arg);
