/* Two chains joined byte for byte. The bytes are kept with the flow as far as its limits allow. */
#pragma once

#include "layer/chain.h"

/*
 * Puts a relay in the place of 'client_old' and of 'server_old' (and all above them) on their
 * chains. Keeps the flow, and has it recorded when either connection is gone. 'first' goes to the
 * server. false without memory; nothing is changed then.
 */
bool relay_join(struct layer *client_old, struct layer *server_old, struct flow *f,
                struct slice first) MUST_CHECK;
