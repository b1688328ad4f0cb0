/*
 * Texts with places for what the request says: {{method}}, {{scheme}}, {{host}}, {{port}}, {{url}},
 * {{path}}, {{query}}, {{query.NAME}} (decoded), {{header.NAME}}, {{status}}, {{id}}, {{time}}.
 * What a request lacks is empty. Values are put in as they are: nothing is escaped.
 */
#pragma once

#include "base/err.h"
#include "flow/hook.h"

/* Whether every place has a name that is known. */
bool template_check(struct slice text, struct err *e) MUST_CHECK;
/* Appends the text with its places filled. */
void template_fill(struct slice text, const struct hook *h, struct buf *out);
