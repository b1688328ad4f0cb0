/* A query in our dialect becomes a tree; texts that are not ours are tried as other dialects. */
#include "flow/filter_lex.h"

#include "base/nearest.h"

#define ARENA_FIRST 4096u
#define ARENA_MAX   ((size_t)8 << 20)

static struct filter_node *parse_or(struct lexer *l);

static struct filter_node *
fail(struct lexer *l, size_t at, const char *what)
{
    make_fail(l->m, at, "%s", what);
    return NULL;
}

static struct filter_node *
unknown_field(struct lexer *l, struct slice name, size_t at)
{
    struct nearest near;
    nearest_init(&near, name);
    for (size_t i = 0; i < filter_fields_n; i++)
        if (filter_fields[i].name)
            nearest_try(&near, slice_str(filter_fields[i].name));
    name = slice_first(name, 60);
    if (near.found.n)
        make_fail(l->m, at, "there is no field '%.*s': did you mean '%.*s'?", SLICE_ARG(name),
                  SLICE_ARG(near.found));
    else
        make_fail(l->m, at, "there is no field '%.*s': put text that is searched for in quotes",
                  SLICE_ARG(name));
    return NULL;
}

/* What stands behind the operator, up to the end of the term or of the element of a list. */
static bool
read_value(struct lexer *l, const struct filter_node *test, bool list, struct filter_written *w)
{
    bool pattern = test->op == OP_REGEX || test->op == OP_NOT_REGEX;
    if (lex_next(l) == '"')
        return lex_quoted(l, w);
    if (pattern && lex_next(l) == '/' && lex_regex(l, w))
        return true;
    TRY(lex_run(l, list, w));
    if (w->text.n == 0)
        return make_fail(l->m, l->at, "expected a value behind '%s'", filter_ops[test->op].sign);
    if (test->op == OP_HAS && !test->field->slash)
        lex_run_is_regex(w);
    return true;
}

static bool
parse_list(struct lexer *l, struct filter_node *test)
{
    struct filter_written w;
    do {
        l->at++; /* '(' or ',' */
        lex_blanks(l);
        TRY(read_value(l, test, true, &w) && make_value(l->m, test, &w));
        lex_blanks(l);
    } while (lex_next(l) == ',');
    if (lex_next(l) != ')')
        return make_fail(l->m, l->at, "expected ',' or ')' in the list");
    l->at++;
    return true;
}

static bool
parse_values(struct lexer *l, struct filter_node *test)
{
    struct filter_written w;
    bool may_list = test->op == OP_HAS || test->op == OP_EQUAL || test->op == OP_NOT_EQUAL ||
                    test->op == OP_PREFIX || test->op == OP_SUFFIX;
    if (may_list && lex_next(l) == '(')
        return parse_list(l, test);
    return read_value(l, test, false, &w) && make_value(l->m, test, &w);
}

/* The name in brackets, if there is one. */
static bool
parse_brackets(struct lexer *l, const struct filter_field *field, struct slice *name)
{
    size_t at = l->at;
    *name = SLICE_NONE;
    if (lex_next(l) != '[')
        return !field->must_be_named ||
               make_fail(l->m, at, "expected '[' and a name behind '%s'", field->name);
    if (!field->named)
        return make_fail(l->m, at, "'%s' takes no name in brackets", field->name);
    struct slice rest = slice_from(lex_rest(l), 1);
    size_t end = slice_find(rest, ']');
    if (end == 0 || end == rest.n)
        return make_fail(l->m, at + 1 + end, "expected a name and ']'");
    *name = slice_first(rest, end);
    l->at += end + 2;
    return true;
}

