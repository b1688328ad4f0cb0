/* Certificates for tests, good and bad. */
#include "lib/chain_make.h"
#include "lib/folder.h"

#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DAY 86400

static void
need(bool ok)
{
    if (!ok)
        abort();
}

/* Keeps a pointer reachable until the end, so that nothing counts as leaked. */
static void *
keep(void *p)
{
    static void *kept[4096];
    static size_t n;
    need(p && n < sizeof kept / sizeof kept[0]);
    return kept[n++] = p;
}

static EVP_PKEY *
make_dsa(void)
{
    EVP_PKEY *params = NULL, *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    need(ctx && EVP_PKEY_paramgen_init(ctx) == 1 &&
         EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 2048) == 1 &&
         EVP_PKEY_generate(ctx, &params) == 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new(params, NULL);
    need(ctx && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_generate(ctx, &key) == 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(params);
    return key;
}

static EVP_PKEY *
make_explicit(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    need(key && EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit") == 1);
    return key;
}

static EVP_PKEY *
generate(enum made_key kind)
{
    switch (kind) {
    case MADE_P384: return EVP_EC_gen("P-384");
    case MADE_P224: return EVP_EC_gen("P-224");
    case MADE_SECP256K1: return EVP_EC_gen("secp256k1");
    case MADE_P256_EXPLICIT: return make_explicit();
    case MADE_ED25519: return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case MADE_RSA1024: return EVP_RSA_gen(1024);
    case MADE_RSA2048:
    case MADE_RSA2048_OTHER: return EVP_RSA_gen(2048);
    case MADE_RSA2052: return EVP_RSA_gen(2052);
    case MADE_DSA2048: return make_dsa();
    case MADE_P256:
    case MADE_P256_OTHER:
    case MADE_KEYS: break;
    }
    return EVP_EC_gen("P-256");
}

EVP_PKEY *
made_key(enum made_key kind)
{
    static EVP_PKEY *keys[MADE_KEYS];
    if (!keys[kind])
        keys[kind] = generate(kind);
    need(keys[kind]);
    return keys[kind];
}

void
made_set(struct made_spec *spec, const char *name, const char *value)
{
    size_t at = 0, n = sizeof spec->ext / sizeof spec->ext[0];
    while (at < n && spec->ext[at].name && strcmp(spec->ext[at].name, name) != 0)
        at++;
    need(at < n);
    spec->ext[at] = (struct made_ext){name, value};
}

struct made_spec
made_root(const char *cn)
{
    struct made_spec s = {.cn = cn, .from_days = -100, .to_days = 1000, .version = 2};
    made_set(&s, "basicConstraints", "critical,CA:TRUE");
    made_set(&s, "keyUsage", "critical,keyCertSign,cRLSign");
    made_set(&s, "subjectKeyIdentifier", "hash");
    return s;
}

struct made_spec
made_intermediate(const char *cn)
{
    struct made_spec s = made_root(cn);
    s.key = MADE_P256_OTHER;
    made_set(&s, "authorityKeyIdentifier", "keyid");
    return s;
}

struct made_spec
made_leaf(const char *host)
{
    static char san[8][300];
    static unsigned next;
    char *names = san[next++ % 8];
    struct made_spec s = {.cn = host, .from_days = -10, .to_days = 90, .version = 2};
    snprintf(names, sizeof san[0], "DNS:%s", host);
    s.key = MADE_P384;
    made_set(&s, "basicConstraints", "critical,CA:FALSE");
    made_set(&s, "keyUsage", "critical,digitalSignature");
    made_set(&s, "extendedKeyUsage", "serverAuth");
    made_set(&s, "subjectKeyIdentifier", "hash");
    made_set(&s, "authorityKeyIdentifier", "keyid");
    made_set(&s, "subjectAltName", names);
    return s;
}

static void
set_name(X509 *cert, const struct made_spec *s)
{
    X509_NAME *name = X509_get_subject_name(cert);
    struct slice cn = s->raw_cn.n ? s->raw_cn : slice_str(s->cn);
    if (s->org)
        need(X509_NAME_add_entry_by_NID(name, NID_organizationName, MBSTRING_UTF8,
                                        (const unsigned char *)s->org, -1, -1, 0));
    /* By type, not by check: names may be longer than allowed. */
    if (cn.n)
        need(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING,
                                        (const unsigned char *)cn.p, (int)cn.n, -1, 0));
}

static void
set_serial(X509 *cert, const char *hex)
{
    BIGNUM *n = NULL;
    need(BN_hex2bn(&n, hex ? hex : "1") > 0 && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)));
    BN_free(n);
}

static void
add_raw_dns(X509 *cert, struct slice raw)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *s = ASN1_STRING_type_new(V_ASN1_IA5STRING);
    if (!names)
        names = GENERAL_NAMES_new();
    need(names && name && s && ASN1_STRING_set(s, raw.p, (int)raw.n));
    GENERAL_NAME_set0_value(name, GEN_DNS, s);
    need(sk_GENERAL_NAME_push(names, name) &&
         X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_REPLACE) == 1);
    GENERAL_NAMES_free(names);
}

static void
add_extensions(X509 *cert, const struct made_spec *s, X509 *issuer)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    for (size_t i = 0; i < sizeof s->ext / sizeof s->ext[0] && s->ext[i].name; i++) {
        if (!s->ext[i].value)
            continue;
        X509_EXTENSION *ext = X509V3_EXT_nconf(NULL, &ctx, s->ext[i].name, s->ext[i].value);
        need(ext && X509_add_ext(cert, ext, -1));
        X509_EXTENSION_free(ext);
    }
    if (s->raw_dns.n)
        add_raw_dns(cert, s->raw_dns);
}

