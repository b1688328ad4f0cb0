/* Texts and bytes out of JSON that was parsed. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

#include <jansson.h>

/* The bytes of a string, borrowed; SLICE_NONE for anything else, and for NULL. */
struct slice json_in_text(const json_t *v);
/* The same of a member of an object. */
struct slice json_in_key(const json_t *object, const char *key);
/* "KEY" is text, "KEY_base64" is bytes; SLICE_NONE without either. false: the latter is no base64
 * of at most 'max' bytes, or there is no memory. */
bool json_in_bytes(const json_t *object, const char *key, struct arena *a, size_t max,
                   struct slice *out) MUST_CHECK;
