/* The coding br (RFC 7932). Windows up to 16 MiB; the "large window" extension is off. */
#include "base/mem.h"
#include "codec/encoding.h"

#include <brotli/decode.h>

static void *
brotli_alloc(void *opaque UNUSED, size_t size)
{
    return mem_alloc(size);
}

static void
brotli_free(void *opaque UNUSED, void *p)
{
    mem_free(p);
}

static void *
brotli_new(void)
{
    return BrotliDecoderCreateInstance(brotli_alloc, brotli_free, NULL);
}

static void
brotli_done(void *stream)
{
    BrotliDecoderDestroyInstance(stream);
}

static size_t
brotli_run(void *stream, struct slice *in, char *p, size_t n, enum encoding_state *state)
{
    if (BrotliDecoderIsFinished(stream)) {
        *state = ENCODING_FAIL;
        return 0;
    }
    const unsigned char *next_in = (const unsigned char *)in->p;
    unsigned char *next_out = (unsigned char *)p;
    size_t left_in = in->n, left_out = n;
    BrotliDecoderResult rc =
        BrotliDecoderDecompressStream(stream, &left_in, &next_in, &left_out, &next_out, NULL);
    *in = slice_from(*in, in->n - left_in);
    if (rc == BROTLI_DECODER_RESULT_ERROR)
        *state = ENCODING_FAIL;
    else
        *state = rc == BROTLI_DECODER_RESULT_SUCCESS ? ENCODING_END : ENCODING_RUN;
    return n - left_out;
}

const struct encoding_ops encoding_brotli = {
    .name = "br",
    .new_stream = brotli_new,
    .free_stream = brotli_done,
    .run = brotli_run,
};
