/* Server-sent events: they are the same however the stream is cut, and as a reader of whole streams
 * finds them that goes by the grammar of the standard. */
#include "codec/sse.h"

#include "base/buf.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Length and bytes of the data, then the name, of whole events. */
struct said {
    struct buf out, data;
    bool open;
};

static void
on_data(void *arg, struct slice s)
{
    struct said *v = arg;
    v->open = true;
    buf_append(&v->data, s);
}

static void
on_event(void *arg, struct slice name)
{
    struct said *v = arg;
    assert(v->open);
    buf_printf(&v->out, "%zu ", buf_len(&v->data));
    buf_append(&v->out, buf_slice(&v->data));
    buf_append(&v->out, name);
    buf_byte(&v->out, '\n');
    buf_reset(&v->data);
    v->open = false;
}

static const struct sse_ops ops = {.data = on_data, .event = on_event};

/* Takes a line and its end off; false: there is no end. */
static bool
cut_line(struct slice *in, struct slice *line)
{
    size_t n = 0;
    while (n < in->n && in->p[n] != '\r' && in->p[n] != '\n')
        n++;
    if (n == in->n)
        return false;
    *line = slice_first(*in, n);
    *in = slice_from(*in, n + (slice_starts(slice_from(*in, n), SLICE("\r\n")) ? 2 : 1));
    return true;
}

/* The standard, line by line. */
static void
read_whole(struct slice in, struct said *v)
{
    struct slice line, name = SLICE_NONE;
    if (slice_starts(in, SLICE("\xef\xbb\xbf")))
        in = slice_from(in, 3);
    while (cut_line(&in, &line)) {
        if (!line.n) {
            if (v->open)
                on_event(v, slice_first(name, SSE_NAME_MAX));
            name = SLICE_NONE;
            continue;
        }
        struct slice value = line, field = slice_cut(&value, ':');
        if (slice_starts(value, SLICE(" ")))
            value = slice_from(value, 1);
        if (slice_eq(field, SLICE("event")))
            name = value;
        if (!slice_eq(field, SLICE("data")))
            continue;
        if (v->open)
            on_data(v, SLICE("\n"));
        on_data(v, value);
    }
}

static void
init(struct said *v)
{
    *v = (struct said){0};
    buf_init(&v->out, 1 << 24);
    buf_init(&v->data, 1 << 24);
}

static void
release(struct said *v)
{
    buf_release(&v->out);
    buf_release(&v->data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    struct said want;
    init(&want);
    read_whole(in, &want);
    for (size_t piece = 1; piece <= 9; piece += 4) {
        struct said got;
        struct sse s = {0};
        init(&got);
        size_t step = piece == 9 ? size + 1 : piece;
        for (struct slice it = in; it.n; it = slice_from(it, step))
            sse_push(&s, slice_first(it, step), &ops, &got);
        assert(slice_eq(buf_slice(&got.out), buf_slice(&want.out)));
        release(&got);
    }
    release(&want);
    return 0;
}
