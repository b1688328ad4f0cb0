/* The error codes of HTTP/2 (RFC 9113 section 7) by name. */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#include <stdint.h>

/* By its name, "REFUSED_STREAM" in either case, or by its number. false when it is neither. */
bool h2_code_find(struct slice text, uint32_t *out) MUST_CHECK;
