/* The content of a message for people and programs that look at it, with its codings undone; and of
 * what they wrote, with codings put on. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "codec/head.h"
#include "flow/body.h"

#define CONTENT_CODINGS_MAX 256 /* a list of codings that is longer is none */

struct content_limits {
    size_t max;         /* bytes of decoded content */
    unsigned max_ratio; /* of these to the bytes that came; 0: any */
};

/* All Content-Encoding lines as one list, appended. */
void content_codings(const struct http_head *h, struct buf *out);
/* Appends what the kept bytes decode to. false: there is no such coding, they are damaged, or it is
 * more than the limits, or than 'out' has room for; *why says which, and what came before that is
 * in 'out'. */
bool content_decode(const struct http_head *h, const struct body *b,
                    const struct content_limits *limits, struct buf *out,
                    struct err *why) MUST_CHECK;
/* Appends what 'plain' becomes under the codings of the head: nothing of nothing. false, and *why:
 * there is no such coding, no memory, or no room in 'out'. */
bool content_encode(const struct http_head *h, struct slice plain, struct buf *out,
                    struct err *why) MUST_CHECK;
/* Appends it as it was kept. */
void content_append(const struct body *b, struct buf *out);
