/* Two chains joined byte for byte. The bytes are kept with the flow as far as its limits allow. */
#pragma once

#include "layer/chain.h"

/*
 * Puts a relay in the place of 'server_old' (and all above it) on its chain, and returns its other
 * half, for the chain of the client, to be put there before the turn ends. Keeps the flow, and has
 * it recorded when either connection is gone. What passed through closed TLS is counted, and not
 * kept. NULL without memory; nothing is changed then.
 */
struct layer *relay_new(struct chain *client, struct layer *server_old, struct flow *f) MUST_CHECK;

/*
 * Puts a relay in the place of 'client_old' and of 'server_old' (and all above them) on their
 * chains, as above. 'first' goes to the server. false without memory; nothing is changed then.
 */
bool relay_join(struct layer *client_old, struct layer *server_old, struct flow *f,
                struct slice first) MUST_CHECK;
