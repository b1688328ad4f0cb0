/* UTF-8: validation, decoding, column width (RFC 3629). */
#pragma once

#include "base/slice.h"

#include <stdint.h>

/* Bytes of the valid sequence at the start of s (1 to 4) and its code point, or 0. */
unsigned utf8_next(struct slice s, uint32_t *cp);
bool utf8_valid(struct slice s);
/* Columns on a terminal: 0, 1 or 2. */
int utf8_width(uint32_t cp);
/* Columns of a whole text; invalid bytes count 1. */
size_t utf8_columns(struct slice s);
