/*
 * Chunked content: read and print (RFC 9112 section 7.1). The reader holds no bytes: the caller
 * offers all that it has not used yet, in one piece, each time.
 */
#pragma once

#include "codec/http1.h"

enum chunk_event {
    CHUNK_MORE,     /* that was all; what is not used must be offered again, with more behind it */
    CHUNK_DATA,     /* *data is content, never empty: all of a chunk or a part of it */
    CHUNK_TRAILERS, /* the end: *data is the trailer section with its empty line, at least CR LF */
    CHUNK_BAD,
};

enum chunk_state {
    CHUNK_STATE_SIZE,
    CHUNK_STATE_DATA,
    CHUNK_STATE_DATA_END,
    CHUNK_STATE_TRAILERS,
    CHUNK_STATE_DONE
};

struct chunk_reader {
    enum chunk_state state;
    uint64_t left;      /* content bytes of this chunk that are still to come */
    uint64_t content;   /* content bytes announced by all chunks so far; at most 2^63 - 1 */
    uint64_t ext_bytes; /* of all extensions; a fault above 64 KiB + a tenth of the content */
    uint64_t offset;    /* bytes used so far */
    size_t scanned;     /* of the trailer section */
    struct slice ext;   /* valid until the next call, see chunk_next */
    size_t trailer_max, ext_max;
};

/* Limits are copied. */
void chunk_init(struct chunk_reader *r, const struct http1_limits *limits);

/*
 * Reads on in 'in'. '*used' bytes of it are done with, for every result; a piece in *data points
 * into 'in' and is part of them. Call it again with the rest until it says MORE, TRAILERS or BAD.
 * It must not be called after the latter two. The result does not depend on how the bytes were cut.
 *
 * r->ext is ";name=value" when this very call read a size line with an extension: then it comes
 * with the first DATA of its chunk, or for the last chunk with TRAILERS or a MORE before it.
 */
enum chunk_event chunk_next(struct chunk_reader *r, struct slice in, size_t *used,
                            struct slice *data, struct http1_why *why) MUST_CHECK;

/* The size line in front of n > 0 bytes of content; CR LF goes behind the content. */
void chunk_print_size(struct buf *out, uint64_t n);
/* The last chunk with the fields of 'trailers' (may be NULL) and the empty line. */
void chunk_print_last(struct buf *out, const struct http_head *trailers);