static struct filter_node *
parse_test(struct lexer *l, const struct filter_field *field)
{
    struct slice name;
    if (!parse_brackets(l, field, &name))
        return NULL;
    size_t at = l->at;
    enum filter_op op = lex_op(l);
    if (op == OPS_N && lex_at_end_of_term(l))
        op = OP_PRESENT;
    if (op == OPS_N)
        return fail(l, at, "expected one of : = != ~ !~ > >= < <= ^= $= ?");
    struct filter_node *test = make_test(l->m, field, op, at);
    if (!test)
        return NULL;
    test->name = name;
    if (op != OP_PRESENT && !parse_values(l, test))
        return NULL;
    make_finish(test);
    return lex_at_end_of_term(l) ? test : fail(l, l->at, "expected a blank or ')'");
}

/* "req.sise" is no host, but a field that is misspelt, or HTTPQL. */
static bool
begins_like_field(struct slice name)
{
    static const char *const groups[] = {"req", "resp", "row", "tls", "cert", "msg", "ws"};
    struct slice first = slice_first(name, slice_find(name, '.'));
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        if (slice_eq(slice_str(groups[i]), first))
            return true;
    return false;
}

/* "http://a", "a.test:8080", "localhost:80": no fields, though there is a colon. */
static bool
is_address(struct lexer *l, struct slice name)
{
    struct lexer after = {l->m, l->at + 1};
    if (lex_next(l) != ':')
        return false;
    if (slice_starts(lex_rest(&after), SLICE("//")))
        return true;
    bool host = slice_find(name, '.') < name.n && !begins_like_field(name);
    if (!host && !slice_eq(name, SLICE("localhost")))
        return false;
    size_t begin = after.at;
    while (lex_next(&after) >= '0' && lex_next(&after) <= '9')
        after.at++;
    return after.at > begin && (lex_at_end_of_term(&after) || lex_next(&after) == '/');
}

static bool
is_status(struct slice s)
{
    return s.n == 3 && s.p[0] >= '1' && s.p[0] <= '9' && s.p[1] >= '0' && s.p[1] <= '9' &&
           s.p[2] >= '0' && s.p[2] <= '9';
}

/* A word that stands alone does what is meant most often. */
static struct filter_node *
parse_word(struct lexer *l)
{
    struct filter_written w;
    bool quoted = lex_next(l) == '"';
    if (quoted ? !lex_quoted(l, &w) : !lex_run(l, false, &w))
        return NULL;
    if (!lex_at_end_of_term(l))
        return fail(l, l->at, "expected a blank or ')'");
    if (quoted)
        return make_simple(l->m, "text", OP_HAS, &w);
    if (w.text.n == 0 || w.text.p[0] == '~')
        return fail(l, w.at, "expected a test or a word");
    if (filter_is_method(w.text))
        return make_simple(l->m, "method", OP_EQUAL, &w);
    if (is_status(w.text))
        return make_simple(l->m, "status", OP_HAS, &w);
    if (w.text.p[0] == '/')
        return make_simple(l->m, "path", OP_PREFIX, &w);
    return make_simple(l->m, "text", OP_HAS, &w);
}

static struct filter_node *
parse_named_test(struct lexer *l)
{
    struct lexer ahead = *l;
    struct slice name = lex_name(&ahead);
    if (name.n == 0 || is_address(&ahead, name))
        return parse_word(l);
    const struct filter_field *field = filter_field_find(name);
    bool bracket = lex_next(&ahead) == '[';
    struct lexer behind = ahead;
    if (!bracket && lex_op(&behind) == OPS_N)
        return parse_word(l);
    if (!field && bracket)
        return parse_word(l);
    if (!field)
        return unknown_field(l, name, l->at);
    *l = ahead;
    return parse_test(l, field);
}

static struct filter_node *
parse_preset(struct lexer *l)
{
    size_t at = l->at++;
    struct filter_written w;
    if (!lex_run(l, false, &w))
        return NULL;
    return make_preset(l->m, w.text, at);
}

static struct filter_node *
parse_parentheses(struct lexer *l)
{
    size_t at = l->at++;
    struct filter_node *n = make_enter(l->m, at) ? parse_or(l) : NULL;
    make_leave(l->m);
    if (!n)
        return NULL;
    lex_blanks(l);
    if (lex_next(l) != ')')
        return fail(l, l->at, "expected ')'");
    l->at++;
    return n;
}

