/* STARTTLS: a watcher comes to the same end however the bytes of a talk are cut. */
#include "codec/starttls.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Shows what is there of both sides, one step each, until nothing moves any more. */
static void
walk(struct starttls *s, const struct slice *sides, size_t piece, size_t taken[2])
{
    size_t there[2] = {0, 0};
    for (int turn = 0; turn < 2; turn++) {
        int side = turn ? !s->ops->first : (int)s->ops->first;
        while (there[side] < sides[side].n) {
            there[side] = MIN(there[side] + piece, sides[side].n);
            struct slice in = slice_of(sides[side].p + taken[side], there[side] - taken[side]);
            size_t n = starttls_take(s, (enum starttls_side)side, in);
            assert(n <= in.n);
            assert(s->state != STARTTLS_OVER || n == in.n);
            taken[side] += n;
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t cut = 1 + data[0] % (size - 1);
    struct slice sides[2] = {slice_of(data + 1, cut - 1), slice_of(data + cut, size - cut)};
    for (int side = 0; side < 2; side++) {
        bool unsure;
        const struct starttls_ops *ops =
            starttls_detect((enum starttls_side)side, sides[side], &unsure);
        if (!ops)
            continue;
        struct starttls whole, pieces;
        size_t a[2] = {0, 0}, b[2] = {0, 0};
        starttls_init(&whole, ops);
        starttls_init(&pieces, ops);
        walk(&whole, sides, size, a);
        walk(&pieces, sides, 1, b);
        assert(whole.state == pieces.state && a[0] == b[0] && a[1] == b[1]);
    }
    return 0;
}
