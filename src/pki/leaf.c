/* A forged certificate for one host. */
#include "pki/leaf.h"
#include "base/mem.h"
#include "pki/ca.h"
#include "pki/ca_make.h"
#include "pki/heap.h"
#include "pki/host.h"
#include "pki/leaf_issuer.h"
#include "pki/leaf_key.h"
#include "pki/leaf_names.h"
#include "pki/ossl.h"

#include <openssl/err.h>
#include <pthread.h>

#define DAY           86400
#define BACKDATE_DAYS 2 /* clocks of clients may be slow */

/* Signs leaves that are to be refused. Written once under 'once', read by anybody after. */
static struct ca *untrusted_ca;
static pthread_once_t untrusted_once = PTHREAD_ONCE_INIT;

static void
make_untrusted(void)
{
    untrusted_ca = ca_new_untrusted(NULL);
}

bool
leaf_host_check(struct slice host, struct err *e)
{
    uint8_t ip[16];
    struct slice name = host_trim(host);
    if (host_ip(name, ip) || host_name_valid(name))
        return true;
    return err_set(e, ERR_FAILED, "'%.*s' is not a host name",
                   SLICE_ARG(slice_first(host, HOST_MAX)));
}

static time_t
asn1_to_time(const ASN1_TIME *t)
{
    struct tm tm;
    return ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
}

struct dates {
    time_t from, to;
};

static struct dates
dates_of(X509 *cert)
{
    return (struct dates){asn1_to_time(X509_get0_notBefore(cert)),
                          asn1_to_time(X509_get0_notAfter(cert))};
}

static struct dates
good_dates(X509 *issuer, time_t now)
{
    struct dates limit = dates_of(issuer);
    time_t from = MAX(now - BACKDATE_DAYS * DAY, limit.from);
    return (struct dates){from, MIN(from + (time_t)LEAF_MAX_DAYS * DAY, limit.to)};
}

/* From when to when; the upstream's own dates where they show the same fault. */
static struct dates
choose_dates(const struct leaf_spec *spec, X509 *issuer, time_t now)
{
    struct dates up = spec->upstream ? dates_of(spec->upstream) : (struct dates){0, 0};
    bool dated = up.from > 0 && up.to > up.from;
    switch ((int)spec->fault) { /* an int, because the other faults are all alike */
    case LEAF_EXPIRED: return dated && up.to < now ? up : (struct dates){now - 30 * DAY, now - DAY};
    case LEAF_NOT_YET:
        return dated && up.from > now ? up : (struct dates){now + DAY, now + 30 * DAY};
    default: return good_dates(issuer, now);
    }
}

static bool
set_dates(struct leaf *leaf, const struct leaf_spec *spec, X509 *issuer)
{
    time_t now = time(NULL);
    struct dates d = choose_dates(spec, issuer, now);
    leaf->renew = now + DAY;
    if (d.to > now && d.to < leaf->renew)
        leaf->renew = d.to;
    return ASN1_TIME_set(X509_getm_notBefore(leaf->cert), d.from) &&
           ASN1_TIME_set(X509_getm_notAfter(leaf->cert), d.to);
}

static bool
add_key_usage(X509 *cert, enum leaf_key kind)
{
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
    bool ok = bits && ASN1_BIT_STRING_set_bit(bits, 0, 1) == 1 &&
              (kind == LEAF_ECDSA || ASN1_BIT_STRING_set_bit(bits, 2, 1) == 1) &&
              X509_add1_ext_i2d(cert, NID_key_usage, bits, 1, X509V3_ADD_APPEND) == 1;
    ASN1_BIT_STRING_free(bits);
    return ok;
}

static bool
add_basic_constraints(X509 *cert)
{
    BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
    bool ok = bc && X509_add1_ext_i2d(cert, NID_basic_constraints, bc, 1, X509V3_ADD_APPEND) == 1;
    BASIC_CONSTRAINTS_free(bc);
    return ok;
}

static bool
add_ext_key_usage(X509 *cert, enum leaf_fault fault)
{
    int nid = fault == LEAF_WRONG_EKU ? NID_client_auth : NID_server_auth;
    EXTENDED_KEY_USAGE *eku = EXTENDED_KEY_USAGE_new();
    bool ok = eku && sk_ASN1_OBJECT_push(eku, OBJ_nid2obj(nid)) &&
              X509_add1_ext_i2d(cert, NID_ext_key_usage, eku, 0, X509V3_ADD_APPEND) == 1;
    EXTENDED_KEY_USAGE_free(eku);
    return ok;
}

