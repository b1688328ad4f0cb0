/* OpenSSL's verification errors as reasons of ours. */
#include "pki/trust_error.h"
#include "base/buf.h"
#include "pki/cert_print.h"
#include "pki/ossl.h"

#include <time.h>

struct row {
    int error; /* X509_V_ERR_ */
    enum verdict_reason reason;
    const char *says; /* NULL: OpenSSL's words */
};

static const struct row rows[] = {
    {X509_V_ERR_CERT_NOT_YET_VALID, VERDICT_NOT_YET_VALID, NULL},
    {X509_V_ERR_CERT_HAS_EXPIRED, VERDICT_EXPIRED, NULL},
    {X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, VERDICT_MALFORMED, NULL},
    {X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD, VERDICT_MALFORMED, NULL},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, VERDICT_SELF_SIGNED, "is signed by itself"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, VERDICT_UNTRUSTED_ROOT, "is not among the trusted ones"},
    {X509_V_ERR_CERT_UNTRUSTED, VERDICT_UNTRUSTED_ROOT, "is not trusted for servers"},
    {X509_V_ERR_CERT_REJECTED, VERDICT_UNTRUSTED_ROOT, "is marked as not to be trusted"},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, VERDICT_TOO_LONG, "has too many certificates above it"},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, VERDICT_BAD_SIGNATURE, NULL},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, VERDICT_BAD_SIGNATURE,
     "has a signature that its issuer did not make"},
    {X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH, VERDICT_BAD_SIGNATURE, NULL},
    {X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY, VERDICT_BAD_SIGNATURE, NULL},
    {X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM, VERDICT_WEAK_SIGNATURE, NULL},
    {X509_V_ERR_CA_MD_TOO_WEAK, VERDICT_WEAK_SIGNATURE, NULL},
    {X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, VERDICT_WEAK_KEY, NULL},
    {X509_V_ERR_EE_KEY_TOO_SMALL, VERDICT_WEAK_KEY, NULL},
    {X509_V_ERR_CA_KEY_TOO_SMALL, VERDICT_WEAK_KEY, NULL},
    {X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, VERDICT_WEAK_KEY, "has a key on an unnamed curve"},
    {X509_V_ERR_INVALID_CA, VERDICT_NOT_A_CA, "may not sign others"},
    {X509_V_ERR_NO_ISSUER_PUBLIC_KEY, VERDICT_WEAK_KEY, NULL},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, VERDICT_KEY_USAGE, "has a key that may not sign others"},
    {X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA, VERDICT_KEY_USAGE,
     "may sign others without being an authority"},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, VERDICT_PATH_LENGTH,
     "has more authorities below it than it allows"},
    {X509_V_ERR_INVALID_NON_CA, VERDICT_CA_AS_LEAF, NULL},
    {X509_V_ERR_PERMITTED_VIOLATION, VERDICT_NAME_CONSTRAINTS,
     "has a name that an authority above it may not speak for"},
    {X509_V_ERR_EXCLUDED_VIOLATION, VERDICT_NAME_CONSTRAINTS,
     "has a name that an authority above it excludes"},
    {X509_V_ERR_SUBTREE_MINMAX, VERDICT_NAME_CONSTRAINTS, NULL},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, VERDICT_NAME_CONSTRAINTS, NULL},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, VERDICT_NAME_CONSTRAINTS, NULL},
    {X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, VERDICT_NAME_CONSTRAINTS, NULL},
    {X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3, VERDICT_VERSION,
     "has the extensions of version 3 under another number"},
    {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, VERDICT_UNKNOWN_CRITICAL, NULL},
    {X509_V_ERR_CERT_REVOKED, VERDICT_REVOKED, "is on its issuer's revocation list"},
    {X509_V_ERR_CRL_SIGNATURE_FAILURE, VERDICT_BAD_CRL, NULL},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, VERDICT_BAD_CRL, NULL},
    {X509_V_ERR_CRL_NOT_YET_VALID, VERDICT_BAD_CRL, "has a revocation list of the future"},
    {X509_V_ERR_CRL_HAS_EXPIRED, VERDICT_BAD_CRL, "has a revocation list that is too old"},
    {X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, VERDICT_BAD_CRL, NULL},
    {X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, VERDICT_BAD_CRL, NULL},
    {X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, VERDICT_BAD_CRL, NULL},
    {X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, VERDICT_BAD_CRL, NULL},
    {X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, VERDICT_BAD_CRL, NULL},
    {X509_V_ERR_CRL_PATH_VALIDATION_ERROR, VERDICT_BAD_CRL, NULL},
    {X509_V_ERR_DIFFERENT_CRL_SCOPE, VERDICT_BAD_CRL, NULL},
    {X509_V_ERR_OUT_OF_MEM, VERDICT_FAILED, NULL},
    {X509_V_ERR_UNSPECIFIED, VERDICT_FAILED, NULL},
};

static bool
fail_dated(X509 *cert, int depth, enum verdict_reason reason, struct verdict *v)
{
    bool ended = reason == VERDICT_EXPIRED;
    struct tm tm;
    char date[24] = "an unknown day";
    const ASN1_TIME *t = ended ? X509_get0_notAfter(cert) : X509_get0_notBefore(cert);
    if (ASN1_TIME_to_tm(t, &tm) == 1)
        strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &tm);
    return verdict_fail(v, reason, depth, cert, "%s %s", ended ? "ended" : "begins only on", date);
}

