/* The pieces of a query in our dialect: blanks, runs, quoted text, regular expressions. */
#pragma once

#include "flow/filter_make.h"

struct lexer {
    struct filter_maker *m;
    size_t at; /* in m->text */
};

bool lex_is_blank(char c);
bool lex_is_one_of(char c, struct slice set);
void lex_blanks(struct lexer *l);
/* The byte that is next, or NUL at the end. */
char lex_next(const struct lexer *l);
struct slice lex_rest(const struct lexer *l);
/* The end, a blank, or ')'. */
bool lex_at_end_of_term(const struct lexer *l);
/* Terms by 'term' for as long as 'more' says so behind one, joined; NULL when one fails. */
struct filter_node *lex_joined(struct lexer *l, enum filter_kind kind,
                               struct filter_node *(*term)(struct lexer *l),
                               bool (*more)(struct lexer *l));
/* One of these words, or signs, and what it must be followed by; taken when it is there. */
bool lex_take_or(struct lexer *l);
bool lex_take_and(struct lexer *l);
bool lex_take_not(struct lexer *l);
/* A name of a field: letters, digits, '.', '_', '-'. Empty when there is none. */
struct slice lex_name(struct lexer *l);
/* The operator that is next, or OPS_N; taken. */
enum filter_op lex_op(struct lexer *l);
/* Bytes up to a blank, or a ')' that was not opened in them; in a list also up to a ','. */
bool lex_run(struct lexer *l, bool list, struct filter_written *w) MUST_CHECK;
/* From one '"' to the next; only \" and \\ are escapes. */
bool lex_quoted(struct lexer *l, struct filter_written *w) MUST_CHECK;
/* From '/' to '/', 'i' or 'c' behind it; false, and nothing taken, when it is none. */
bool lex_regex(struct lexer *l, struct filter_written *w) MUST_CHECK;
/* A run that is one as a whole becomes one. */
void lex_run_is_regex(struct filter_written *w);
