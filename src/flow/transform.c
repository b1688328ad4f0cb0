/* Contents that become others while they pass. */
#include "flow/transform.h"

#include "base/mem.h"
#include "flow/content.h"
#include "flow/edit.h"

#define PLAIN_PIECE ((size_t)16 << 10)

static struct transform *
fail(struct transform *t, struct err *e)
{
    transform_free(t);
    err_memory(e);
    return NULL;
}

/* NULL in *out: there is nothing to be undone. */
static bool
make_decoder(const struct http_head *h, struct decoder **out, struct err *e)
{
    char room[CONTENT_CODINGS_MAX];
    struct buf codings = {.p = room, .cap = sizeof room, .max = sizeof room};
    content_codings(h, &codings);
    struct slice list = buf_slice(&codings);
    bool good = !codings.failed || err_set(e, ERR_FAILED, "cannot decode so many codings");
    if (good && list.n && !slice_eq_nocase(list, SLICE("identity"))) {
        *out = decoder_new(list, SIZE_MAX, TRANSFORM_RATIO, e);
        good = *out;
    }
    return good;
}

struct transform *
transform_new(const struct transform_ops *ops, void *state, const struct http_head *h,
              struct err *e)
{
    struct transform *t = mem_zalloc(sizeof *t);
    if (!t) {
        ops->free(state);
        return fail(t, e);
    }
    *t = (struct transform){.ops = ops, .state = state};
    buf_init(&t->plain, PLAIN_PIECE);
    buf_init(&t->out, TRANSFORM_OUT_MAX);
    if (make_decoder(h, &t->decoder, e))
        return t;
    transform_free(t);
    return NULL;
}

void
transform_free(struct transform *t)
{
    if (!t)
        return;
    t->ops->free(t->state);
    decoder_free(t->decoder);
    buf_release(&t->plain);
    buf_release(&t->out);
    mem_free(t);
}

struct transform *
transform_of(const struct http_msg *m)
{
    struct transform *t = NULL;
    for (const struct version *v = m->versions; v; v = v->next)
        if (v->replaced)
            t = v->through;
    return t;
}

void
transform_end(struct http_msg *m)
{
    for (struct version *v = m->versions; v; v = v->next) {
        transform_free(v->through);
        v->through = NULL;
    }
}

/* A piece into 'plain'; *last becomes whether nothing comes behind it. */
static bool
decode(struct transform *t, struct slice *in, bool *last, struct err *e)
{
    if (buf_len(&t->plain)) {
        *last = false;
        return true;
    }
    enum decode_result r = decoder_take(t->decoder, in, PLAIN_PIECE, &t->plain);
    *last = *last && !in->n && buf_len(&t->plain) < PLAIN_PIECE;
    if (r == DECODE_OK && *last)
        r = decoder_finish(t->decoder);
    return r == DECODE_OK || err_set(e, ERR_FAILED, "%s", decoder_why(t->decoder));
}

static bool
run(struct transform *t, struct slice *in, bool last, struct err *e)
{
    enum transform_result r = t->ops->run(t->state, in, last, &t->out);
    t->ended = r == TRANSFORM_END;
    return r != TRANSFORM_FAIL || err_set(e, ERR_MEMORY, "for what becomes of a content");
}

static bool
run_decoded(struct transform *t, struct slice *in, bool last, struct err *e)
{
    size_t n;
    do {
        bool end = last;
        TRY(decode(t, in, &end, e));
        struct slice plain = buf_slice(&t->plain);
        n = plain.n;
        TRY(run(t, &plain, end, e));
        buf_consume(&t->plain, n - plain.n);
    } while (n && !t->ended && !buf_len(&t->out));
    return true;
}

/* One step of a version when nothing waits behind it; *moved: something went on. */
static bool
step(struct version *v, struct slice *in, bool last, bool *moved, struct err *e)
{
    struct transform *t = v->through;
    size_t n = in->n;
    if (t->ended || buf_len(&t->out))
        return true;
    TRY(t->decoder ? run_decoded(t, in, last, e) : run(t, in, last, e));
    *moved |= in->n < n || t->ended || buf_len(&t->out);
    return true;
}

/* One step of each, which takes what came or what the one before it made. */
static bool /* NOLINTNEXTLINE(readability-*): a loop over two ends */
sweep(struct http_msg *m, struct slice *in, bool last, uint64_t limit, bool *moved, struct err *e)
{
    struct transform *before = NULL;
    for (struct version *v = m->versions; v; v = v->next) {
        struct transform *t = v->through;
        if (!t)
            continue;
        bool idle = !buf_len(&t->out);
        struct slice made = before ? buf_slice(&before->out) : SLICE_NONE;
        size_t n = made.n;
        TRY(before ? step(v, &made, before->ended, moved, e) : step(v, in, last, moved, e));
        if (before)
            buf_consume(&before->out, n - made.n);
        if (idle)
            body_append(&v->body, buf_slice(&t->out), limit, 0);
        before = t;
    }
    return true;
}

bool
transform_pull(struct http_msg *m, struct slice *in, bool last, uint64_t limit, struct err *e)
{
    const struct transform *t = transform_of(m);
    bool moved = true;
    while (moved && !buf_len(&t->out)) {
        moved = false;
        TRY(sweep(m, in, last, limit, &moved, e));
    }
    return true;
}
