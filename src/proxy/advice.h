/* What a person can do about a failure: lines of plain text. */
#pragma once

#include "flow/flow.h"
#include "layer/reason.h"
#include "proxy/config.h"

/* The lines for the reason alone; "" when there is nothing to do. */
const char *advice_text(enum reason r);
void advice_print(struct buf *out, const struct config *c, const struct flow *f,
                  const struct failure *why);
