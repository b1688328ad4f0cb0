/* Whether a certificate names the host: SAN only, addresses by address. */
#include "base/buf.h"
#include "base/print.h"
#include "pki/host.h"
#include "pki/ossl.h"
#include "pki/trust_checks.h"

#define SHOWN 3 /* names in a sentence */

static struct slice
asn1_slice(const ASN1_STRING *s)
{
    return slice_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* Bytes that no name has, and empty labels. A wildcard or another letter that is out of place only
 * matches nothing. */
static bool
is_deceiving(struct slice name)
{
    if (name.n == 0)
        return true;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        bool empty_label = c == '.' && (i == 0 || name.p[i - 1] == '.');
        if (c <= ' ' || c >= 0x7f || empty_label)
            return true;
    }
    return false;
}

static bool
is_malformed(int type, struct slice value)
{
    if (type == GEN_DNS)
        return is_deceiving(value);
    return type == GEN_IPADD && value.n != 4 && value.n != 16;
}

static bool
covers(int type, struct slice value, struct slice host, struct slice ip)
{
    if (ip.n)
        return type == GEN_IPADD && slice_eq(value, ip);
    return type == GEN_DNS && host_matches(value, host);
}

/* What a pass over the names has found. */
struct found {
    int useful; /* DNS names and addresses */
    bool malformed, covered;
};

static struct found
look_at_names(const GENERAL_NAMES *names, struct slice host)
{
    uint8_t raw[16];
    struct slice ip = slice_of(raw, host_ip(host, raw));
    struct found found = {0};
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int type;
        const ASN1_STRING *s = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        if (type != GEN_DNS && type != GEN_IPADD)
            continue;
        struct slice value = asn1_slice(s);
        found.useful++;
        found.malformed = found.malformed || is_malformed(type, value);
        found.covered = found.covered || covers(type, value, host, ip);
    }
    return found;
}

/* Whether any CN of the subject says what; used for a better sentence only. */
static bool
any_cn(X509 *leaf, struct slice host, bool (*test)(struct slice cn, struct slice host))
{
    X509_NAME *name = X509_get_subject_name(leaf);
    int at = -1;
    while ((at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0) {
        unsigned char *utf8 = NULL;
        int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        bool yes = n >= 0 && test(slice_of(utf8, (size_t)n), host);
        OPENSSL_free(utf8);
        if (yes)
            return true;
    }
    return false;
}

static bool
cn_covers(struct slice cn, struct slice host)
{
    return host_matches(cn, host) || slice_eq(cn, host);
}

static bool
cn_has_nul(struct slice cn, struct slice host)
{
    (void)host;
    return slice_find(cn, '\0') != cn.n;
}

/* Appends "'a', 'b' and 3 more". */
static void
print_names(struct buf *out, const GENERAL_NAMES *names, int useful)
{
    int shown = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && shown < SHOWN; i++) {
        int type;
        const ASN1_STRING *s = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        if (type != GEN_DNS && type != GEN_IPADD)
            continue;
        buf_printf(out, "%s'", shown++ ? ", " : "");
        if (type == GEN_DNS)
            print_safe(out, slice_first(asn1_slice(s), 60), false);
        else
            buf_printf(out, "an address");
        buf_byte(out, '\'');
    }
    if (useful > shown)
        buf_printf(out, " and %d more", useful - shown);
}

static bool
fail_wrong_host(X509 *leaf, const GENERAL_NAMES *names, int useful, struct slice host,
                struct verdict *v)
{
    struct buf text, shown_host;
    buf_init(&text, 4096);
    buf_init(&shown_host, 4096);
    print_names(&text, names, useful);
    print_safe(&shown_host, slice_first(host, 80), false);
    verdict_fail(v, VERDICT_WRONG_HOST, 0, leaf, "is not for '%s' but for %s", buf_str(&shown_host),
                 buf_str(&text));
    buf_release(&text);
    buf_release(&shown_host);
    return false;
}

static bool
fail_no_san(X509 *leaf, struct slice host, struct verdict *v)
{
    if (any_cn(leaf, host, cn_covers))
        return verdict_fail(v, VERDICT_NAME_IN_CN_ONLY, 0, leaf,
                            "has the host's name in its subject only");
    return verdict_fail(v, VERDICT_NO_SAN, 0, leaf, "has no subject alternative name");
}

bool
trust_check_name(X509 *leaf, struct slice host, struct verdict *v)
{
    int state = 0;
    GENERAL_NAMES *names AUTO(ossl_free_names) =
        X509_get_ext_d2i(leaf, NID_subject_alt_name, &state, NULL);
    if (!names && state != -1)
        return verdict_fail(v, VERDICT_MALFORMED, 0, leaf,
                            "has malformed subject alternative names");
    host = host_trim(host);
    struct found found = look_at_names(names, host);
    if (found.malformed || any_cn(leaf, host, cn_has_nul))
        return verdict_fail(v, VERDICT_BAD_NAME, 0, leaf, "has a name that is no host name");
    if (found.useful == 0)
        return fail_no_san(leaf, host, v);
    return found.covered || fail_wrong_host(leaf, names, found.useful, host, v);
}
