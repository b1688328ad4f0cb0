/*
 * Takes secrets out of what is shown to others: values of fields that carry credentials, and of
 * members, parameters and cookies whose name says that they do.
 */
#pragma once

#include "base/slice.h"

#include <stdbool.h>

struct json_t;

/* Whether a field, member or parameter of that name is taken for a secret. */
bool redact_is_secret(struct slice name);
/* Everything below the value, in place: [name, value] pairs, members, texts that are URLs or forms.
 */
void redact_json(struct json_t *value);