/* Through DER and back, as a peer would see it; perhaps with a bit of the signature changed. Takes
 * the certificate. */
static X509 *
reparse(X509 *cert, bool bad_signature)
{
    unsigned char *der = NULL;
    int n = i2d_X509(cert, &der);
    need(n > 8);
    if (bad_signature)
        der[n - 4] ^= 1;
    const unsigned char *p = der;
    X509 *again = d2i_X509(NULL, &p, n);
    X509_free(cert);
    OPENSSL_free(der);
    return keep(again);
}

struct made
made_cert(const struct made_spec *s, const struct made *issuer)
{
    struct made made = {.cert = X509_new(), .key = made_key(s->key)};
    struct made self = made;
    time_t now = time(NULL);
    if (!issuer)
        issuer = &self;
    need(made.cert && X509_set_version(made.cert, s->version));
    set_serial(made.cert, s->serial);
    set_name(made.cert, s);
    need(X509_set_issuer_name(made.cert, X509_get_subject_name(issuer->cert)) &&
         X509_set_pubkey(made.cert, made.key) &&
         ASN1_TIME_set(X509_getm_notBefore(made.cert), now + s->from_days * DAY) &&
         ASN1_TIME_set(X509_getm_notAfter(made.cert), now + s->to_days * DAY));
    add_extensions(made.cert, s, issuer->cert);
    bool edwards = EVP_PKEY_get_base_id(issuer->key) == EVP_PKEY_ED25519;
    const EVP_MD *md = s->md ? s->md : EVP_sha256();
    need(X509_sign(made.cert, issuer->key, edwards ? NULL : md) > 0);
    made.cert = reparse(made.cert, s->bad_signature);
    return made;
}

STACK_OF(X509) * made_chain(X509 *a, X509 *b, X509 *c, X509 *d)
{
    X509 *all[] = {a, b, c, d};
    STACK_OF(X509) *chain = keep(sk_X509_new_null());
    for (size_t i = 0; i < 4 && all[i]; i++)
        need(X509_up_ref(all[i]) && sk_X509_push(chain, all[i]));
    return chain;
}

static struct slice
bio_slice(BIO *bio)
{
    char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);
    return slice_of(p, (size_t)n);
}

const char *
made_pem(const char *name, EVP_PKEY *key, const STACK_OF(X509) * certs, mode_t mode)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (key)
        need(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
    for (int i = 0; i < sk_X509_num(certs); i++)
        need(PEM_write_bio_X509(bio, sk_X509_value(certs, i)));
    const char *path = folder_write(name, bio_slice(bio), mode);
    BIO_free(bio);
    return path;
}

struct slice
made_ocsp(const struct made_ocsp *o)
{
    time_t now = time(NULL);
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    ASN1_GENERALIZEDTIME *from = ASN1_GENERALIZEDTIME_set(NULL, now + o->from_days * DAY);
    ASN1_GENERALIZEDTIME *to = ASN1_GENERALIZEDTIME_set(NULL, now + o->to_days * DAY);
    ASN1_GENERALIZEDTIME *when = ASN1_GENERALIZEDTIME_set(NULL, now - DAY);
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, o->cert, o->issuer);
    need(basic && from && to && when && id &&
         OCSP_basic_add1_status(basic, id, o->status, OCSP_REVOKED_STATUS_KEYCOMPROMISE, when, from,
                                to) &&
         OCSP_basic_sign(basic, o->signer.cert, o->signer.key, EVP_sha256(), NULL, 0));
    OCSP_RESPONSE *resp = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    static unsigned char der[8][8192];
    static unsigned next;
    unsigned char *p = der[next++ % 8];
    struct slice out = slice_of(p, 0);
    int n = i2d_OCSP_RESPONSE(resp, NULL);
    need(n > 0 && n < (int)sizeof der[0] && i2d_OCSP_RESPONSE(resp, &p) == n);
    out.n = (size_t)n;
    OCSP_RESPONSE_free(resp);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_GENERALIZEDTIME_free(from);
    ASN1_GENERALIZEDTIME_free(to);
    ASN1_GENERALIZEDTIME_free(when);
    return out;
}

static void
revoke(X509_CRL *crl, X509 *cert, const ASN1_TIME *when)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *date = ASN1_STRING_dup(when);
    need(entry && date && X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(cert)) &&
         X509_REVOKED_set_revocationDate(entry, date) && X509_CRL_add0_revoked(crl, entry));
    ASN1_TIME_free(date);
}

const char *
made_crl(const char *name, const struct made *issuer, X509 *revoked, int from_days, int to_days)
{
    time_t now = time(NULL);
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = ASN1_TIME_set(NULL, now + from_days * DAY);
    ASN1_TIME *to = ASN1_TIME_set(NULL, now + to_days * DAY);
    need(crl && from && to && X509_CRL_set_version(crl, 1) &&
         X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert)) &&
         X509_CRL_set1_lastUpdate(crl, from) && X509_CRL_set1_nextUpdate(crl, to));
    if (revoked)
        revoke(crl, revoked, from);
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer->cert, NULL, NULL, crl, 0);
    X509_EXTENSION *aki = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid");
    need(aki && X509_CRL_add_ext(crl, aki, -1) && X509_CRL_sign(crl, issuer->key, EVP_sha256()));
    X509_EXTENSION_free(aki);
    BIO *bio = BIO_new(BIO_s_mem());
    need(PEM_write_bio_X509_CRL(bio, crl));
    const char *path = folder_write(name, bio_slice(bio), 0600);
    BIO_free(bio);
    X509_CRL_free(crl);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return path;
}
