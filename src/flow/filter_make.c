/* The nodes and values of a query, checked as they are made. */
#include "flow/filter_make.h"

#include "base/clock.h"
#include "base/nearest.h"
#include "base/scan.h"
#include "codec/url.h"

#include <stdio.h>

#define ALL_TEXT (1u << FILTER_TEXT | 1u << FILTER_NAME | 1u << FILTER_ADDRESS)
#define NUMBERS                                                                                    \
    (1u << FILTER_NUMBER | 1u << FILTER_SIZE | 1u << FILTER_DURATION | 1u << FILTER_TIME)
#define WORDS (1u << FILTER_WORDS)

const struct filter_op_row filter_ops[OPS_N] = {
    [OP_HAS] = {":", ALL_TEXT | NUMBERS | WORDS, "contains", "does not contain"},
    [OP_EQUAL] = {"=", ALL_TEXT | NUMBERS | WORDS, "is", "is not"},
    [OP_NOT_EQUAL] = {"!=", ALL_TEXT | NUMBERS | WORDS, "is there and is not", "is missing or is"},
    [OP_REGEX] = {"~", ALL_TEXT, "matches", "does not match"},
    [OP_NOT_REGEX] = {"!~", ALL_TEXT, "is there and does not match", "is missing or matches"},
    [OP_MORE] = {">", NUMBERS, "is more than", "is not more than"},
    [OP_AT_LEAST] = {">=", NUMBERS, "is at least", "is not at least"},
    [OP_LESS] = {"<", NUMBERS, "is less than", "is not less than"},
    [OP_AT_MOST] = {"<=", NUMBERS, "is at most", "is not at most"},
    [OP_PREFIX] = {"^=", ALL_TEXT, "starts with", "does not start with"},
    [OP_SUFFIX] = {"$=", ALL_TEXT, "ends with", "does not end with"},
    [OP_PRESENT] = {"?", ALL_TEXT | NUMBERS | WORDS, "is there", "is not there"},
};

bool
filter_is_method(struct slice s)
{
    static const char *const methods[] = {"GET",   "HEAD",    "POST",  "PUT",    "DELETE",
                                          "PATCH", "OPTIONS", "TRACE", "CONNECT"};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (slice_eq(slice_str(methods[i]), s))
            return true;
    return false;
}

bool
make_fail(struct filter_maker *m, size_t at, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    m->at = MIN(at, m->text.n);
    return err_set(m->e, ERR_USAGE, "%s", text);
}

bool
make_enter(struct filter_maker *m, size_t at)
{
    if (++m->depth > FILTER_DEPTH_MAX)
        return make_fail(m, at, "more than %u groups in each other", FILTER_DEPTH_MAX);
    return true;
}

void
make_leave(struct filter_maker *m)
{
    m->depth--;
}

static void *
make_alloc(struct filter_maker *m, size_t n)
{
    void *p = arena_alloc(m->filter->arena, n);
    if (!p)
        err_memory(m->e);
    return p;
}

static bool
count_node(struct filter_maker *m, size_t at)
{
    if (++m->nodes > FILTER_NODES_MAX)
        return make_fail(m, at, "more than %u tests and values", FILTER_NODES_MAX);
    return true;
}

struct filter_node *
make_group(struct filter_maker *m, enum filter_kind kind)
{
    struct filter_node *n = make_alloc(m, sizeof(*n));
    if (n)
        n->kind = kind;
    return n;
}

struct filter_node *
make_not(struct filter_maker *m, struct filter_node *n, size_t at)
{
    struct filter_node *not = count_node(m, at) ? make_group(m, FILTER_NOT) : NULL;
    if (not )
        not ->first = n;
    return not ;
}

void
make_add(struct filter_node *group, struct filter_node *n)
{
    struct filter_node **tail = &group->first;
    while (*tail)
        tail = &(*tail)->next;
    *tail = n->kind == group->kind ? n->first : n;
}

struct filter_node *
make_only(struct filter_node *group)
{
    return group->first && !group->first->next ? group->first : group;
}

