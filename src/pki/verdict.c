/* The judgement over a certificate chain: words, explanations, alerts. */
#include "pki/verdict.h"
#include "base/buf.h"
#include "pki/cert_print.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdarg.h>

struct verdict_row {
    const char *word;
    int x509_error;
    const char *help;
};

static const struct verdict_row rows[VERDICT_COUNT] = {
    [VERDICT_NONE] = {"not-judged", X509_V_ERR_UNSPECIFIED,
                      "The certificate has not been looked at."},
    [VERDICT_OK] = {"ok", X509_V_OK, "The certificate is good for this host."},
    [VERDICT_EXPIRED] = {"expired", X509_V_ERR_CERT_HAS_EXPIRED,
                         "A certificate of the chain has ended. Its owner must renew it; if it "
                         "should still be good, look at the clock of this machine."},
    [VERDICT_NOT_YET_VALID] = {"not-yet-valid", X509_V_ERR_CERT_NOT_YET_VALID,
                               "A certificate of the chain begins in the future. Look at the clock "
                               "of this machine and of the one that made it."},
    [VERDICT_WRONG_HOST] = {"wrong-host", X509_V_ERR_HOSTNAME_MISMATCH,
                            "The certificate is for other names than the one that was asked for: "
                            "another site answers, or a name is missing in the certificate."},
    [VERDICT_NAME_IN_CN_ONLY] = {"name-in-cn-only", X509_V_ERR_HOSTNAME_MISMATCH,
                                 "The name stands only in the subject's common name, which clients "
                                 "no longer read. It must be a subject alternative name."},
    [VERDICT_NO_SAN] = {"no-san", X509_V_ERR_HOSTNAME_MISMATCH,
                        "The certificate has no subject alternative name, so that it is good for "
                        "no host at all."},
    [VERDICT_BAD_NAME] = {"bad-name", X509_V_ERR_UNSUPPORTED_NAME_SYNTAX,
                          "A name in the certificate is not a host name: NUL or other bytes in it "
                          "may be meant to deceive."},
    [VERDICT_SELF_SIGNED] = {"self-signed", X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
                             "The server has signed its certificate itself, and it is not among "
                             "the trusted ones."},
    [VERDICT_UNTRUSTED_ROOT] = {"untrusted-root", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                                "The chain ends at an authority that is not among the trusted "
                                "roots."},
    [VERDICT_INCOMPLETE_CHAIN] = {"incomplete-chain", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                                  "The server did not send its intermediate certificate. Some "
                                  "clients fetch or remember it; others fail, and so does this."},
    [VERDICT_NOT_A_CA] = {"not-a-ca", X509_V_ERR_INVALID_CA,
                          "A certificate that may not sign others has signed one."},
    [VERDICT_CA_AS_LEAF] = {"ca-as-leaf", X509_V_ERR_INVALID_PURPOSE,
                            "The server shows the certificate of an authority as its own."},
    [VERDICT_PATH_LENGTH] = {"path-length", X509_V_ERR_PATH_LENGTH_EXCEEDED,
                             "There are more authorities below one another than one of them "
                             "allows."},
    [VERDICT_NAME_CONSTRAINTS] = {"name-constraints", X509_V_ERR_PERMITTED_VIOLATION,
                                  "An authority of the chain may not speak for this name."},
    [VERDICT_KEY_USAGE] = {"key-usage", X509_V_ERR_INVALID_PURPOSE,
                           "A key is used for something that its certificate does not allow."},
    [VERDICT_EKU] = {"eku", X509_V_ERR_INVALID_PURPOSE,
                     "The certificate does not say that it is for servers (extended key usage "
                     "serverAuth)."},
    [VERDICT_UNKNOWN_CRITICAL] = {"unknown-critical", X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION,
                                  "A certificate has an extension that must be understood, and is "
                                  "not."},
    [VERDICT_WEAK_SIGNATURE] = {"weak-signature", X509_V_ERR_CA_MD_TOO_WEAK,
                                "A signature uses a hash that can be forged, such as SHA-1 or "
                                "MD5."},
    [VERDICT_WEAK_KEY] = {"weak-key", X509_V_ERR_EE_KEY_TOO_SMALL,
                          "A key is too short, of a kind that is no longer used, or on an unusual "
                          "curve."},
    [VERDICT_BAD_SIGNATURE] = {"bad-signature", X509_V_ERR_CERT_SIGNATURE_FAILURE,
                               "A signature does not fit: a certificate has been changed, or its "
                               "issuer only looks like the right one."},
    [VERDICT_REVOKED] = {"revoked", X509_V_ERR_CERT_REVOKED,
                         "The authority has taken the certificate back."},
    [VERDICT_BAD_STAPLE] = {"bad-staple", X509_V_ERR_CERT_REJECTED,
                            "The certificate demands a stapled OCSP response, and the one that "
                            "came cannot be relied on."},
    [VERDICT_MUST_STAPLE] = {"must-staple", X509_V_ERR_CERT_REJECTED,
                             "The certificate demands a stapled OCSP response, and none came."},
    [VERDICT_BAD_CRL] = {"bad-crl", X509_V_ERR_CRL_SIGNATURE_FAILURE,
                         "A revocation list that was given cannot be used."},
    [VERDICT_OWN_CA] = {"own-ca", X509_V_ERR_CERT_REJECTED,
                        "The server's certificate was signed by this program's own authority: the "
                        "connection goes in a circle, or the key has been stolen."},
    [VERDICT_LEAKED_KEY] = {"leaked-key", X509_V_ERR_CERT_REJECTED,
                            "The private key of a certificate in the chain is public knowledge: "
                            "anybody can speak for this host."},
    [VERDICT_VERSION] = {"version", X509_V_ERR_CERT_REJECTED,
                         "A certificate is not of X.509 version 3, and so cannot say what it is "
                         "for."},
    [VERDICT_SERIAL] = {"serial", X509_V_ERR_CERT_REJECTED,
                        "A serial number is zero, negative, or longer than 20 bytes."},
    [VERDICT_MALFORMED] = {"malformed", X509_V_ERR_CERT_REJECTED,
                           "A certificate breaks the rules of RFC 5280."},
    [VERDICT_TOO_LONG] = {"too-long", X509_V_ERR_CERT_CHAIN_TOO_LONG,
                          "The chain has more certificates, or more bytes, than is sensible."},
    [VERDICT_FAILED] = {"failed", X509_V_ERR_UNSPECIFIED, "The check itself failed."},
};

