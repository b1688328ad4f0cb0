/* The coding br (RFC 7932). Windows up to 16 MiB; the "large window" extension is off. */
#include "base/list.h"
#include "base/mem.h"
#include "codec/encoding.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#define QUALITY 4

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

/* Encoding ----------------------------------------------------------------------------------- */

/* The library's encoder ends the process when it gets no memory. So what it has is kept in a list,
 * and it is left in the middle then: nothing of it is used again, and all in the list is freed. */
struct brotli_coder {
    BrotliEncoderState *state; /* made by the first piece */
    struct list chunks;
    jmp_buf without_memory;
};

struct chunk {
    struct list node;
    max_align_t data[];
};

static void *
chunk_alloc(void *opaque, size_t size)
{
    struct brotli_coder *c = opaque;
    struct chunk *k = size < SIZE_MAX / 2 ? mem_alloc(sizeof(*k) + size) : NULL;
    if (!k)
        longjmp(c->without_memory, 1);
    list_push(&c->chunks, &k->node);
    return k->data;
}

static void
chunk_free(void *opaque UNUSED, void *p)
{
    struct chunk *k = p ? container_of(p, struct chunk, data) : NULL;
    if (k)
        list_remove(&k->node);
    mem_free(k);
}

static void *
brotli_coder(void)
{
    struct brotli_coder *c = mem_zalloc(sizeof(*c));
    if (c)
        list_init(&c->chunks);
    return c;
}

static void
brotli_coder_done(void *coder)
{
    struct brotli_coder *c = coder;
    list_for_safe (it, &c->chunks)
        mem_free(container_of(it, struct chunk, node));
    mem_free(c);
}

static bool
brotli_begin(struct brotli_coder *c)
{
    c->state = BrotliEncoderCreateInstance(chunk_alloc, chunk_free, c);
    return c->state && BrotliEncoderSetParameter(c->state, BROTLI_PARAM_QUALITY, QUALITY);
}

static size_t /* NOLINTNEXTLINE(readability-function-size): as the table has it */
brotli_compress(struct brotli_coder *c, struct slice *in, bool last, char *p, size_t n,
                enum encoding_state *state)
{
    const unsigned char *next_in = (const unsigned char *)in->p;
    unsigned char *next_out = (unsigned char *)p;
    size_t left_in = in->n, left_out = n;
    BrotliEncoderOperation what = last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_PROCESS;
    bool good =
        BrotliEncoderCompressStream(c->state, what, &left_in, &next_in, &left_out, &next_out, NULL);
    *in = slice_from(*in, in->n - left_in);
    if (good)
        *state = BrotliEncoderIsFinished(c->state) ? ENCODING_END : ENCODING_RUN;
    else
        *state = ENCODING_FAIL;
    return n - left_out;
}

static size_t /* NOLINTNEXTLINE(readability-function-size): as the table has it */
brotli_encode(void *coder, struct slice *in, bool last, char *p, size_t n,
              enum encoding_state *state)
{
    struct brotli_coder *c = coder;
    *state = ENCODING_FAIL;
    if (setjmp(c->without_memory) || (!c->state && !brotli_begin(c)))
        return 0;
    return brotli_compress(c, in, last, p, n, state);
}

const struct encoding_ops encoding_brotli = {
    .name = "br",
    .new_stream = brotli_new,
    .free_stream = brotli_done,
    .run = brotli_run,
    .new_coder = brotli_coder,
    .free_coder = brotli_coder_done,
    .encode = brotli_encode,
};