/* A certificate with the name of the issuer that the server sent all the same, or NULL. */
static X509 *
find_namesake(X509_STORE_CTX *ctx, X509 *cert)
{
    const STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(ctx);
    for (int i = 0; i < sk_X509_num(sent); i++) {
        X509 *other = sk_X509_value(sent, i);
        if (X509_NAME_cmp(X509_get_subject_name(other), X509_get_issuer_name(cert)) == 0)
            return other;
    }
    return NULL;
}

static void
issuer_text(X509 *cert, char out[128])
{
    struct buf name;
    const X509_NAME *issuer = X509_get_issuer_name(cert);
    int at = X509_NAME_get_index_by_NID(issuer, NID_commonName, -1);
    buf_init(&name, 1024);
    cert_attribute(&name, issuer, at < 0 ? X509_NAME_entry_count(issuer) - 1 : at, 80);
    snprintf(out, 128, "%s", buf_str(&name));
    buf_release(&name);
}

/* The issuer of 'cert' was not found. A certificate that says where to get its issuer is usually
 * below an intermediate that the server has forgotten; otherwise the issuer is a root that is not
 * trusted. */
static bool
fail_no_issuer(X509_STORE_CTX *ctx, X509 *cert, int depth, struct verdict *v)
{
    char issuer[128];
    X509 *namesake = find_namesake(ctx, cert);
    bool incomplete = depth == 0 && X509_get_ext_by_NID(cert, NID_info_access, -1) >= 0;
    issuer_text(cert, issuer);
    /* OpenSSL finds no issuer for, and no issuer in, a certificate that it cannot read. */
    if (X509_get_extension_flags(cert) & EXFLAG_INVALID)
        return verdict_fail(v, VERDICT_MALFORMED, depth, cert, "has malformed extensions");
    if (namesake && (X509_get_extension_flags(namesake) & EXFLAG_INVALID))
        return verdict_fail(v, VERDICT_MALFORMED, depth + 1, namesake, "has malformed extensions");
    if (namesake)
        return verdict_fail(v, VERDICT_UNTRUSTED_ROOT, depth, cert,
                            "is signed by '%s', but not by the one of that name that was sent",
                            issuer);
    if (incomplete)
        return verdict_fail(v, VERDICT_INCOMPLETE_CHAIN, depth, cert,
                            "is signed by '%s', whose certificate the server did not send", issuer);
    return verdict_fail(v, VERDICT_UNTRUSTED_ROOT, depth, cert,
                        "is signed by '%s', which is not among the trusted roots", issuer);
}

/* OpenSSL says "unsuitable purpose" for several things. */
static bool
fail_purpose(X509 *cert, int depth, struct verdict *v)
{
    uint32_t flags = X509_get_extension_flags(cert);
    if ((flags & EXFLAG_XKUSAGE) && !(X509_get_extended_key_usage(cert) & XKU_SSL_SERVER))
        return verdict_fail(v, VERDICT_EKU, depth, cert, "is not for servers");
    if (depth > 0 && X509_check_ca(cert) == 0)
        return verdict_fail(v, VERDICT_NOT_A_CA, depth, cert, "may not sign others");
    return verdict_fail(v, VERDICT_KEY_USAGE, depth, cert, "has a key that is not for TLS servers");
}

/* Version 1 certificates cannot say that they are authorities. */
static bool
fail_invalid_ca(X509 *cert, int depth, struct verdict *v)
{
    if (X509_get_version(cert) != X509_VERSION_3)
        return verdict_fail(v, VERDICT_VERSION, depth, cert, "is of version %ld",
                            X509_get_version(cert) + 1);
    uint32_t flags = X509_get_extension_flags(cert);
    if ((flags & EXFLAG_CA) && (flags & EXFLAG_KUSAGE) &&
        !(X509_get_key_usage(cert) & KU_KEY_CERT_SIGN))
        return verdict_fail(v, VERDICT_KEY_USAGE, depth, cert,
                            "has a key that may not sign others");
    return verdict_fail(v, VERDICT_NOT_A_CA, depth, cert, "may not sign others");
}

static bool
fail_from_table(int error, X509 *cert, int depth, struct verdict *v)
{
    const char *says = X509_verify_cert_error_string(error);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].error == error)
            return verdict_fail(
                v, rows[i].reason, depth, cert, "%s%s",
                rows[i].says ? "" : "is refused: ", rows[i].says ? rows[i].says : says);
    /* The strict checks of RFC 5280's profile have many codes. */
    return verdict_fail(v, VERDICT_MALFORMED, depth, cert, "breaks the rules: %s", says);
}

bool
trust_error_verdict(X509_STORE_CTX *ctx, struct verdict *v)
{
    int error = X509_STORE_CTX_get_error(ctx), depth = X509_STORE_CTX_get_error_depth(ctx);
    X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
    if (!cert)
        return verdict_fail(v, VERDICT_FAILED, 0, NULL, "%s", X509_verify_cert_error_string(error));
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return fail_dated(cert, depth, VERDICT_EXPIRED, v);
    case X509_V_ERR_CERT_NOT_YET_VALID: return fail_dated(cert, depth, VERDICT_NOT_YET_VALID, v);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return fail_no_issuer(ctx, cert, depth, v);
    case X509_V_ERR_INVALID_PURPOSE: return fail_purpose(cert, depth, v);
    case X509_V_ERR_INVALID_CA: return fail_invalid_ca(cert, depth, v);
    default: return fail_from_table(error, cert, depth, v);
    }
}
