/* The codings gzip (RFC 1952, any number of members) and deflate (RFC 1950, and the bare RFC 1951
 * that some servers send). */
#include "base/mem.h"
#include "codec/encoding.h"

#include <limits.h>
/* Makes next_in a pointer to const. */
#define ZLIB_CONST
#include <zlib.h>

#define WINDOW      15
#define WINDOW_GZIP (WINDOW + 16)
#define WINDOW_RAW  (-WINDOW)
#define ZLIB_HEADER 2

struct inflater {
    z_stream z;
    bool ended;
    unsigned n_held; /* deflate: how many bytes of the header are in 'held' */
    unsigned char held[ZLIB_HEADER];
};

static void *
zlib_alloc(void *opaque UNUSED, unsigned items, unsigned size)
{
    return mem_alloc((size_t)items * size);
}

static void
zlib_free(void *opaque UNUSED, void *p)
{
    mem_free(p);
}

static void *
inflater_new(int window)
{
    struct inflater *s = mem_zalloc(sizeof(*s));
    if (!s)
        return NULL;
    s->z.zalloc = zlib_alloc;
    s->z.zfree = zlib_free;
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

const struct encoding_ops encoding_gzip = {
    .name = "gzip",
    .alias = "x-gzip",
    .new_stream = gzip_new,
    .free_stream = inflater_free,
    .run = gzip_run,
};

const struct encoding_ops encoding_deflate = {
    .name = "deflate",
    .new_stream = deflate_new,
    .free_stream = inflater_free,
    .run = deflate_run,
};