const char *
verdict_word(enum verdict_reason reason)
{
    return rows[reason < VERDICT_COUNT ? reason : VERDICT_FAILED].word;
}

const char *
verdict_help(enum verdict_reason reason)
{
    return rows[reason < VERDICT_COUNT ? reason : VERDICT_FAILED].help;
}

int
verdict_x509_error(enum verdict_reason reason)
{
    return rows[reason < VERDICT_COUNT ? reason : VERDICT_FAILED].x509_error;
}

/* What the certificate is in its chain, in a word. */
static const char *
role_of(X509 *cert, int depth)
{
    if (depth == 0)
        return "certificate";
    return X509_get_extension_flags(cert) & EXFLAG_SI ? "root" : "intermediate";
}

bool
verdict_fail(struct verdict *v, enum verdict_reason reason, int depth, X509 *cert, const char *fmt,
             ...)
{
    struct buf text;
    buf_init(&text, 4096);
    buf_printf(&text, "%s: ", verdict_word(reason));
    if (cert) {
        buf_printf(&text, "%s '", role_of(cert, depth));
        cert_name(&text, cert, 80);
        buf_printf(&text, "' ");
    }
    char rest[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(rest, sizeof rest, fmt, ap);
    va_end(ap);
    buf_append(&text, slice_str(rest));
    *v = (struct verdict){.reason = reason, .depth = depth};
    snprintf(v->text, sizeof v->text, "%s", buf_str(&text));
    buf_release(&text);
    return false;
}
