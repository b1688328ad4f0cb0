/*
 * HTTPQL of Caido: 'req.host.eq:"x" AND resp.code.gte:400'. AND binds tighter than OR; there is no
 * NOT, each operator has a negative twin, which is false, as the positive one is, where there is
 * nothing to compare with.
 */
#include "flow/filter_lex.h"

#include "base/scan.h"
#include "flow/filter_json.h"

enum value_type { Q_TEXT, Q_NUMBER, Q_MILLISECONDS, Q_DATE, Q_TLS };

static const struct column {
    const char *name;
    enum value_type type;
    const char *field;
} columns[] = {
    {"row.id", Q_NUMBER, "id"},
    {"req.body", Q_TEXT, "req.body"},
    {"req.ext", Q_TEXT, "ext"},
    {"req.host", Q_TEXT, "host"},
    {"req.method", Q_TEXT, "method"},
    {"req.path", Q_TEXT, "path"},
    {"req.query", Q_TEXT, "query"},
    {"req.raw", Q_TEXT, "req.raw"},
    {"req.len", Q_NUMBER, "req.len"},
    {"req.port", Q_NUMBER, "port"},
    {"req.created_at", Q_DATE, "at"},
    {"req.tls", Q_TLS, "scheme"},
    {"req.header.name", Q_TEXT, "req.header.name"},
    {"req.header.value", Q_TEXT, "req.header.value"},
    {"req.header", Q_TEXT, "req.header"},
    {"resp.body", Q_TEXT, "resp.body"},
    {"resp.raw", Q_TEXT, "resp.raw"},
    {"resp.code", Q_NUMBER, "status"},
    {"resp.len", Q_NUMBER, "resp.len"},
    {"resp.roundtrip", Q_MILLISECONDS, "time"},
    {"resp.header.name", Q_TEXT, "resp.header.name"},
    {"resp.header.value", Q_TEXT, "resp.header.value"},
    {"resp.header", Q_TEXT, "resp.header"},
};

/* How a comparison of theirs is made from one of ours. */
enum how { AS_IT_IS, LIKE, PATTERN };

static const struct comparison {
    const char *name;
    enum filter_op op;
    enum how how;
    bool negative;
    unsigned types; /* bits 1 << enum value_type */
} comparisons[] = {
    {"cont", OP_HAS, AS_IT_IS, false, 1u << Q_TEXT},
    {"ncont", OP_HAS, AS_IT_IS, true, 1u << Q_TEXT},
    {"eq", OP_EQUAL, AS_IT_IS, false, ~(1u << Q_DATE)},
    {"ne", OP_NOT_EQUAL, AS_IT_IS, false, ~(1u << Q_DATE)},
    {"like", OP_REGEX, LIKE, false, 1u << Q_TEXT},
    {"nlike", OP_NOT_REGEX, LIKE, false, 1u << Q_TEXT},
    {"regex", OP_REGEX, PATTERN, false, 1u << Q_TEXT},
    {"nregex", OP_NOT_REGEX, PATTERN, false, 1u << Q_TEXT},
    {"gt", OP_MORE, AS_IT_IS, false, 1u << Q_NUMBER | 1u << Q_MILLISECONDS | 1u << Q_DATE},
    {"gte", OP_AT_LEAST, AS_IT_IS, false, 1u << Q_NUMBER | 1u << Q_MILLISECONDS},
    {"lt", OP_LESS, AS_IT_IS, false, 1u << Q_NUMBER | 1u << Q_MILLISECONDS | 1u << Q_DATE},
    {"lte", OP_AT_MOST, AS_IT_IS, false, 1u << Q_NUMBER | 1u << Q_MILLISECONDS},
};

static struct filter_node *parse_or(struct lexer *l);

static struct filter_node *
fail(struct lexer *l, size_t at, const char *what)
{
    make_fail(l->m, at, "%s", what);
    return NULL;
}

/* Blanks, // to the end of the line, and what is between the signs of a comment. */
static void
skip_blanks(struct lexer *l)
{
    for (;;) {
        lex_blanks(l);
        struct slice rest = lex_rest(l);
        if (slice_starts(rest, SLICE("//"))) {
            l->at += slice_find(rest, '\n');
            continue;
        }
        if (!slice_starts(rest, SLICE("/*")))
            return;
        const char *end = memmem(rest.p + 2, rest.n - 2, "*/", 2);
        l->at += end ? (size_t)(end - rest.p) + 2 : rest.n;
    }
}

