/*
 * The server's end of a WebSocket (RFC 6455) that carries text: the top layer of a connection of
 * the control API, once it has been upgraded. Messages of the client are small; those of the server
 * are one frame each.
 */
#pragma once

#include "layer/chain.h"
#include "ui/web/call.h"

/* Of the client. */
#define WEBSOCKET_MESSAGE_MAX ((size_t)64 << 10)
/* What both speak, as Sec-WebSocket-Protocol. */
#define WEBSOCKET_PROTOCOL "weir.feed"
/* In front of the token, as one more of the protocols: browsers cannot send other fields. */
#define WEBSOCKET_TOKEN "weir.token."

struct websocket;

struct websocket_ops {
    /* A whole message, borrowed. */
    void (*message)(struct websocket *w, struct slice text);
    /* The connection takes more after it was full. */
    void (*room)(struct websocket *w);
    /* layer.deadline has passed. */
    void (*timer)(struct websocket *w);
    /* Frees what the websocket is a part of. */
    void (*destroy)(struct websocket *w);
};

struct websocket {
    struct layer layer;
    const struct websocket_ops *ops;
    struct buf message; /* fragments so far */
    bool in_message;    /* more of them are to come */
    bool closing;       /* a Close frame was sent: nothing else is */
    bool gone;
};

/* One of the protocols that the client offers begins so: the rest of it, or an empty slice. */
struct slice websocket_offer(const struct http_head *h, struct slice prefix);
/* Checks the handshake and makes the call's connection this websocket. Takes 'w': CALL_DONE when
 * the call has failed. To be returned by the handler, on the spot. */
enum call_state websocket_accept(struct call *c, struct websocket *w,
                                 const struct websocket_ops *ops);
/* One message, in a turn. */
void websocket_send(struct websocket *w, struct slice text);
void websocket_close(struct websocket *w, unsigned code, struct slice reason);
/* Whether so much is on its way that no more should be sent now: 'room' will come. */
bool websocket_full(const struct websocket *w);
/* For 'destroy'. */
void websocket_release(struct websocket *w);
