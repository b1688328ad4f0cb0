/* Revocation by a stapled OCSP response. */
#include "pki/trust_staple.h"
#include "pki/ossl.h"
#include "pki/trust.h"

#include <openssl/ocsp.h>

#define CLOCK_SKEW          300         /* seconds by which a responder's clock may be ahead */
#define MAX_AGE             (7 * 86400) /* of a response that does not say when the next one comes */
#define MUST_STAPLE_FEATURE 5           /* status_request (RFC 7633 section 4) */

/* What the response says of one certificate. */
struct status {
    int code, reason;
    ASN1_GENERALIZEDTIME *revoked, *from, *to; /* borrowed from the response */
};

/* false: the extension cannot be read. */
static bool
read_demand(X509 *leaf, bool *demanded)
{
    int state = 0;
    TLS_FEATURE *features = X509_get_ext_d2i(leaf, NID_tlsfeature, &state, NULL);
    bool found = false;
    for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
        found =
            found || ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == MUST_STAPLE_FEATURE;
    *demanded = found;
    bool ok = features || state == -1;
    TLS_FEATURE_free(features);
    return ok;
}

/* Responders choose the hash of the certificate's name. */
static bool
find_status(OCSP_BASICRESP *resp, X509 *leaf, X509 *issuer, struct status *s)
{
    const EVP_MD *const hashes[] = {EVP_sha1(), EVP_sha256()};
    for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
        OCSP_CERTID *id = OCSP_cert_to_id(hashes[i], leaf, issuer);
        bool found = id && OCSP_resp_find_status(resp, id, &s->code, &s->reason, &s->revoked,
                                                 &s->from, &s->to) == 1;
        OCSP_CERTID_free(id);
        if (found)
            return true;
    }
    return false;
}

/* The issuer itself, or one that it has directly signed for this purpose (RFC 6960
 * section 4.2.2.2). */
static bool
may_speak(X509 *signer, X509 *issuer, time_t at)
{
    if (X509_cmp(signer, issuer) == 0)
        return true;
    return X509_check_issued(issuer, signer) == X509_V_OK &&
           X509_verify(signer, X509_get0_pubkey(issuer)) == 1 &&
           (X509_get_extension_flags(signer) & EXFLAG_XKUSAGE) &&
           (X509_get_extended_key_usage(signer) & XKU_OCSP_SIGN) &&
           X509_cmp_time(X509_get0_notBefore(signer), &at) < 0 &&
           X509_cmp_time(X509_get0_notAfter(signer), &at) > 0;
}

static bool
is_signed(OCSP_BASICRESP *resp, X509 *issuer, time_t at)
{
    STACK_OF(X509) *extra = sk_X509_new_null();
    X509 *signer = NULL;
    bool ok = extra && sk_X509_push(extra, issuer) &&
              OCSP_resp_get0_signer(resp, &signer, extra) == 1 && may_speak(signer, issuer, at) &&
              OCSP_basic_verify(resp, extra, NULL, OCSP_NOVERIFY) == 1;
    sk_X509_free(extra);
    return ok;
}

static bool
is_current(const struct status *s, time_t at)
{
    time_t soon = at + CLOCK_SKEW, oldest = at - MAX_AGE;
    if (!s->from || X509_cmp_time(s->from, &soon) >= 0)
        return false;
    return X509_cmp_time(s->to ? s->to : s->from, s->to ? &at : &oldest) > 0;
}

/* What is wrong with the response, or NULL: *s is what it says then. *out owns what *s borrows. */
static const char *
read_response(const struct staple *staple, X509 *leaf, X509 *issuer, OCSP_BASICRESP **out,
              struct status *s)
{
    const unsigned char *p = (const unsigned char *)staple->der.p;
    if (staple->der.n > TRUST_MAX_STAPLE_BYTES)
        return "the stapled OCSP response is too long";
    OCSP_RESPONSE *resp = d2i_OCSP_RESPONSE(NULL, &p, (long)staple->der.n);
    bool successful = resp && OCSP_response_status(resp) == OCSP_RESPONSE_STATUS_SUCCESSFUL;
    *out = successful ? OCSP_response_get1_basic(resp) : NULL;
    OCSP_RESPONSE_free(resp);
    if (!*out)
        return "the stapled OCSP response is malformed or empty";
    if (!is_signed(*out, issuer, staple->at))
        return "the stapled OCSP response is not signed by the issuer";
    if (!find_status(*out, leaf, issuer, s))
        return "the stapled OCSP response is for another certificate";
    if (s->code == V_OCSP_CERTSTATUS_REVOKED)
        return NULL;
    if (s->code != V_OCSP_CERTSTATUS_GOOD)
        return "the stapled OCSP response does not know the certificate";
    return is_current(s, staple->at) ? NULL : "the stapled OCSP response is too old or too new";
}

static bool
fail_revoked(X509 *leaf, const struct status *s, struct verdict *v)
{
    struct tm tm;
    char date[16] = "an unknown day";
    if (s->revoked && ASN1_TIME_to_tm(s->revoked, &tm) == 1)
        strftime(date, sizeof date, "%Y-%m-%d", &tm);
    return verdict_fail(v, VERDICT_REVOKED, 0, leaf, "was revoked on %s (%s)", date,
                        s->reason >= 0 ? OCSP_crl_reason_str(s->reason) : "no reason given");
}

static const char *
state_of(const struct staple *staple, const struct status *status)
{
    switch (status->code) {
    case V_OCSP_CERTSTATUS_REVOKED: return "revoked";
    case V_OCSP_CERTSTATUS_UNKNOWN: return "unknown";
    default: return staple->note ? "useless" : "good";
    }
}

bool
trust_check_staple(const STACK_OF(X509) * chain, struct staple *staple, struct verdict *v)
{
    X509 *leaf = sk_X509_value(chain, 0), *issuer = sk_X509_value(chain, 1);
    bool demanded;
    if (!read_demand(leaf, &demanded))
        return verdict_fail(v, VERDICT_MALFORMED, 0, leaf, "has a malformed TLS feature");
    staple->state = "none";
    if (staple->der.n == 0 || !issuer) {
        if (demanded && !staple->later)
            return verdict_fail(v, VERDICT_MUST_STAPLE, 0, leaf,
                                "demands a stapled OCSP response, and none came");
        return true;
    }
    OCSP_BASICRESP *resp = NULL;
    struct status status = {.code = -1, .reason = -1};
    staple->note = read_response(staple, leaf, issuer, &resp, &status);
    staple->state = state_of(staple, &status);
    bool ok = true;
    if (!staple->note && status.code == V_OCSP_CERTSTATUS_REVOKED)
        ok = fail_revoked(leaf, &status, v);
    else if (staple->note && demanded)
        ok = verdict_fail(v, VERDICT_BAD_STAPLE, 0, leaf, "demands a good response, but %s",
                          staple->note);
    OCSP_BASICRESP_free(resp);
    return ok;
}
