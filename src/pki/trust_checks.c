/* What OpenSSL's verifier lets pass: keys, signatures, versions, serials, uses, name constraints.
 */
#include "pki/trust_checks.h"
#include "base/base.h"
#include "pki/ossl.h"
#include "pki/trust_constraints.h"

#include <openssl/core_names.h>
#include <string.h>

#define RSA_MIN      2048
#define RSA_MAX      16384 /* more is an attack on the processor */
#define EXPONENT_MAX 256   /* bits, likewise; the limit of the CA/Browser Forum */

/* SHA-256 over the public keys (SubjectPublicKeyInfo) of authorities and servers whose private keys
 * everybody has. */
static const struct leaked_key {
    const char *name;
    unsigned char spki[32];
} leaked_keys[] = {
    {"Superfish", {0x4b, 0xb8, 0xf3, 0x5b, 0xa1, 0xe1, 0x26, 0xf8, 0xdd, 0xe1, 0xb0,
                   0xc4, 0x20, 0x62, 0x5e, 0xd8, 0x6d, 0xce, 0x61, 0xa7, 0xbd, 0xda,
                   0xdb, 0xde, 0xa9, 0xab, 0xa5, 0x78, 0xff, 0x13, 0x14, 0x5e}},
    {"eDellRoot", {0xcd, 0xee, 0x9f, 0x33, 0x05, 0x57, 0x2a, 0x67, 0x7e, 0x1a, 0x6c,
                   0x82, 0xdc, 0x1e, 0x02, 0xa3, 0x5b, 0x11, 0xca, 0xe6, 0xa6, 0x84,
                   0x33, 0x8c, 0x9f, 0x37, 0xfe, 0x1a, 0xc8, 0xda, 0xec, 0x23}},
    {"DSDTestProvider", {0x13, 0x0a, 0xd4, 0xe0, 0x63, 0x35, 0x21, 0x29, 0x05, 0x31, 0xb6,
                         0x65, 0x1f, 0x57, 0x59, 0xb0, 0xbc, 0x7b, 0xc6, 0x56, 0x70, 0x9f,
                         0xf8, 0xf3, 0x65, 0xc2, 0x14, 0x3b, 0x03, 0x89, 0xb6, 0xf6}},
    {"badssl mitm-software", {0x9d, 0x40, 0x51, 0x3f, 0x43, 0x99, 0x1a, 0xf3, 0x9f, 0xe4, 0x13,
                              0xaf, 0xf7, 0x60, 0x8f, 0xc5, 0x64, 0x63, 0x82, 0x71, 0x37, 0x16,
                              0x65, 0x47, 0xde, 0x0a, 0x18, 0x28, 0xd5, 0x24, 0xae, 0x98}},
    {"webpack-dev-server", {0x2b, 0xd1, 0xe6, 0x67, 0xec, 0x9e, 0xbb, 0xe0, 0x2b, 0x9a, 0x7d,
                            0xa2, 0x64, 0x21, 0x0c, 0x99, 0xb3, 0xea, 0xc1, 0xcc, 0x91, 0x41,
                            0xa0, 0xe3, 0x0e, 0x3f, 0x62, 0x3e, 0xac, 0xce, 0xc4, 0xe1}},
    {"preact-cli", {0x68, 0x09, 0x71, 0xcb, 0x44, 0xb0, 0xfd, 0x56, 0x59, 0x21, 0x02,
                    0xa2, 0x56, 0xe8, 0x5c, 0x58, 0xe8, 0x71, 0x09, 0xad, 0x80, 0x44,
                    0xc2, 0xb9, 0x0d, 0x8f, 0x3c, 0x6e, 0x9e, 0xea, 0xb8, 0x97}},
};

static const struct leaked_key *
find_leaked(X509 *cert)
{
    unsigned char *der = NULL, hash[EVP_MAX_MD_SIZE];
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    bool ok = n > 0 && EVP_Digest(der, (size_t)n, hash, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    for (size_t i = 0; ok && i < ARRAY_LEN(leaked_keys); i++)
        if (memcmp(hash, leaked_keys[i].spki, sizeof leaked_keys[i].spki) == 0)
            return &leaked_keys[i];
    return NULL;
}

bool
trust_check_leaked(const STACK_OF(X509) * chain, struct verdict *v)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *cert = sk_X509_value(chain, i);
        const struct leaked_key *leaked = find_leaked(cert);
        if (leaked)
            return verdict_fail(v, VERDICT_LEAKED_KEY, i, cert, "has the known private key of %s",
                                leaked->name);
    }
    return true;
}

static bool
check_rsa(const EVP_PKEY *key, int depth, X509 *cert, struct verdict *v)
{
    int bits = EVP_PKEY_get_bits(key);
    if (bits < RSA_MIN || bits > RSA_MAX || bits % 8 != 0)
        return verdict_fail(v, VERDICT_WEAK_KEY, depth, cert, "has an RSA key of %d bits", bits);
    BIGNUM *exponent = NULL;
    bool ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
              BN_is_odd(exponent) && !BN_is_one(exponent) && BN_num_bits(exponent) <= EXPONENT_MAX;
    BN_free(exponent);
    return ok ||
           verdict_fail(v, VERDICT_WEAK_KEY, depth, cert, "has an RSA key with a useless exponent");
}

static bool
check_ec(const EVP_PKEY *key, int depth, X509 *cert, struct verdict *v)
{
    static const char *const groups[] = {"prime256v1", "secp384r1", "secp521r1"};
    char group[64] = "an unnamed curve";
    size_t n;
    (void)EVP_PKEY_get_group_name(key, group, sizeof group, &n);
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        if (strcmp(group, groups[i]) == 0)
            return true;
    return verdict_fail(v, VERDICT_WEAK_KEY, depth, cert, "has a key on %s", group);
}

