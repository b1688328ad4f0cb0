/* Which listeners a configuration wants, and having them open on every worker. */
#pragma once

#include "proxy/engine.h"

/* Opens what the modes of the setup ask for and is not open yet, closes what they do not ask for.
 * On failure nothing has changed. */
bool ports_apply(struct proxy *p, const struct setup *s, struct err *e) MUST_CHECK;
/* Says where we listen, one line each: on standard output in the file (may be NULL). */
bool ports_announce(struct proxy *p, const char *file, struct err *e) MUST_CHECK;
