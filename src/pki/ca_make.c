/* Makes a new authority: key pair and self-signed certificate. */
#include "pki/ca_make.h"
#include "base/rand.h"
#include "base/scan.h"
#include "pki/host.h"
#include "pki/ossl.h"

#include <openssl/rsa.h>
#include <time.h>
#include <unistd.h>

#define DAY              86400
#define DEFAULT_LIFETIME 3650
#define BACKDATE_DAYS    2 /* clocks of clients may be slow */

const char ca_key_types[] = "rsa:2048|rsa:3072|rsa:4096|ecdsa:p256|ecdsa:p384";

struct key_type {
    const char *name;
    unsigned rsa_bits; /* 0: an EC key */
    const char *curve;
};

static const struct key_type key_types[] = {
    {"rsa:2048", 2048, NULL},   {"rsa:3072", 3072, NULL},   {"rsa:4096", 4096, NULL},
    {"ecdsa:p256", 0, "P-256"}, {"ecdsa:p384", 0, "P-384"},
};

static const struct key_type *
find_key_type(const char *text)
{
    struct slice want = text ? slice_str(text) : SLICE("rsa:2048");
    for (size_t i = 0; i < ARRAY_LEN(key_types); i++)
        if (slice_eq_nocase(want, slice_str(key_types[i].name)))
            return &key_types[i];
    return NULL;
}

bool
ca_key_type_check(const char *text, struct err *e)
{
    return find_key_type(text) != NULL ||
           err_set(e, ERR_USAGE, "unknown key type '%s': one of %s", text, ca_key_types);
}

EVP_PKEY *
ca_make_key(const char *key_type, struct err *e)
{
    const struct key_type *type = find_key_type(key_type);
    if (!type) {
        (void)!ca_key_type_check(key_type, e);
        return NULL;
    }
    EVP_PKEY *key = type->rsa_bits ? EVP_RSA_gen(type->rsa_bits) : EVP_EC_gen(type->curve);
    if (!key)
        ossl_fail(e, "cannot make a key of type '%s'", type->name);
    return key;
}

const EVP_MD *
ca_digest(const EVP_PKEY *key)
{
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_bits(key) > 256 ? EVP_sha384()
                                                                                    : EVP_sha256();
}

bool
ca_random_serial(X509 *cert)
{
    unsigned char raw[16];
    rand_bytes(raw, sizeof raw);
    /* Positive, and the first byte is never a zero that DER would forbid. */
    raw[0] = (unsigned char)((raw[0] & 0x7f) | 0x40);
    BIGNUM *n = BN_bin2bn(raw, sizeof raw, NULL);
    bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
    BN_free(n);
    return ok;
}

/* One item of the list of name constraints in OpenSSL's words: "DNS:test" or
 * "IP:10.0.0.0/255.0.0.0". */
static bool
constraint_name(struct slice item, char out[300])
{
    /* RFC 5280 section 4.2.1.10 knows no leading dot: "test" stands for the name and all below it.
     */
    struct slice name = slice_starts(item, SLICE(".")) ? slice_from(item, 1) : item;
    if (!host_name_valid(name))
        return false;
    snprintf(out, 300, "%.*s", SLICE_ARG(name));
    return true;
}

/* Address and mask as RFC 5280 wants them; returns their length together, or 0. */
static size_t
constraint_ip(struct slice item, uint8_t out[32])
{
    uint8_t ip[16];
    struct slice addr = slice_cut(&item, '/');
    size_t n = host_ip(addr, ip);
    uint64_t bits = 0;
    if (n == 0 || !scan_u64(item, n * 8, &bits))
        return 0;
    for (size_t i = 0; i < n; i++) {
        unsigned keep = bits >= (i + 1) * 8 ? 8 : bits <= i * 8 ? 0 : (unsigned)(bits - i * 8);
        uint8_t mask = (uint8_t)(0xff00u >> keep);
        out[i] = ip[i] & mask;
        out[n + i] = mask;
    }
    return n * 2;
}

/* Adds one constraint; takes nothing. */
static bool
add_subtree(STACK_OF(GENERAL_SUBTREE) * *trees, int type, struct slice value)
{
    GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
    ASN1_STRING *s = ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
    if (!*trees)
        *trees = sk_GENERAL_SUBTREE_new_null();
    if (!tree || !s || !*trees || ASN1_STRING_set(s, value.p, (int)value.n) != 1 ||
        !sk_GENERAL_SUBTREE_push(*trees, tree)) {
        GENERAL_SUBTREE_free(tree);
        ASN1_STRING_free(s);
        return false;
    }
    GENERAL_NAME_set0_value(tree->base, type, s);
    return true;
}

/* A list with only one kind of name would leave the other kind unlimited (RFC 5280
 * section 4.2.1.10), so that the kind that is not mentioned is excluded as a whole. */
static bool
exclude_rest(NAME_CONSTRAINTS *nc, bool names, bool addresses)
{
    static const char zeros[32] = {0};
    if (!names)
        return add_subtree(&nc->excludedSubtrees, GEN_DNS, SLICE(""));
    if (addresses)
        return true;
    return add_subtree(&nc->excludedSubtrees, GEN_IPADD, slice_of(zeros, 8)) &&
           add_subtree(&nc->excludedSubtrees, GEN_IPADD, slice_of(zeros, 32));
}

