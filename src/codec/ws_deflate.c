/* The contents of compressed messages of a WebSocket. */
#include "codec/ws_deflate.h"

#include "base/mem.h"
#include "codec/zlib_heap.h"

#define ROOM       ((size_t)4 << 10)
#define RATIO_FREE ((size_t)64 << 10) /* output that may be out of proportion to the input */
#define PIECE_MAX  ((size_t)1 << 20)  /* of input at once: zlib counts in unsigned */
#define WINDOW_MAX 32768u
#define LEVEL      6
#define MEMORY     8

/* What a sender leaves away at the end of each message (section 7.2.1). */
#define MARKER SLICE("\x00\x00\xff\xff")

struct ws_inflate {
    z_stream z;
    bool fresh;
    unsigned ratio;
    uint64_t excess;  /* that is left */
    uint64_t in, out; /* of this message */
    char room[ROOM];
};

struct ws_inflate *
ws_inflate_new(const struct ws_deflate_way *way, unsigned ratio, uint64_t excess)
{
    struct ws_inflate *w = mem_zalloc(sizeof *w);
    if (!w)
        return NULL;
    zlib_heap_use(&w->z);
    w->fresh = way->fresh;
    w->ratio = ratio;
    w->excess = excess;
    /* The largest window, whatever was agreed: with a smaller one it would hang on how a message
     * comes whether zlib minds a distance beyond it. */
    if (inflateInit2(&w->z, -MAX_WBITS) == Z_OK)
        return w;
    mem_free(w);
    return NULL;
}

void
ws_inflate_free(struct ws_inflate *w)
{
    if (!w)
        return;
    inflateEnd(&w->z);
    mem_free(w);
}

/* What this message has become beyond what is in proportion. */
static uint64_t
excess_of(const struct ws_inflate *w)
{
    uint64_t fair = MAX((uint64_t)RATIO_FREE, w->in * w->ratio);
    return w->ratio && w->out > fair ? w->out - fair : 0;
}

static void
next_message(struct ws_inflate *w)
{
    w->excess -= MIN(w->excess, excess_of(w));
    w->in = w->out = 0;
}

/* A block that says that it is the last one ends the data; what follows begins anew, with the
 * window as it is (section 7.2.3.5). */
static bool
begin_again(struct ws_inflate *w)
{
    unsigned n = 0;
    unsigned char *window = mem_alloc(WINDOW_MAX);
    bool good = window && inflateGetDictionary(&w->z, window, &n) == Z_OK &&
                inflateReset(&w->z) == Z_OK &&
                (n == 0 || inflateSetDictionary(&w->z, window, n) == Z_OK);
    mem_free(window);
    return good;
}

static enum ws_inflate_result
inflate_all(struct ws_inflate *w, struct slice in, ws_inflate_fn *out, void *arg)
{
    size_t made;
    w->z.next_in = (const unsigned char *)in.p;
    w->z.avail_in = (unsigned)in.n;
    do {
        unsigned before = w->z.avail_in;
        w->z.next_out = (unsigned char *)w->room;
        w->z.avail_out = ROOM;
        int rc = inflate(&w->z, Z_SYNC_FLUSH);
        made = ROOM - w->z.avail_out;
        w->in += before - w->z.avail_in;
        w->out += made;
        if (excess_of(w) > w->excess)
            return WS_INFLATE_BOMB;
        if (made)
            out(arg, slice_of(w->room, made));
        if (rc == Z_MEM_ERROR)
            return WS_INFLATE_MEMORY;
        if (rc == Z_STREAM_END ? !begin_again(w) : rc != Z_OK && rc != Z_BUF_ERROR)
            return WS_INFLATE_BAD;
    } while (w->z.avail_in || made == ROOM);
    return WS_INFLATE_OK;
}

bool
ws_inflate_skip(struct ws_inflate *w)
{
    next_message(w);
    return w->fresh && inflateReset(&w->z) == Z_OK;
}

enum ws_inflate_result
ws_inflate_push(struct ws_inflate *w, struct slice in, bool end, ws_inflate_fn *out, void *arg)
{
    enum ws_inflate_result r = WS_INFLATE_OK;
    while (in.n && r == WS_INFLATE_OK) {
        r = inflate_all(w, slice_first(in, PIECE_MAX), out, arg);
        in = slice_from(in, PIECE_MAX);
    }
    if (r != WS_INFLATE_OK || !end)
        return r;
    r = inflate_all(w, MARKER, out, arg);
    next_message(w);
    if (r == WS_INFLATE_OK && w->fresh && inflateReset(&w->z) != Z_OK)
        return WS_INFLATE_BAD;
    return r;
}

/* Deflating --------------------------------------------------------------------------------- */

struct ws_deflate {
    z_stream z;
    bool fresh;
    bool said; /* something of this message has been appended */
};

struct ws_deflate *
ws_deflate_new(const struct ws_deflate_way *way)
{
    struct ws_deflate *d = way->bits >= WS_DEFLATE_BITS_MIN ? mem_zalloc(sizeof *d) : NULL;
    if (!d)
        return NULL;
    zlib_heap_use(&d->z);
    d->fresh = way->fresh;
    if (deflateInit2(&d->z, LEVEL, Z_DEFLATED, -(int)way->bits, MEMORY, Z_DEFAULT_STRATEGY) == Z_OK)
        return d;
    mem_free(d);
    return NULL;
}

void
ws_deflate_free(struct ws_deflate *d)
{
    if (!d)
        return;
    deflateEnd(&d->z);
    mem_free(d);
}

static void
deflate_all(struct ws_deflate *d, struct slice in, int flush, struct buf *out)
{
    char room[ROOM];
    size_t made;
    d->z.next_in = (const unsigned char *)in.p;
    d->z.avail_in = (unsigned)in.n;
    do {
        d->z.next_out = (unsigned char *)room;
        d->z.avail_out = sizeof room;
        deflate(&d->z, flush);
        made = sizeof room - d->z.avail_out;
        buf_append(out, slice_of(room, made));
        d->said |= made > 0;
    } while (made == sizeof room);
}

/* Takes the marker off the end; what says nothing at all is one empty byte (section 7.2.3.6). */
static void
end_message(struct ws_deflate *d, struct buf *out)
{
    if (slice_ends(buf_slice(out), MARKER))
        out->w -= MARKER.n;
    if (!d->said)
        buf_byte(out, '\0');
    d->said = false;
    if (d->fresh)
        deflateReset(&d->z);
}

void
ws_deflate_push(struct ws_deflate *d, struct slice in, bool end, struct buf *out)
{
    for (; in.n; in = slice_from(in, PIECE_MAX))
        deflate_all(d, slice_first(in, PIECE_MAX), Z_NO_FLUSH, out);
    if (!end)
        return;
    deflate_all(d, SLICE_NONE, Z_SYNC_FLUSH, out);
    end_message(d, out);
}
