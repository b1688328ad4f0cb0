/* Name constraints where OpenSSL is lenient. */
#include "pki/trust_constraints.h"
#include "base/slice.h"
#include "pki/host.h"
#include "pki/ossl.h"

static struct slice
dns_of(const GENERAL_NAME *name)
{
    if (name->type != GEN_DNS)
        return SLICE_NONE;
    return slice_of(ASN1_STRING_get0_data(name->d.dNSName),
                    (size_t)ASN1_STRING_length(name->d.dNSName));
}

static bool
trees_are_sane(const STACK_OF(GENERAL_SUBTREE) * trees)
{
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); i++) {
        struct slice dns = dns_of(sk_GENERAL_SUBTREE_value(trees, i)->base);
        if (slice_find(dns, '*') != dns.n || slice_find(dns, '\0') != dns.n)
            return false;
    }
    return true;
}

/* "*.example.com" stands for "secret.example.com", too, which "secret.example.com" excludes;
 * OpenSSL compares the text only. What lies at or above the wildcard's base is found by OpenSSL. */
static bool
wildcard_reaches(struct slice pattern, struct slice excluded)
{
    if (!slice_starts(pattern, SLICE("*.")))
        return false;
    struct slice parent = slice_from(excluded, slice_find(excluded, '.') + 1);
    return slice_eq_nocase(slice_from(pattern, 2), parent);
}

/* Whether a name of the leaf reaches into an excluded name. OpenSSL has refused more than a million
 * comparisons. */
static bool
any_reaches(const GENERAL_NAMES *names, const NAME_CONSTRAINTS *nc)
{
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(nc->excludedSubtrees); i++) {
        struct slice excluded = dns_of(sk_GENERAL_SUBTREE_value(nc->excludedSubtrees, i)->base);
        for (int k = 0; excluded.n && k < sk_GENERAL_NAME_num(names); k++)
            if (wildcard_reaches(dns_of(sk_GENERAL_NAME_value(names, k)), excluded))
                return true;
    }
    return false;
}

static bool
check_one(const NAME_CONSTRAINTS *nc, const GENERAL_NAMES *names, const char **what)
{
    if (sk_GENERAL_SUBTREE_num(nc->permittedSubtrees) < 1 &&
        sk_GENERAL_SUBTREE_num(nc->excludedSubtrees) < 1)
        *what = "has empty name constraints";
    else if (!trees_are_sane(nc->permittedSubtrees) || !trees_are_sane(nc->excludedSubtrees))
        *what = "has malformed name constraints";
    else if (any_reaches(names, nc))
        *what = "excludes names that a wildcard name of the server's certificate stands for";
    else
        return true;
    return false;
}

bool
trust_check_constraints(const STACK_OF(X509) * chain, struct verdict *v)
{
    GENERAL_NAMES *names AUTO(ossl_free_names) =
        X509_get_ext_d2i(sk_X509_value(chain, 0), NID_subject_alt_name, NULL, NULL);
    for (int i = 1; i < sk_X509_num(chain); i++) {
        X509 *cert = sk_X509_value(chain, i);
        NAME_CONSTRAINTS *nc = X509_get_ext_d2i(cert, NID_name_constraints, NULL, NULL);
        const char *what = NULL;
        bool ok = !nc || check_one(nc, names, &what);
        NAME_CONSTRAINTS_free(nc);
        if (!ok)
            return verdict_fail(v, VERDICT_NAME_CONSTRAINTS, i, cert, "%s", what);
    }
    return true;
}
