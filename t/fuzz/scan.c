/* Fuzzes base: scan, utf8, print, json and base64 on any bytes, and holds what they promise. */
#include "base/scan.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/print.h"
#include "base/utf8.h"

#include <jansson.h>

#include <assert.h>
#include <inttypes.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define LIMIT ((size_t)1 << 20)

static void
fuzz_numbers(struct slice s)
{
    uint64_t v, again;
    bool truth;
    char text[24];
    if (scan_u64(s, UINT64_MAX, &v)) {
        snprintf(text, sizeof(text), "%" PRIu64, v);
        assert(scan_u64(slice_str(text), v, &again) && again == v);
        assert(v == 0 || !scan_u64(s, v - 1, &again));
        assert(scan_size(s, &again) && again == v);
    }
    if (scan_hex(s, &v)) {
        snprintf(text, sizeof(text), "%" PRIx64, v);
        assert(scan_hex(slice_str(text), &again) && again == v);
    }
    (void)!scan_size(s, &v);
    (void)!scan_duration(s, &v);
    (void)!scan_bool(s, &truth);
}

static void
fuzz_words(struct slice s)
{
    struct slice rest = s, first = slice_cut(&rest, '\n');
    scan_glob(first, rest);
    scan_glob(rest, first);
    assert(scan_glob(SLICE("*"), s));
    assert(scan_distance(first, rest, 5) == scan_distance(rest, first, 5));
    assert(first.n > 64 || scan_distance(first, first, 5) == 0);
}

static void
fuzz_safe_text(struct slice s)
{
    AUTO(buf_release) struct buf safe = {.max = LIMIT}, twice = {.max = LIMIT};
    assert(utf8_columns(s) <= 2 * s.n);
    print_safe(&safe, s, false);
    assert(!safe.failed && utf8_valid(buf_slice(&safe)));
    print_safe(&twice, buf_slice(&safe), false);
    assert(slice_eq(buf_slice(&safe), buf_slice(&twice)));
    print_html(&twice, s);
}

static void
fuzz_json(struct slice s)
{
    AUTO(buf_release) struct buf out = {.max = LIMIT};
    struct json j;
    json_init(&j, &out);
    json_begin_array(&j, NULL);
    json_text(&j, NULL, s);
    json_base64(&j, NULL, s);
    json_end_array(&j);
    assert(!out.failed);
    json_t *read = json_loadb(buf_slice(&out).p, buf_len(&out), JSON_ALLOW_NUL, NULL);
    assert(read && json_array_size(read) == 2);
    json_t *text = json_array_get(read, 0);
    struct slice back = slice_of(json_string_value(text), json_string_length(text));
    assert(!utf8_valid(s) || slice_eq(back, s));
    json_decref(read);
}

static void
fuzz_base64(struct slice s)
{
    AUTO(buf_release) struct buf coded = {.max = LIMIT}, plain = {.max = LIMIT};
    base64_encode(&coded, s);
    assert(base64_decode(&plain, buf_slice(&coded)) && slice_eq(buf_slice(&plain), s));
    buf_reset(&coded);
    buf_reset(&plain);
    if (!base64_decode(&plain, s))
        return;
    base64_encode(&coded, buf_slice(&plain));
    assert(slice_eq(buf_slice(&coded), s));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice s = slice_of(data, n);
    fuzz_numbers(s);
    fuzz_words(s);
    fuzz_safe_text(s);
    fuzz_json(s);
    fuzz_base64(s);
    return 0;
}
