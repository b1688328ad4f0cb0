/* Who may use the proxy, and where it goes: the rules that keep it from being an open door. */
#pragma once

#include "layer/reason.h"
#include "proxy/config.h"

struct sockaddr;
struct worker;

/* Whether a client from there is served. */
bool guard_client(const struct config *c, const struct sockaddr *from,
                  struct failure *why) MUST_CHECK;
/* Whether this address may be connected to: not ourselves, not on the deny list. Judged after
 * resolution. */
bool guard_target(const struct worker *w, const struct config *c, const struct sockaddr *to,
                  struct failure *why) MUST_CHECK;