static bool
check_key(int depth, X509 *cert, struct verdict *v)
{
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    if (!key)
        return verdict_fail(v, VERDICT_WEAK_KEY, depth, cert, "has a key that cannot be read");
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS: return check_rsa(key, depth, cert, v);
    case EVP_PKEY_EC: return check_ec(key, depth, cert, v);
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448: return true;
    default:
        return verdict_fail(v, VERDICT_WEAK_KEY, depth, cert, "has a key of the kind '%s'",
                            EVP_PKEY_get0_type_name(key));
    }
}

bool
trust_key_is_usable(X509 *cert)
{
    struct verdict ignored;
    return check_key(0, cert, &ignored);
}

static bool
check_signature_kind(int depth, X509 *cert, struct verdict *v)
{
    int md = NID_undef, key = NID_undef;
    uint32_t flags;
    (void)X509_get_signature_info(cert, &md, &key, NULL, &flags);
    bool edwards = key == NID_ED25519 || key == NID_ED448;
    bool good_md = md == NID_sha256 || md == NID_sha384 || md == NID_sha512;
    bool good_key = key == EVP_PKEY_RSA || key == EVP_PKEY_RSA_PSS || key == EVP_PKEY_EC;
    if (edwards || (good_md && good_key))
        return true;
    return verdict_fail(v, VERDICT_WEAK_SIGNATURE, depth, cert, "is signed with %s",
                        OBJ_nid2ln(X509_get_signature_nid(cert)));
}

/* RFC 5280 section 4.1.2.2. */
static bool
check_serial(int depth, X509 *cert, struct verdict *v)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    int n = ASN1_STRING_length(serial);
    const unsigned char *p = ASN1_STRING_get0_data(serial);
    bool negative = ASN1_STRING_type(serial) & V_ASN1_NEG;
    /* A first bit that is set needs a zero byte in front in DER, which counts. */
    int der_n = n > 0 && (p[0] & 0x80) ? n + 1 : n;
    if (negative || der_n > 20 || n == 0 || (n == 1 && p[0] == 0))
        return verdict_fail(v, VERDICT_SERIAL, depth, cert, "has a serial number that is %s",
                            negative     ? "negative"
                            : der_n > 20 ? "longer than 20 bytes"
                                         : "zero");
    return true;
}

/* The extensions that OpenSSL knows are one value in DER each; it does not mind what stands behind
 * it, which others may read. */
static bool
check_extensions(int depth, X509 *cert, struct verdict *v)
{
    for (int i = 0; i < X509_get_ext_count(cert); i++) {
        X509_EXTENSION *ext = X509_get_ext(cert, i);
        const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(ext);
        const unsigned char *p = ASN1_STRING_get0_data(value);
        long n = 0, size = ASN1_STRING_length(value);
        int tag, class;
        const unsigned char *end = p + size;
        if (!X509V3_EXT_get(ext))
            continue;
        int how = ASN1_get_object(&p, &n, &tag, &class, size);
        if ((how & 0x81) || end - p != n)
            return verdict_fail(v, VERDICT_MALFORMED, depth, cert,
                                "has an extension that is not "
                                "one value in DER");
    }
    return true;
}

/* A trust anchor is trusted as it is: its version, serial and self-signature prove nothing (RFC
 * 5280 section 6.1). */
static bool
check_cert(int depth, X509 *cert, bool anchor, struct verdict *v)
{
    TRY(check_key(depth, cert, v));
    if (anchor)
        return true;
    if (X509_get_version(cert) != X509_VERSION_3)
        return verdict_fail(v, VERDICT_VERSION, depth, cert, "is of version %ld",
                            X509_get_version(cert) + 1);
    return check_signature_kind(depth, cert, v) && check_serial(depth, cert, v) &&
           check_extensions(depth, cert, v);
}

static bool
check_leaf(X509 *leaf, struct verdict *v)
{
    uint32_t flags = X509_get_extension_flags(leaf);
    if (flags & EXFLAG_CA)
        return verdict_fail(v, VERDICT_CA_AS_LEAF, 0, leaf, "is one of an authority (CA:TRUE)");
    if (!(flags & EXFLAG_XKUSAGE))
        return verdict_fail(v, VERDICT_EKU, 0, leaf, "has no extended key usage");
    if (!(X509_get_extended_key_usage(leaf) & XKU_SSL_SERVER))
        return verdict_fail(v, VERDICT_EKU, 0, leaf, "is not for servers");
    if (X509_get_ext_by_NID(leaf, NID_name_constraints, -1) >= 0)
        return verdict_fail(v, VERDICT_NAME_CONSTRAINTS, 0, leaf,
                            "has name constraints, which only authorities may have");
    return true;
}

static bool
check_use(int depth, X509 *cert, struct verdict *v)
{
    if (depth == 0)
        return check_leaf(cert, v);
    uint32_t flags = X509_get_extension_flags(cert);
    if ((flags & EXFLAG_XKUSAGE) && !(X509_get_extended_key_usage(cert) & XKU_SSL_SERVER))
        return verdict_fail(v, VERDICT_EKU, depth, cert, "may not sign for servers");
    return true;
}

bool
trust_check_chain(const STACK_OF(X509) * chain, struct verdict *v)
{
    int n = sk_X509_num(chain);
    for (int i = 0; i < n; i++)
        TRY(check_cert(i, sk_X509_value(chain, i), i == n - 1 && i > 0, v));
    for (int i = 0; i < n; i++)
        TRY(check_use(i, sk_X509_value(chain, i), v));
    return trust_check_constraints(chain, v);
}
