/*
 * Frames of WebSocket (RFC 6455): their header, the masking, and what a Close frame says. No state,
 * no memory; whoever reads frames keeps track of fragments (section 5.4).
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"

#include <stdint.h>

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
};

#define WS_HEADER_MAX  14
#define WS_CONTROL_MAX 125 /* content of a control frame (section 5.5) */

struct ws_frame {
    bool fin, rsv1, rsv2, rsv3;
    bool masked;
    enum ws_opcode opcode;
    uint8_t mask[4];
    uint64_t length; /* of the content */
};

enum ws_result {
    WS_OK,
    WS_MORE, /* the header is not all there */
    WS_BAD,
};

/* Status codes of Close (section 7.4.1) that we send. */
#define WS_CLOSE_NORMAL   1000
#define WS_CLOSE_GOING    1001
#define WS_CLOSE_PROTOCOL 1002
#define WS_CLOSE_DATA     1003
#define WS_CLOSE_TEXT     1007
#define WS_CLOSE_POLICY   1008
#define WS_CLOSE_TOO_BIG  1009
#define WS_CLOSE_NONE     1005 /* never sent: the frame had no code */

/*
 * Reads the header at the start of 'in'; *used is its size. WS_BAD and *why (a static sentence) for
 * reserved opcodes, control frames that are fragmented or too long, lengths that are not minimal or
 * have their highest bit set. Reserved bits and masking are for the caller to judge: extensions and
 * the role decide. With WS_BAD *used is 0 while the header is not all there, else *out is what it
 * says all the same, for who lets it pass.
 */
enum ws_result ws_frame_read(struct slice in, struct ws_frame *out, size_t *used,
                             const char **why) MUST_CHECK;
/* Appends the header; the content follows. */
void ws_frame_print(struct buf *out, const struct ws_frame *f);
/* Masks or unmasks n bytes in place, which begin at 'offset' of the content. */
void ws_frame_mask(char *p, size_t n, const uint8_t mask[4], uint64_t offset);
/* Appends a whole frame without a mask, as servers send it. */
void ws_frame_put(struct buf *out, enum ws_opcode opcode, struct slice content);

/* The content of a Close frame: its code (WS_CLOSE_NONE without one) and reason. false when it is
 * one byte long, the code must not be sent, or the reason is not UTF-8. */
bool ws_close_read(struct slice content, unsigned *code, struct slice *reason) MUST_CHECK;
/* Appends a whole Close frame without a mask; the reason is shortened to what fits. */
void ws_close_put(struct buf *out, unsigned code, struct slice reason);
/* Whether a Close frame may carry the code (section 7.4). */
bool ws_close_allowed(unsigned code);

static inline bool
ws_is_control(enum ws_opcode o)
{
    return (o & 8) != 0;
}
