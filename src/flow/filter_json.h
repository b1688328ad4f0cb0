/* One place in a JSON text, found without reading the text into a tree. */
#pragma once

#include "base/buf.h"

#define FILTER_JSON_DEPTH 64

/*
 * Calls fn with every value at the path: keys and indexes with dots between, '*' for any of them;
 * "user.roles.0". Strings without their quotes and escapes, all else as it is spelt. Ends when fn
 * returns true, and returns that. A text that breaks off counts as far as it goes.
 */
bool filter_json_find(struct slice text, struct slice path,
                      bool (*fn)(void *arg, struct slice value), void *arg);
