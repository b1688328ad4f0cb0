/* The authorities between ours and a leaf, for the faults that lie in them. */
#include "pki/leaf_issuer.h"
#include "pki/ca.h"
#include "pki/ca_make.h"
#include "pki/ossl.h"

#include <openssl/x509v3.h>

#define DAYS 2 /* from now, and before it: clocks may be slow */

enum kind { KIND_LAST_AUTHORITY, KIND_ONE_TOO_MANY, KIND_CONSTRAINED, KIND_SERVER };

/* No key usage in a certificate of a server: it would be a second thing that forbids to sign. The
 * constraints leave one name that does not exist, for which the key would be of use. */
static const struct kind_row {
    const char *cn;
    bool counts; /* always has its own name; see set_names */
    struct {
        const char *name, *value;
    } ext[4];
} kinds[] = {
    [KIND_LAST_AUTHORITY] = {"Weir CA without others below",
                             true,
                             {{"basicConstraints", "critical,CA:TRUE,pathlen:0"},
                              {"keyUsage", "critical,keyCertSign,cRLSign"}}},
    [KIND_ONE_TOO_MANY] = {"Weir CA, one too many",
                           true,
                           {{"basicConstraints", "critical,CA:TRUE"},
                            {"keyUsage", "critical,keyCertSign,cRLSign"}}},
    [KIND_CONSTRAINED] = {"Weir CA for no name",
                          false,
                          {{"basicConstraints", "critical,CA:TRUE,pathlen:0"},
                           {"keyUsage", "critical,keyCertSign,cRLSign"},
                           {"nameConstraints",
                            "critical,permitted;DNS:weir.invalid,excluded;IP:0.0.0.0/0.0.0.0,"
                            "excluded;IP:::/::"}}},
    [KIND_SERVER] = {"weir.invalid",
                     false,
                     {{"basicConstraints", "critical,CA:FALSE"},
                      {"extendedKeyUsage", "serverAuth"},
                      {"subjectAltName", "DNS:weir.invalid"}}},
};

static bool
add_extensions(X509 *cert, X509 *above, const struct kind_row *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(kind->ext) && kind->ext[i].name; i++)
        TRY(ca_add_extension(cert, above, kind->ext[i].name, kind->ext[i].value));
    TRY(ca_add_extension(cert, above, "subjectKeyIdentifier", "hash"));
    return !X509_get0_subject_key_id(above) ||
           ca_add_extension(cert, above, "authorityKeyIdentifier", "keyid");
}

/* Where the one above allows no authority below it, as ours does, its own name makes one that does
 * not count (RFC 5280 section 4.2.1.9, "self-issued"): so nothing is wrong but what is meant. Those
 * of a path that is too long count, so that under ours they are good for nothing. */
static bool
set_names(X509 *cert, X509 *above, const struct kind_row *kind)
{
    X509_NAME *name = X509_get_subject_name(above);
    TRY(X509_set_issuer_name(cert, name) == 1);
    if (!kind->counts && X509_get_pathlen(above) == 0)
        return X509_set_subject_name(cert, name) == 1;
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                                      (const unsigned char *)kind->cn, -1, -1, 0) == 1;
}

/* No longer than the one above. */
static bool
set_dates(X509 *cert, X509 *above)
{
    time_t now = time(NULL), from = now - DAYS * 86400, to = now + DAYS * 86400;
    const ASN1_TIME *first = X509_get0_notBefore(above), *last = X509_get0_notAfter(above);
    return (X509_cmp_time(first, &from) > 0
                ? X509_set1_notBefore(cert, first) == 1
                : ASN1_TIME_set(X509_getm_notBefore(cert), from) != NULL) &&
           (X509_cmp_time(last, &to) < 0 ? X509_set1_notAfter(cert, last) == 1
                                         : ASN1_TIME_set(X509_getm_notAfter(cert), to) != NULL);
}

/* Puts one more below the issuer, which it becomes, and in front of the chain. */
static bool
add_below(struct leaf_issuer *issuer, const struct ca *ca, enum kind kind, STACK_OF(X509) * chain,
          struct err *e)
{
    X509 *cert AUTO(ossl_free_x509) = X509_new();
    EVP_PKEY *key AUTO(ossl_free_pkey) = ca_make_key("ecdsa:p256", e);
    if (!key)
        return false;
    bool ok = cert && X509_set_version(cert, X509_VERSION_3) == 1 && ca_random_serial(cert) &&
              set_names(cert, issuer->cert, &kinds[kind]) && set_dates(cert, issuer->cert) &&
              X509_set_pubkey(cert, key) == 1 && add_extensions(cert, issuer->cert, &kinds[kind]);
    if (!ok)
        return ossl_fail(e, "cannot make an intermediate certificate");
    if (!issuer->key)
        TRY(ca_sign(ca, cert, NULL, e));
    else if (X509_sign(cert, issuer->key, EVP_sha256()) <= 0)
        return ossl_fail(e, "cannot sign an intermediate certificate");
    if (!sk_X509_unshift(chain, cert))
        return err_memory(e);
    X509_up_ref(cert);
    leaf_issuer_release(issuer);
    *issuer = (struct leaf_issuer){cert, key};
    cert = NULL;
    key = NULL;
    return true;
}

bool
leaf_issuer_init(struct leaf_issuer *issuer, const struct ca *ca, enum leaf_fault fault,
                 STACK_OF(X509) * chain, struct err *e)
{
    *issuer = (struct leaf_issuer){.cert = ca_cert(ca)};
    X509_up_ref(issuer->cert);
    switch ((int)fault) { /* an int, because the other faults are all alike */
    case LEAF_LEAF_AS_CA: return add_below(issuer, ca, KIND_SERVER, chain, e);
    case LEAF_NAME_CONSTRAINTS: return add_below(issuer, ca, KIND_CONSTRAINED, chain, e);
    case LEAF_PATH_LENGTH:
        return add_below(issuer, ca, KIND_LAST_AUTHORITY, chain, e) &&
               add_below(issuer, ca, KIND_ONE_TOO_MANY, chain, e);
    default: return true;
    }
}

void
leaf_issuer_release(struct leaf_issuer *issuer)
{
    X509_free(issuer->cert);
    EVP_PKEY_free(issuer->key);
    *issuer = (struct leaf_issuer){0};
}
