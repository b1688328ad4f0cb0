/* A path, a line end, and a text as JSON: what is found lies within bounds, and a search that stops
 * at the first finds the first. */
#include "flow/filter_json.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    size_t n, bytes;
    struct buf first;
    bool stop;
};

static bool
note(void *arg, struct slice value)
{
    struct seen *s = arg;
    for (size_t i = 0; i < value.n; i++)
        s->bytes += (unsigned char)value.p[i] != 0;
    if (s->n++ == 0)
        buf_append(&s->first, value);
    return s->stop;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size), path = slice_cut(&text, '\n');
    struct seen all = {0}, one = {.stop = true};
    buf_init(&all.first, size + 1);
    buf_init(&one.first, size + 1);
    assert(!filter_json_find(text, path, note, &all));
    assert(filter_json_find(text, path, note, &one) == (all.n > 0));
    assert(one.n == (all.n > 0));
    assert(slice_eq(buf_slice(&all.first), buf_slice(&one.first)));
    assert(all.bytes <= size * FILTER_JSON_DEPTH);
    buf_release(&all.first);
    buf_release(&one.first);
    return 0;
}
