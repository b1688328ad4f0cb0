/*
 * HTTP/1 heads and chunked content: what is taken must hold no byte that another reader could take
 * for a line end, must be printed as it arrived, and must not depend on how it was cut. The first
 * byte of the input chooses what it is.
 */
#include "codec/chunk.h"
#include "codec/hop.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http1_limits limits;

static bool
is_inside(struct slice part, struct slice whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void
check_bytes(struct slice raw)
{
    for (size_t i = 0; i < raw.n; i++) {
        unsigned char c = (unsigned char)raw.p[i];
        assert(c >= 0x20 || c == '\t' || c == '\r' || c == '\n');
        assert(c != 0x7f);
        assert(c != '\n' || (i > 0 && raw.p[i - 1] == '\r'));
        assert(c != '\r' || (i + 1 < raw.n && raw.p[i + 1] == '\n'));
    }
}

/* Start line, fields and empty line follow each other and are all of the head. */
static void
check_index(const struct http_head *h)
{
    const char *at = h->raw.p + h->line.n;
    for (size_t i = 0; i < h->n; i++) {
        const struct field *f = &h->fields[i];
        assert(f->line.p == at && f->name.p == at && f->name.n > 0);
        assert(is_inside(f->value, f->line) && f->name.p[f->name.n] == ':');
        at += f->line.n;
    }
    assert(at + 2 == h->raw.p + h->raw.n && h->cap >= h->n + 4);
}

static void
check_print(const struct http_head *h, bool response)
{
    struct buf out = {.max = 1 << 20};
    if (response)
        http1_print_response(&out, h);
    else
        http1_print_request(&out, h, h->target);
    if (h->version == 11)
        assert(slice_eq(buf_slice(&out), h->raw));
    buf_release(&out);
}

static void
check_strip(struct http_head *h, struct arena *a, bool response)
{
    struct http_head copy;
    if (!head_copy(&copy, h, a) || !hop_strip(&copy, a, response, response))
        return;
    assert(copy.n <= h->n);
    assert(!head_find(&copy, FIELD_KEEP_ALIVE) && !head_find(&copy, FIELD_PROXY_CONNECTION));
    assert(!head_has_token(&copy, FIELD_CONNECTION, SLICE("close")));
    assert((h->framing == FRAMING_CHUNKED) == (head_find(&copy, FIELD_TRANSFER_ENCODING) != NULL));
}

static void
check_response(struct http_head *h, struct arena *a)
{
    struct http1_why why;
    if (!http1_frame_response(h, SLICE("GET"), &why))
        return;
    assert(h->framing != FRAMING_EOF || !h->keep_alive);
    check_strip(h, a, true);
}

static void
try_head(struct slice in, bool response)
{
    struct arena *a = arena_new(1024, 1 << 20);
    struct http_head h;
    struct http1_why why;
    size_t scanned = 0, n = http1_head_end(in, &scanned);
    struct slice raw = slice_first(in, n ? n : in.n);
    enum http1_result r = response ? http1_parse_response(raw, &limits, a, &h, &why)
                                   : http1_parse_request(raw, &limits, a, &h, &why);
    assert(r != HTTP1_BAD || why.at <= raw.n);
    if (r == HTTP1_OK) {
        assert(n == raw.n);
        check_bytes(raw);
        check_index(&h);
        check_print(&h, response);
        if (response)
            check_response(&h, a);
        else
            check_strip(&h, a, false);
    }
    if (r == HTTP1_MORE)
        assert(n == 0);
    if (http1_parse_lenient(in, response, a, &h))
        for (size_t i = 0; i < h.n; i++)
            assert(is_inside(h.fields[i].line, in) && is_inside(h.fields[i].value, in));
    arena_free(a);
}

static void
try_trailers(struct slice in)
{
    struct arena *a = arena_new(1024, 1 << 20);
    struct http_head h;
    struct http1_why why;
    if (http1_parse_trailers(in, &limits, a, &h, &why) == HTTP1_OK) {
        check_bytes(h.raw);
        assert(!head_find(&h, FIELD_CONTENT_LENGTH) && !head_find(&h, FIELD_HOST));
    }
    arena_free(a);
}

struct outcome {
    enum chunk_event end;
    struct http1_why why;
    size_t used, ext;
    struct buf data;
};

/* Offers the input in steps of 'step' bytes. */
static void
read_chunks(struct slice in, size_t step, struct outcome *o)
{
    struct chunk_reader r;
    chunk_init(&r, &limits);
    *o = (struct outcome){.data = {.max = 1 << 20}};
    for (size_t there = MIN(step, in.n);; there = MIN(there + step, in.n)) {
        do {
            size_t used;
            struct slice data, offered = slice_first(slice_from(in, o->used), there - o->used);
            o->end = chunk_next(&r, offered, &used, &data, &o->why);
            assert(used <= offered.n && is_inside(data, offered) && is_inside(r.ext, offered));
            assert(o->end != CHUNK_DATA || data.n);
            buf_append(&o->data, data);
            o->ext += r.ext.n;
            o->used += used;
        } while (o->end == CHUNK_DATA);
        if (o->end != CHUNK_MORE || there == in.n)
            return;
    }
}

static void
try_chunks(struct slice in, size_t step)
{
    struct outcome whole, cut;
    read_chunks(in, in.n, &whole);
    read_chunks(in, step, &cut);
    assert(whole.end == cut.end && whole.used == cut.used && whole.ext == cut.ext);
    assert(slice_eq(buf_slice(&whole.data), buf_slice(&cut.data)));
    if (whole.end == CHUNK_BAD)
        assert(whole.why.fault == cut.why.fault && whole.why.at == cut.why.at);
    buf_release(&whole.data);
    buf_release(&cut.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct slice in = slice_of(data + 1, size - 1);
    limits = HTTP1_LIMITS_DEFAULT;
    switch (data[0] & 3) {
    case 0: try_head(in, false); break;
    case 1: try_head(in, true); break;
    case 2: try_chunks(in, 1 + (data[0] >> 2)); break;
    default: try_trailers(in); break;
    }
    return 0;
}
