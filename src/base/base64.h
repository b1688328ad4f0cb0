/* base64 (RFC 4648 section 4) and hexadecimal. */
#pragma once

#include "base/buf.h"

void base64_encode(struct buf *out, struct slice s);
/* Strict: padding required, no blanks. Nothing is written on failure; out->failed tells want of
 * room from bad text. */
bool base64_decode(struct buf *out, struct slice s) MUST_CHECK;
void hex_encode(struct buf *out, struct slice s);
