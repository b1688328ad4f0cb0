/* A replacer fed in pieces, for tests and fuzzers. */
#pragma once

#include "rule/pattern.h"

/* What decides how the text is cut: the next piece is of 1 up to 'most' bytes, or of none. */
struct cuts {
    uint64_t seed;
    size_t most;
};

/* What comes out is in 'out', emptied before; *said (of 200 bytes) is the sentence at the end.
 * false when it fails. */
bool replace_cut(const struct pattern *p, struct slice subject, struct slice with, struct cuts cuts,
                 struct buf *out, char *said) MUST_CHECK;