static struct filter_node *
parse_term(struct lexer *l)
{
    lex_blanks(l);
    size_t at = l->at;
    if (lex_take_not(l)) {
        struct filter_node *n = make_enter(l->m, at) ? parse_term(l) : NULL;
        make_leave(l->m);
        return n ? make_not(l->m, n, at) : NULL;
    }
    switch (lex_next(l)) {
    case '(': return parse_parentheses(l);
    case '@': return parse_preset(l);
    default: break;
    }
    struct lexer ahead = *l;
    if (lex_take_or(&ahead) || lex_take_and(&ahead))
        return fail(l, at, "expected a test or a word");
    return parse_named_test(l);
}

/* Behind a term: whether another one follows. */
static bool
and_follows(struct lexer *l)
{
    lex_blanks(l);
    struct lexer ahead = *l;
    return l->at < l->m->text.n && lex_next(l) != ')' && !lex_take_or(&ahead);
}

static bool
more_and(struct lexer *l)
{
    lex_blanks(l);
    return lex_take_and(l) || and_follows(l);
}

static struct filter_node *
parse_and(struct lexer *l)
{
    return lex_joined(l, FILTER_AND, parse_term, more_and);
}

static bool
more_or(struct lexer *l)
{
    lex_blanks(l);
    return lex_take_or(l);
}

static struct filter_node *
parse_or(struct lexer *l)
{
    return lex_joined(l, FILTER_OR, parse_and, more_or);
}

struct filter_node *
filter_parse_ours(struct filter_maker *m)
{
    struct lexer l = {.m = m};
    struct filter_node *n = parse_or(&l);
    if (n && l.at < m->text.n)
        return fail(&l, l.at, "a ')' without its '('");
    return n;
}

static struct slice
any_preset(void *arg UNUSED, struct slice name UNUSED)
{
    return SLICE("id?");
}

const struct filter_presets filter_presets_any = {any_preset, NULL};

/* What is right in our dialect is ours; what is not may look like another one. */
static struct filter_node *
parse_any(struct filter_maker *m)
{
    struct lexer l = {.m = m};
    lex_blanks(&l);
    if (l.at == m->text.n)
        return make_group(m, FILTER_AND);
    struct filter_node *n = filter_parse_ours(m);
    if (n)
        return n;
    m->nodes = m->depth = m->presets_entered = 0;
    if (filter_looks_mitm(m->text))
        return filter_parse_mitm(m);
    return filter_looks_httpql(m->text) ? filter_parse_httpql(m) : NULL;
}

static bool
build(struct filter_maker *m, struct slice text)
{
    struct filter *f = m->filter;
    m->text = arena_dup(f->arena, text);
    if (!m->text.p)
        return err_memory(m->e);
    f->root = parse_any(m);
    if (!f->root)
        return false;
    f->needs = filter_find_needs(f->root);
    return filter_find_key(f->root, f->arena, &f->key) || err_memory(m->e);
}

struct filter *
filter_parse(struct slice text, const struct filter_presets *presets, size_t *at, struct err *e)
{
    struct err ignored;
    struct arena *arena = arena_new(ARENA_FIRST, ARENA_MAX);
    struct filter *f = arena ? arena_alloc(arena, sizeof(*f)) : NULL;
    struct filter_maker m = {.filter = f, .presets = presets, .e = e ? e : &ignored};
    bool ok = false;
    if (!f) {
        err_memory(e);
        if (arena)
            arena_free(arena);
        return NULL;
    }
    f->arena = arena;
    atomic_init(&f->refs, 1);
    if (text.n > FILTER_TEXT_MAX)
        err_set(e, ERR_USAGE, "the query has more than %u bytes", FILTER_TEXT_MAX);
    else
        ok = build(&m, text);
    if (ok)
        return f;
    if (at)
        *at = m.at;
    filter_unref(f);
    return NULL;
}
