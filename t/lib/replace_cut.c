/* A replacer fed in pieces. */
#include "lib/replace_cut.h"

#include "rule/replacer.h"

#include <assert.h>

#define SAID_MAX 200

static size_t
next_cut(struct cuts *c)
{
    c->seed = c->seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(c->seed >> 33) % (c->most + 1);
}

bool
replace_cut(const struct pattern *p, struct slice subject, struct slice with, struct cuts cuts,
            struct buf *out, char *said)
{
    struct replacer *r = replacer_new(p, with);
    enum transform_result got = r ? TRANSFORM_OK : TRANSFORM_FAIL;
    struct slice in = SLICE_NONE;
    buf_reset(out);
    while (got == TRANSFORM_OK) {
        size_t before = in.n, made = buf_len(out);
        struct slice piece = slice_first(subject, before + next_cut(&cuts));
        in = piece;
        bool last = in.n == subject.n;
        got = replacer_run(r, &in, last, out);
        subject = slice_from(subject, piece.n - in.n);
        assert(got != TRANSFORM_OK || in.n < piece.n || buf_len(out) > made || !last);
    }
    assert(got == TRANSFORM_FAIL || !subject.n);
    if (r)
        replacer_say(r, said, SAID_MAX);
    replacer_free(r);
    return got == TRANSFORM_END;
}
