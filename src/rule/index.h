/*
 * Which of many queries can match: each has a literal that must be in the host or in the path (see
 * filter_key), and one look over both finds those whose literal is there. What has none, or one
 * too short, is always among them.
 */
#pragma once

#include "flow/filter.h"

struct index;

/* Bits are kept in so many words. */
#define INDEX_WORDS(n) (((n) + 63) / 64)

/* Keeps the literals, which must outlive it. NULL without memory. */
struct index *index_new(const struct filter_key *keys, size_t n) MUST_CHECK;
/* NULL is allowed. */
void index_free(struct index *ix);
/* Sets the bits of those that always can match; 'bits' has room for INDEX_WORDS(n). */
void index_begin(const struct index *ix, uint64_t *bits);
/* Sets the bits of those whose literal is in the text. */
void index_look(const struct index *ix, struct slice text, bool path, uint64_t *bits);