static bool
take(struct lexer *l, struct slice s)
{
    bool there = slice_starts(lex_rest(l), s);
    l->at += there ? s.n : 0;
    return there;
}

static struct slice
take_word(struct lexer *l)
{
    struct slice rest = lex_rest(l);
    size_t n = 0;
    while (n < rest.n && ((rest.p[n] >= 'a' && rest.p[n] <= 'z') || rest.p[n] == '_'))
        n++;
    l->at += n;
    return slice_first(rest, n);
}

static bool
keep(void *arg, struct slice value)
{
    struct filter_written *w = arg;
    char *copy = (char *)(uintptr_t)w->text.p;
    memcpy(copy, value.p, value.n);
    w->text.n = value.n;
    return true;
}

/* Text between double quotes with the escapes of JSON. */
static bool
read_quoted(struct lexer *l, struct filter_written *w)
{
    struct slice rest = lex_rest(l);
    size_t i = 1;
    while (i < rest.n && rest.p[i] != '"')
        i += rest.p[i] == '\\' ? 2 : 1;
    if (rest.n == 0 || rest.p[0] != '"' || i >= rest.n)
        return make_fail(l->m, l->at, "expected text between double quotes");
    char *copy = arena_alloc(l->m->filter->arena, i + 1);
    if (!copy)
        return err_memory(l->m->e);
    *w = (struct filter_written){.text = slice_of(copy, 0), .at = l->at, .quoted = true};
    if (i > 1 && !filter_json_find(slice_first(rest, i + 1), SLICE_NONE, keep, w))
        return err_memory(l->m->e);
    l->at += i + 1;
    return true;
}

static bool
read_pattern(struct lexer *l, struct filter_written *w)
{
    struct slice rest = lex_rest(l);
    size_t i = 1;
    if (lex_next(l) == '"') {
        TRY(read_quoted(l, w));
        w->exact_case = true;
        return true;
    }
    while (i < rest.n && rest.p[i] != '/')
        i += rest.p[i] == '\\' ? 2 : 1;
    if (lex_next(l) != '/' || i >= rest.n)
        return make_fail(l->m, l->at, "expected a regular expression between '/'");
    *w = (struct filter_written){.text = slice_first(slice_from(rest, 1), i - 1),
                                 .at = l->at,
                                 .regex = true,
                                 .exact_case = true};
    l->at += i + 1;
    return true;
}

/* LIKE of SQL as a regular expression: '%' is anything, '_' one character. */
static bool
make_like(struct lexer *l, struct filter_written *w)
{
    struct buf out;
    buf_init(&out, 2 * (size_t)FILTER_TEXT_MAX + 16);
    buf_append(&out, SLICE("(?s)\\A"));
    for (size_t i = 0; i < w->text.n; i++) {
        char c = w->text.p[i];
        if (lex_is_one_of(c, SLICE("\\^$.[]|()?*+{}#-/")))
            buf_byte(&out, '\\');
        if (c == '%')
            buf_append(&out, SLICE(".*"));
        else
            buf_byte(&out, c == '_' ? '.' : c);
    }
    buf_append(&out, SLICE("\\z"));
    w->text = out.failed ? SLICE_NONE : arena_dup(l->m->filter->arena, buf_slice(&out));
    buf_release(&out);
    return w->text.p || err_memory(l->m->e);
}

