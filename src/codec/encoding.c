/* The decoder: content codings on top of each other, and the limits that name a bomb. */
#include "codec/encoding.h"

#include "base/mem.h"

#include <stdint.h>

#define ROOM       ((size_t)16 * 1024)
#define RATIO_FREE ((size_t)64 * 1024) /* output that may be out of proportion to the input */

static const struct encoding_ops *const encodings[] = {
#define ENCODING(name) &encoding_##name,
#include "codec/encoding_list.h"
#undef ENCODING
};

const struct encoding_ops *
encoding_at(size_t i)
{
    return i < ARRAY_LEN(encodings) ? encodings[i] : NULL;
}

struct coding {
    const struct encoding_ops *ops;
    void *stream;
    enum encoding_state state;
    bool started;
    bool full;         /* it filled its room: there may be more inside */
    struct slice left; /* of what is in the room, not yet passed on */
    size_t out;        /* bytes it has produced */
    char room[ROOM];
};

/* codings[0] reads the input, the last one writes the output. */
struct decoder {
    struct coding codings[ENCODING_LAYERS];
    unsigned n;
    size_t max_out;
    unsigned max_ratio;
    uint64_t taken; /* input bytes that codings[0] has used */
    enum decode_result result;
    char why[96];
};

const struct encoding_ops *
encoding_find(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(encodings); i++)
        if (slice_eq_nocase(name, slice_str(encodings[i]->name)) ||
            slice_eq_nocase(name, slice_str(encodings[i]->alias)))
            return encodings[i];
    return NULL;
}

static bool
add_coding(struct decoder *d, const struct encoding_ops *ops, struct err *e)
{
    if (d->n == ENCODING_LAYERS)
        return err_set(e, ERR_FAILED, "cannot decode more than %d codings", ENCODING_LAYERS);
    void *stream = ops->new_stream();
    if (!stream)
        return err_memory(e);
    struct coding *c = &d->codings[d->n++];
    c->ops = ops;
    c->stream = stream;
    return true;
}

/* Takes the last word of a list off its end. */
static struct slice
take_last(struct slice *list)
{
    size_t comma = slice_find_last(*list, ',');
    struct slice last = comma < list->n ? slice_from(*list, comma + 1) : *list;
    *list = slice_first(*list, comma < list->n ? comma : 0);
    return slice_trim(last);
}

static bool
add_named(struct decoder *d, struct slice name, struct err *e)
{
    const struct encoding_ops *ops = encoding_find(name);
    if (!ops)
        return err_set(e, ERR_FAILED, "cannot decode '%.*s'", (int)MIN(name.n, 60u), name.p);
    return ops == &encoding_identity || add_coding(d, ops, e);
}

/* The coding that was applied last stands last, and is the first to go. Identity is nothing, unless
 * it is alone. */
static bool
add_codings(struct decoder *d, struct slice list, struct err *e)
{
    while (list.n) {
        struct slice name = take_last(&list);
        if (name.n)
            TRY(add_named(d, name, e));
    }
    return d->n > 0 || add_coding(d, &encoding_identity, e);
}

struct decoder *
decoder_new(struct slice codings, size_t max_out, unsigned max_ratio, struct err *e)
{
    struct decoder *d = mem_zalloc(sizeof(*d));
    if (!d) {
        err_memory(e);
        return NULL;
    }
    d->max_out = max_out;
    d->max_ratio = max_ratio;
    if (add_codings(d, codings, e))
        return d;
    decoder_free(d);
    return NULL;
}

void
decoder_free(struct decoder *d)
{
    if (!d)
        return;
    for (unsigned i = 0; i < d->n; i++)
        d->codings[i].ops->free_stream(d->codings[i].stream);
    mem_free(d);
}

static void
stop_damaged(struct decoder *d, const struct coding *c, const char *how)
{
    d->result = DECODE_BAD;
    snprintf(d->why, sizeof(d->why), "the %s data %s", c->ops->name, how);
}

/* How many of the n bytes that a coding just produced may be passed on. Between two codings the
 * same limits hold. */
static size_t
apply_limits(struct decoder *d, struct coding *c, size_t n)
{
    size_t room = d->max_out - c->out;
    size_t pass = MIN(n, room);
    c->out += pass;
    if (n > room) {
        d->result = DECODE_LIMIT;
        snprintf(d->why, sizeof(d->why), "the content decodes to more than %zu bytes", d->max_out);
    } else if (d->max_ratio && c->out > RATIO_FREE && c->out / d->max_ratio > d->taken) {
        d->result = DECODE_LIMIT;
        snprintf(d->why, sizeof(d->why), "the content decodes to more than %u times its size",
                 d->max_ratio);
    }
    return pass;
}

/* Runs the coding once over *in; *n is what may be passed on of its output. */
static void
run_coding(struct decoder *d, struct coding *c, struct slice *in, size_t *n)
{
    size_t before = in->n;
    c->started = true;
    *n = c->ops->run(c->stream, in, c->room, ROOM, &c->state);
    bool stuck = in->n && in->n == before && !*n;
    if (c == d->codings)
        d->taken += before - in->n;
    *n = apply_limits(d, c, *n);
    if (d->result == DECODE_OK && (c->state == ENCODING_FAIL || stuck))
        stop_damaged(d, c, "is damaged");
}

/* Makes the coding at 'level' write what is left of its room, if there is nothing in it. false when
 * it needs more of 'in' for that. What came before a fault is still passed on. */
static bool
fill(struct decoder *d, unsigned level, struct slice *in)
{
    struct coding *c = &d->codings[level];
    struct slice *from = level ? &d->codings[level - 1].left : in;
    while (d->result == DECODE_OK && !c->left.n) {
        size_t n = 0;
        if (!from->n && !c->full && (!level || !fill(d, level - 1, in)))
            return false;
        run_coding(d, c, from, &n);
        c->full = n == ROOM && (c->state != ENCODING_END || from->n);
        c->left = slice_of(c->room, n);
    }
    return c->left.n;
}

enum decode_result
decoder_take(struct decoder *d, struct slice *in, size_t most, struct buf *out)
{
    struct slice *made = &d->codings[d->n - 1].left;
    while (most && fill(d, d->n - 1, in)) {
        struct slice piece = slice_first(*made, most);
        buf_append(out, piece);
        *made = slice_from(*made, piece.n);
        most -= piece.n;
    }
    if (out->failed && d->result == DECODE_OK) {
        d->result = DECODE_LIMIT;
        snprintf(d->why, sizeof(d->why), "there is no room for the decoded content");
    }
    return d->result;
}

enum decode_result
decoder_push(struct decoder *d, struct slice in, struct buf *out)
{
    return decoder_take(d, &in, SIZE_MAX, out);
}

/* Content that is empty is no coded data at all, as in the answer to HEAD. */
enum decode_result
decoder_finish(struct decoder *d)
{
    for (unsigned i = 0; i < d->n && d->result == DECODE_OK; i++)
        if (d->codings[i].started && d->codings[i].state != ENCODING_END)
            stop_damaged(d, &d->codings[i], "ends too early");
    return d->result;
}

const char *
decoder_why(const struct decoder *d)
{
    return d->why;
}
