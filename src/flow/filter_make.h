/* Making the tree of a query: what the parsers of all dialects share. */
#pragma once

#include "flow/filter_tree.h"

struct filter_maker {
    struct filter *filter;
    const struct filter_presets *presets; /* may be NULL */
    struct slice text; /* all of it; slices of it are positions, and live as long as the filter */
    struct err *e;
    size_t at; /* of the error */
    unsigned nodes, depth, presets_entered;
};

/* A value as it was written. */
struct filter_written {
    struct slice text; /* without quotes and escapes; of a regular expression: between the '/' */
    size_t at;         /* where it begins */
    bool quoted;
    bool regex; /* stood between '/' */
    bool exact_case;
};

/* A method that is meant when it stands alone, in capitals. */
bool filter_is_method(struct slice s);

/* Notes the error and where it is; returns false. */
bool make_fail(struct filter_maker *m, size_t at, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Counts a group, a negation or a preset that is entered; make_leave when it is left. */
bool make_enter(struct filter_maker *m, size_t at) MUST_CHECK;
void make_leave(struct filter_maker *m);

/* All of these return NULL, or false, with the error noted. */
struct filter_node *make_group(struct filter_maker *m, enum filter_kind kind) MUST_CHECK;
struct filter_node *make_not(struct filter_maker *m, struct filter_node *n, size_t at) MUST_CHECK;
/* Adds at the end; a group of the same kind dissolves in it. */
void make_add(struct filter_node *group, struct filter_node *n);
/* What stands for a group: its only member, or itself. */
struct filter_node *make_only(struct filter_node *group);
/* A test without values yet. 'at' is where the operator stands. */
struct filter_node *make_test(struct filter_maker *m, const struct filter_field *field,
                              enum filter_op op, size_t at) MUST_CHECK;
bool make_value(struct filter_maker *m, struct filter_node *test,
                const struct filter_written *w) MUST_CHECK;
/* After the last value: the usual form of operators that say the same. */
void make_finish(struct filter_node *test);
/* A test with one value, of a field that exists. */
struct filter_node *make_simple(struct filter_maker *m, const char *field, enum filter_op op,
                                const struct filter_written *w) MUST_CHECK;
/* The tree of a preset, in place of its name. */
struct filter_node *make_preset(struct filter_maker *m, struct slice name, size_t at) MUST_CHECK;

/* filter_number.c: what is written for a number of that type, with its unit, or as a range. */
bool filter_number_read(enum filter_type type, struct slice s, uint64_t *lo,
                        uint64_t *hi) MUST_CHECK;
void filter_number_print(enum filter_type type, uint64_t lo, uint64_t hi, struct buf *out);

/* The dialects: m->text from 'at' on. */
struct filter_node *filter_parse_ours(struct filter_maker *m) MUST_CHECK;
struct filter_node *filter_parse_mitm(struct filter_maker *m) MUST_CHECK;
struct filter_node *filter_parse_httpql(struct filter_maker *m) MUST_CHECK;
/* Whether a text that is not ours looks like one of theirs. */
bool filter_looks_mitm(struct slice text);
bool filter_looks_httpql(struct slice text);