/* Their extensions begin with a dot, ours do not. */
static bool
drop_dot(struct lexer *l, struct slice *s, enum how how)
{
    static const struct {
        enum how how;
        const char *front, *instead;
    } fronts[] = {
        {AS_IT_IS, ".", ""},  {LIKE, ".", ""},        {LIKE, "%.", ""},
        {PATTERN, "\\.", ""}, {PATTERN, "^\\.", "^"}, {PATTERN, ".*\\.", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(fronts); i++) {
        struct slice front = slice_str(fronts[i].front), instead = slice_str(fronts[i].instead);
        if (fronts[i].how != how || !slice_starts(*s, front))
            continue;
        struct slice rest = slice_from(*s, front.n);
        char *copy = arena_alloc(l->m->filter->arena, instead.n + rest.n + 1);
        if (!copy)
            return err_memory(l->m->e);
        memcpy(copy, instead.p, instead.n);
        memcpy(copy + instead.n, rest.p, rest.n);
        *s = slice_of(copy, instead.n + rest.n);
        return true;
    }
    return true;
}

static bool
read_number(struct lexer *l, const char *unit, struct filter_written *w)
{
    struct slice rest = lex_rest(l);
    uint64_t n;
    size_t len = 0;
    while (len < rest.n && rest.p[len] >= '0' && rest.p[len] <= '9')
        len++;
    if (!scan_u64(slice_first(rest, len), UINT64_MAX, &n))
        return make_fail(l->m, l->at, "expected a number");
    struct buf out;
    buf_init(&out, 64);
    buf_u64(&out, n);
    buf_append(&out, slice_str(unit));
    *w = (struct filter_written){.text = arena_dup(l->m->filter->arena, buf_slice(&out)),
                                 .at = l->at};
    buf_release(&out);
    l->at += len;
    return w->text.p || err_memory(l->m->e);
}

static bool
read_tls(struct lexer *l, struct filter_written *w)
{
    size_t at = l->at;
    bool yes = take(l, SLICE("true"));
    if (!yes && !take(l, SLICE("false")))
        return make_fail(l->m, at, "expected true or false");
    *w = (struct filter_written){.text = yes ? SLICE("https") : SLICE("http"), .at = at};
    return true;
}

static bool
read_value(struct lexer *l, const struct column *c, const struct comparison *how,
           struct filter_written *w)
{
    switch (c->type) {
    case Q_NUMBER: return read_number(l, NULL, w);
    case Q_MILLISECONDS: return read_number(l, "ms", w);
    case Q_DATE: return read_quoted(l, w);
    case Q_TLS: return read_tls(l, w);
    case Q_TEXT: break;
    }
    TRY(how->how == PATTERN ? read_pattern(l, w) : read_quoted(l, w));
    if (slice_eq(slice_str(c->field), SLICE("ext")))
        TRY(drop_dot(l, &w->text, how->how));
    return how->how != LIKE || make_like(l, w);
}

/* "There, and not so". */
static struct filter_node *
make_negative(struct lexer *l, struct filter_node *n, size_t at)
{
    struct filter_node *group = make_group(l->m, FILTER_AND);
    struct filter_node *there = make_test(l->m, n->field, OP_PRESENT, at);
    struct filter_node *not = there ? make_not(l->m, n, at) : NULL;
    if (!group || !not )
        return NULL;
    there->name = n->name;
    make_add(group, there);
    make_add(group, not );
    return group;
}

static struct filter_node *
parse_comparison(struct lexer *l, const struct column *c, struct slice name)
{
    struct filter_written w;
    size_t at = l->at;
    struct slice word = take_word(l);
    for (const struct comparison *it = comparisons; it < comparisons + ARRAY_LEN(comparisons);
         it++) {
        if (!slice_eq(slice_str(it->name), word) || !(it->types & 1u << c->type))
            continue;
        if (!take(l, SLICE(":")))
            return fail(l, l->at, "expected ':'");
        if (!read_value(l, c, it, &w))
            return NULL;
        struct filter_node *n = make_simple(l->m, c->field, it->op, &w);
        if (!n)
            return NULL;
        n->name = name;
        return it->negative ? make_negative(l, n, at) : n;
    }
    make_fail(l->m, at, "'%s' has no operator '%.*s'", c->name, SLICE_ARG(slice_first(word, 40)));
    return NULL;
}

/* ["Name"] */
static bool
parse_brackets(struct lexer *l, struct slice *name)
{
    struct filter_written w;
    *name = SLICE_NONE;
    if (!take(l, SLICE("[")))
        return true;
    TRY(read_quoted(l, &w));
    if (w.text.n == 0 || slice_find(w.text, ']') < w.text.n || !take(l, SLICE("]")))
        return make_fail(l->m, l->at, "expected a name and ']'");
    *name = w.text;
    return true;
}

static struct filter_node *
parse_column(struct lexer *l)
{
    size_t at = l->at;
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        const struct column *c = &columns[i];
        struct slice name;
        l->at = at;
        if (!take(l, slice_str(c->name)))
            continue;
        bool may_be_named = filter_field_find(slice_str(c->field))->named;
        if (lex_next(l) != '.' && (lex_next(l) != '[' || !may_be_named))
            continue;
        if (!parse_brackets(l, &name))
            return NULL;
        if (!take(l, SLICE(".")))
            return fail(l, l->at, "expected '.' and an operator");
        return parse_comparison(l, c, name);
    }
    return fail(l, at, "expected a clause of HTTPQL");
}

