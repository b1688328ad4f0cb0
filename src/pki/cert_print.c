/* Certificates as people and programs read them. */
#include "pki/cert_print.h"
#include "base/base64.h"
#include "base/print.h"
#include "pki/ossl.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <time.h>

#define MAX_VALUE 512 /* bytes of one name or number that are shown */

/* A name of the subject alternative names. The slice points into the certificate, or to 'ip'. */
struct alt_name {
    const char *kind; /* "DNS", "IP", "email", "URI"; NULL: of no interest here */
    char ip[INET6_ADDRSTRLEN];
    struct slice text;
};

static struct slice
asn1_slice(const ASN1_STRING *s)
{
    return slice_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

static void
read_ip(struct alt_name *out, struct slice raw)
{
    int family = raw.n == 4 ? AF_INET : AF_INET6;
    if ((raw.n == 4 || raw.n == 16) && inet_ntop(family, raw.p, out->ip, sizeof out->ip))
        out->text = slice_str(out->ip);
    else
        out->text = SLICE("(malformed)");
}

static void
read_alt_name(struct alt_name *out, const GENERAL_NAME *gn)
{
    *out = (struct alt_name){0};
    if (gn->type == GEN_DNS || gn->type == GEN_EMAIL || gn->type == GEN_URI) {
        out->kind = gn->type == GEN_DNS ? "DNS" : gn->type == GEN_EMAIL ? "email" : "URI";
        out->text = slice_first(asn1_slice(gn->d.ia5), MAX_VALUE);
    } else if (gn->type == GEN_IPADD) {
        out->kind = "IP";
        read_ip(out, asn1_slice(gn->d.iPAddress));
    }
}

/* The whole name in one line, as RFC 2253 writes it but in the order of the certificate. */
static void
print_dn(struct buf *out, const X509_NAME *name)
{
    BIO *bio AUTO(ossl_free_bio) = BIO_new(BIO_s_mem());
    unsigned long how = (XN_FLAG_ONELINE & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
    if (!bio || X509_NAME_print_ex(bio, name, 0, how) < 0) {
        buf_append(out, SLICE("(malformed)"));
        ERR_clear_error();
        return;
    }
    char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);
    print_safe(out, slice_first(slice_of(p, n > 0 ? (size_t)n : 0), 2 * MAX_VALUE), false);
}

void
cert_attribute(struct buf *out, const X509_NAME *name, int at, size_t max)
{
    X509_NAME_ENTRY *entry = at < 0 ? NULL : X509_NAME_get_entry(name, at);
    unsigned char *utf8 = NULL;
    int n = entry ? ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry)) : -1;
    if (n > 0)
        print_safe(out, slice_first(slice_of(utf8, (size_t)n), max), false);
    OPENSSL_free(utf8);
    ERR_clear_error();
}

void
cert_name(struct buf *out, X509 *cert, size_t max)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    size_t before = buf_len(out);
    cert_attribute(out, subject, X509_NAME_get_index_by_NID(subject, NID_commonName, -1), max);
    if (buf_len(out) > before)
        return;
    GENERAL_NAMES *names AUTO(ossl_free_names) =
        X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        struct alt_name name;
        read_alt_name(&name, sk_GENERAL_NAME_value(names, i));
        if (name.kind && name.text.n) {
            print_safe(out, slice_first(name.text, max), false);
            return;
        }
    }
    cert_attribute(out, subject, X509_NAME_entry_count(subject) - 1, max);
    if (buf_len(out) == before)
        buf_append(out, SLICE("(no name)"));
}

bool
cert_sha256(X509 *cert, unsigned char out[32])
{
    unsigned n = 0;
    return X509_digest(cert, EVP_sha256(), out, &n) == 1 && n == 32;
}

/* 2026-11-26T18:02:58Z */
static void
print_asn1_time(struct buf *out, const ASN1_TIME *t)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(t, &tm) != 1) {
        ERR_clear_error();
        buf_append(out, SLICE("(malformed)"));
        return;
    }
    buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
               tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
print_serial(struct buf *out, X509 *cert)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    if (ASN1_STRING_type(serial) & V_ASN1_NEG)
        buf_byte(out, '-');
    hex_encode(out, slice_first(asn1_slice(serial), 64));
}

static void
print_fingerprint(struct buf *out, X509 *cert)
{
    unsigned char hash[32];
    if (cert_sha256(cert, hash))
        hex_encode(out, slice_of(hash, sizeof hash));
}

