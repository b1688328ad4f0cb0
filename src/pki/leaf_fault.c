/* What is wrong with a forged certificate on purpose: words, names, verdicts. */
#include "pki/leaf_fault.h"
#include "base/nearest.h"
#include "pki/leaf.h"

#include <stdio.h>

#define CN_MAX 64 /* RFC 5280 appendix A.1, ub-common-name */

static const struct row {
    const char *word, *what;
    enum verdict_reason verdict;
} rows[LEAF_FAULTS] = {
    {"good", "nothing is wrong", VERDICT_OK},
#define LEAF_FAULT(id, word, verdict, what) {word, what, VERDICT_##verdict},
#include "pki/leaf_fault_list.h"
#undef LEAF_FAULT
};

const char *
leaf_fault_word(enum leaf_fault fault)
{
    return rows[fault].word;
}

const char *
leaf_fault_what(enum leaf_fault fault)
{
    return rows[fault].what;
}

enum verdict_reason
leaf_fault_verdict(enum leaf_fault fault)
{
    return rows[fault].verdict;
}

static bool
fail_unknown(struct slice word, struct err *e)
{
    struct nearest n;
    nearest_init(&n, word);
    for (int i = LEAF_GOOD + 1; i < LEAF_FAULTS; i++)
        nearest_try(&n, slice_str(rows[i].word));
    word = slice_first(word, 40);
    if (n.found.n)
        return err_set(e, ERR_USAGE, "unknown certificate fault '%.*s', did you mean '%.*s'?",
                       SLICE_ARG(word), SLICE_ARG(n.found));
    return err_set(e, ERR_USAGE, "unknown certificate fault '%.*s': one of"
#define LEAF_FAULT(id, word, verdict, what) " " word
#include "pki/leaf_fault_list.h"
#undef LEAF_FAULT
                   ,
                   SLICE_ARG(word));
}

bool
leaf_fault_find(struct slice word, enum leaf_fault *fault, struct err *e)
{
    for (int i = LEAF_GOOD + 1; i < LEAF_FAULTS; i++)
        if (slice_eq_nocase(word, slice_str(rows[i].word))) {
            *fault = (enum leaf_fault)i;
            return true;
        }
    return fail_unknown(word, e);
}

bool
leaf_fault_is_weak(enum leaf_fault fault)
{
    return rows[fault].verdict == VERDICT_WEAK_KEY || rows[fault].verdict == VERDICT_WEAK_SIGNATURE;
}

struct slice
leaf_fault_host(const struct leaf_spec *spec)
{
    struct slice sni = host_trim(spec->sni);
    return host_name_valid(sni) ? sni : host_trim(spec->host);
}

/* Without the first label; empty when there is no other. */
static struct slice
parent_of(struct slice name)
{
    return slice_from(name, MIN(slice_find(name, '.') + 1, name.n));
}

static struct slice
top_of(struct slice name)
{
    while (parent_of(name).n)
        name = parent_of(name);
    return name;
}

/* Where the client could be led to; when we do not know it, where we are. */
static struct slice
address_of(const struct leaf_spec *spec)
{
    uint8_t ip[16];
    struct slice host = host_trim(spec->host);
    return host_ip(host, ip) ? host : SLICE("127.0.0.1");
}

/* A part of the first label, a wildcard, and what it stands in front of: that must have two labels
 * where 'dotted', so that nothing but the wildcard itself is odd. */
static struct slice
wildcard(struct slice part, struct slice base, bool dotted, char out[HOST_MAX + 3])
{
    if (base.n == 0 || (dotted && parent_of(base).n == 0))
        return SLICE_NONE;
    int n = snprintf(out, HOST_MAX + 3, "%.*s*.%.*s", SLICE_ARG(part), SLICE_ARG(base));
    return slice_of(out, MIN((size_t)n, (size_t)HOST_MAX + 2));
}

struct slice
leaf_fault_name(const struct leaf_spec *spec, char out[HOST_MAX + 3])
{
    struct slice host = leaf_fault_host(spec), parent = parent_of(host);
    if (spec->fault == LEAF_IP_AS_NAME)
        return address_of(spec);
    if (!host_name_valid(host) || parent.n == 0)
        return SLICE_NONE;
    switch ((int)spec->fault) { /* an int, because the other faults are all alike */
    case LEAF_WILDCARD_TLD: return wildcard(SLICE_NONE, top_of(host), false, out);
    case LEAF_WILDCARD_DEEP: return wildcard(SLICE_NONE, parent_of(parent), true, out);
    case LEAF_WILDCARD_PARTIAL: return wildcard(slice_first(host, 1), parent, true, out);
    default: return SLICE_NONE;
    }
}

static bool
fits(const struct leaf_spec *spec)
{
    char out[HOST_MAX + 3];
    switch ((int)spec->fault) {
    case LEAF_NO_SAN: return leaf_fault_host(spec).n <= CN_MAX;
    case LEAF_WILDCARD_TLD:
    case LEAF_WILDCARD_DEEP:
    case LEAF_WILDCARD_PARTIAL: return leaf_fault_name(spec, out).n > 0;
    default: return true;
    }
}

bool
leaf_fault_check(const struct leaf_spec *spec, struct err *e)
{
    return fits(spec) ||
           err_set(e, ERR_FAILED,
                   "a certificate for '%.*s' cannot have the fault '%s': the name has "
                   "too few labels, or is too long",
                   SLICE_ARG(slice_first(leaf_fault_host(spec), HOST_MAX)), rows[spec->fault].word);
}

enum leaf_fault
leaf_fault_of(enum verdict_reason reason)
{
    static const struct {
        enum verdict_reason reason;
        enum leaf_fault fault;
    } mirrored[] = {
        {VERDICT_OK, LEAF_GOOD},
        {VERDICT_EXPIRED, LEAF_EXPIRED},
        {VERDICT_NOT_YET_VALID, LEAF_NOT_YET},
        {VERDICT_WRONG_HOST, LEAF_WRONG_HOST},
        {VERDICT_NAME_IN_CN_ONLY, LEAF_WRONG_HOST},
        {VERDICT_NO_SAN, LEAF_WRONG_HOST},
        {VERDICT_SELF_SIGNED, LEAF_SELF_SIGNED},
    };
    for (size_t i = 0; i < ARRAY_LEN(mirrored); i++)
        if (mirrored[i].reason == reason)
            return mirrored[i].fault;
    return LEAF_UNTRUSTED;
}
