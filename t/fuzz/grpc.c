/* gRPC: messages are the same however their bytes arrive, and put together again they are these. */
#include "codec/grpc.h"

#include "base/buf.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
    struct buf out;
    size_t left;
    bool open;
};

static void
on_begin(void *arg, unsigned flags, uint32_t length)
{
    struct told *v = arg;
    assert(!v->open && flags < 256);
    v->open = true;
    v->left = length;
    buf_byte(&v->out, (char)flags);
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_byte(&v->out, (char)(length >> shift));
}

static void
on_data(void *arg, struct slice s)
{
    struct told *v = arg;
    assert(v->open && s.n && s.n <= v->left);
    v->left -= s.n;
    buf_append(&v->out, s);
}

static void
on_end(void *arg)
{
    struct told *v = arg;
    assert(v->open && !v->left);
    v->open = false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct grpc_ops ops = {.begin = on_begin, .data = on_data, .end = on_end};
    struct slice in = slice_of(data, size);
    for (size_t piece = 1; piece <= 9; piece += 4) {
        struct grpc g = {0};
        struct told v = {.out = {.max = 1 << 24}};
        size_t step = piece == 9 ? size + 1 : piece;
        for (struct slice it = in; it.n; it = slice_from(it, step))
            grpc_push(&g, slice_first(it, step), &ops, &v);
        assert(buf_len(&v.out) <= size && size - buf_len(&v.out) < GRPC_HEADER);
        assert(slice_eq(buf_slice(&v.out), slice_first(in, buf_len(&v.out))));
        buf_release(&v.out);
    }
    return 0;
}
