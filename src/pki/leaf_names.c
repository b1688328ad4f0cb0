/* The names of a forged certificate: subject and subject alternative names. */
#include "pki/leaf_names.h"
#include "base/utf8.h"
#include "pki/host.h"
#include "pki/ossl.h"

#define MAX_ATTRIBUTE 64 /* characters of a CN or O (RFC 5280 appendix A.1, ub-common-name) */

/* What the names are collected into, with the limits. */
struct alt {
    GENERAL_NAMES *list;
    size_t bytes;
    int own; /* this many at the front are not from the upstream */
};

static struct slice
asn1_slice(const ASN1_STRING *s)
{
    return slice_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* Looks at our own names only: an upstream's many must not be compared with one another. */
static bool
alt_has(const struct alt *alt, int type, struct slice value)
{
    for (int i = 0; i < alt->own; i++) {
        int have_type;
        const ASN1_STRING *have =
            GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(alt->list, i), &have_type);
        if (have_type == type && slice_eq_nocase(asn1_slice(have), value))
            return true;
    }
    return false;
}

/* Names beyond the limits are left out; false: no memory. */
static bool
alt_add(struct alt *alt, int type, struct slice value)
{
    if (sk_GENERAL_NAME_num(alt->list) >= LEAF_MAX_NAMES ||
        alt->bytes + value.n > LEAF_MAX_NAME_BYTES)
        return true;
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *s = ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
    if (!name || !s || ASN1_STRING_set(s, value.p, (int)value.n) != 1 ||
        !sk_GENERAL_NAME_push(alt->list, name)) {
        GENERAL_NAME_free(name);
        ASN1_STRING_free(s);
        return false;
    }
    GENERAL_NAME_set0_value(name, type, s);
    alt->bytes += value.n;
    return true;
}

/* A host that we know as text: name or IP literal; empty and invalid ones are skipped. */
static bool
alt_add_host(struct alt *alt, struct slice host)
{
    uint8_t ip[16];
    host = host_trim(host);
    size_t n = host_ip(host, ip);
    struct slice value = n ? slice_of(ip, n) : host;
    int type = n ? GEN_IPADD : GEN_DNS;
    if ((n == 0 && !host_name_valid(host)) || alt_has(alt, type, value))
        return true;
    TRY(alt_add(alt, type, value));
    alt->own = sk_GENERAL_NAME_num(alt->list);
    return true;
}

/* Whether a name of the upstream is one that a client may look at. */
static bool
is_wanted(int type, struct slice value)
{
    if (type == GEN_DNS)
        return host_pattern_valid(value);
    return type == GEN_IPADD && (value.n == 4 || value.n == 16);
}

/* Whether the client would be content with this name. */
static bool
covers(const struct leaf_spec *spec, int type, struct slice value)
{
    uint8_t ip[16];
    struct slice host = host_trim(spec->host), sni = host_trim(spec->sni);
    size_t n = host_ip(host, ip);
    if (type == GEN_IPADD)
        return n && slice_eq(slice_of(ip, n), value);
    return host_matches(value, host) || host_matches(value, sni);
}

static bool
add_upstream(struct alt *alt, const struct leaf_spec *spec)
{
    GENERAL_NAMES *names AUTO(ossl_free_names) =
        X509_get_ext_d2i(spec->upstream, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int type;
        const ASN1_STRING *s = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        if (type != GEN_DNS && type != GEN_IPADD)
            continue;
        struct slice value = asn1_slice(s);
        if (!is_wanted(type, value) || alt_has(alt, type, value))
            continue;
        if (spec->fault == LEAF_WRONG_HOST && covers(spec, type, value))
            continue;
        TRY(alt_add(alt, type, value));
    }
    return true;
}

/* The name of a fault, alone. What is an address in place of a name is an address, and the other
 * way round. */
static bool
add_fault(struct alt *alt, const struct leaf_spec *spec, struct slice name)
{
    bool named = host_name_valid(leaf_fault_host(spec));
    if (spec->fault == LEAF_IP_AS_NAME && named)
        return alt_add_host(alt, name);
    return alt_add(alt, GEN_DNS, name);
}

