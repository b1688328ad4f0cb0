/*
 * The contents of compressed messages of a WebSocket (RFC 7692 section 7.2), one direction:
 * inflated to look at, deflated again where they were changed. Streams; a message may come in any
 * pieces.
 */
#pragma once

#include "base/buf.h"
#include "codec/ws_handshake.h"

struct ws_inflate;

enum ws_inflate_result {
    WS_INFLATE_OK,
    WS_INFLATE_BAD,  /* no deflate data */
    WS_INFLATE_BOMB, /* out of proportion to what came */
    WS_INFLATE_MEMORY,
};

/* Gets what a piece says; borrowed for the call. */
typedef void ws_inflate_fn(void *arg, struct slice plain);

/* 'ratio' is the most that a byte should become, looked at above 64 KiB of a message; 0: any. What
 * all messages together become beyond that must not be more than 'excess' bytes. Returns owned,
 * NULL without memory. */
struct ws_inflate *ws_inflate_new(const struct ws_deflate_way *way, unsigned ratio,
                                  uint64_t excess) MUST_CHECK;
/* NULL is allowed. */
void ws_inflate_free(struct ws_inflate *w);
/* A piece of a message; 'end' with its last one, which may be empty. After anything but
 * OK there is no way to go on in this direction unless 'fresh'. */
enum ws_inflate_result ws_inflate_push(struct ws_inflate *w, struct slice in, bool end,
                                       ws_inflate_fn *out, void *arg) MUST_CHECK;
/* The message is given up: the next one is a new one. false when none can be read any more. */
bool ws_inflate_skip(struct ws_inflate *w);

struct ws_deflate;

#define WS_DEFLATE_BITS_MIN 9u /* zlib cannot write for a smaller window */

/* NULL without memory, or for a smaller window. Returns owned. */
struct ws_deflate *ws_deflate_new(const struct ws_deflate_way *way) MUST_CHECK;
/* NULL is allowed. */
void ws_deflate_free(struct ws_deflate *d);
/* Appends what is ready of a message so far; with 'end' all of it, without its marker. */
void ws_deflate_push(struct ws_deflate *d, struct slice in, bool end, struct buf *out);