static bool
add_subject_key_id(X509 *cert)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    /* RFC 5280 section 4.2.1.2, method (1). */
    bool ok = id && X509_pubkey_digest(cert, EVP_sha1(), hash, &n) == 1 &&
              ASN1_OCTET_STRING_set(id, hash, (int)n) == 1 &&
              X509_add1_ext_i2d(cert, NID_subject_key_identifier, id, 0, X509V3_ADD_APPEND) == 1;
    ASN1_OCTET_STRING_free(id);
    return ok;
}

/* An imported authority may have no key identifier to point at, and one that signs itself needs
 * none: then there is nothing to add. */
static bool
add_authority_key_id(X509 *cert, const struct leaf_spec *spec, X509 *issuer)
{
    const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(issuer);
    if (!id || spec->fault == LEAF_SELF_SIGNED)
        return true;
    AUTHORITY_KEYID *aki = AUTHORITY_KEYID_new();
    bool ok = aki && (aki->keyid = ASN1_OCTET_STRING_dup(id)) != NULL &&
              X509_add1_ext_i2d(cert, NID_authority_key_identifier, aki, 0, X509V3_ADD_APPEND) == 1;
    AUTHORITY_KEYID_free(aki);
    return ok;
}

/* When the upstream names a revocation list, clients may insist on one: ours is empty, and we serve
 * it. */
static bool
add_crl_url(X509 *cert, const struct leaf_spec *spec, const struct ca *ca)
{
    if (!spec->upstream || !spec->crl_base ||
        X509_get_ext_by_NID(spec->upstream, NID_crl_distribution_points, -1) < 0)
        return true;
    char value[512];
    snprintf(value, sizeof value, "URI:%s%s.crl", spec->crl_base, ca_serial(ca));
    return ca_add_extension(cert, ca_cert(ca), "crlDistributionPoints", value);
}

/* An example number (RFC 5612). */
static bool
add_unknown(X509 *cert, const struct leaf_spec *spec)
{
    return spec->fault != LEAF_UNKNOWN_CRITICAL ||
           ca_add_extension(cert, NULL, "1.3.6.1.4.1.32473.1", "critical,DER:0500");
}

static bool
add_names(X509 *cert, const struct leaf_spec *spec)
{
    GENERAL_NAMES *alt AUTO(ossl_free_names) = leaf_names_alt(spec);
    TRY(alt && leaf_names_subject(cert, spec, alt));
    if (spec->fault == LEAF_NO_SAN)
        return true;
    /* RFC 5280 section 4.2.1.6: critical when the subject is empty. */
    int critical = X509_NAME_entry_count(X509_get_subject_name(cert)) == 0;
    return X509_add1_ext_i2d(cert, NID_subject_alt_name, alt, critical, X509V3_ADD_APPEND) == 1;
}

static bool
add_extensions(X509 *cert, const struct leaf_spec *spec, X509 *issuer, const struct ca *ca)
{
    return add_names(cert, spec) && add_key_usage(cert, spec->key) && add_basic_constraints(cert) &&
           add_ext_key_usage(cert, spec->fault) && add_subject_key_id(cert) &&
           add_authority_key_id(cert, spec, issuer) && add_crl_url(cert, spec, ca) &&
           add_unknown(cert, spec);
}

static bool
fill_leaf(struct leaf *leaf, const struct ca *ca, const struct leaf_spec *spec, X509 *issuer)
{
    X509 *cert = leaf->cert;
    bool self = spec->fault == LEAF_SELF_SIGNED;
    long version = spec->fault == LEAF_VERSION_1 ? X509_VERSION_1 : X509_VERSION_3;
    return X509_set_version(cert, version) == 1 && ca_random_serial(cert) &&
           set_dates(leaf, spec, issuer) && X509_set_pubkey(cert, leaf->key) == 1 &&
           add_extensions(cert, spec, issuer, ca) &&
           X509_set_issuer_name(cert, X509_get_subject_name(self ? cert : issuer)) == 1;
}

/* A key of the authority's kind, which is not the authority's. */
static EVP_PKEY *
other_key(X509 *issuer)
{
    bool rsa = EVP_PKEY_get_base_id(X509_get0_pubkey(issuer)) == EVP_PKEY_RSA;
    return leaf_key_get(rsa ? LEAF_RSA : LEAF_ECDSA);
}

/* Weak hashes are safe to sign with: the serial number, which comes first, is random, so that
 * nobody can prepare another certificate with the same hash. */
static bool
sign_leaf(struct leaf *leaf, const struct ca *ca, enum leaf_fault fault,
          const struct leaf_issuer *issuer, struct err *e)
{
    EVP_PKEY *key = fault == LEAF_SELF_SIGNED     ? leaf->key
                    : fault == LEAF_BAD_SIGNATURE ? other_key(issuer->cert)
                                                  : issuer->key;
    const EVP_MD *md = fault == LEAF_MD5 ? EVP_md5() : fault == LEAF_SHA1 ? EVP_sha1() : NULL;
    if (!key)
        return ca_sign(ca, leaf->cert, md, e);
    return X509_sign(leaf->cert, key, EVP_sha256()) > 0 ||
           ossl_fail(e, "cannot sign a certificate");
}