/* Fills nc; false with *bad set to the item that is wrong, or with *bad empty: no memory. */
static bool
parse_constraints(const char *text, NAME_CONSTRAINTS *nc, struct slice *bad)
{
    bool names = false, addresses = false;
    struct slice rest = slice_str(text);
    *bad = SLICE_NONE;
    while (rest.n) {
        struct slice item = slice_trim(slice_cut(&rest, ','));
        char name[300];
        uint8_t ip[32];
        size_t n = constraint_ip(item, ip);
        bool ok;
        if (n) {
            addresses = true;
            ok = add_subtree(&nc->permittedSubtrees, GEN_IPADD, slice_of(ip, n));
        } else if (constraint_name(item, name)) {
            names = true;
            ok = add_subtree(&nc->permittedSubtrees, GEN_DNS, slice_str(name));
        } else {
            *bad = item.n ? item : SLICE(",");
            return false;
        }
        TRY(ok);
    }
    return exclude_rest(nc, names, addresses);
}

static NAME_CONSTRAINTS *
read_constraints(const char *text, struct err *e)
{
    NAME_CONSTRAINTS *nc = NAME_CONSTRAINTS_new();
    struct slice bad = SLICE_NONE;
    if (nc && text[0] != '\0' && parse_constraints(text, nc, &bad))
        return nc;
    NAME_CONSTRAINTS_free(nc);
    if (bad.n || text[0] == '\0')
        err_set(e, ERR_USAGE,
                "name constraint '%.*s' is neither a name like '.test' nor a network like "
                "'10.0.0.0/8'",
                SLICE_ARG(bad));
    else
        err_memory(e);
    return NULL;
}

bool
ca_name_constraints_check(const char *text, struct err *e)
{
    NAME_CONSTRAINTS *nc = read_constraints(text, e);
    NAME_CONSTRAINTS_free(nc);
    return nc != NULL;
}

static bool
add_constraints(X509 *cert, const char *text, struct err *e)
{
    if (!text)
        return true;
    NAME_CONSTRAINTS *nc = read_constraints(text, e);
    if (!nc)
        return false;
    bool ok = X509_add1_ext_i2d(cert, NID_name_constraints, nc, 1, X509V3_ADD_DEFAULT) == 1;
    NAME_CONSTRAINTS_free(nc);
    return ok || ossl_fail(e, "cannot make the name constraints");
}

bool
ca_add_extension(X509 *cert, X509 *issuer, const char *name, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_nconf(NULL, &ctx, name, value);
    bool ok = ext && X509_add_ext(cert, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return ok;
}

/* CN "Weir CA HOSTNAME YYYY-MM-DD", so that an old one can be told from a new one in a trust store.
 */
static bool
set_subject(X509 *cert, time_t now)
{
    char host[256] = "", cn[65], date[16];
    struct tm tm;
    if (gethostname(host, sizeof host - 1) != 0 || !host_name_valid(slice_str(host)))
        snprintf(host, sizeof host, "localhost");
    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%Y-%m-%d", &tm);
    /* A common name has at most 64 characters. */
    snprintf(cn, sizeof cn, "Weir CA %.40s %s", host, date);
    X509_NAME *name = X509_get_subject_name(cert);
    const unsigned char *org = (const unsigned char *)"Weir";
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, org, -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (unsigned char *)cn, -1,
                                      -1, 0) == 1 &&
           X509_set_issuer_name(cert, name) == 1;
}

static bool
fill_cert(X509 *cert, const struct ca_options *o, EVP_PKEY *key, time_t now)
{
    unsigned days = o->lifetime_days ? o->lifetime_days : DEFAULT_LIFETIME;
    time_t begin = now - BACKDATE_DAYS * DAY;
    return X509_set_version(cert, X509_VERSION_3) == 1 && ca_random_serial(cert) &&
           ASN1_TIME_set(X509_getm_notBefore(cert), begin) &&
           ASN1_TIME_set(X509_getm_notAfter(cert), now + (time_t)days * DAY) &&
           X509_set_pubkey(cert, key) == 1 && set_subject(cert, now) &&
           ca_add_extension(cert, cert, "basicConstraints", "critical,CA:TRUE,pathlen:0") &&
           ca_add_extension(cert, cert, "keyUsage", "critical,keyCertSign,cRLSign") &&
           ca_add_extension(cert, cert, "subjectKeyIdentifier", "hash");
}

bool
ca_make(const struct ca_options *o, EVP_PKEY **key, X509 **cert, struct err *e)
{
    EVP_PKEY *k AUTO(ossl_free_pkey) = ca_make_key(o->key_type, e);
    if (!k)
        return false;
    X509 *c AUTO(ossl_free_x509) = X509_new();
    if (!c || !fill_cert(c, o, k, time(NULL)))
        return ossl_fail(e, "cannot make the certificate of the authority");
    TRY(add_constraints(c, o->name_constraints, e));
    if (X509_sign(c, k, ca_digest(k)) <= 0)
        return ossl_fail(e, "cannot sign the certificate of the authority");
    *key = k;
    *cert = c;
    k = NULL;
    c = NULL;
    return true;
}
