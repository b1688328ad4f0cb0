/*
 * A WebSocket between a client and a server (RFC 6455, RFC 7692), looked at on its way: frames go
 * on as they came, with their fragmentation and masks, and the messages that they make are kept
 * with the flow. What breaks the rules of the protocol fails the connection as an endpoint would,
 * unless malformed messages are let through: then it goes on and is marked.
 *
 * It is no layer: what carries it hands bytes over and sends them, see layer/carrier.h.
 */
#pragma once

#include "base/err.h"
#include "codec/ws_handshake.h"
#include "layer/carrier.h"
#include "layer/chain.h"

/* A frame of at most so much content is waited for, checked, and sent on in one piece, so that what
 * is wrong with it never leaves; a larger one is checked while it streams. */
#define WS_FRAME_SMALL 65536u

struct ws;

/* Between the ends of the exchange whose 101 is in the flow, which must outlive it. 'client' is the
 * client's chain. Returns owned, NULL without memory. */
struct ws *ws_new(struct chain *client, struct flow *f, const struct ws_agreed *agreed) MUST_CHECK;
/* Who wants to be asked about messages; 'hooks' is the host's own, and unhooked at the end. */
void ws_watch(struct ws *w, void *hooks, bool stage);
/* Before anything else. */
void ws_carry(struct ws *w, const struct carrier_ops *ops, void *arg);
/* How many of the bytes were taken. The rest is to be offered again with what comes behind it. */
size_t ws_take(struct ws *w, bool up, struct slice data);
/* Whether a message that way waits for an answer: nothing is taken then. */
bool ws_waits(const struct ws *w, bool up);
/* Sends a message of our own, after those under way, and keeps it with the flow. */
bool ws_inject(struct ws *w, bool up, unsigned opcode, struct slice content, struct slice by,
               struct err *e) MUST_CHECK;
/* The flow is to be recorded: messages that have begun are over. Nothing is done from here on. */
void ws_end(struct ws *w);
/* NULL is allowed. */
void ws_free(struct ws *w);
