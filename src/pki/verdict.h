/*
 * The judgement over a certificate chain: one reason, the certificate at fault, and a sentence.
 */
#pragma once

#include "base/base.h"

#include <stdbool.h>

struct x509_st;

/* Reasons to refuse; the words are in verdict.c. */
enum verdict_reason {
    VERDICT_NONE, /* not judged */
    VERDICT_OK,
    VERDICT_EXPIRED,
    VERDICT_NOT_YET_VALID,
    VERDICT_WRONG_HOST,
    VERDICT_NAME_IN_CN_ONLY,
    VERDICT_NO_SAN,
    VERDICT_BAD_NAME, /* NUL bytes, misplaced wildcards, bad syntax in a name */
    VERDICT_SELF_SIGNED,
    VERDICT_UNTRUSTED_ROOT,
    VERDICT_INCOMPLETE_CHAIN,
    VERDICT_NOT_A_CA,
    VERDICT_CA_AS_LEAF,
    VERDICT_PATH_LENGTH,
    VERDICT_NAME_CONSTRAINTS,
    VERDICT_KEY_USAGE,
    VERDICT_EKU,
    VERDICT_UNKNOWN_CRITICAL,
    VERDICT_WEAK_SIGNATURE,
    VERDICT_WEAK_KEY,
    VERDICT_BAD_SIGNATURE,
    VERDICT_REVOKED,
    VERDICT_BAD_STAPLE,
    VERDICT_MUST_STAPLE,
    VERDICT_BAD_CRL,
    VERDICT_OWN_CA,
    VERDICT_LEAKED_KEY,
    VERDICT_VERSION,
    VERDICT_SERIAL,
    VERDICT_MALFORMED,
    VERDICT_TOO_LONG,
    VERDICT_FAILED, /* none of the others: OpenSSL's own words are in the text */
    VERDICT_COUNT,
};

struct verdict {
    enum verdict_reason reason;
    int depth; /* of the certificate at fault: 0 is the leaf */
    /* A sentence that names it, without control bytes but HTAB: expired: intermediate 'X' ended
     * 2026-01-02. When the reason is VERDICT_OK: empty, or what is odd nevertheless. */
    char text[320];
    /* What the stapled OCSP response says: none, good, revoked, unknown, or useless (no proof of
     * anything). NULL: the chain was refused before it was looked at. */
    const char *ocsp;
};

/* "expired", "wrong-host": stable, for people and programs. */
const char *verdict_word(enum verdict_reason reason);
/* What to know about it: a sentence or two for the page that a person sees. */
const char *verdict_help(enum verdict_reason reason);
/* The X509_V_ERR code which makes OpenSSL send the fitting alert. */
int verdict_x509_error(enum verdict_reason reason);

/* Sets reason, depth and text ("word: role 'name' " and the rest) and returns false. */
bool verdict_fail(struct verdict *v, enum verdict_reason reason, int depth, struct x509_st *cert,
                  const char *fmt, ...) PRINTF_LIKE(5, 6);