static const char *const type_names[] = {
    [FILTER_TEXT] = "text",           [FILTER_NAME] = "text",       [FILTER_ADDRESS] = "an address",
    [FILTER_WORDS] = "a word",        [FILTER_NUMBER] = "a number", [FILTER_SIZE] = "a size",
    [FILTER_DURATION] = "a duration", [FILTER_TIME] = "a time",
};

struct filter_node *
make_test(struct filter_maker *m, const struct filter_field *field, enum filter_op op, size_t at)
{
    if (!(filter_ops[op].types & 1u << field->type)) {
        make_fail(m, at, "'%s' is %s: there is no '%s' for it", field->name,
                  type_names[field->type], filter_ops[op].sign);
        return NULL;
    }
    struct filter_node *n = count_node(m, at) ? make_group(m, FILTER_TEST) : NULL;
    if (n) {
        n->field = field;
        n->op = op;
    }
    return n;
}

/* In a regular expression "\/" is "/": it is kept without the backslash. */
static bool
copy_pattern(struct filter_maker *m, struct slice s, struct slice *out)
{
    char *copy = make_alloc(m, s.n + 1);
    size_t n = 0;
    if (!copy)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n) {
            i++;
            if (s.p[i] != '/')
                copy[n++] = '\\';
        }
        copy[n++] = s.p[i];
    }
    *out = slice_of(copy, n);
    return true;
}

static bool
set_regex(struct filter_maker *m, const struct filter_field *field, struct filter_value *v,
          const struct filter_written *w)
{
    struct filter *f = m->filter;
    size_t where = 0;
    TRY(copy_pattern(m, w->text, &v->text));
    if (f->n_regexes == FILTER_REGEX_MAX)
        return make_fail(m, w->at, "more than %u regular expressions", FILTER_REGEX_MAX);
    v->kind = VALUE_REGEX;
    v->exact_case = w->exact_case;
    v->regex = regex_new(v->text, field->regex | (w->exact_case ? REGEX_CASE : 0), &where, m->e);
    if (!v->regex) {
        m->at = MIN(w->at + where + w->regex, m->text.n);
        return false;
    }
    f->regexes[f->n_regexes++] = v->regex;
    return true;
}

/* An address, or a net; everything else is text. */
static bool
read_cidr(struct slice s, struct filter_value *v)
{
    struct slice bits = s, ip = slice_cut(&bits, '/');
    uint64_t n;
    if (!url_parse_ip(ip, v->net, &v->net_bytes))
        return false;
    n = v->net_bytes * 8;
    if (slice_find(s, '/') < s.n && !scan_u64(bits, v->net_bytes * 8, &n))
        return false;
    v->net_bits = (unsigned)n;
    return true;
}

static bool
set_text(struct filter_maker *m, const struct filter_node *test, struct filter_value *v,
         const struct filter_written *w)
{
    struct arena *a = m->filter->arena;
    enum filter_op op = test->op;
    if (w->regex || op == OP_REGEX || op == OP_NOT_REGEX)
        return set_regex(m, test->field, v, w);
    v->text = w->text;
    bool whole = op == OP_HAS || op == OP_EQUAL || op == OP_NOT_EQUAL;
    if (whole && test->field->type == FILTER_ADDRESS && read_cidr(w->text, v)) {
        v->kind = VALUE_CIDR;
        return true;
    }
    bool ok = true;
    if (op == OP_HAS && !w->quoted && slice_find(w->text, '*') < w->text.n) {
        v->kind = VALUE_GLOB;
        ok = glob_init(&v->glob, a, w->text);
    } else {
        ok = needle_init(&v->needle, a, w->text);
    }
    return ok || err_memory(m->e);
}

static bool
set_number(struct filter_maker *m, const struct filter_node *test, struct filter_value *v,
           const struct filter_written *w)
{
    enum filter_type type = test->field->type;
    v->kind = VALUE_RANGE;
    if (w->regex || !filter_number_read(type, w->text, &v->lo, &v->hi))
        return make_fail(m, w->at, "'%.*s' is not %s", SLICE_ARG(slice_first(w->text, 60)),
                         type_names[type]);
    bool compared = test->op >= OP_MORE && test->op <= OP_AT_MOST;
    uint64_t one = type == FILTER_TIME ? 86400 * NS_PER_S : 1; /* a day may be meant as a whole */
    if (compared && v->hi - v->lo >= one)
        return make_fail(m, w->at, "'%s' needs one number, not a range", filter_ops[test->op].sign);
    return true;
}

