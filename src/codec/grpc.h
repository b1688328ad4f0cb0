/*
 * Messages of gRPC in a content: a byte that says whether they are compressed, four of length, and
 * so many bytes. In pieces of any size; no memory but the struct.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"

#include <stdint.h>

#define GRPC_HEADER     5
#define GRPC_COMPRESSED 1    /* of the byte in front */
#define GRPC_TRAILERS   0x80 /* in gRPC-Web: it is no message but the trailers */

/* A zeroed one is at the beginning of a content. */
struct grpc {
    uint8_t header[GRPC_HEADER];
    size_t n;      /* so much of the header; all of it: in the middle of a message */
    uint32_t left; /* of the message */
};

struct grpc_ops {
    void (*begin)(void *arg, unsigned flags, uint32_t length);
    void (*data)(void *arg, struct slice s); /* not empty */
    void (*end)(void *arg);
};

void grpc_push(struct grpc *g, struct slice in, const struct grpc_ops *ops, void *arg);
/* The same, up to the end of a message at most; how many bytes that were. */
size_t grpc_next(struct grpc *g, struct slice in, const struct grpc_ops *ops, void *arg);
/* A message; false where it is too long to be one. */
bool grpc_print(struct buf *out, unsigned flags, struct slice data) MUST_CHECK;
