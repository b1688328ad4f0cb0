/* The codings gzip (RFC 1952, any number of members) and deflate (RFC 1950, and to be decoded the
 * bare RFC 1951 that some servers send). */
#include "base/mem.h"
#include "codec/encoding.h"
#include "codec/zlib_heap.h"

#include <limits.h>

#define WINDOW      15
#define WINDOW_GZIP (WINDOW + 16)
#define WINDOW_RAW  (-WINDOW)
#define ZLIB_HEADER 2
#define LEVEL       4
#define MEMORY      8

struct inflater {
    z_stream z;
    bool ended;
    unsigned n_held; /* deflate: how many bytes of the header are in 'held' */
    unsigned char held[ZLIB_HEADER];
};

static void *
inflater_new(int window)
{
    struct inflater *s = mem_zalloc(sizeof(*s));
    if (!s)
        return NULL;
    zlib_heap_use(&s->z);
    if (inflateInit2(&s->z, window) == Z_OK)
        return s;
    mem_free(s);
    return NULL;
}

static void *
gzip_new(void)
{
    return inflater_new(WINDOW_GZIP);
}

static void *
deflate_new(void)
{
    return inflater_new(WINDOW);
}

static void
inflater_free(void *stream)
{
    struct inflater *s = stream;
    inflateEnd(&s->z);
    mem_free(s);
}

static size_t
inflate_some(struct inflater *s, struct slice *in, char *p, size_t n, enum encoding_state *state)
{
    unsigned offered = (unsigned)MIN(in->n, (size_t)UINT_MAX);
    s->z.next_in = (const unsigned char *)in->p;
    s->z.avail_in = offered;
    s->z.next_out = (unsigned char *)p;
    s->z.avail_out = (unsigned)n;
    int rc = inflate(&s->z, Z_NO_FLUSH);
    *in = slice_from(*in, offered - s->z.avail_in);
    s->ended = rc == Z_STREAM_END;
    if (s->ended)
        *state = ENCODING_END;
    else
        *state = rc == Z_OK || rc == Z_BUF_ERROR ? ENCODING_RUN : ENCODING_FAIL;
    return n - s->z.avail_out;
}

/* Behind a member there may be another one (RFC 1952 section 2.2), and nothing else. */
static size_t
gzip_run(void *stream, struct slice *in, char *p, size_t n, enum encoding_state *state)
{
    struct inflater *s = stream;
    if (s->ended)
        inflateReset(&s->z);
    return inflate_some(s, in, p, n, state);
}

/* RFC 1950 section 2.2: the method is 8, and the two bytes as a number are a multiple of 31. */
static bool
is_zlib_header(const unsigned char held[ZLIB_HEADER])
{
    return (held[0] & 15) == 8 && (held[0] * 256 + held[1]) % 31 == 0;
}

static size_t
deflate_run(void *stream, struct slice *in, char *p, size_t n, enum encoding_state *state)
{
    struct inflater *s = stream;
    if (s->ended) {
        *state = ENCODING_FAIL;
        return 0;
    }
    if (s->n_held == ZLIB_HEADER)
        return inflate_some(s, in, p, n, state);
    while (s->n_held < ZLIB_HEADER && in->n) {
        s->held[s->n_held++] = (unsigned char)in->p[0];
        *in = slice_from(*in, 1);
    }
    *state = ENCODING_RUN;
    if (s->n_held < ZLIB_HEADER)
        return 0;
    if (!is_zlib_header(s->held))
        inflateReset2(&s->z, WINDOW_RAW);
    struct slice header = slice_of(s->held, ZLIB_HEADER);
    return inflate_some(s, &header, p, n, state);
}

/* Encoding ----------------------------------------------------------------------------------- */

static void *
deflater_new(int window)
{
    z_stream *z = mem_zalloc(sizeof(*z));
    if (!z)
        return NULL;
    zlib_heap_use(z);
    if (deflateInit2(z, LEVEL, Z_DEFLATED, window, MEMORY, Z_DEFAULT_STRATEGY) == Z_OK)
        return z;
    mem_free(z);
    return NULL;
}

static void *
gzip_coder(void)
{
    return deflater_new(WINDOW_GZIP);
}

static void *
deflate_coder(void)
{
    return deflater_new(WINDOW);
}

static void
deflater_free(void *coder)
{
    deflateEnd(coder);
    mem_free(coder);
}

static size_t /* NOLINTNEXTLINE(readability-function-size): as the table has it */
deflate_some(void *coder, struct slice *in, bool last, char *p, size_t n,
             enum encoding_state *state)
{
    z_stream *z = coder;
    unsigned offered = (unsigned)MIN(in->n, (size_t)UINT_MAX);
    z->next_in = (const unsigned char *)in->p;
    z->avail_in = offered;
    z->next_out = (unsigned char *)p;
    z->avail_out = (unsigned)n;
    int rc = deflate(z, last && offered == in->n ? Z_FINISH : Z_NO_FLUSH);
    *in = slice_from(*in, offered - z->avail_in);
    *state = rc == Z_STREAM_END ? ENCODING_END : ENCODING_RUN;
    return n - z->avail_out;
}

const struct encoding_ops encoding_gzip = {
    .name = "gzip",
    .alias = "x-gzip",
    .new_stream = gzip_new,
    .free_stream = inflater_free,
    .run = gzip_run,
    .new_coder = gzip_coder,
    .free_coder = deflater_free,
    .encode = deflate_some,
};

const struct encoding_ops encoding_deflate = {
    .name = "deflate",
    .new_stream = deflate_new,
    .free_stream = inflater_free,
    .run = deflate_run,
    .new_coder = deflate_coder,
    .free_coder = deflater_free,
    .encode = deflate_some,
};
