/*
 * The query language: text to a tree, once; the tree on a flow, many times. Every filter, hold
 * condition, rule and search takes the tree, none parses text of its own. docs/filters.md is the
 * manual; the fields are rows of flow/filter_list.h.
 *
 * Messages are looked at as they stand: their last version, or as received. A field that a flow
 * lacks, or does not have yet, makes its test false. Regular expressions and
 * decoded contents have step and size limits, so that no query can hang the proxy.
 */
#pragma once

#include "base/err.h"
#include "flow/flow.h"

struct filter; /* immutable, shared by references, any thread */

/* Named queries, '@name': returns the text, borrowed, or an empty slice. */
struct filter_presets {
    struct slice (*find)(void *arg, struct slice name);
    void *arg;
};

/* Takes every name: for checks where the presets are not known yet. */
extern const struct filter_presets filter_presets_any;

/*
 * Parses ours, mitmproxy's and Caido's dialect. An empty text matches everything. Returns one
 * reference, owned; NULL with a sentence that says what was expected, and *at (may be NULL) is the
 * byte where. 'presets' may be NULL.
 */
struct filter *filter_parse(struct slice text, const struct filter_presets *presets, size_t *at,
                            struct err *e) MUST_CHECK;
struct filter *filter_ref(struct filter *f);
/* NULL is allowed. */
void filter_unref(struct filter *f);

/* On a flow in whatever state it is: the thread of the flow while it lives, any thread after. */
bool filter_match(const struct filter *f, const struct flow *flow);

/* What must be there before the answer is final. */
enum filter_needs {
    FILTER_NEEDS_REQUEST_BODY = 1,
    FILTER_NEEDS_RESPONSE = 2,
    FILTER_NEEDS_RESPONSE_BODY = 4,
    FILTER_NEEDS_MESSAGE = 16, /* one of those that cross it */
    FILTER_NEEDS_END = 8,      /* times and errors of the whole exchange */
};
unsigned filter_needs(const struct filter *f);

/*
 * A literal, in lower case, that must be in the text "HOST" or "PATH" of every flow that can match
 * (case ignored): what an index of many filters goes by. 'n' is 0 when there is none. Both are
 * those of the request as it stands (its last version); the path may have its query. Borrowed from
 * the filter.
 */
struct filter_key {
    struct slice literal;
    bool in_path; /* else in the host */
};
struct filter_key filter_key(const struct filter *f);

/* The query in our dialect, in its shortest usual form: parses to the same tree. */
void filter_print(const struct filter *f, struct buf *out);
/* One sentence in plain words. */
void filter_explain(const struct filter *f, struct buf *out);
/* The tree, indented, one node a line. */
void filter_print_tree(const struct filter *f, struct buf *out);
/* What has to be looked at for each of its tests, the cheapest first, as lines. */
void filter_plan(const struct filter *f, struct buf *out);
