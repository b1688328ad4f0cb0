/* The certificate authority of this installation: what it is made of, its checks, its signature. */
#include "pki/ca.h"
#include "base/base64.h"
#include "base/mem.h"
#include "pki/ca_make.h"
#include "pki/ca_pem.h"
#include "pki/ossl.h"
#include "pki/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdatomic.h>
#include <time.h>

#define CRL_DAYS 7

struct ca {
    atomic_uint refs;
    X509 *cert;   /* the one that signs */
    X509 *anchor; /* the one to be trusted: the self-signed one of the file, or 'cert' */
    EVP_PKEY *key;
    STACK_OF(X509) * chain; /* to send behind a leaf */
    char *path, *serial;
};

/* "2026-01-02" */
static void
date_text(const ASN1_TIME *t, char out[16])
{
    struct tm tm;
    if (ASN1_TIME_to_tm(t, &tm) != 1 || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
        snprintf(out, 16, "?");
}

static bool
check_dates(X509 *cert, struct err *e)
{
    char date[16];
    if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0) {
        date_text(X509_get0_notAfter(cert), date);
        return err_set(e, ERR_FAILED, "the certificate authority has expired (it ended on %s)",
                       date);
    }
    if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0) {
        date_text(X509_get0_notBefore(cert), date);
        return err_set(e, ERR_FAILED,
                       "the certificate authority is not yet valid (it begins on %s)", date);
    }
    return true;
}

static bool
check_cert(X509 *cert, EVP_PKEY *key, struct err *e)
{
    if (X509_check_ca(cert) != 1)
        return err_set(e, ERR_FAILED,
                       "the certificate is not one of a certificate authority (CA:TRUE and "
                       "keyCertSign)");
    if (EVP_PKEY_get_security_bits(key) < 112)
        return err_set(e, ERR_FAILED, "the key is too short: RSA needs 2048 bits");
    return check_dates(cert, e);
}

static struct ca *
ca_alloc(EVP_PKEY *key)
{
    struct ca *ca = mem_zalloc(sizeof *ca);
    if (!ca)
        return NULL;
    atomic_init(&ca->refs, 1);
    ca->chain = sk_X509_new_null();
    EVP_PKEY_up_ref(key);
    ca->key = key;
    return ca;
}

struct ca *
ca_ref(struct ca *ca)
{
    atomic_fetch_add_explicit(&ca->refs, 1, memory_order_relaxed);
    return ca;
}

void
ca_unref(struct ca *ca)
{
    if (!ca || atomic_fetch_sub_explicit(&ca->refs, 1, memory_order_acq_rel) != 1)
        return;
    X509_free(ca->cert);
    X509_free(ca->anchor);
    EVP_PKEY_free(ca->key);
    sk_X509_pop_free(ca->chain, X509_free);
    mem_free(ca->path);
    mem_free(ca->serial);
    mem_free(ca);
}

static bool
is_self_signed(X509 *cert)
{
    return X509_self_signed(cert, 1) == 1;
}

static bool
chain_add(struct ca *ca, X509 *cert)
{
    if (is_self_signed(cert))
        return true;
    X509_up_ref(cert);
    if (sk_X509_push(ca->chain, cert))
        return true;
    X509_free(cert);
    return false;
}

/* The certificate that belongs to the key, or NULL. */
static X509 *
find_own_cert(const STACK_OF(X509) * certs, EVP_PKEY *key)
{
    X509 *found = NULL;
    for (int i = 0; i < sk_X509_num(certs) && !found; i++)
        if (X509_check_private_key(sk_X509_value(certs, i), key) == 1)
            found = sk_X509_value(certs, i);
    ERR_clear_error();
    return found;
}

static bool
take_certs(struct ca *ca, const STACK_OF(X509) * certs)
{
    X509 *anchor = ca->cert;
    bool ok = chain_add(ca, ca->cert);
    for (int i = 0; i < sk_X509_num(certs); i++) {
        X509 *cert = sk_X509_value(certs, i);
        if (cert == ca->cert)
            continue;
        if (is_self_signed(cert))
            anchor = cert;
        ok = ok && chain_add(ca, cert);
    }
    X509_up_ref(anchor);
    ca->anchor = anchor;
    ERR_clear_error();
    return ok;
}

static bool
set_serial(struct ca *ca)
{
    struct buf hex;
    const ASN1_INTEGER *n = X509_get0_serialNumber(ca->cert);
    buf_init(&hex, 4096);
    hex_encode(&hex, slice_of(ASN1_STRING_get0_data(n), (size_t)ASN1_STRING_length(n)));
    ca->serial = buf_take(&hex);
    return ca->serial != NULL;
}

struct ca *
ca_from_pem(const struct pem *pem, const char *path, struct err *e)
{
    if (!pem->key || sk_X509_num(pem->certs) == 0) {
        err_set(e, ERR_FAILED, "there is no %s in it", pem->key ? "certificate" : "private key");
        return NULL;
    }
    X509 *cert = find_own_cert(pem->certs, pem->key);
    if (!cert) {
        err_set(e, ERR_FAILED, "the private key does not match the certificate");
        return NULL;
    }
    if (!check_cert(cert, pem->key, e))
        return NULL;
    struct ca *ca = ca_alloc(pem->key);
    if (!ca) {
        err_memory(e);
        return NULL;
    }
    X509_up_ref(cert);
    ca->cert = cert;
    ca->path = mem_strndup(path, strlen(path));
    if (!ca->path || !ca->chain || !take_certs(ca, pem->certs) || !set_serial(ca)) {
        ca_unref(ca);
        err_memory(e);
        return NULL;
    }
    return ca;
}

