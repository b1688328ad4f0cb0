/* Host names and addresses as certificates see them: syntax, and whether a name of a certificate
 * covers a host. */
#pragma once

#include "base/slice.h"

#include <stdint.h>

#define HOST_MAX 253 /* bytes of a name without the final dot (RFC 1035 section 2.3.4) */

/* 4 or 16 and the address in network order when the text is an IP literal (without brackets), else
 * 0. */
size_t host_ip(struct slice host, uint8_t ip[16]);
/* Labels of letters, digits, '-' and '_', 1 to 63 bytes each; not an IP literal, no wildcard, no
 * final dot. */
bool host_name_valid(struct slice name);
/* The same, but the left-most label may be '*' in front of at least two others (RFC 6125
 * section 6.4.3). */
bool host_pattern_valid(struct slice name);
/* Whether the pattern covers the name: equal but for case, or its '*' stands for exactly one label.
 */
bool host_matches(struct slice pattern, struct slice name);
/* Without one final dot. */
struct slice host_trim(struct slice host);
