/* Content codings: limits hold, the output does not depend on how the input was cut, and what was
 * encoded decodes to what it was. */
#include "codec/encoding.h"
#include "codec/encoder.h"

#include <assert.h>
#include <stdint.h>

#define MAX_OUT (256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const codings[] = {"gzip",     "deflate",    "br",       "zstd",
                                      "identity", "gzip, gzip", "zstd, br", "deflate, gzip, br"};

static enum decode_result
decode(const char *names, struct slice in, size_t step, struct buf *out)
{
    struct err e;
    struct decoder *d = decoder_new(slice_str(names), MAX_OUT, 0, &e);
    assert(d);
    enum decode_result r = DECODE_OK;
    for (; in.n && r == DECODE_OK; in = slice_from(in, step))
        r = decoder_push(d, slice_first(in, step), out);
    if (r == DECODE_OK)
        r = decoder_finish(d);
    assert((r == DECODE_OK) == (decoder_why(d)[0] == '\0'));
    decoder_free(d);
    return r;
}

static void
encode_and_back(const char *names, struct slice in, size_t step)
{
    struct err e;
    struct buf coded = {.max = 2 * in.n + 4096}, plain = {.max = 2 * MAX_OUT};
    struct encoder *c = encoder_new(slice_str(names), &e);
    assert(c);
    for (struct slice rest = in; rest.n; rest = slice_from(rest, step))
        assert(encoder_push(c, slice_first(rest, step), false, &coded));
    assert(encoder_push(c, SLICE_NONE, true, &coded));
    encoder_free(c);
    assert(decode(names, buf_slice(&coded), step, &plain) == DECODE_OK);
    assert(slice_eq(buf_slice(&plain), in));
    buf_release(&coded);
    buf_release(&plain);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct slice in = slice_of(data + 1, size - 1);
    const char *names = codings[data[0] & 7];
    struct buf whole = {.max = 2 * MAX_OUT}, cut = {.max = 2 * MAX_OUT};
    enum decode_result r = decode(names, in, MAX(in.n, 1u), &whole);
    enum decode_result s = decode(names, in, 1 + (data[0] >> 3), &cut);
    assert(buf_len(&whole) <= MAX_OUT && buf_len(&cut) <= MAX_OUT);
    assert((r == DECODE_OK) == (s == DECODE_OK));
    if (r == DECODE_OK)
        assert(slice_eq(buf_slice(&whole), buf_slice(&cut)));
    if ((data[0] >> 3) % 8 == 7) /* encoders are slow to make: of a part of the inputs */
        encode_and_back(names, slice_first(in, MAX_OUT), 1 + (data[0] >> 3));
    buf_release(&whole);
    buf_release(&cut);
    return 0;
}
