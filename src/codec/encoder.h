/*
 * Content codings, put on (RFC 9110 section 8.4): a stream through the codings of
 * codec/encoding_list.h, at levels that are quick rather than small.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

struct encoder;

/*
 * For the value of a Content-Encoding field: with "br, gzip" br is applied first. "identity" and an
 * empty value leave all as it is. NULL and *e for an unknown coding ("cannot encode 'sdch'"), for
 * more than ENCODING_LAYERS, and without memory. Returns owned.
 */
struct encoder *encoder_new(struct slice codings, struct err *e) MUST_CHECK;
/* NULL is allowed. */
void encoder_free(struct encoder *c);
/* Encodes 'in' and appends to 'out' what is ready; 'last': nothing comes behind it, and all is.
 * false, then and from then on: no memory, or no room in 'out'. */
bool encoder_push(struct encoder *c, struct slice in, bool last, struct buf *out) MUST_CHECK;
