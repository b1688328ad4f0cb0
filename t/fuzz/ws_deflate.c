/*
 * Compressed messages of a WebSocket: the first byte says how, the rest is one message, or the
 * value of the field that agrees on it. Whatever is inflated is the same after it was deflated and
 * inflated again, in whatever pieces.
 */
#include "codec/ws_deflate.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
add(void *arg, struct slice s)
{
    buf_append(arg, s);
}

static void
check(const struct ws_deflate_way *way, struct slice plain)
{
    struct buf packed = {.max = 1 << 22}, again = {.max = 1 << 22};
    struct ws_deflate *d = ws_deflate_new(way);
    struct ws_inflate *w = ws_inflate_new(way, 0, 0);
    for (unsigned round = 0; d && w && round < 2; round++) {
        buf_reset(&packed);
        buf_reset(&again);
        ws_deflate_push(d, slice_first(plain, plain.n / 3), false, &packed);
        ws_deflate_push(d, slice_from(plain, plain.n / 3), true, &packed);
        enum ws_inflate_result r = ws_inflate_push(w, buf_slice(&packed), true, add, &again);
        assert(r == WS_INFLATE_OK && slice_eq(buf_slice(&again), plain));
    }
    ws_inflate_free(w);
    ws_deflate_free(d);
    buf_release(&packed);
    buf_release(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct slice in = slice_of(data + 1, size - 1);
    struct ws_agreed agreed = {0};
    struct ws_deflate_way way = {.fresh = data[0] & 1, .bits = 8 + (data[0] >> 1 & 7)};
    struct buf whole = {.max = 1 << 20}, pieces = {.max = 1 << 20};
    ws_handshake_extensions(in, &agreed);
    struct ws_inflate *one = ws_inflate_new(&way, 100, 0), *other = ws_inflate_new(&way, 100, 0);
    enum ws_inflate_result a = ws_inflate_push(one, in, true, add, &whole), b = WS_INFLATE_OK;
    for (size_t i = 0; i < in.n && b == WS_INFLATE_OK; i++)
        b = ws_inflate_push(other, slice_of(in.p + i, 1), false, add, &pieces);
    if (b == WS_INFLATE_OK)
        b = ws_inflate_push(other, SLICE_NONE, true, add, &pieces);
    assert((a == WS_INFLATE_BAD) == (b == WS_INFLATE_BAD) || a == WS_INFLATE_BOMB ||
           b == WS_INFLATE_BOMB);
    if (a == WS_INFLATE_OK && b == WS_INFLATE_OK) {
        assert(slice_eq(buf_slice(&whole), buf_slice(&pieces)));
        check(&way, buf_slice(&whole));
    }
    ws_inflate_free(one);
    ws_inflate_free(other);
    buf_release(&whole);
    buf_release(&pieces);
    return 0;
}
