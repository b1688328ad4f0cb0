/* Dates in HTTP fields (RFC 9110 section 5.6.7). */
#pragma once

#include "base/buf.h"

#include <stdint.h>

/* IMF-fixdate of seconds since 1970: "Sun, 06 Nov 1994 08:49:37 GMT". Up to the end of the year
 * 9999. */
void date_print(struct buf *out, uint64_t unix_seconds);
