/* The life of a query, and what it says of a flow. */
#include "flow/filter.h"

#include "codec/url.h"
#include "flow/filter_view.h"

struct filter *
filter_ref(struct filter *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void
filter_unref(struct filter *f)
{
    if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < f->n_regexes; i++)
        regex_free(f->regexes[i]);
    arena_free(f->arena);
}

unsigned
filter_needs(const struct filter *f)
{
    return f->needs;
}

struct filter_key
filter_key(const struct filter *f)
{
    return f->key;
}

/* "127.0.0.1:8080", "[::1]:8080". */
static bool
cidr_match(const struct filter_value *v, struct slice s)
{
    uint8_t ip[16];
    unsigned len;
    struct slice host = slice_first(s, slice_find_last(s, ':'));
    if (slice_starts(host, SLICE("[")))
        host = slice_first(slice_from(host, 1), slice_find(host, ']') - 1);
    if (!url_parse_ip(host, ip, &len) || len != v->net_bytes)
        return false;
    unsigned whole = v->net_bits / 8, rest = v->net_bits % 8;
    if (memcmp(ip, v->net, whole) != 0)
        return false;
    return rest == 0 || ((ip[whole] ^ v->net[whole]) >> (8 - rest)) == 0;
}

/* ':' says that all of a name is meant, or the port of an address. */
static bool
plain_has(enum filter_type type, const struct needle *n, struct slice s)
{
    bool port = type == FILTER_ADDRESS && slice_starts(n->text, SLICE(":"));
    if (type == FILTER_NAME && s.n != n->text.n)
        return false;
    return port ? needle_ends(n, s) : needle_find(n, s) <= s.n;
}

/* The bare text of a value under each operator. */
static bool
plain_match(const struct filter_node *t, const struct filter_value *v, struct slice s)
{
    switch (t->op) {
    case OP_EQUAL:
    case OP_NOT_EQUAL: return slice_eq(v->text, s);
    case OP_PREFIX: return needle_starts(&v->needle, s);
    case OP_SUFFIX: return needle_ends(&v->needle, s);
    case OP_HAS: return plain_has(t->field->type, &v->needle, s);
    case OP_REGEX:
    case OP_NOT_REGEX:
    case OP_MORE:
    case OP_AT_LEAST:
    case OP_LESS:
    case OP_AT_MOST:
    case OP_PRESENT:
    case OPS_N: break;
    }
    return false;
}

static bool
value_match(struct filter_view *view, const struct filter_value *v, struct slice s)
{
    switch (v->kind) {
    case VALUE_TEXT: return plain_match(view->test, v, s);
    case VALUE_GLOB: return glob_match(&v->glob, s);
    case VALUE_REGEX: return regex_match(v->regex, &view->room, s);
    case VALUE_CIDR: return cidr_match(v, s);
    case VALUE_RANGE:
    case VALUE_WORD: break;
    }
    return false;
}

bool
view_text(struct filter_view *v, struct slice s)
{
    v->seen = true;
    if (v->test->op == OP_PRESENT) {
        if (v->say)
            v->say(v->arg, s);
        return !v->say;
    }
    for (const struct filter_value *it = v->test->values; it; it = it->next)
        if (value_match(v, it, s))
            return true;
    return false;
}

static bool
number_match(const struct filter_node *t, uint64_t n)
{
    const struct filter_value *v = t->values;
    switch (t->op) {
    case OP_PRESENT: return true;
    case OP_MORE: return n > v->hi;
    case OP_AT_LEAST: return n >= v->lo;
    case OP_LESS: return n < v->lo;
    case OP_AT_MOST: return n <= v->hi;
    case OP_HAS:
    case OP_EQUAL:
    case OP_NOT_EQUAL:
    case OP_REGEX:
    case OP_NOT_REGEX:
    case OP_PREFIX:
    case OP_SUFFIX:
    case OPS_N: break;
    }
    for (; v; v = v->next)
        if (n >= v->lo && n <= v->hi)
            return true;
    return false;
}

static bool
words_match(const struct filter_node *t, const struct flow *f)
{
    for (const struct filter_value *v = t->values; v; v = v->next)
        if (v->word->has && v->word->has(f))
            return true;
    return false;
}

static bool
words_any(const struct filter_field *field, const struct flow *f)
{
    for (const struct filter_word *w = field->words; w->name; w++)
        if (w->has && w->has(f))
            return true;
    return false;
}

/* Whether the flow has what the test looks for; v->seen, whether it has the field at all. */
static bool
test_found(struct filter_view *v)
{
    const struct filter_node *t = v->test;
    const struct filter_field *field = t->field;
    uint64_t n;
    if (field->words) {
        v->seen = words_any(field, v->flow);
        return t->op == OP_PRESENT ? v->seen : words_match(t, v->flow);
    }
    if (field->text)
        return field->text(v, field->side);
    v->seen = field->number && field->number(v->flow, field->side, &n);
    return v->seen && number_match(t, n);
}

static bool
test_match(struct filter_view *v, const struct filter_node *t)
{
    v->test = t;
    v->seen = false;
    bool found = test_found(v);
    return t->op == OP_NOT_EQUAL || t->op == OP_NOT_REGEX ? v->seen && !found : found;
}

/* Recursion is bounded by FILTER_DEPTH_MAX. */
static bool
node_match(struct filter_view *v, const struct filter_node *n)
{
    if (n->kind == FILTER_TEST)
        return test_match(v, n);
    if (n->kind == FILTER_NOT)
        return !node_match(v, n->first);
    bool wanted = n->kind == FILTER_OR;
    for (const struct filter_node *it = n->first; it; it = it->next)
        if (node_match(v, it) == wanted)
            return wanted;
    return !wanted;
}

bool
filter_match(const struct filter *f, const struct flow *flow)
{
    struct filter_view v = {.flow = flow};
    bool matches = node_match(&v, f->root);
    view_release(&v);
    return matches;
}
