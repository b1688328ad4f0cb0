/* The encoder: content codings on top of each other. */
#include "codec/encoder.h"

#include "base/mem.h"
#include "codec/encoding.h"

#define ROOM ((size_t)16 * 1024)

struct coder {
    const struct encoding_ops *ops;
    void *stream;
    char room[ROOM];
};

/* coders[0] reads the input, the last one writes the output. */
struct encoder {
    unsigned n;
    bool failed; /* its streams cannot be used again */
    struct coder coders[ENCODING_LAYERS];
};

static bool
add_coder(struct encoder *c, struct slice name, struct err *e)
{
    const struct encoding_ops *ops = encoding_find(name);
    if (!ops)
        return err_set(e, ERR_FAILED, "cannot encode '%.*s'", SLICE_ARG(slice_first(name, 60)));
    if (!ops->new_coder)
        return true;
    if (c->n == ENCODING_LAYERS)
        return err_set(e, ERR_FAILED, "cannot encode more than %d codings", ENCODING_LAYERS);
    void *stream = ops->new_coder();
    if (!stream)
        return err_memory(e);
    c->coders[c->n].ops = ops;
    c->coders[c->n++].stream = stream;
    return true;
}

static bool
add_coders(struct encoder *c, struct slice list, struct err *e)
{
    while (list.n) {
        struct slice name = slice_trim(slice_cut(&list, ','));
        if (name.n)
            TRY(add_coder(c, name, e));
    }
    return true;
}

struct encoder *
encoder_new(struct slice codings, struct err *e)
{
    struct encoder *c = mem_zalloc(sizeof(*c));
    if (!c) {
        err_memory(e);
        return NULL;
    }
    if (add_coders(c, codings, e))
        return c;
    encoder_free(c);
    return NULL;
}

void
encoder_free(struct encoder *c)
{
    if (!c)
        return;
    for (unsigned i = 0; i < c->n; i++)
        c->coders[i].ops->free_coder(c->coders[i].stream);
    mem_free(c);
}

/* From the coder at 'level' on. */
static bool
push(struct encoder *c, unsigned level, struct slice in, bool last, struct buf *out)
{
    if (level == c->n) {
        buf_append(out, in);
        return !out->failed;
    }
    struct coder *one = &c->coders[level];
    enum encoding_state state = ENCODING_RUN;
    while (in.n || (last && state != ENCODING_END)) {
        size_t before = in.n;
        size_t n = one->ops->encode(one->stream, &in, last, one->room, ROOM, &state);
        bool stuck = in.n == before && !n && state != ENCODING_END;
        if (state == ENCODING_FAIL || stuck)
            return false;
        TRY(push(c, level + 1, slice_of(one->room, n), state == ENCODING_END, out));
    }
    return true;
}

bool
encoder_push(struct encoder *c, struct slice in, bool last, struct buf *out)
{
    c->failed = c->failed || !push(c, 0, in, last, out);
    return !c->failed;
}
