/*
 * A regular expression (PCRE2, on bytes, '.' matches line ends) or a literal, and what takes the
 * place of its matches: "$1", "${name}", "$$" in the text stand for groups and for the sign. Steps,
 * time, and results are bounded. Immutable, any thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define PATTERN_REPLACED_MAX 65536 /* matches that are replaced in one text */

struct pattern;

struct pattern_spec {
    struct slice text;
    bool literal; /* no expression, and no groups in the replacement */
    bool ignore_case;
};

/* NULL with a sentence that says what is wrong and where. */
struct pattern *pattern_new(const struct pattern_spec *spec, struct err *e) MUST_CHECK;
/* NULL is allowed. */
void pattern_free(struct pattern *p);
/* Whether the groups that a replacement names are there. */
bool pattern_check(const struct pattern *p, struct slice replacement, struct err *e) MUST_CHECK;

/* Appends the text with every match replaced and returns how many there were: 0, and nothing
 * appended, when there was none or it took more steps or bytes than it may. */
size_t pattern_replace(const struct pattern *p, struct slice subject, struct slice replacement,
                       struct buf *out) MUST_CHECK;
/* Appends the replacement alone, for the first match; false when there is none. */
bool pattern_expand(const struct pattern *p, struct slice subject, struct slice replacement,
                    struct buf *out) MUST_CHECK;
/* Where the first match is: its first group, or, when the pattern has none, what is behind it. */
bool pattern_tail(const struct pattern *p, struct slice subject, struct slice *out) MUST_CHECK;

/* A pattern and what takes the place of its matches, as actions have them. */
struct replacement {
    struct slice text, with;
    bool literal, ignore_case;
    struct pattern *pattern; /* NULL until it is prepared */
};

/* Compiles the text, and checks the groups that 'with' names. */
bool replacement_prepare(struct replacement *r, struct err *e) MUST_CHECK;
void replacement_release(struct replacement *r);
