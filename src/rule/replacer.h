/*
 * Replaces the matches of a pattern in a text that comes in pieces, whatever the pieces: a match
 * may lie across any number of them. What is kept is what a match may still need: what it has begun
 * with, at most REPLACER_CARRY_MAX, and what a look-behind sees. A state machine; its ways of going
 * on are those of a transform.
 *
 * What comes out is what pattern_replace makes of the whole, but that
 * - a match is not found that is longer than REPLACER_CARRY_MAX, or needs to see further,
 * - when it takes too many steps the rest stays as it is, though not what is gone already,
 * - there is no limit to how many are replaced.
 */
#pragma once

#include "flow/transform.h"
#include "rule/pattern.h"

#define REPLACER_CARRY_MAX ((size_t)64 << 10)

struct replacer;

/* Whether the pattern can be looked for in pieces: not one that says where the last match ended, or
 * that looks back too far. */
bool replacer_can(const struct pattern *p);
/* Borrows both until it is freed. NULL without memory. */
struct replacer *replacer_new(const struct pattern *p, struct slice replacement) MUST_CHECK;
/* NULL is allowed. */
void replacer_free(struct replacer *r);
/* See struct transform_ops. */
enum transform_result replacer_run(struct replacer *r, struct slice *in, bool last,
                                   struct buf *out) MUST_CHECK;
/* What it has done so far, as a sentence. */
void replacer_say(const struct replacer *r, char *text, size_t n);
