/*
 * Filter expressions of mitmproxy: "~u re", "!~m POST & ~c 404". '!' binds tightest, then '&', then
 * '|'; terms side by side are 'and' too, but the loosest of all. '&' and '|' are signs only where a
 * term has ended: inside of a word they belong to it.
 */
#include "flow/filter_lex.h"

enum takes { TAKES_NOTHING, TAKES_REGEX, TAKES_NUMBER };

/* A letter, and the test that it stands for. 'field' is the field of a regular expression or
 * number, or the test as we would write it. */
static const struct letter {
    const char *name;
    enum takes takes;
    const char *field;
} letters[] = {
    {"all", TAKES_NOTHING, "is:any"},
    {"http", TAKES_NOTHING, "kind:(http,connect)"},
    {"tcp", TAKES_NOTHING, "kind:tcp"},
    {"udp", TAKES_NOTHING, "kind:udp"},
    {"dns", TAKES_NOTHING, "kind:dns"},
    {"websocket", TAKES_NOTHING, "is:ws"},
    {"q", TAKES_NOTHING, "kind:(http,connect,dns) -status?"},
    {"s", TAKES_NOTHING, "status?"},
    {"e", TAKES_NOTHING, "is:error"},
    {"a", TAKES_NOTHING, "is:asset"},
    {"marked", TAKES_NOTHING, "is:marked"},
    {"replay", TAKES_NOTHING, "is:(replayed,mocked)"},
    {"replayq", TAKES_NOTHING, "is:replayed"},
    {"replays", TAKES_NOTHING, "is:mocked"},
    {"u", TAKES_REGEX, "url"},
    {"d", TAKES_REGEX, "host"},
    {"m", TAKES_REGEX, "method"},
    {"h", TAKES_REGEX, "header"},
    {"hq", TAKES_REGEX, "req.header"},
    {"hs", TAKES_REGEX, "resp.header"},
    {"t", TAKES_REGEX, "header[content-type]"},
    {"tq", TAKES_REGEX, "req.header[content-type]"},
    {"ts", TAKES_REGEX, "resp.header[content-type]"},
    {"b", TAKES_REGEX, "body"},
    {"bq", TAKES_REGEX, "req.body"},
    {"bs", TAKES_REGEX, "resp.body"},
    {"src", TAKES_REGEX, "client"},
    {"dst", TAKES_REGEX, "server"},
    {"comment", TAKES_REGEX, "note"},
    {"marker", TAKES_REGEX, "mark"},
    {"meta", TAKES_REGEX, "meta"},
    {"c", TAKES_NUMBER, "status"},
};

static struct filter_node *parse_side_by_side(struct lexer *l);

static struct filter_node *
fail(struct lexer *l, size_t at, const char *what)
{
    make_fail(l->m, at, "%s", what);
    return NULL;
}

static bool
is_word_byte(char c)
{
    return !lex_is_blank(c) && !lex_is_one_of(c, SLICE("()~'\""));
}

/* Backslashes of quoted text go, whatever they stand before; four of them make control
 * characters. */
static bool
read_quoted(struct lexer *l, struct filter_written *w)
{
    char quote = lex_next(l);
    struct slice rest = slice_from(lex_rest(l), 1);
    static const char to[] = "\n\t\r\f";
    char *copy = arena_alloc(l->m->filter->arena, rest.n + 1);
    size_t n = 0, i = 0;
    if (!copy)
        return err_memory(l->m->e);
    for (; i < rest.n && rest.p[i] != quote; i++) {
        char c = rest.p[i];
        if (c == '\\' && i + 1 < rest.n) {
            c = rest.p[++i];
            size_t control = slice_find(SLICE("ntrf"), c);
            c = control < 4 ? to[control] : c;
        }
        copy[n++] = c;
    }
    if (i >= rest.n)
        return make_fail(l->m, l->m->text.n, "expected %c at the end of the quoted text", quote);
    *w = (struct filter_written){.text = slice_of(copy, n), .at = l->at, .quoted = true};
    l->at += i + 2;
    return true;
}

static bool
read_word(struct lexer *l, struct filter_written *w)
{
    struct slice rest = lex_rest(l);
    size_t n = 0;
    if (lex_next(l) == '"' || lex_next(l) == '\'')
        return read_quoted(l, w);
    while (n < rest.n && is_word_byte(rest.p[n]))
        n++;
    if (n == 0)
        return make_fail(l->m, l->at, "expected a regular expression: put brackets in quotes");
    *w = (struct filter_written){.text = slice_first(rest, n), .at = l->at};
    l->at += n;
    return true;
}

/* "req.header[content-type]": the field and the name. */
static struct filter_node *
make_match(struct lexer *l, const char *field, const struct filter_written *w)
{
    struct slice name = slice_str(field), key = slice_cut(&name, '[');
    struct filter_node *n = make_test(l->m, filter_field_find(key), OP_REGEX, w->at);
    if (!n || !make_value(l->m, n, w))
        return NULL;
    n->name = slice_first(name, name.n ? name.n - 1 : 0);
    return n;
}

