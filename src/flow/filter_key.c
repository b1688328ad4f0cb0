/* What of a query can be known before it is tried on a flow: what it needs, and a literal. */
#include "flow/filter_tree.h"

static unsigned
test_needs(const struct filter_node *t)
{
    unsigned needs = t->field->needs;
    if (t->field->words && t->op == OP_HAS) {
        for (const struct filter_value *v = t->values; v; v = v->next)
            needs |= v->word->needs;
        return needs;
    }
    for (const struct filter_word *w = t->field->words; w && w->name; w++)
        needs |= w->needs;
    return needs;
}

/* Whatever a test says, and whether or not it is negated, it may say otherwise later. */
unsigned
filter_find_needs(const struct filter_node *n)
{
    unsigned needs = n->kind == FILTER_TEST ? test_needs(n) : 0;
    for (const struct filter_node *it = n->kind == FILTER_TEST ? NULL : n->first; it; it = it->next)
        needs |= filter_find_needs(it);
    return needs;
}

static void
offer(struct filter_key *best, struct slice literal, bool in_path)
{
    if (literal.n > best->literal.n)
        *best = (struct filter_key){literal, in_path};
}

/* "https://host:port/path?query", from the beginning on: the host is there from "://" to what ends
 * it, the path from there to what ends that. */
static void
offer_url(struct filter_key *best, struct slice url)
{
    struct slice rest = slice_starts(url, SLICE("https://"))  ? slice_from(url, 8)
                        : slice_starts(url, SLICE("http://")) ? slice_from(url, 7)
                                                              : SLICE_NONE;
    if (rest.n == 0 || rest.p[0] == '[')
        return;
    struct slice authority = slice_first(rest, slice_find(rest, '/'));
    struct slice path = slice_from(rest, authority.n);
    offer(best, slice_first(authority, slice_find(authority, ':')), false);
    offer(best, slice_first(path, slice_find(path, '?')), true);
}

static bool
is_field(const struct filter_node *t, struct slice name)
{
    return slice_eq(slice_str(t->field->name), name);
}

/* The only value of a test that says what there is, if it is a literal or has literals in it. */
static const struct filter_value *
literal_value(const struct filter_node *t)
{
    const struct filter_value *v = t->values;
    bool says = t->op == OP_HAS || t->op == OP_EQUAL || t->op == OP_PREFIX || t->op == OP_SUFFIX;
    bool literal = v && !v->next && (v->kind == VALUE_TEXT || v->kind == VALUE_GLOB);
    return says && literal ? v : NULL;
}

static void
offer_test(struct filter_key *best, const struct filter_node *t)
{
    const struct filter_value *v = literal_value(t);
    if (!v)
        return;
    bool glob = v->kind == VALUE_GLOB, anchored = t->op == OP_PREFIX || t->op == OP_EQUAL || glob;
    const struct needle *pieces = glob ? v->glob.pieces : &v->needle;
    if (is_field(t, SLICE("url")) && anchored)
        offer_url(best, pieces[0].text);
    bool path = is_field(t, SLICE("path"));
    if (!path && !is_field(t, SLICE("host")))
        return;
    for (size_t i = 0; i < (glob ? v->glob.n : 1); i++)
        offer(best, pieces[i].text, path);
}

bool
filter_find_key(const struct filter_node *root, struct arena *a, struct filter_key *out)
{
    struct filter_key best = {0};
    if (root->kind == FILTER_TEST)
        offer_test(&best, root);
    for (const struct filter_node *n = root->kind == FILTER_AND ? root->first : NULL; n;
         n = n->next)
        if (n->kind == FILTER_TEST)
            offer_test(&best, n);
    *out = best;
    if (best.literal.n)
        out->literal = arena_dup(a, best.literal);
    return !best.literal.n || out->literal.p;
}
