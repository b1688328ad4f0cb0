/*
 * Two texts, line by line: what stayed, what went, what came. The fewest lines that went and came
 * (Myers 1986), but for texts that have very little in common: the differing middle of these is
 * said to be replaced as a whole.
 */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#define DIFF_LINES_MAX 20000

enum diff_kind { DIFF_SAME, DIFF_GONE, DIFF_NEW };

/* Is called for each line, in order, without its line end. */
typedef void diff_line_fn(void *arg, enum diff_kind kind, struct slice line);

/* Lines end with LF. false without memory, or when one of the texts has more than DIFF_LINES_MAX
 * lines: then nothing was called. */
bool diff_lines(struct slice before, struct slice after, diff_line_fn *fn, void *arg) MUST_CHECK;