struct ca *
ca_new_untrusted(struct err *e)
{
    static const struct ca_options defaults = {0};
    struct pem pem = {.certs = sk_X509_new_null()};
    X509 *cert = NULL;
    struct ca *ca = NULL;
    if (!pem.certs || !ca_make(&defaults, &pem.key, &cert, e)) {
        pem_release(&pem);
        return NULL;
    }
    if (sk_X509_push(pem.certs, cert)) {
        ca = ca_from_pem(&pem, "", e);
    } else {
        X509_free(cert);
        err_memory(e);
    }
    pem_release(&pem);
    return ca;
}

/* The attribute without which Java takes no certificate of a PKCS #12 file for trusted. */
#define JAVA_TRUSTED "2.16.840.1.113894.746875.1.1"

static int
write_p12(BIO *bio, X509 *cert)
{
    /* No password, no encryption, no checksum: there is nothing secret in it, and every platform
     * reads that. */
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    STACK_OF(PKCS7) *safes = NULL;
    PKCS12_SAFEBAG *bag = PKCS12_add_cert(&bags, cert);
    bool good =
        bag && PKCS12_add_friendlyname_utf8(bag, "Weir CA", -1) &&
        PKCS12_add1_attr_by_txt(bag, JAVA_TRUSTED, V_ASN1_OBJECT,
                                (const unsigned char *)OBJ_nid2obj(NID_anyExtendedKeyUsage), -1) &&
        PKCS12_add_safe(&safes, bags, -1, 0, NULL);
    PKCS12 *p12 = good ? PKCS12_add_safes(safes, 0) : NULL;
    int ok = p12 ? i2d_PKCS12_bio(bio, p12) : 0;
    PKCS12_free(p12);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return ok;
}

bool
ca_export(const struct ca *ca, enum ca_format format, struct buf *out, struct err *e)
{
    BIO *bio AUTO(ossl_free_bio) = BIO_new(BIO_s_mem());
    int ok = 0;
    if (bio && format == CA_PEM)
        ok = PEM_write_bio_X509(bio, ca->anchor);
    else if (bio && format == CA_DER)
        ok = i2d_X509_bio(bio, ca->anchor);
    else if (bio)
        ok = write_p12(bio, ca->anchor);
    if (ok != 1)
        return ossl_fail(e, "cannot export the certificate");
    char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);
    buf_append(out, slice_of(p, (size_t)n));
    return !out->failed || err_memory(e);
}

X509 *
ca_cert(const struct ca *ca)
{
    return ca->cert;
}

STACK_OF(X509) * ca_chain(const struct ca *ca)
{
    return ca->chain;
}

const char *
ca_path(const struct ca *ca)
{
    return ca->path;
}

const char *
ca_serial(const struct ca *ca)
{
    return ca->serial;
}

bool
ca_signed(const struct ca *ca, X509 *cert)
{
    if (X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(ca->cert)) != 0)
        return false;
    bool ok = X509_verify(cert, X509_get0_pubkey(ca->cert)) == 1;
    ERR_clear_error();
    return ok;
}

bool
ca_sign(const struct ca *ca, X509 *cert, const EVP_MD *md, struct err *e)
{
    return X509_sign(cert, ca->key, md ? md : ca_digest(ca->key)) > 0 ||
           ossl_fail(e, "cannot sign a certificate");
}

static bool
fill_crl(X509_CRL *crl, const struct ca *ca, time_t now)
{
    ASN1_TIME *from = ASN1_TIME_set(NULL, now - 3600);
    ASN1_TIME *to = ASN1_TIME_set(NULL, now + CRL_DAYS * 86400);
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    X509V3_CTX v3;
    X509V3_set_ctx(&v3, ca->cert, NULL, NULL, crl, 0);
    X509_EXTENSION *aki =
        X509V3_EXT_conf_nid(NULL, &v3, NID_authority_key_identifier, "keyid:always");
    bool ok = from && to && number && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
              X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->cert)) == 1 &&
              X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, to) == 1 &&
              ASN1_INTEGER_set_int64(number, now) == 1 &&
              X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, X509V3_ADD_DEFAULT) == 1;
    /* An imported authority may have no key identifier to point at. */
    ok = ok && (!aki || X509_CRL_add_ext(crl, aki, -1) == 1);
    X509_EXTENSION_free(aki);
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return ok && X509_CRL_sign(crl, ca->key, ca_digest(ca->key)) > 0;
}

bool
ca_crl(const struct ca *ca, struct buf *der, struct err *e)
{
    X509_CRL *crl = X509_CRL_new();
    unsigned char *raw = NULL;
    int n = crl && fill_crl(crl, ca, time(NULL)) ? i2d_X509_CRL(crl, &raw) : -1;
    X509_CRL_free(crl);
    if (n <= 0)
        return ossl_fail(e, "cannot make the revocation list");
    ERR_clear_error();
    buf_append(der, slice_of(raw, (size_t)n));
    OPENSSL_free(raw);
    return !der->failed || err_memory(e);
}
