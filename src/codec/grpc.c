/* Messages of gRPC, found by their lengths. */
#include "codec/grpc.h"

/* A byte of the header. */
static void
take_header(struct grpc *g, char c, const struct grpc_ops *ops, void *arg)
{
    g->header[g->n++] = (uint8_t)c;
    if (g->n < GRPC_HEADER)
        return;
    g->left = 0;
    for (size_t i = 1; i < GRPC_HEADER; i++)
        g->left = g->left << 8 | g->header[i];
    ops->begin(arg, g->header[0], g->left);
}

size_t
grpc_next(struct grpc *g, struct slice in, const struct grpc_ops *ops, void *arg)
{
    size_t done = 0;
    while (done < in.n) {
        size_t n = 1;
        if (g->n < GRPC_HEADER) {
            take_header(g, in.p[done], ops, arg);
        } else {
            struct slice data = slice_first(slice_from(in, done), g->left);
            n = data.n;
            ops->data(arg, data);
            g->left -= (uint32_t)n;
        }
        done += n;
        if (g->n == GRPC_HEADER && !g->left) {
            ops->end(arg);
            g->n = 0;
            break;
        }
    }
    return done;
}

void
grpc_push(struct grpc *g, struct slice in, const struct grpc_ops *ops, void *arg)
{
    while (in.n)
        in = slice_from(in, grpc_next(g, in, ops, arg));
}

bool
grpc_print(struct buf *out, unsigned flags, struct slice data)
{
    if (data.n > UINT32_MAX)
        return false;
    buf_byte(out, (char)flags);
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_byte(out, (char)(data.n >> shift));
    buf_append(out, data);
    return true;
}
