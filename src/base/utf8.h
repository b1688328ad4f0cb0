/* UTF-8: validation, decoding, column width (RFC 3629). */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#include <stdint.h>

/* Bytes of the valid sequence at the start of s (1 to 4) and its code point, or 0. */
unsigned utf8_next(struct slice s, uint32_t *cp);
bool utf8_valid(struct slice s);
/* A text that comes in pieces: what the next byte must be. A zeroed one is at the beginning. */
struct utf8_stream {
    unsigned char left, low, high; /* bytes of the character that are to come; bounds of the next */
};
/* false as soon as the text so far cannot be the beginning of valid UTF-8. */
bool utf8_push(struct utf8_stream *u, struct slice s) MUST_CHECK;
/* Whether the text may end here. */
static inline bool
utf8_complete(const struct utf8_stream *u)
{
    return u->left == 0;
}
/* Columns on a terminal: 0, 1 or 2. */
int utf8_width(uint32_t cp);
/* Columns of a whole text; invalid bytes count 1. */
size_t utf8_columns(struct slice s);
