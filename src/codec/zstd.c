/* The coding zstd (RFC 8878), any number of frames. */
#include "codec/encoding.h"

#include <zstd.h>

/* 8 MiB, the most that RFC 9659 lets a sender of this content coding use. */
#define WINDOW_LOG_MAX 23

static void *
zstd_new(void)
{
    ZSTD_DCtx *ctx = ZSTD_createDCtx();
    if (ctx)
        ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    return ctx;
}

static void
zstd_done(void *stream)
{
    ZSTD_freeDCtx(stream);
}

static size_t
zstd_run(void *stream, struct slice *in, char *p, size_t n, enum encoding_state *state)
{
    ZSTD_inBuffer from = {in->p, in->n, 0};
    ZSTD_outBuffer to = {p, n, 0};
    size_t hint = 1;
    do {
        hint = ZSTD_decompressStream(stream, &to, &from);
    } while (!ZSTD_isError(hint) && from.pos < from.size && to.pos < to.size);
    *in = slice_from(*in, from.pos);
    if (ZSTD_isError(hint))
        *state = ENCODING_FAIL;
    else
        *state = hint == 0 ? ENCODING_END : ENCODING_RUN;
    return to.pos;
}

const struct encoding_ops encoding_zstd = {
    .name = "zstd",
    .new_stream = zstd_new,
    .free_stream = zstd_done,
    .run = zstd_run,
};
