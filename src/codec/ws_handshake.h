/*
 * The opening of a WebSocket over HTTP/1 (RFC 6455 section 4) as a third party reads it: whether
 * request and 101 fit together, and what they agreed on (RFC 7692 for compression).
 */
#pragma once

#include "base/buf.h"
#include "codec/head.h"

/* How one direction is compressed. */
struct ws_deflate_way {
    bool fresh;    /* each message by itself: no context is taken over */
    unsigned bits; /* of the window: 8 to 15 */
};

struct ws_agreed {
    bool deflate; /* permessage-deflate */
    bool other;   /* an extension that is not understood: reserved bits mean anything */
    struct ws_deflate_way up, down; /* of what the client sends, and the server */
};

/* false, and *why (a static sentence), when it is no WebSocket that was agreed on. */
bool ws_handshake_read(const struct http_head *req, const struct http_head *resp,
                       struct ws_agreed *out, const char **why) MUST_CHECK;
/* Reads the value of a Sec-WebSocket-Extensions field of the response; adds to *out. */
void ws_handshake_extensions(struct slice value, struct ws_agreed *out);
/* Appends Sec-WebSocket-Accept for the key (section 4.2.2). */
void ws_handshake_accept(struct slice key, struct buf *out);
