/*
 * What becomes of a content while it passes, in the place of waiting for it: of a version of its
 * message (edit_through). It is pulled, so that what a little input makes much of waits inside, and
 * what waits is bounded: what one step makes, for each of them.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "codec/encoding.h"
#include "flow/flow.h"

#define TRANSFORM_PIECE   ((size_t)64 << 10)
#define TRANSFORM_OUT_MAX ((size_t)4 << 20)
#define TRANSFORM_RATIO   1000 /* of what is decoded to what came, at most */

enum transform_result {
    TRANSFORM_OK,
    TRANSFORM_END, /* nothing came behind the last piece, and all is out */
    TRANSFORM_FAIL /* no memory, or more than 'out' has room for */
};

struct transform_ops {
    /* Takes off the front of *in, and appends what becomes of it, until all is taken or about
     * TRANSFORM_PIECE is appended; goes on in the next call. 'last': nothing comes behind *in. */
    enum transform_result (*run)(void *state, struct slice *in, bool last, struct buf *out);
    void (*free)(void *state);
};

struct transform {
    const struct transform_ops *ops;
    void *state;
    struct decoder *decoder; /* what comes is decoded first; may be NULL */
    struct buf plain;        /* decoded */
    struct buf out;          /* made, and not yet taken */
    bool ended;              /* nothing comes behind 'out' */
};

/* For a content that comes with that head: its codings are undone. Takes the state, also when it
 * fails: NULL without memory (ERR_MEMORY), or when it cannot be decoded, and *e says why. */
struct transform *transform_new(const struct transform_ops *ops, void *state,
                                const struct http_head *h, struct err *e) MUST_CHECK;
/* NULL is allowed. */
void transform_free(struct transform *t);
/* The last one of those that the content of the message goes through, whose 'out' is what is sent;
 * NULL: none. */
struct transform *transform_of(const struct http_msg *m);
/*
 * Takes off the front of *in and makes until the 'out' of the last one holds something, or all is
 * used up; nothing is done while it does. Each version keeps its own, up to 'limit' bytes. false:
 * no memory, or the content is damaged, which *e says.
 */
bool transform_pull(struct http_msg *m, struct slice *in, bool last, uint64_t limit,
                    struct err *e) MUST_CHECK;
/* Frees those of the message: nothing more comes. */
void transform_end(struct http_msg *m);
