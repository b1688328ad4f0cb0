/*
 * Lists of hosts as options give them: regular expressions, found anywhere in "host:port" without
 * regard to case, as mitmproxy has them. Immutable, any thread.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

struct hosts;

/* 'patterns' ends with NULL, or is NULL for an empty list. NULL with what is wrong with which one.
 */
struct hosts *hosts_new(const char **patterns, struct err *e) MUST_CHECK;
/* NULL is allowed. */
void hosts_free(struct hosts *h);
bool hosts_match(const struct hosts *h, struct slice host, uint16_t port);
