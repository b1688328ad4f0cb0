/* ClientHellos: slices stay inside, every prefix waits or is refused as the whole is, fingerprints
 * always print. */
#include "codec/hello.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_slice(struct slice part, struct slice in, struct slice scratch)
{
    if (!part.n)
        return;
    bool in_input = part.p >= in.p && part.p + part.n <= in.p + in.n;
    bool in_scratch = scratch.n && part.p >= scratch.p && part.p + part.n <= scratch.p + scratch.n;
    assert(in_input || in_scratch);
}

static void
check_prints(const struct hello *h)
{
    struct buf out = {.max = 1 << 16};
    hello_ja3_text(h, &out);
    hello_ja4_a(h, &out);
    hello_ja4_b_text(h, &out);
    hello_ja4_c_text(h, &out);
    assert(!out.failed);
    buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    struct buf scratch = {.max = HELLO_MAX};
    struct hello h;
    enum hello_result r = hello_parse(in, &scratch, &h);
    if (r == HELLO_OK) {
        assert(h.size <= in.n);
        check_slice(h.sni, in, buf_slice(&scratch));
        for (unsigned i = 0; i < h.n_alpn; i++)
            check_slice(h.alpn[i], in, buf_slice(&scratch));
        check_prints(&h);
        size_t whole = h.size;
        assert(hello_parse(slice_first(in, whole - 1), &scratch, &h) == HELLO_MORE);
        assert(hello_parse(slice_first(in, whole), &scratch, &h) == HELLO_OK);
    }
    if (r == HELLO_MORE)
        for (size_t n = 0; n < MIN(in.n, 64u); n++)
            assert(hello_parse(slice_first(in, n), &scratch, &h) == HELLO_MORE);
    buf_release(&scratch);
    return 0;
}
