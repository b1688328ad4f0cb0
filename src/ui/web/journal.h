/* A bounded list of lines with a time: the newest ones are kept. Any thread. */
#pragma once

#include "base/json.h"

struct journal;

/* 'max' lines. NULL without memory. */
struct journal *journal_new(unsigned max) MUST_CHECK;
/* NULL is allowed. */
void journal_free(struct journal *j);
/* 'kind' is static. The text is cut at JOURNAL_TEXT_MAX bytes; without memory the line is lost. */
void journal_add(struct journal *j, const char *kind, const char *who, struct slice text);
#define JOURNAL_TEXT_MAX 1024
/* Those that were there are forgotten; ids go on. */
void journal_clear(struct journal *j);
/* An array of those with a greater id than 'after', oldest first: {"id", "at", "kind", "who",
 * "text"}, times in RFC 3339. The first one has id 1. */
void journal_json(struct journal *j, struct json *out, const char *key, uint64_t after);