static struct filter_node *
parse_preset(struct lexer *l)
{
    struct filter_written w = {.at = l->at};
    if (lex_next(l) == '"')
        return read_quoted(l, &w) ? make_preset(l->m, w.text, w.at) : NULL;
    struct slice rest = lex_rest(l);
    size_t n = 0;
    while (n < rest.n && !lex_is_blank(rest.p[n]) && rest.p[n] != ')')
        n++;
    l->at += n;
    return make_preset(l->m, slice_first(rest, n), w.at);
}

static struct filter_node *
parse_source(struct lexer *l)
{
    static const char *const tools[][2] = {
        {"automate", "fuzz"}, {"intercept", "proxy"}, {"plugin", "script"},
        {"replay", "send"},   {"workflow", "script"},
    };
    struct filter_written w;
    if (!read_quoted(l, &w))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(tools); i++)
        if (slice_eq(slice_str(tools[i][0]), w.text)) {
            w.text = slice_str(tools[i][1]);
            return make_simple(l->m, "tool", OP_HAS, &w);
        }
    return fail(l, w.at, "expected automate, intercept, plugin, replay or workflow");
}

static struct filter_node *
parse_group(struct lexer *l)
{
    size_t at = l->at++;
    struct filter_node *n = make_enter(l->m, at) ? parse_or(l) : NULL;
    make_leave(l->m);
    if (n && !take(l, SLICE(")")))
        return fail(l, l->at, "expected ')'");
    return n;
}

static struct filter_node *
parse_clause(struct lexer *l)
{
    struct filter_written w;
    skip_blanks(l);
    if (lex_next(l) == '(')
        return parse_group(l);
    if (lex_next(l) == '"')
        return read_quoted(l, &w) ? make_simple(l->m, "raw", OP_HAS, &w) : NULL;
    if (take(l, SLICE("preset:")))
        return parse_preset(l);
    if (take(l, SLICE("source:")))
        return parse_source(l);
    return parse_column(l);
}

static bool
more_and(struct lexer *l)
{
    skip_blanks(l);
    return take(l, SLICE("AND")) || take(l, SLICE("and"));
}

static struct filter_node *
parse_and(struct lexer *l)
{
    return lex_joined(l, FILTER_AND, parse_clause, more_and);
}

static bool
more_or(struct lexer *l)
{
    return take(l, SLICE("OR")) || take(l, SLICE("or"));
}

static struct filter_node *
parse_or(struct lexer *l)
{
    return lex_joined(l, FILTER_OR, parse_and, more_or);
}

struct filter_node *
filter_parse_httpql(struct filter_maker *m)
{
    struct lexer l = {.m = m};
    /* What a comparison becomes may be deeper than it looks. */
    m->depth = 4;
    struct filter_node *n = parse_or(&l);
    if (n && l.at < m->text.n)
        return fail(&l, l.at, "expected AND or OR");
    return n;
}

/* "req.path.cont:" where a clause may begin: a column, perhaps a name, an operator and a colon. */
static bool
is_clause(struct slice s)
{
    if (slice_starts(s, SLICE("preset:")) || slice_starts(s, SLICE("source:\"")))
        return true;
    if (!slice_starts(s, SLICE("req.")) && !slice_starts(s, SLICE("resp.")) &&
        !slice_starts(s, SLICE("row.")))
        return false;
    struct slice front = slice_first(s, slice_find(s, ':'));
    struct slice op = slice_from(front, slice_find_last(front, '.') + 1);
    for (size_t i = 0; i < ARRAY_LEN(comparisons); i++)
        if (slice_eq(slice_str(comparisons[i].name), op))
            return true;
    return false;
}

bool
filter_looks_httpql(struct slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((i == 0 || lex_is_blank(text.p[i - 1]) || text.p[i - 1] == '(') &&
            is_clause(slice_from(text, i)))
            return true;
    return false;
}
