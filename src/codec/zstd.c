/* The coding zstd (RFC 8878), any number of frames. */
#include "base/mem.h"
#include "codec/encoding.h"

#include <zstd.h>

/* 8 MiB, the most that RFC 9659 lets a sender of this content coding use. */
#define WINDOW_LOG_MAX 23
#define MAGIC_SIZE     4

struct unzstd {
    ZSTD_DCtx *ctx;
    size_t n_magic; /* how much of the magic number of this frame is known */
    unsigned char magic[MAGIC_SIZE];
};

static void
zstd_done(void *stream)
{
    struct unzstd *s = stream;
    ZSTD_freeDCtx(s->ctx);
    mem_free(s);
}

static void *
zstd_new(void)
{
    struct unzstd *s = mem_zalloc(sizeof(*s));
    if (!s)
        return NULL;
    s->ctx = ZSTD_createDCtx();
    if (s->ctx &&
        !ZSTD_isError(ZSTD_DCtx_setParameter(s->ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
        return s;
    zstd_done(s);
    return NULL;
}

/* RFC 8878 sections 3.1.1 and 3.1.2: a frame, or a frame to skip. */
static bool
is_frame(const unsigned char magic[MAGIC_SIZE])
{
    return memcmp(magic, "\x28\xb5\x2f\xfd", MAGIC_SIZE) == 0 ||
           (magic[0] >> 4 == 5 && memcmp(magic + 1, "\x2a\x4d\x18", MAGIC_SIZE - 1) == 0);
}

static size_t
decompress(struct unzstd *s, struct slice *in, void *p, size_t n, enum encoding_state *state)
{
    ZSTD_inBuffer from = {in->p, in->n, 0};
    ZSTD_outBuffer to = {p, n, 0};
    size_t hint = ZSTD_decompressStream(s->ctx, &to, &from);
    *in = slice_from(*in, from.pos);
    *state = ZSTD_isError(hint) ? ENCODING_FAIL : ENCODING_RUN;
    if (hint == 0) {
        *state = ENCODING_END;
        s->n_magic = 0;
    }
    return to.pos;
}

/*
 * The library also decodes the formats from before the standard, which no HTTP sender uses: what
 * nobody needs must not be there to be attacked. So the magic number is looked at first.
 */
static size_t
zstd_run(void *stream, struct slice *in, char *p, size_t n, enum encoding_state *state)
{
    struct unzstd *s = stream;
    if (s->n_magic == MAGIC_SIZE)
        return decompress(s, in, p, n, state);
    while (s->n_magic < MAGIC_SIZE && in->n) {
        s->magic[s->n_magic++] = (unsigned char)in->p[0];
        *in = slice_from(*in, 1);
    }
    *state = ENCODING_RUN;
    if (s->n_magic < MAGIC_SIZE)
        return 0;
    struct slice magic = slice_of(s->magic, MAGIC_SIZE);
    if (is_frame(s->magic))
        return decompress(s, &magic, p, n, state);
    *state = ENCODING_FAIL;
    return 0;
}

/* At the level that the library starts with, whose window is below the limit above. */
static void *
zstd_coder(void)
{
    return ZSTD_createCCtx();
}

static void
zstd_coder_done(void *coder)
{
    ZSTD_freeCCtx(coder);
}

static size_t /* NOLINTNEXTLINE(readability-*): as the table has it */
zstd_encode(void *coder, struct slice *in, bool last, char *p, size_t n, enum encoding_state *state)
{
    ZSTD_inBuffer from = {in->p, in->n, 0};
    ZSTD_outBuffer to = {p, n, 0};
    size_t left = ZSTD_compressStream2(coder, &to, &from, last ? ZSTD_e_end : ZSTD_e_continue);
    *in = slice_from(*in, from.pos);
    if (ZSTD_isError(left))
        *state = ENCODING_FAIL;
    else
        *state = last && !left ? ENCODING_END : ENCODING_RUN;
    return to.pos;
}

const struct encoding_ops encoding_zstd = {
    .name = "zstd",
    .new_stream = zstd_new,
    .free_stream = zstd_done,
    .run = zstd_run,
    .new_coder = zstd_coder,
    .free_coder = zstd_coder_done,
    .encode = zstd_encode,
};
