/* A query in our dialect, from its tree. */
#include "flow/filter_make.h"

/* Text that the parser takes for the same when it stands without quotes: inside of a list, behind
 * any operator. */
static bool
is_plain(struct slice s, bool slash)
{
    static const char signs[] = "._:/@%+=?&#$-";
    if (s.n == 0 || (s.p[0] == '/' && !slash))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && c < 0x80 && !memchr(signs, c, sizeof(signs) - 1))
            return false;
    }
    return true;
}

/* Stands alone: no sign may make it a test. */
static bool
is_bare(struct slice s, bool star)
{
    static const char *const taken[] = {"or", "and", "not", "OR", "AND", "NOT"};
    for (size_t i = 0; i < ARRAY_LEN(taken); i++)
        if (slice_eq(slice_str(taken[i]), s))
            return false;
    bool letters = false;
    if (filter_is_method(s))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
        letters |= letter;
        bool inside = (c >= '0' && c <= '9') || c == '.' || c == '_' || (c == '-' && i);
        if (!letter && !inside && !(star && c == '*'))
            return false;
    }
    return letters;
}

static void
put_quoted(struct slice s, struct buf *out)
{
    buf_byte(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_byte(out, '\\');
        buf_byte(out, s.p[i]);
    }
    buf_byte(out, '"');
}

static void
put_regex(const struct filter_value *v, struct buf *out)
{
    struct slice s = v->text;
    buf_byte(out, '/');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '/')
            buf_byte(out, '\\');
        buf_byte(out, s.p[i]);
        if (s.p[i] == '\\' && i + 1 < s.n)
            buf_byte(out, s.p[++i]);
    }
    buf_byte(out, '/');
    buf_append(out, v->exact_case ? SLICE("c") : SLICE_NONE);
}

void
filter_print_value(const struct filter_node *test, const struct filter_value *v, struct buf *out)
{
    switch (v->kind) {
    case VALUE_TEXT:
        if (is_plain(v->text, test->field->slash))
            buf_append(out, v->text);
        else
            put_quoted(v->text, out);
        return;
    case VALUE_GLOB:
    case VALUE_CIDR: buf_append(out, v->text); return;
    case VALUE_REGEX: put_regex(v, out); return;
    case VALUE_RANGE: filter_number_print(test->field->type, v->lo, v->hi, out); return;
    case VALUE_WORD: buf_append(out, slice_str(v->word->name)); return;
    }
}

static bool
fits_status(const struct filter_value *v)
{
    return v->lo == v->hi && v->lo >= 100 && v->lo < 1000;
}

static bool
fits_method(const struct filter_value *v)
{
    return v->kind == VALUE_TEXT && filter_is_method(v->text);
}

static bool
fits_path(const struct filter_value *v)
{
    return v->kind == VALUE_TEXT && slice_starts(v->text, SLICE("/")) && is_plain(v->text, true);
}

static bool
fits_word(const struct filter_value *v)
{
    bool glob = v->kind == VALUE_GLOB;
    return (glob || v->kind == VALUE_TEXT) && is_bare(v->text, glob);
}

/* The tests that are usually written as a word. */
static const struct {
    const char *field;
    enum filter_op op;
    bool (*fits)(const struct filter_value *v);
} words[] = {
    {"status", OP_HAS, fits_status},
    {"method", OP_EQUAL, fits_method},
    {"path", OP_PREFIX, fits_path},
    {"text", OP_HAS, fits_word},
};

static bool
is_word(const struct filter_node *n)
{
    for (size_t i = 0; n->values && !n->values->next && i < ARRAY_LEN(words); i++)
        if (n->op == words[i].op && slice_eq(slice_str(n->field->name), slice_str(words[i].field)))
            return words[i].fits(n->values);
    return false;
}

/* Text that is looked for everywhere. */
static bool
is_quoted_word(const struct filter_node *n)
{
    return n->op == OP_HAS && slice_eq(slice_str(n->field->name), SLICE("text")) &&
           !n->values->next && n->values->kind == VALUE_TEXT;
}

void
filter_print_test(const struct filter_node *n, struct buf *out)
{
    if (is_word(n)) {
        filter_print_value(n, n->values, out);
        return;
    }
    if (is_quoted_word(n)) {
        put_quoted(n->values->text, out);
        return;
    }
    buf_append(out, slice_str(n->field->name));
    if (n->name.n) {
        buf_byte(out, '[');
        buf_append(out, n->name);
        buf_byte(out, ']');
    }
    buf_append(out, slice_str(filter_ops[n->op].sign));
    bool list = n->values && n->values->next;
    buf_append(out, list ? SLICE("(") : SLICE_NONE);
    for (const struct filter_value *v = n->values; v; v = v->next) {
        filter_print_value(n, v, out);
        buf_append(out, v->next ? SLICE(",") : SLICE_NONE);
    }
    buf_append(out, list ? SLICE(")") : SLICE_NONE);
}

static void print_node(const struct filter_node *n, struct buf *out);

static void
print_inside(const struct filter_node *n, bool parentheses, struct buf *out)
{
    buf_append(out, parentheses ? SLICE("(") : SLICE_NONE);
    print_node(n, out);
    buf_append(out, parentheses ? SLICE(")") : SLICE_NONE);
}

static void
print_node(const struct filter_node *n, struct buf *out)
{
    switch (n->kind) {
    case FILTER_TEST: filter_print_test(n, out); return;
    case FILTER_NOT:
        buf_byte(out, '-');
        print_inside(n->first, n->first->kind == FILTER_AND || n->first->kind == FILTER_OR, out);
        return;
    case FILTER_AND:
    case FILTER_OR: break;
    }
    for (const struct filter_node *it = n->first; it; it = it->next) {
        print_inside(it, n->kind == FILTER_AND && it->kind == FILTER_OR, out);
        if (it->next)
            buf_append(out, n->kind == FILTER_AND ? SLICE(" ") : SLICE(" or "));
    }
}

void
filter_print(const struct filter *f, struct buf *out)
{
    print_node(f->root, out);
}

static void
print_branch(const struct filter_node *n, unsigned depth, struct buf *out)
{
    static const char *const names[] = {
        [FILTER_AND] = "and", [FILTER_OR] = "or", [FILTER_NOT] = "not"};
    buf_printf(out, "%*s", (int)depth * 2, "");
    if (n->kind == FILTER_TEST)
        filter_print_test(n, out);
    else
        buf_append(out, slice_str(n->first ? names[n->kind] : "everything"));
    buf_byte(out, '\n');
    for (const struct filter_node *it = n->kind == FILTER_TEST ? NULL : n->first; it; it = it->next)
        print_branch(it, depth + 1, out);
}

void
filter_print_tree(const struct filter *f, struct buf *out)
{
    print_branch(f->root, 0, out);
}