/* The host that is connected to, or the one that is asked for. */
static struct filter_node *
make_host(struct lexer *l, const struct filter_written *w)
{
    struct filter_node *group = make_group(l->m, FILTER_OR);
    struct filter_node *a = group ? make_match(l, "host", w) : NULL;
    struct filter_node *b = a ? make_match(l, "req.header[host]", w) : NULL;
    if (!b)
        return NULL;
    make_add(group, a);
    make_add(group, b);
    return group;
}

static struct filter_node *
make_flag(struct lexer *l, const struct letter *letter)
{
    struct slice outer = l->m->text;
    l->m->text = slice_str(letter->field);
    struct filter_node *n = filter_parse_ours(l->m);
    l->m->text = outer;
    return n;
}

static struct filter_node *
make_letter(struct lexer *l, const struct letter *letter, size_t at)
{
    struct filter_written w;
    if (letter->takes == TAKES_NOTHING)
        return make_flag(l, letter);
    if (!lex_is_blank(lex_next(l)) && lex_next(l) != '"' && lex_next(l) != '\'')
        return fail(l, l->at, "expected a blank and a value");
    lex_blanks(l);
    if (l->at >= l->m->text.n)
        return fail(l, l->at, "expected a value");
    if (!read_word(l, &w))
        return NULL;
    if (letter->takes == TAKES_REGEX)
        return slice_eq(slice_str(letter->name), SLICE("d")) ? make_host(l, &w)
                                                             : make_match(l, letter->field, &w);
    for (size_t i = 0; i < w.text.n; i++)
        if (w.text.p[i] < '0' || w.text.p[i] > '9')
            return fail(l, at, "'~c' needs a number");
    return make_simple(l->m, letter->field, OP_HAS, &w);
}

static bool
is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static struct filter_node *
parse_letter(struct lexer *l)
{
    size_t at = l->at++;
    struct slice rest = lex_rest(l);
    size_t n = 0;
    while (n < rest.n && is_name_byte(rest.p[n]))
        n++;
    l->at += n;
    if (lex_next(l) == '~')
        return fail(l, l->at, "expected a blank");
    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        if (slice_eq(slice_str(letters[i].name), slice_first(rest, n)))
            return make_letter(l, &letters[i], at);
    make_fail(l->m, at, "mitmproxy has no '~%.*s'", SLICE_ARG(slice_first(rest, MIN(n, 40u))));
    return NULL;
}

static struct filter_node *
parse_group(struct lexer *l)
{
    l->at++;
    struct filter_node *n = parse_side_by_side(l);
    if (n && lex_next(l) != ')')
        return fail(l, l->at, "expected ')'");
    l->at++;
    return n;
}

static struct filter_node *
parse_term(struct lexer *l)
{
    struct filter_written w;
    struct filter_node *n;
    lex_blanks(l);
    size_t at = l->at;
    if (at >= l->m->text.n)
        return fail(l, at, "expected a test");
    switch (lex_next(l)) {
    case '~': return parse_letter(l);
    case '!':
    case '(':
        n = NULL;
        if (make_enter(l->m, at) && lex_next(l) == '!') {
            l->at++;
            n = parse_term(l);
            n = n ? make_not(l->m, n, at) : NULL;
        } else if (l->m->depth <= FILTER_DEPTH_MAX) {
            n = parse_group(l);
        }
        make_leave(l->m);
        return n;
    default: return read_word(l, &w) ? make_match(l, "url", &w) : NULL;
    }
}

static bool
takes_sign(struct lexer *l, char sign)
{
    lex_blanks(l);
    bool there = lex_next(l) == sign;
    l->at += there;
    return there;
}

static bool
more_and(struct lexer *l)
{
    return takes_sign(l, '&');
}

static struct filter_node *
parse_and(struct lexer *l)
{
    return lex_joined(l, FILTER_AND, parse_term, more_and);
}

static bool
more_or(struct lexer *l)
{
    return takes_sign(l, '|');
}

/* Terms with a sign between: all '&' of a group before its '|'. */
static struct filter_node *
parse_or(struct lexer *l)
{
    return lex_joined(l, FILTER_OR, parse_and, more_or);
}

static bool
more_beside(struct lexer *l)
{
    return l->at < l->m->text.n && lex_next(l) != ')';
}

static struct filter_node *
parse_side_by_side(struct lexer *l)
{
    return lex_joined(l, FILTER_AND, parse_or, more_beside);
}

struct filter_node *
filter_parse_mitm(struct filter_maker *m)
{
    struct lexer l = {.m = m};
    /* What a letter becomes may be deeper than it looks. */
    m->depth = 4;
    struct filter_node *n = parse_side_by_side(&l);
    if (n && l.at < m->text.n)
        return fail(&l, l.at, "a ')' without its '('");
    return n;
}

/* A '~' and a letter where a term may begin, outside of quoted text. */
bool
filter_looks_mitm(struct slice text)
{
    char quote = 0, before = ' ';
    for (size_t i = 0; i < text.n; before = text.p[i++]) {
        char c = text.p[i];
        if (quote) {
            quote = c == quote ? 0 : quote;
            i += c == '\\' && i + 1 < text.n;
            continue;
        }
        bool begins = lex_is_blank(before) || lex_is_one_of(before, SLICE("(!&|\"'"));
        if (c == '~' && begins && i + 1 < text.n && is_name_byte(text.p[i + 1]))
            return true;
        quote = (c == '"' || c == '\'') && begins ? c : 0;
    }
    return false;
}
