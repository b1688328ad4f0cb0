/* Contents, decoded and encoded. */
#include "flow/content.h"

#include "codec/encoder.h"
#include "codec/encoding.h"

void
content_codings(const struct http_head *h, struct buf *out)
{
    for (size_t i = 0; i < h->n; i++) {
        if (h->fields[i].id != FIELD_CONTENT_ENCODING)
            continue;
        if (buf_len(out))
            buf_append(out, SLICE(", "));
        buf_append(out, h->fields[i].value);
    }
}

void
content_append(const struct body *b, struct buf *out)
{
    for (const struct block *it = b->first; it; it = it->next)
        buf_append(out, block_slice(it));
}

/* What was not recorded to its end can not be decoded to its end. */
static bool
push_all(struct decoder *d, const struct body *b, struct buf *out, struct err *why)
{
    enum decode_result r = DECODE_OK;
    for (const struct block *it = b->first; it && r == DECODE_OK; it = it->next)
        r = decoder_push(d, block_slice(it), out);
    if (r == DECODE_OK && !b->cut)
        r = decoder_finish(d);
    return r == DECODE_OK || err_set(why, ERR_FAILED, "%s", decoder_why(d));
}

static bool
list_codings(const struct http_head *h, struct buf *codings, struct err *why)
{
    content_codings(h, codings);
    return !codings->failed || err_set(why, ERR_FAILED, "the list of content codings is too long");
}

bool
content_decode(const struct http_head *h, const struct body *b, const struct content_limits *limits,
               struct buf *out, struct err *why)
{
    struct buf codings = {.max = CONTENT_CODINGS_MAX};
    bool good = list_codings(h, &codings, why);
    if (good) {
        struct decoder *d = decoder_new(buf_slice(&codings), limits->max, limits->max_ratio, why);
        good = d && push_all(d, b, out, why);
        decoder_free(d);
    }
    buf_release(&codings);
    return good;
}

bool
content_encode(const struct http_head *h, struct slice plain, struct buf *out, struct err *why)
{
    struct buf codings = {.max = CONTENT_CODINGS_MAX};
    bool good = list_codings(h, &codings, why);
    if (good && plain.n) {
        struct encoder *c = encoder_new(buf_slice(&codings), why);
        good = c && (encoder_push(c, plain, true, out) || err_memory(why));
        encoder_free(c);
    }
    buf_release(&codings);
    return good;
}