static bool
fill_alt(struct alt *alt, const struct leaf_spec *spec)
{
    char out[HOST_MAX + 3];
    bool wrong = spec->fault == LEAF_WRONG_HOST;
    struct slice name = leaf_fault_name(spec, out);
    if (name.n)
        return add_fault(alt, spec, name);
    /* Our own names come first, so that the limits never cut them off. */
    if (!wrong)
        TRY(alt_add_host(alt, spec->sni) && alt_add_host(alt, spec->host));
    if (spec->upstream)
        TRY(add_upstream(alt, spec));
    if (wrong && sk_GENERAL_NAME_num(alt->list) == 0)
        return alt_add_host(alt, SLICE("wrong.host.invalid"));
    return true;
}

GENERAL_NAMES *
leaf_names_alt(const struct leaf_spec *spec)
{
    struct alt alt = {.list = GENERAL_NAMES_new()};
    if (alt.list && fill_alt(&alt, spec))
        return alt.list;
    GENERAL_NAMES_free(alt.list);
    return NULL;
}

/* Text that can stand in a subject: at most 64 characters of UTF-8 without control bytes. */
static bool
attribute_fits(struct slice s)
{
    size_t n = 0;
    uint32_t cp = 0;
    while (s.n) {
        unsigned len = utf8_next(s, &cp);
        if (len == 0 || cp < 0x20 || cp == 0x7f || ++n > MAX_ATTRIBUTE)
            return false;
        s = slice_from(s, len);
    }
    return n > 0;
}

static bool
add_attribute(X509 *cert, int nid, struct slice value)
{
    return X509_NAME_add_entry_by_NID(X509_get_subject_name(cert), nid, V_ASN1_UTF8STRING,
                                      (const unsigned char *)value.p, (int)value.n, -1, 0) == 1;
}

/* Copies the first such attribute of the upstream's subject if it fits; *found says whether. */
static bool
copy_attribute(X509 *cert, X509 *upstream, int nid, bool *found)
{
    X509_NAME *name = X509_get_subject_name(upstream);
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    X509_NAME_ENTRY *entry = at < 0 ? NULL : X509_NAME_get_entry(name, at);
    unsigned char *utf8 = NULL;
    int n = entry ? ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry)) : -1;
    struct slice value = slice_of(utf8, n > 0 ? (size_t)n : 0);
    *found = attribute_fits(value);
    bool ok = !*found || add_attribute(cert, nid, value);
    OPENSSL_free(utf8);
    return ok;
}

/* The first name, or the address, as CN. */
static bool
cn_from_alt(X509 *cert, const struct leaf_spec *spec, const GENERAL_NAMES *alt)
{
    int type;
    const GENERAL_NAME *first = sk_GENERAL_NAME_value(alt, 0);
    if (!first)
        return true;
    const ASN1_STRING *s = GENERAL_NAME_get0_value(first, &type);
    bool wrong = type != GEN_DNS && spec->fault == LEAF_WRONG_HOST;
    struct slice value = type == GEN_DNS ? asn1_slice(s) : wrong ? SLICE_NONE : spec->host;
    return !attribute_fits(value) || add_attribute(cert, NID_commonName, value);
}

bool
leaf_names_subject(X509 *cert, const struct leaf_spec *spec, const GENERAL_NAMES *alt)
{
    bool found = false;
    char out[HOST_MAX + 3];
    struct slice name = leaf_fault_name(spec, out);
    if (spec->fault == LEAF_NO_SAN)
        name = leaf_fault_host(spec);
    if (spec->upstream)
        TRY(copy_attribute(cert, spec->upstream, NID_organizationName, &found));
    found = false;
    if (name.n)
        return !attribute_fits(name) || add_attribute(cert, NID_commonName, name);
    if (spec->upstream && spec->fault != LEAF_WRONG_HOST)
        TRY(copy_attribute(cert, spec->upstream, NID_commonName, &found));
    return found || cn_from_alt(cert, spec, alt);
}
