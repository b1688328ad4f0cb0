/*
 * A call of the control API, made from a pattern and arguments by name: "/api/v1/flows/{id}?a={b}".
 * What tools of the Model Context Protocol and commands are made of.
 */
#pragma once

#include "base/buf.h"

struct json_t; /* of jansson */

/* Appends the pattern with "{name}" replaced by that argument, percent-encoded: a text, a whole
 * number or a bool. Parameters of the query that are not given are left out. Arguments that were
 * used are taken out of 'args'. */
void target_fill(struct buf *out, const char *pattern, struct json_t *args);
/* What is below "args" goes beside it, where nothing has that name. */
void target_flatten(struct json_t *args);
