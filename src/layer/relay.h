/*
 * Two chains joined byte for byte. The bytes are kept with the flow as far as its limits allow;
 * those of a WebSocket are looked at on their way (layer/ws.h), and its messages are kept instead.
 */
#pragma once

#include "layer/chain.h"

struct ws;

/* The flow that the layer carries, with its WebSocket if it is one; NULL when it is no relay, or
 * its flow is over. Borrowed. */
struct flow *relay_flow(struct layer *l, struct ws **ws);
/* Ends both connections; 'by' says who wanted that. */
void relay_kill(struct layer *l, struct slice by);
/*
 * Puts a relay in the place of 'server_old' (and all above it) on its chain, and returns its other
 * half, for the chain of the client, to be put there before the turn ends. Keeps the flow, and has
 * it recorded when either connection is gone. What passed through closed TLS is counted, and not
 * kept. NULL without memory; nothing is changed then.
 */
struct layer *relay_new(struct chain *client, struct layer *server_old, struct flow *f) MUST_CHECK;

/*
 * Puts a relay in the place of 'client_old' and of 'server_old' (and all above them) on their
 * chains, as above. 'first' goes to the server.
 * 'ws' may be NULL; it is taken, in any case. false without memory; nothing is changed then.
 */
bool relay_join(struct layer *client_old, struct layer *server_old, struct flow *f, struct ws *ws,
                struct slice first) MUST_CHECK;
