/* Which listeners a configuration wants, and having them open on every worker. */
#pragma once

#include "proxy/engine.h"

/* Opens what the modes of the setup ask for and is not open yet, closes what they do not ask for.
 * On failure nothing has changed. */
bool ports_apply(struct proxy *p, const struct setup *s, struct err *e) MUST_CHECK;
/* Says where we listen, one line each: on standard output (standard error with --json) what is new,
 * in the port file all of it. */
bool ports_announce(struct proxy *p, const struct config *c, struct err *e) MUST_CHECK;
