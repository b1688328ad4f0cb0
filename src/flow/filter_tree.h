/*
 * The tree of a query and the table of its fields: shared by the files filter*.c and by those that
 * print the table. A tree is made by filter_make.h and does not change afterwards.
 */
#pragma once

#include "flow/filter.h"
#include "flow/filter_text.h"

#define FILTER_TEXT_MAX  16384u
#define FILTER_NODES_MAX 1000u /* tests, negations and values of a query */
#define FILTER_DEPTH_MAX 64u   /* groups, negations and presets in each other */
#define FILTER_REGEX_MAX 100u
#define FILTER_BODY_MAX  ((size_t)8 << 20)   /* decoded bytes of a content that are looked at */
#define FILTER_SCAN_MAX  ((size_t)128 << 20) /* bytes of contents that all tests look at */

struct filter_view;

enum filter_type {
    FILTER_TEXT,    /* ':' is contains */
    FILTER_NAME,    /* text of one word: ':' is equals */
    FILTER_ADDRESS, /* text; "10.0.0.0/8", ":8080", "127.0.0.1:8080" */
    FILTER_WORDS,   /* each of a few words applies or does not */
    FILTER_NUMBER,
    FILTER_SIZE,
    FILTER_DURATION,
    FILTER_TIME, /* a point of it */
    FILTER_TYPES_N,
};

/* What has to be looked at to answer a test: the dearest last. */
enum filter_part {
    FILTER_PART_COLUMN, /* a fact that every row of a list has at hand */
    FILTER_PART_HEAD,
    FILTER_PART_BODY,
    FILTER_PARTS_N,
};

/* What the getters of fields that exist on both sides are asked for; bits. */
enum filter_side {
    FILTER_REQUEST = 1,
    FILTER_RESPONSE = 2,
};

struct filter_word {
    const char *name;
    unsigned needs;                    /* enum filter_needs */
    bool (*has)(const struct flow *f); /* NULL: nothing has it yet */
    const char *help;                  /* "it was held": what a flow is that has it */
};

struct filter_field {
    const char *name;
    const char *group; /* heading of the manual; then there is nothing else in the row */
    const char *help;  /* "the host": what stands before the verb */
    enum filter_type type;
    enum filter_part part;
    unsigned needs;
    unsigned side;
    bool named;         /* may have [name] */
    bool must_be_named; /* has to */
    bool slash;         /* texts begin with '/', so '/' begins no regular expression behind ':' */
    unsigned regex;     /* enum regex_flag */
    /* Says every text of the flow by view_text, until one returns true; returns that. NULL as for
     * words. */
    bool (*text)(struct filter_view *v, unsigned side);
    bool (*number)(const struct flow *f, unsigned side, uint64_t *out);
    const struct filter_word *words; /* ended by a NULL name */
};

extern const struct filter_field filter_fields[];
extern const size_t filter_fields_n;
/* NULL when there is none. */
const struct filter_field *filter_field_find(struct slice name);
/* Nothing in a flow answers it yet. */
bool filter_field_is_later(const struct filter_field *f);

enum filter_op {
    OP_HAS,
    OP_EQUAL,
    OP_NOT_EQUAL,
    OP_REGEX,
    OP_NOT_REGEX,
    OP_MORE,
    OP_AT_LEAST,
    OP_LESS,
    OP_AT_MOST,
    OP_PREFIX,
    OP_SUFFIX,
    OP_PRESENT,
    OPS_N,
};

struct filter_op_row {
    const char *sign;
    unsigned types;             /* bits 1 << enum filter_type */
    const char *verb, *negated; /* of a sentence */
};
extern const struct filter_op_row filter_ops[OPS_N];

enum filter_value_kind { VALUE_TEXT, VALUE_GLOB, VALUE_REGEX, VALUE_RANGE, VALUE_WORD, VALUE_CIDR };

struct filter_value {
    struct filter_value *next;
    enum filter_value_kind kind;
    struct slice text; /* as meant, without quotes; a pattern */
    struct needle needle;
    struct glob glob;
    struct regex *regex;
    bool exact_case; /* of a regular expression */
    uint64_t lo, hi; /* a range, both ends included */
    const struct filter_word *word;
    uint8_t net[16];
    unsigned net_bytes, net_bits;
};

enum filter_kind { FILTER_AND, FILTER_OR, FILTER_NOT, FILTER_TEST };

struct filter_node {
    struct filter_node *next;  /* of the group it is in */
    struct filter_node *first; /* what is in it */
    enum filter_kind kind;
    /* The rest is of tests. */
    const struct filter_field *field;
    struct slice name; /* what stood in brackets; empty: nothing */
    enum filter_op op;
    struct filter_value *values;
};

struct filter {
    atomic_uint refs;
    struct arena *arena;
    struct filter_node *root; /* of an empty query: an empty group */
    struct regex *regexes[FILTER_REGEX_MAX];
    size_t n_regexes;
    unsigned needs;
    struct filter_key key;
};

/* filter_key.c: what filter_parse notes once. */
unsigned filter_find_needs(const struct filter_node *n);
bool filter_find_key(const struct filter_node *root, struct arena *a, struct filter_key *out);

/* filter_print.c: one test, as it is written. */
void filter_print_test(const struct filter_node *n, struct buf *out);
void filter_print_value(const struct filter_node *test, const struct filter_value *v,
                        struct buf *out);