static bool
set_word(struct filter_maker *m, const struct filter_node *test, struct filter_value *v,
         const struct filter_written *w)
{
    struct nearest near;
    nearest_init(&near, w->text);
    v->kind = VALUE_WORD;
    for (const struct filter_word *it = test->field->words; it->name; it++) {
        nearest_try(&near, slice_str(it->name));
        if (!w->regex && slice_eq_nocase(slice_str(it->name), w->text)) {
            v->word = it;
            return true;
        }
    }
    struct slice shown = slice_first(w->text, 60);
    if (near.found.n)
        return make_fail(m, w->at, "'%s' has no word '%.*s': did you mean '%.*s'?",
                         test->field->name, SLICE_ARG(shown), SLICE_ARG(near.found));
    return make_fail(m, w->at, "'%s' has no word '%.*s'", test->field->name, SLICE_ARG(shown));
}

bool
make_value(struct filter_maker *m, struct filter_node *test, const struct filter_written *w)
{
    struct filter_value *v = count_node(m, w->at) ? make_alloc(m, sizeof(*v)) : NULL;
    struct filter_value **tail = &test->values;
    if (!v)
        return false;
    if (test->field->words)
        TRY(set_word(m, test, v, w));
    else if (filter_ops[OP_REGEX].types & 1u << test->field->type)
        TRY(set_text(m, test, v, w));
    else
        TRY(set_number(m, test, v, w));
    while (*tail)
        tail = &(*tail)->next;
    *tail = v;
    return true;
}

void
make_finish(struct filter_node *test)
{
    const struct filter_value *v = test->values;
    if (test->op == OP_HAS && v && !v->next && v->kind == VALUE_REGEX)
        test->op = OP_REGEX;
    if (test->op == OP_EQUAL && (test->field->words || (v && v->kind == VALUE_RANGE)))
        test->op = OP_HAS;
}

struct filter_node *
make_simple(struct filter_maker *m, const char *field, enum filter_op op,
            const struct filter_written *w)
{
    struct filter_node *n = make_test(m, filter_field_find(slice_str(field)), op, w->at);
    if (!n || (op != OP_PRESENT && !make_value(m, n, w)))
        return NULL;
    make_finish(n);
    return n;
}

/* An empty one matches everything. */
static struct filter_node *
preset_tree(struct filter_maker *m)
{
    size_t i = 0;
    while (i < m->text.n && (m->text.p[i] == ' ' || (m->text.p[i] >= '\t' && m->text.p[i] <= '\r')))
        i++;
    if (i < m->text.n)
        return filter_parse_ours(m);
    return make_simple(m, "is", OP_HAS, &(struct filter_written){.text = SLICE("any")});
}

struct filter_node *
make_preset(struct filter_maker *m, struct slice name, size_t at)
{
    const struct filter_presets *p = m->presets;
    struct slice text = p && name.n ? p->find(p->arg, name) : SLICE_NONE;
    if (text.n == 0) {
        make_fail(m, at, "there is no preset '@%.*s'", SLICE_ARG(slice_first(name, 60)));
        return NULL;
    }
    if (text.n > FILTER_TEXT_MAX) {
        make_fail(m, at, "the preset '@%.*s' is too long", SLICE_ARG(slice_first(name, 60)));
        return NULL;
    }
    struct slice outer = m->text;
    m->presets_entered++;
    m->text = arena_dup(m->filter->arena, text);
    struct filter_node *n = NULL;
    if (!m->text.p)
        err_memory(m->e);
    else if (make_enter(m, at))
        n = preset_tree(m);
    make_leave(m);
    m->presets_entered--;
    m->text = outer;
    if (!n && !m->presets_entered) {
        m->at = at;
        err_prefix(m->e, "in the preset '@%.*s'", SLICE_ARG(slice_first(name, 60)));
    }
    return n;
}