static bool
leaf_encode(struct leaf *leaf)
{
    int n = i2d_X509(leaf->cert, NULL);
    leaf->der = n > 0 ? block_new((size_t)n) : NULL;
    if (!leaf->der)
        return false;
    unsigned char *to = (unsigned char *)leaf->der->data;
    leaf->der->n = (size_t)i2d_X509(leaf->cert, &to);
    return true;
}

static bool
make_leaf(struct leaf *leaf, const struct ca *ca, const struct leaf_spec *spec, struct err *e)
{
    struct leaf_issuer issuer;
    bool ok = leaf_issuer_init(&issuer, ca, spec->fault, leaf->chain, e);
    if (ok && !fill_leaf(leaf, ca, spec, issuer.cert))
        ok = ossl_fail(e, "cannot make a certificate");
    ok = ok && sign_leaf(leaf, ca, spec->fault, &issuer, e);
    leaf_issuer_release(&issuer);
    return ok && (leaf_encode(leaf) || err_memory(e));
}

static struct leaf *
leaf_alloc(struct ca *ca, const struct leaf_spec *spec)
{
    struct leaf *leaf = mem_zalloc(sizeof *leaf);
    EVP_PKEY *key = leaf_key_get(spec->key);
    if (!leaf || !key) {
        mem_free(leaf);
        return NULL;
    }
    atomic_init(&leaf->refs, 1);
    EVP_PKEY_up_ref(key);
    leaf->key = key;
    leaf->weak = leaf_fault_is_weak(spec->fault);
    leaf->cert = X509_new();
    leaf->chain =
        spec->fault == LEAF_SELF_SIGNED ? sk_X509_new_null() : X509_chain_up_ref(ca_chain(ca));
    return leaf;
}

struct leaf *
leaf_parsed(const struct leaf *leaf)
{
    const unsigned char *from = (const unsigned char *)leaf->der->data;
    unsigned long refusals = heap_refusals();
    X509 *cert = d2i_X509(NULL, &from, (long)leaf->der->n);
    STACK_OF(X509) *chain = X509_chain_up_ref(leaf->chain);
    bool whole = cert && chain && heap_refusals() == refusals;
    struct leaf *parsed = whole ? mem_zalloc(sizeof *parsed) : NULL;
    if (!parsed) {
        X509_free(cert);
        sk_X509_pop_free(chain, X509_free);
        ERR_clear_error();
        return NULL;
    }
    EVP_PKEY_up_ref(leaf->key);
    atomic_init(&parsed->refs, 1);
    parsed->cert = cert;
    parsed->der = block_ref(leaf->der);
    parsed->key = leaf->key;
    parsed->chain = chain;
    parsed->parsed = true;
    parsed->weak = leaf->weak;
    parsed->renew = leaf->renew;
    return parsed;
}

struct leaf *
leaf_mint(struct ca *ca, const struct leaf_spec *wanted, struct err *e)
{
    struct leaf_spec spec = *wanted;
    if (!leaf_host_check(spec.host, e) || !leaf_fault_check(&spec, e))
        return NULL;
    if (spec.fault == LEAF_UNTRUSTED) {
        pthread_once(&untrusted_once, make_untrusted);
        ca = untrusted_ca;
    } else if (spec.fault == LEAF_WEAK_KEY) {
        spec.key = LEAF_RSA_1024;
    }
    struct leaf *leaf = ca ? leaf_alloc(ca, &spec) : NULL;
    if (!leaf || !leaf->cert || !leaf->chain) {
        leaf_unref(leaf);
        err_memory(e);
        return NULL;
    }
    bool ok = make_leaf(leaf, ca, &spec, e);
    /* Whatever an odd upstream certificate has left in the queue must not be taken for an error of
     * a connection. */
    ERR_clear_error();
    if (ok)
        return leaf;
    leaf_unref(leaf);
    return NULL;
}

struct leaf *
leaf_ref(struct leaf *leaf)
{
    atomic_fetch_add_explicit(&leaf->refs, 1, memory_order_relaxed);
    return leaf;
}

void
leaf_unref(struct leaf *leaf)
{
    if (!leaf || atomic_fetch_sub_explicit(&leaf->refs, 1, memory_order_acq_rel) != 1)
        return;
    X509_free(leaf->cert);
    block_unref(leaf->der);
    EVP_PKEY_free(leaf->key);
    sk_X509_pop_free(leaf->chain, X509_free);
    mem_free(leaf);
}
