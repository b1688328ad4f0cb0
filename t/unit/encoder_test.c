/* The encoder: what it makes is decoded to what it was, however both are cut. */
#include "codec/encoder.h"

#include "base/mem.h"
#include "codec/encoding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MIB (1024 * 1024)

static const char *const lists[] = {
    "gzip", "X-GZip",        "deflate",  "br",       "zstd",
    "",     " , identity ,", "br, gzip", "identity", "gzip , zstd,br"};

/* Lines, and behind them bytes that no coding makes smaller. */
static struct buf
make_content(size_t lines, size_t noise)
{
    struct buf b = {.max = 64 * MIB};
    uint64_t x = 88172645463325252u;
    for (size_t i = 0; i < lines; i++)
        buf_printf(&b, "line %zu of %zu, %zx\n", i, lines, i * 2654435761u);
    for (size_t i = 0; i < noise; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        buf_byte(&b, (char)(x >> 32));
    }
    assert_false(b.failed);
    return b;
}

/* In pieces of 'step' bytes, each in memory of its own. */
static struct buf
encode(const char *codings, struct slice in, size_t step)
{
    struct err e;
    struct buf out = {.max = 64 * MIB};
    struct encoder *c = encoder_new(slice_str(codings), &e);
    assert_non_null(c);
    for (; in.n > step; in = slice_from(in, step)) {
        char *copy = mem_need(mem_alloc(step));
        memcpy(copy, in.p, step);
        assert_true(encoder_push(c, slice_of(copy, step), false, &out));
        mem_free(copy);
    }
    assert_true(encoder_push(c, in, true, &out));
    encoder_free(c);
    return out;
}

static void
assert_decodes(const char *codings, struct slice coded, struct slice want)
{
    struct err e;
    struct buf plain = {.max = 64 * MIB};
    struct decoder *d = decoder_new(slice_str(codings), 64 * MIB, 0, &e);
    assert_non_null(d);
    for (size_t step = 1; coded.n; coded = slice_from(coded, step), step = step * 7 % 40009)
        assert_int_equal(decoder_push(d, slice_first(coded, step), &plain), DECODE_OK);
    assert_int_equal(decoder_finish(d), DECODE_OK);
    assert_true(slice_eq(buf_slice(&plain), want));
    decoder_free(d);
    buf_release(&plain);
}

static void
every_coding_goes_there_and_back_however_it_is_cut(void **state)
{
    static const size_t steps[] = {1, 7, 1000, 16384, 10 * MIB};
    struct buf content = make_content(2000, 50000);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
            struct buf coded = encode(lists[i], buf_slice(&content), steps[k]);
            assert_decodes(lists[i], buf_slice(&coded), buf_slice(&content));
            buf_release(&coded);
        }
    buf_release(&content);
}

static void
contents_of_every_size_near_the_room_inside_are_whole(void **state)
{
    struct buf content = make_content(0, 16500);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        for (size_t n = 16360; n <= 16400; n++) {
            struct slice in = slice_first(buf_slice(&content), n);
            struct buf coded = encode(lists[i], in, 10 * MIB);
            assert_decodes(lists[i], buf_slice(&coded), in);
            buf_release(&coded);
        }
    buf_release(&content);
}

static void
nothing_and_one_byte_are_contents_too(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        for (size_t n = 0; n <= 1; n++) {
            struct slice in = slice_first(SLICE("x"), n);
            struct buf coded = encode(lists[i], in, 1);
            assert_decodes(lists[i], buf_slice(&coded), in);
            buf_release(&coded);
        }
}

static void
text_gets_smaller_and_noise_hardly_larger(void **state)
{
    static const char *const names[] = {"gzip", "deflate", "br", "zstd"};
    struct buf text = make_content(20000, 0), noise = make_content(0, MIB);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct buf small = encode(names[i], buf_slice(&text), 4096);
        struct buf large = encode(names[i], buf_slice(&noise), 4096);
        assert_true(buf_len(&small) < buf_len(&text) / 2);
        assert_true(buf_len(&large) < buf_len(&noise) + MIB / 100);
        buf_release(&small);
        buf_release(&large);
    }
    buf_release(&text);
    buf_release(&noise);
}

static void
the_coding_that_is_named_last_is_outermost(void **state)
{
    struct buf twice = encode("zstd, gzip", SLICE("hello"), 10);
    assert_true(slice_starts(buf_slice(&twice), SLICE("\x1f\x8b")));
    buf_release(&twice);
}

/* So that every receiver may use it (RFC 9659). */
static void
the_window_of_zstd_is_8_mib_at_most(void **state)
{
    struct buf content = make_content(400000, 10 * MIB);
    struct buf coded = encode("zstd", buf_slice(&content), MIB);
    assert_decodes("zstd", buf_slice(&coded), buf_slice(&content));
    buf_release(&coded);
    buf_release(&content);
}

static void
assert_no_encoder(const char *codings, const char *why)
{
    struct err e = {0};
    assert_null(encoder_new(slice_str(codings), &e));
    assert_string_equal(e.text, why);
}

static void
what_is_unknown_or_too_deep_has_no_encoder(void **state)
{
    assert_no_encoder("gzip, sdch", "cannot encode 'sdch'");
    assert_no_encoder("gzi", "cannot encode 'gzi'");
    assert_no_encoder("gzip, gzip, gzip, gzip", "cannot encode more than 3 codings");
}

static void
an_output_that_is_full_is_told(void **state)
{
    struct buf noise = make_content(0, 100000);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct buf small = {.max = 1000};
        struct encoder *c = encoder_new(slice_str(lists[i]), NULL);
        assert_false(encoder_push(c, buf_slice(&noise), true, &small));
        assert_false(encoder_push(c, SLICE("x"), true, &small));
        encoder_free(c);
        buf_release(&small);
    }
    buf_release(&noise);
}

/* Once more for each allocation, until all are there. */
static void
without_memory_it_fails_and_nothing_is_lost(void **state)
{
    struct buf content = make_content(3000, 0), out = {.max = MIB};
    assert_non_null(buf_reserve(&out, MIB));
    bool good = false;
    for (unsigned long nth = 1; !good; nth++) {
        struct err e = {0};
        buf_reset(&out);
        mem_fail_at(nth);
        struct encoder *c = encoder_new(SLICE("zstd, br, deflate"), &e);
        good = c && encoder_push(c, buf_slice(&content), true, &out);
        mem_fail_at(0);
        assert_true(c || e.code == ERR_MEMORY);
        encoder_free(c);
        assert_true(nth < 200);
    }
    assert_decodes("zstd, br, deflate", buf_slice(&out), buf_slice(&content));
    buf_release(&content);
    buf_release(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_coding_goes_there_and_back_however_it_is_cut),
        cmocka_unit_test(contents_of_every_size_near_the_room_inside_are_whole),
        cmocka_unit_test(nothing_and_one_byte_are_contents_too),
        cmocka_unit_test(text_gets_smaller_and_noise_hardly_larger),
        cmocka_unit_test(the_coding_that_is_named_last_is_outermost),
        cmocka_unit_test(the_window_of_zstd_is_8_mib_at_most),
        cmocka_unit_test(what_is_unknown_or_too_deep_has_no_encoder),
        cmocka_unit_test(an_output_that_is_full_is_told),
        cmocka_unit_test(without_memory_it_fails_and_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
