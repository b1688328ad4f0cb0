/*
 * http://weir.it/: the page through which clients get the authority's certificate, with steps for
 * each platform, and the empty revocation list that forged certificates name. Served by the proxy
 * itself to its own clients, to GET and HEAD alone; the key is not reachable from here.
 */
#pragma once

#include "flow/flow.h"
#include "proxy/setup.h"

/* Whether the host is ours. */
bool onboard_is_host(const struct config *c, struct slice host);
/* The answer to the flow's request. false without memory. */
bool onboard_answer(const struct setup *s, struct flow *f, struct slice *content) MUST_CHECK;
/* "http://weir.it/crl/". The buffer is NUL-terminated. */
void onboard_crl_base(const struct config *c, char *out, size_t n);
