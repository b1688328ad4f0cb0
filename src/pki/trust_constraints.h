/* Name constraints where OpenSSL is lenient (RFC 5280 section 4.2.1.10). Inside pki. */
#pragma once

#include "pki/verdict.h"

#include <openssl/x509.h>

/* Refuses constraints that are empty or have a wildcard in them, and a wildcard name of the leaf
 * that reaches into an excluded name. Leaf first. */
bool trust_check_constraints(const STACK_OF(X509) * chain, struct verdict *v);
