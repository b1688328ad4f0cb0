/* Digests that protocols ask for by name, and whose strength nothing rests on. */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#define DIGEST_SHA1_LEN 20

/* false without memory. */
bool digest_sha1(struct slice s, unsigned char out[DIGEST_SHA1_LEN]) MUST_CHECK;
