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

void
grpc_push(struct grpc *g, struct slice in, const struct grpc_ops *ops, void *arg)
{
    while (in.n) {
        size_t n = 1;
        if (g->n < GRPC_HEADER) {
            take_header(g, *in.p, ops, arg);
        } else {
            n = slice_first(in, g->left).n;
            ops->data(arg, slice_first(in, n));
            g->left -= (uint32_t)n;
        }
        in = slice_from(in, n);
        if (g->n == GRPC_HEADER && !g->left) {
            ops->end(arg);
            g->n = 0;
        }
    }
}
