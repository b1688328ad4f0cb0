/*
 * Content codings, decoded for people to look at (RFC 9110 section 8.4): a stream, bounded in size,
 * ratio and memory. The table of codings is codec/encoding_list.h.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

#define ENCODING_LAYERS 3 /* codings on top of each other */

enum decode_result {
    DECODE_OK,
    DECODE_BAD,   /* damaged, or something follows the end of the coded data */
    DECODE_LIMIT, /* a bomb: more than max_out, or out of proportion to the input */
};

struct decoder;

/*
 * For the value of a Content-Encoding field: "gzip", "br, gzip"; names in any case, x-gzip is gzip;
 * "identity" and an empty value decode to themselves. 'max_out' is the most bytes of output;
 * 'max_ratio' the most output per input byte, looked at above 64 KiB of output (0: no such limit).
 * NULL and *e for an unknown coding ("cannot decode 'sdch'"), for more than ENCODING_LAYERS, and
 * without memory. Returns owned.
 */
struct decoder *decoder_new(struct slice codings, size_t max_out, unsigned max_ratio,
                            struct err *e) MUST_CHECK;
/* NULL is allowed. */
void decoder_free(struct decoder *d);

/*
 * Decodes 'in' and appends to 'out', whose own limit must allow for it. After BAD or LIMIT the
 * output so far stays, and the result stays the same: later input is ignored.
 */
enum decode_result decoder_push(struct decoder *d, struct slice in, struct buf *out) MUST_CHECK;
/* The same up to 'most' bytes of output; takes what it has used off *in. When it appends fewer, all
 * of *in is used up and nothing is left inside. */
enum decode_result decoder_take(struct decoder *d, struct slice *in, size_t most,
                                struct buf *out) MUST_CHECK;
/* After the last input: BAD when the coded data is not complete. */
enum decode_result decoder_finish(struct decoder *d) MUST_CHECK;
/* What went wrong as a sentence, "the gzip data is damaged"; "" while nothing did. Borrowed until
 * the decoder goes. */
const char *decoder_why(const struct decoder *d);

enum encoding_state {
    ENCODING_RUN,  /* in the middle of it */
    ENCODING_END,  /* at a point where the data may end */
    ENCODING_FAIL, /* damaged, or more input behind the end */
};

/* One coding; decoder and encoder (codec/encoder.h) stack them. */
struct encoding_ops {
    const char *name, *alias; /* alias may be NULL */
    /* NULL without memory. */
    void *(*new_stream)(void);
    void (*free_stream)(void *stream);
    /*
     * Decodes from *in, which it shortens, into at most n > 0 bytes at p, and returns how many it
     * wrote. While *in is not empty it must use some of it or write, or fail; when *in is empty and
     * it writes fewer than n, nothing is left inside.
     */
    size_t (*run)(void *stream, struct slice *in, char *p, size_t n, enum encoding_state *state);
    /* The other way; all three are NULL for a coding that changes nothing. */
    void *(*new_coder)(void);
    void (*free_coder)(void *coder);
    /* The same of what is to be encoded. 'last': nothing comes behind *in; then it is called until
     * the state is ENCODING_END. ENCODING_FAIL is: no memory. */
    size_t (*encode)(void *coder, struct slice *in, bool last, char *p, size_t n,
                     enum encoding_state *state);
};

/* NULL: there is none of that name, in any case. */
const struct encoding_ops *encoding_find(struct slice name);
/* By number from 0; NULL behind the last. */
const struct encoding_ops *encoding_at(size_t i);

#define ENCODING(name) extern const struct encoding_ops encoding_##name;
#include "codec/encoding_list.h"
#undef ENCODING
