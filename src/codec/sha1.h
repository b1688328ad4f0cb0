/* SHA-1 (RFC 3174), for protocols that ask for it by name and whose strength does not rest on it.
 */
#pragma once

#include "base/slice.h"

#include <stdint.h>

#define SHA1_LEN 20

void sha1(struct slice s, uint8_t out[SHA1_LEN]);
