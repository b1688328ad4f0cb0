/* A change of a held message as the API is told of it: the schema Change of schemas.json. */
#pragma once

#include "flow/change.h"

struct json_t;

#define CHANGE_IN_MAX 200 /* fields of one kind */

struct change_in {
    struct change change; /* its lists are the ones below */
    struct change_field fields[CHANGE_IN_MAX];
    struct slice names[CHANGE_IN_MAX];
};

/* Borrows the texts of the object; content out of base64 is in the arena. Returns the part that
 * cannot be read, or NULL. */
const char *change_in_read(struct change_in *v, const struct json_t *o,
                           struct arena *arena) MUST_CHECK;
