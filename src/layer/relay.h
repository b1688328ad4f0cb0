/*
 * Two chains joined byte for byte. The bytes are kept with the flow as far as its limits allow;
 * those of a WebSocket are looked at on their way (layer/ws.h), and its messages are kept instead.
 */
#pragma once

#include "layer/chain.h"

struct message;
struct ws;

/* The flow that the layer carries; NULL when it is no relay, or its flow is over. Borrowed. */
struct flow *relay_flow(struct layer *l);
/* Sends a message of our own in it, of a WebSocket with the opcode of 'about'. Only while it has a
 * flow. */
bool relay_inject(struct layer *l, bool up, const struct message *about, struct slice content,
                  struct slice by, struct err *e) MUST_CHECK;
/* Ends both connections; 'by' says who wanted that. */
void relay_kill(struct layer *l, struct slice by);
/*
 * Puts a relay in the place of 'server_old' (and all above it) on its chain, and returns its other
 * half, for the chain of the client, to be put there before the turn ends. Keeps the flow, and has
 * it recorded when either connection is gone. What passed through closed TLS is counted, and not
 * kept. NULL without memory; nothing is changed then.
 */
struct layer *relay_new(struct chain *client, struct layer *server_old, struct flow *f) MUST_CHECK;

/* Who made a relay is told of it: each once, from within an event of the server's or client's
 * chain. */
struct relay_ops {
    /* The server has spoken, or is gone: the client's half is wanted on its chain now. */
    void (*on_spoke)(void *arg);
    /* Behind the bytes that were passed on TLS begins, on both sides: below these two layers. */
    void (*on_change)(void *arg, struct layer *client, struct layer *server);
};

/* 'half' is what relay_new has returned. */
void relay_tell(struct layer *half, const struct relay_ops *ops, void *arg);
/* For a tunnel in clear that tells: looks for a change to TLS (codec/starttls.h). */
void relay_watch(struct layer *half);
/* For one that tells: the half is not on a chain yet, and is not wanted there before the server has
 * spoken. */
void relay_listen(struct layer *half);
/* For one whose segments are kept: who wants to be asked about them; 'hooks' is the host's own,
 * unhooked at the end, also without memory: false then. */
bool relay_stage(struct layer *half, void *hooks, bool stage) MUST_CHECK;
/* Both ends are told by others what has happened: the end of one is not the end of the other.
 * Either half. */
void relay_part(struct layer *half);
/* Ends a relay whose half was never on a chain: nothing is recorded. */
void relay_drop(struct layer *half);

/*
 * Puts a relay in the place of 'client_old' and of 'server_old' (and all above them) on their
 * chains, as above. 'first' goes to the server.
 * 'ws' may be NULL; it is taken, in any case. false without memory; nothing is changed then.
 */
bool relay_join(struct layer *client_old, struct layer *server_old, struct flow *f, struct ws *ws,
                struct slice first) MUST_CHECK;