/* "RSA", "P-256", "ED25519" and the size in bits. */
static const char *
key_kind(X509 *cert, int *bits)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    ERR_clear_error();
    *bits = key ? EVP_PKEY_get_bits(key) : 0;
    if (!key)
        return "(unknown)";
    char group[64];
    size_t n;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
        EVP_PKEY_get_group_name(key, group, sizeof group, &n) == 1) {
        const char *nist = EC_curve_nid2nist(OBJ_sn2nid(group));
        return nist ? nist : "EC";
    }
    const char *name = EVP_PKEY_get0_type_name(key);
    return name ? name : "(unknown)";
}

static const char *
signature_name(X509 *cert)
{
    int nid = X509_get_signature_nid(cert);
    return nid == NID_undef ? "(unknown)" : OBJ_nid2ln(nid);
}

static void
print_names(struct buf *out, const GENERAL_NAMES *names)
{
    int total = sk_GENERAL_NAME_num(names);
    if (total < 1)
        return;
    buf_printf(out, "names:");
    for (int i = 0; i < MIN(total, CERT_PRINT_MAX_NAMES); i++) {
        struct alt_name name;
        read_alt_name(&name, sk_GENERAL_NAME_value(names, i));
        buf_printf(out, " %s:", name.kind ? name.kind : "other");
        print_safe(out, name.text, false);
    }
    if (total > CERT_PRINT_MAX_NAMES)
        buf_printf(out, " and %d more", total - CERT_PRINT_MAX_NAMES);
    buf_byte(out, '\n');
}

void
cert_print(struct buf *out, X509 *cert)
{
    GENERAL_NAMES *names AUTO(ossl_free_names) =
        X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int bits;
    const char *kind = key_kind(cert, &bits);
    buf_append(out, SLICE("subject: "));
    print_dn(out, X509_get_subject_name(cert));
    buf_append(out, SLICE("\nissuer: "));
    print_dn(out, X509_get_issuer_name(cert));
    buf_byte(out, '\n');
    print_names(out, names);
    buf_append(out, SLICE("valid: "));
    print_asn1_time(out, X509_get0_notBefore(cert));
    buf_append(out, SLICE(" to "));
    print_asn1_time(out, X509_get0_notAfter(cert));
    buf_printf(out, "\nkey: %s, %d bits\nsignature: %s\nserial: ", kind, bits,
               signature_name(cert));
    print_serial(out, cert);
    buf_append(out, SLICE("\nsha256: "));
    print_fingerprint(out, cert);
    buf_byte(out, '\n');
    ERR_clear_error();
}

static void
json_names(struct json *j, const GENERAL_NAMES *names, struct buf *scratch)
{
    int total = sk_GENERAL_NAME_num(names);
    json_begin_array(j, "names");
    for (int i = 0; i < MIN(total, CERT_PRINT_MAX_NAMES); i++) {
        struct alt_name name;
        read_alt_name(&name, sk_GENERAL_NAME_value(names, i));
        buf_reset(scratch);
        buf_printf(scratch, "%s:", name.kind ? name.kind : "other");
        print_safe(scratch, name.text, false);
        json_text(j, NULL, buf_slice(scratch));
    }
    json_end_array(j);
    json_u64(j, "names_total", total > 0 ? (uint64_t)total : 0);
}

/* Prints through fn into a member of the object. */
static void
json_printed(struct json *j, const char *key, X509 *cert, void (*fn)(struct buf *, X509 *))
{
    struct buf text;
    buf_init(&text, 64 * 1024);
    fn(&text, cert);
    json_text(j, key, buf_slice(&text));
    buf_release(&text);
}

static void
print_subject(struct buf *out, X509 *cert)
{
    print_dn(out, X509_get_subject_name(cert));
}

static void
print_issuer(struct buf *out, X509 *cert)
{
    print_dn(out, X509_get_issuer_name(cert));
}

static void
print_not_before(struct buf *out, X509 *cert)
{
    print_asn1_time(out, X509_get0_notBefore(cert));
}

static void
print_not_after(struct buf *out, X509 *cert)
{
    print_asn1_time(out, X509_get0_notAfter(cert));
}

void
cert_json(struct json *j, const char *key, X509 *cert)
{
    GENERAL_NAMES *names AUTO(ossl_free_names) =
        X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    struct buf scratch;
    buf_init(&scratch, 64 * 1024);
    int bits;
    const char *kind = key_kind(cert, &bits);
    json_begin_object(j, key);
    json_printed(j, "subject", cert, print_subject);
    json_printed(j, "issuer", cert, print_issuer);
    json_names(j, names, &scratch);
    json_printed(j, "not_before", cert, print_not_before);
    json_printed(j, "not_after", cert, print_not_after);
    json_str(j, "key", kind);
    json_i64(j, "bits", bits);
    json_str(j, "signature", signature_name(cert));
    json_printed(j, "serial", cert, print_serial);
    json_printed(j, "sha256", cert, print_fingerprint);
    json_end_object(j);
    buf_release(&scratch);
    ERR_clear_error();
}
