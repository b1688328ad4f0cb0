/* Checked readers of numbers and words. None of them accepts signs, blanks or what is left over. */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#include <stdint.h>

/* Decimal digits only, at least one, value at most max. */
bool scan_u64(struct slice s, uint64_t max, uint64_t *out) MUST_CHECK;
/* 1 to 16 hexadecimal digits. */
bool scan_hex(struct slice s, uint64_t *out) MUST_CHECK;
/* A number with an optional unit k m g t (1024 each, either case, 'b' behind it allowed). */
bool scan_size(struct slice s, uint64_t *out) MUST_CHECK;
/* A number with a unit ms s m h d; a bare number is seconds. Nanoseconds. */
bool scan_duration(struct slice s, uint64_t *out_ns) MUST_CHECK;
/* yes no true false on off 1 0. */
bool scan_bool(struct slice s, bool *out) MUST_CHECK;
/* Case-sensitive glob: * any run, ? one byte. Takes at most the product of both lengths. */
bool scan_glob(struct slice pattern, struct slice s);
/* Edit distance of two words, at most 'cap': for "did you mean". Words over 64 bytes are that far
 * apart. */
unsigned scan_distance(struct slice a, struct slice b, unsigned cap);
