/* The pieces of a query. */
#include "flow/filter_lex.h"

bool
lex_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool
lex_is_one_of(char c, struct slice set)
{
    return slice_find(set, c) < set.n;
}

struct slice
lex_rest(const struct lexer *l)
{
    return slice_from(l->m->text, l->at);
}

char
lex_next(const struct lexer *l)
{
    return l->at < l->m->text.n ? l->m->text.p[l->at] : '\0';
}

void
lex_blanks(struct lexer *l)
{
    while (l->at < l->m->text.n && lex_is_blank(l->m->text.p[l->at]))
        l->at++;
}

bool
lex_at_end_of_term(const struct lexer *l)
{
    return l->at >= l->m->text.n || lex_is_blank(lex_next(l)) || lex_next(l) == ')';
}

/* A word ends where a term does, or a group begins. */
static bool
take_word(struct lexer *l, struct slice word)
{
    if (!slice_starts(lex_rest(l), word))
        return false;
    struct lexer after = {l->m, l->at + word.n};
    if (!lex_at_end_of_term(&after) && lex_next(&after) != '(')
        return false;
    *l = after;
    return true;
}

static bool
take_sign(struct lexer *l, struct slice sign)
{
    bool there = slice_starts(lex_rest(l), sign);
    l->at += there ? sign.n : 0;
    return there;
}

bool
lex_take_or(struct lexer *l)
{
    return take_word(l, SLICE("or")) || take_word(l, SLICE("OR")) || take_sign(l, SLICE("||")) ||
           take_word(l, SLICE("|"));
}

bool
lex_take_and(struct lexer *l)
{
    return take_word(l, SLICE("and")) || take_word(l, SLICE("AND")) || take_sign(l, SLICE("&&")) ||
           take_word(l, SLICE("&"));
}

bool
lex_take_not(struct lexer *l)
{
    return take_word(l, SLICE("not")) || take_word(l, SLICE("NOT")) || take_sign(l, SLICE("-")) ||
           take_sign(l, SLICE("!"));
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct slice
lex_name(struct lexer *l)
{
    struct slice rest = lex_rest(l);
    size_t n = 0;
    if (!is_letter(lex_next(l)))
        return SLICE_NONE;
    while (n < rest.n && (is_letter(rest.p[n]) || (rest.p[n] >= '0' && rest.p[n] <= '9') ||
                          rest.p[n] == '.' || rest.p[n] == '_' || rest.p[n] == '-'))
        n++;
    l->at += n;
    return slice_first(rest, n);
}

enum filter_op
lex_op(struct lexer *l)
{
    enum filter_op found = OPS_N;
    size_t longest = 0;
    for (int i = 0; i < OPS_N; i++) {
        struct slice sign = slice_str(filter_ops[i].sign);
        if (sign.n > longest && slice_starts(lex_rest(l), sign)) {
            found = (enum filter_op)i;
            longest = sign.n;
        }
    }
    struct lexer after = {l->m, l->at + longest};
    if (found == OP_PRESENT && !lex_at_end_of_term(&after))
        return OPS_N;
    l->at += longest;
    return found;
}

/* How far a run reaches, and how many '(' are left open in it. */
static size_t
run_length(struct slice s, struct slice ends, size_t *depth)
{
    size_t i = 0;
    for (*depth = 0; i < s.n && !lex_is_blank(s.p[i]); i++) {
        char c = s.p[i];
        if (!*depth && lex_is_one_of(c, ends))
            break;
        if (c == '\\' && i + 1 < s.n && !lex_is_blank(s.p[i + 1]))
            i++;
        *depth += c == '(';
        *depth -= c == ')';
    }
    return i;
}

bool
lex_run(struct lexer *l, bool list, struct filter_written *w)
{
    struct slice rest = lex_rest(l);
    size_t depth, i = run_length(rest, list ? SLICE("),") : SLICE(")"), &depth);
    if (depth)
        return make_fail(l->m, l->at + slice_find(rest, '('),
                         "a '(' without its ')': put text with it in quotes");
    *w = (struct filter_written){.text = slice_first(rest, i), .at = l->at};
    l->at += i;
    return true;
}

/* Without the backslashes that are escapes. */
static bool
copy_quoted(struct filter_maker *m, struct slice inside, struct slice *out)
{
    char *copy = arena_alloc(m->filter->arena, inside.n + 1);
    size_t n = 0;
    if (!copy)
        return err_memory(m->e);
    for (size_t i = 0; i < inside.n; i++) {
        bool escape = inside.p[i] == '\\' && i + 1 < inside.n &&
                      (inside.p[i + 1] == '"' || inside.p[i + 1] == '\\');
        i += escape;
        copy[n++] = inside.p[i];
    }
    *out = slice_of(copy, n);
    return true;
}

bool
lex_quoted(struct lexer *l, struct filter_written *w)
{
    struct slice rest = slice_from(lex_rest(l), 1);
    size_t i = 0;
    while (i < rest.n && rest.p[i] != '"')
        i += rest.p[i] == '\\' && i + 1 < rest.n && (rest.p[i + 1] == '"' || rest.p[i + 1] == '\\')
                 ? 2
                 : 1;
    if (i >= rest.n)
        return make_fail(l->m, l->m->text.n, "expected '\"' at the end of the quoted text");
    *w = (struct filter_written){.at = l->at, .quoted = true};
    TRY(copy_quoted(l->m, slice_first(rest, i), &w->text));
    l->at += i + 2;
    return true;
}

/* Where the '/' stands that ends the pattern, from 'from' on; or the end. */
static size_t
pattern_end(struct slice s, size_t from)
{
    size_t i = from;
    while (i < s.n && s.p[i] != '/')
        i += s.p[i] == '\\' ? 2 : 1;
    return MIN(i, s.n);
}

static size_t
flag_length(struct slice s, size_t at)
{
    return at < s.n && (s.p[at] == 'i' || s.p[at] == 'c');
}

bool
lex_regex(struct lexer *l, struct filter_written *w)
{
    struct slice rest = lex_rest(l);
    for (size_t i = pattern_end(rest, 1); i < rest.n; i = pattern_end(rest, i + 1)) {
        size_t flag = flag_length(rest, i + 1);
        struct lexer after = {l->m, l->at + i + 1 + flag};
        if (!lex_at_end_of_term(&after))
            continue;
        *w = (struct filter_written){
            .text = slice_first(slice_from(rest, 1), i - 1),
            .at = l->at,
            .regex = true,
            .exact_case = flag && rest.p[i + 1] == 'c',
        };
        *l = after;
        return true;
    }
    return false;
}

void
lex_run_is_regex(struct filter_written *w)
{
    struct slice s = w->text;
    if (!slice_starts(s, SLICE("/")))
        return;
    size_t end = pattern_end(s, 1);
    size_t flag = flag_length(s, end + 1);
    if (end >= s.n || end + 1 + flag != s.n)
        return;
    w->regex = true;
    w->exact_case = flag && s.p[end + 1] == 'c';
    w->text = slice_first(slice_from(s, 1), end - 1);
}

struct filter_node *
lex_joined(struct lexer *l, enum filter_kind kind, struct filter_node *(*term)(struct lexer *l),
           bool (*more)(struct lexer *l))
{
    struct filter_node *group = make_group(l->m, kind);
    if (!group)
        return NULL;
    do {
        struct filter_node *n = term(l);
        if (!n)
            return NULL;
        make_add(group, n);
    } while (more(l));
    return make_only(group);
}
