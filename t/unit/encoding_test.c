/* The decoder: every coding, in any pieces, damaged, cut short, and grown into bombs. */
#include "codec/encoding.h"

#include "base/mem.h"

#include <brotli/encode.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#define MIB (1024 * 1024)

static struct buf out = {.max = 64 * MIB};

static int
release_out(void **state)
{
    buf_release(&out);
    return 0;
}

static struct buf
encode_zlib(struct slice s, int window)
{
    struct buf b = {.max = 64 * MIB};
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&z, s.n);
    z.next_out = (unsigned char *)buf_reserve(&b, bound);
    z.avail_out = (unsigned)bound;
    z.next_in = (unsigned char *)(uintptr_t)s.p;
    z.avail_in = (unsigned)s.n;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_commit(&b, z.total_out);
    deflateEnd(&z);
    return b;
}

static struct buf
encode_gzip(struct slice s)
{
    return encode_zlib(s, 31);
}

static struct buf
encode_zlib_deflate(struct slice s)
{
    return encode_zlib(s, 15);
}

static struct buf
encode_raw_deflate(struct slice s)
{
    return encode_zlib(s, -15);
}

static struct buf
encode_brotli(struct slice s)
{
    struct buf b = {.max = 64 * MIB};
    size_t n = s.n + s.n / 1024 + 1024;
    unsigned char *p = (unsigned char *)buf_reserve(&b, n);
    assert_true(p && BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, s.n,
                                           (const unsigned char *)s.p, &n, p));
    buf_commit(&b, n);
    return b;
}

static struct buf
encode_zstd(struct slice s)
{
    struct buf b = {.max = 64 * MIB};
    size_t bound = ZSTD_compressBound(s.n);
    char *p = buf_reserve(&b, bound);
    assert_non_null(p);
    size_t n = ZSTD_compress(p, bound, s.p, s.n, 3);
    assert_false(ZSTD_isError(n));
    buf_commit(&b, n);
    return b;
}

static struct buf
encode_identity(struct slice s)
{
    struct buf b = {.max = 64 * MIB};
    buf_append(&b, s);
    return b;
}

struct coding_row {
    const char *name;
    struct buf (*encode)(struct slice s);
};

static const struct coding_row codings[] = {
    {"gzip", encode_gzip},
    {"X-GZip", encode_gzip},
    {"deflate", encode_zlib_deflate},
    {"deflate", encode_raw_deflate},
    {"br", encode_brotli},
    {"zstd", encode_zstd},
    {" , identity ,", encode_identity},
};
#define COMPRESSING 6 /* the last one is not */

/* Text with repetitions, longer than any buffer inside. */
static struct buf
make_text(size_t lines)
{
    struct buf b = {.max = 64 * MIB};
    for (size_t i = 0; i < lines; i++)
        buf_printf(&b, "line %zu of %zu, %zx\n", i, lines, i * 2654435761u);
    assert_false(b.failed);
    return b;
}

/* The result of decoding in pieces of 'step' bytes, each in memory of its own. */
static enum decode_result
decode_in_steps(struct decoder *d, struct slice in, size_t step)
{
    enum decode_result r = DECODE_OK;
    buf_reset(&out);
    for (; in.n && r == DECODE_OK; in = slice_from(in, step)) {
        size_t n = MIN(step, in.n);
        char *copy = mem_need(mem_alloc(n));
        memcpy(copy, in.p, n);
        r = decoder_push(d, slice_of(copy, n), &out);
        mem_free(copy);
    }
    return r == DECODE_OK ? decoder_finish(d) : r;
}

static enum decode_result
decode(const char *name, struct slice in, size_t step)
{
    struct err e;
    struct decoder *d = decoder_new(slice_str(name), 32 * MIB, 0, &e);
    assert_non_null(d);
    enum decode_result r = decode_in_steps(d, in, step);
    assert_true((r == DECODE_OK) == (slice_str(decoder_why(d)).n == 0));
    decoder_free(d);
    return r;
}

static void
every_coding_is_decoded_however_it_is_cut(void **state)
{
    static const size_t steps[] = {1, 7, 1000, 16384, 10 * MIB};
    struct buf text = make_text(3000);
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        struct buf coded = codings[i].encode(buf_slice(&text));
        for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
            assert_int_equal(decode(codings[i].name, buf_slice(&coded), steps[k]), DECODE_OK);
            assert_true(slice_eq(buf_slice(&out), buf_slice(&text)));
        }
        buf_release(&coded);
    }
    buf_release(&text);
}

/* Whatever is in it: who takes little at a time is never given more. */
static void
every_coding_is_taken_in_small_amounts(void **state)
{
    struct buf text = make_text(3000);
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        struct buf coded = codings[i].encode(buf_slice(&text));
        struct slice in = buf_slice(&coded);
        struct decoder *d = decoder_new(slice_str(codings[i].name), 32 * MIB, 0, NULL);
        size_t before = 0, step = 1;
        buf_reset(&out);
        do {
            before = buf_len(&out);
            step = step * 7 % 40009;
            assert_int_equal(decoder_take(d, &in, step, &out), DECODE_OK);
            assert_true(buf_len(&out) <= before + step);
        } while (buf_len(&out) == before + step);
        assert_int_equal(in.n, 0);
        assert_int_equal(decoder_finish(d), DECODE_OK);
        assert_true(slice_eq(buf_slice(&out), buf_slice(&text)));
        decoder_free(d);
        buf_release(&coded);
    }
    buf_release(&text);
}

/* Output that is exactly as long as the room inside must not wait for more input. */
static void
content_of_every_size_near_the_room_inside_is_decoded(void **state)
{
    struct buf text = make_text(1000);
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        for (size_t n = 16383; n <= 16385; n++) {
            struct slice s = slice_first(buf_slice(&text), n);
            struct buf coded = codings[i].encode(s);
            assert_int_equal(decode(codings[i].name, buf_slice(&coded), 10 * MIB), DECODE_OK);
            assert_true(slice_eq(buf_slice(&out), s));
            buf_release(&coded);
        }
    }
    buf_release(&text);
}

static void
coded_content_that_is_empty_and_no_content_at_all_are_decoded(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        struct buf coded = codings[i].encode(SLICE(""));
        assert_int_equal(decode(codings[i].name, buf_slice(&coded), 1), DECODE_OK);
        assert_int_equal(buf_len(&out), 0);
        assert_int_equal(decode(codings[i].name, SLICE_NONE, 1), DECODE_OK);
        buf_release(&coded);
    }
}

static void
content_that_ends_too_early_is_told_and_kept(void **state)
{
    struct buf text = make_text(50);
    for (size_t i = 0; i < COMPRESSING; i++) {
        struct buf coded = codings[i].encode(buf_slice(&text));
        for (size_t n = 1; n < buf_len(&coded); n++) {
            assert_int_equal(decode(codings[i].name, slice_first(buf_slice(&coded), n), 100),
                             DECODE_BAD);
            assert_true(slice_starts(buf_slice(&text), buf_slice(&out)));
        }
        buf_release(&coded);
    }
    buf_release(&text);
}

static void
bytes_behind_the_end_are_told(void **state)
{
    static const char *const tails[] = {"x", "\x1f\x8c", "trailing garbage", "\n"};
    struct buf text = make_text(50);
    for (size_t i = 0; i < COMPRESSING; i++) {
        for (size_t k = 0; k < ARRAY_LEN(tails); k++) {
            struct buf coded = codings[i].encode(buf_slice(&text));
            buf_append(&coded, slice_str(tails[k]));
            assert_int_equal(decode(codings[i].name, buf_slice(&coded), 10), DECODE_BAD);
            assert_true(slice_eq(buf_slice(&out), buf_slice(&text)));
            assert_int_equal(decode(codings[i].name, buf_slice(&coded), MIB), DECODE_BAD);
            assert_true(slice_eq(buf_slice(&out), buf_slice(&text)));
            buf_release(&coded);
        }
    }
    buf_release(&text);
}

static void
garbage_is_damaged(void **state)
{
    static const char garbage[] = "\xff\xfe\x01\x02 this is not compressed at all, by nobody";
    for (size_t i = 0; i < COMPRESSING; i++)
        assert_int_equal(decode(codings[i].name, slice_str(garbage), 3), DECODE_BAD);
}

static void
several_members_or_frames_follow_each_other(void **state)
{
    static const struct coding_row joined[] = {{"gzip", encode_gzip}, {"zstd", encode_zstd}};
    for (size_t i = 0; i < ARRAY_LEN(joined); i++) {
        struct buf one = joined[i].encode(SLICE("first, ")),
                   two = joined[i].encode(SLICE("second"));
        buf_append(&one, buf_slice(&two));
        for (size_t step = 1; step < 60; step++) {
            assert_int_equal(decode(joined[i].name, buf_slice(&one), step), DECODE_OK);
            assert_true(slice_eq(buf_slice(&out), SLICE("first, second")));
        }
        buf_release(&one);
        buf_release(&two);
    }
}

static void
stacked_codings_are_taken_off_from_the_last(void **state)
{
    struct buf text = make_text(2000);
    struct buf gzip = encode_gzip(buf_slice(&text));
    struct buf brotli = encode_brotli(buf_slice(&gzip));
    struct buf zstd = encode_zstd(buf_slice(&brotli));
    assert_int_equal(decode("gzip, identity,BR ,\tzstd", buf_slice(&zstd), 13), DECODE_OK);
    assert_true(slice_eq(buf_slice(&out), buf_slice(&text)));
    assert_int_equal(decode("br, gzip, zstd", buf_slice(&zstd), 13), DECODE_BAD);
    buf_release(&text);
    buf_release(&gzip);
    buf_release(&brotli);
    buf_release(&zstd);
}

static void
assert_no_decoder(const char *codings_text, const char *why)
{
    struct err e = {0};
    assert_null(decoder_new(slice_str(codings_text), MIB, 0, &e));
    assert_string_equal(e.text, why);
}

static void
what_is_unknown_or_too_deep_has_no_decoder(void **state)
{
    assert_no_decoder("gzip, sdch", "cannot decode 'sdch'");
    assert_no_decoder("gzi", "cannot decode 'gzi'");
    assert_no_decoder("gzip, gzip, gzip, gzip", "cannot decode more than 3 codings");
}

/* Decodes n zero bytes and returns the result and what the decoder says of it. */
static enum decode_result
decode_zeros(const struct coding_row *row, size_t n, size_t max_out, unsigned max_ratio)
{
    struct err e;
    char *zeros = mem_need(mem_zalloc(n));
    struct buf coded = row->encode(slice_of(zeros, n));
    struct decoder *d = decoder_new(slice_str(row->name), max_out, max_ratio, &e);
    assert_non_null(d);
    enum decode_result r = decode_in_steps(d, buf_slice(&coded), 4096);
    if (r == DECODE_LIMIT) {
        assert_true(slice_starts(slice_str(decoder_why(d)), SLICE("the content decodes to more")));
        assert_int_equal(decoder_push(d, SLICE("more"), &out), DECODE_LIMIT);
        assert_int_equal(decoder_finish(d), DECODE_LIMIT);
    }
    decoder_free(d);
    buf_release(&coded);
    mem_free(zeros);
    return r;
}

static void
a_bomb_stops_at_the_limit_and_what_came_before_stays(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        assert_int_equal(decode_zeros(&codings[i], 2 * MIB, MIB + 1, 0), DECODE_LIMIT);
        assert_int_equal(buf_len(&out), MIB + 1);
        assert_int_equal(decode_zeros(&codings[i], MIB, MIB, 0), DECODE_OK);
        assert_int_equal(buf_len(&out), MIB);
    }
}

static void
a_bomb_stops_at_the_ratio_after_the_first_64_kib(void **state)
{
    for (size_t i = 0; i < COMPRESSING; i++) {
        assert_int_equal(decode_zeros(&codings[i], 4 * MIB, 32 * MIB, 200), DECODE_LIMIT);
        assert_true(buf_len(&out) > 65536 && buf_len(&out) < 2 * MIB);
        assert_int_equal(decode_zeros(&codings[i], 65536, 32 * MIB, 2), DECODE_OK);
    }
    struct buf text = make_text(20000);
    struct buf coded = encode_gzip(buf_slice(&text));
    struct err e;
    struct decoder *d = decoder_new(SLICE("gzip"), 32 * MIB, 20, &e);
    assert_int_equal(decode_in_steps(d, buf_slice(&coded), 1000), DECODE_OK);
    decoder_free(d);
    buf_release(&coded);
    buf_release(&text);
}

/* The bytes between two codings are bounded, too: here 30 MiB of them give next to nothing. */
static void
a_bomb_between_two_codings_is_named(void **state)
{
    struct err e;
    size_t n = 30 * MIB;
    char *zeros = mem_need(mem_zalloc(n));
    struct buf inner = encode_zstd(slice_of(zeros, n));
    struct buf twice = encode_gzip(buf_slice(&inner));
    struct buf bomb = {.max = 64 * MIB};
    for (unsigned i = 0; i < 1000; i++)
        buf_append(&bomb, buf_slice(&twice));
    struct decoder *d = decoder_new(SLICE("zstd, gzip"), MIB, 0, &e);
    assert_int_equal(decode_in_steps(d, buf_slice(&bomb), 65536), DECODE_LIMIT);
    assert_true(buf_len(&out) <= MIB);
    decoder_free(d);
    buf_release(&bomb);
    buf_release(&twice);
    buf_release(&inner);
    mem_free(zeros);
}

static void
a_full_output_is_a_limit(void **state)
{
    struct err e;
    struct buf small = {.max = 4};
    struct decoder *d = decoder_new(SLICE("identity"), MIB, 0, &e);
    assert_int_equal(decoder_push(d, SLICE("hello"), &small), DECODE_LIMIT);
    assert_string_equal(decoder_why(d), "there is no room for the decoded content");
    decoder_free(d);
    buf_release(&small);
}

/* 2^24 is more than RFC 9659 allows. */
static void
a_zstd_window_above_8_mib_is_refused(void **state)
{
    size_t n = 20 * MIB, bound = ZSTD_compressBound(n);
    char *zeros = mem_need(mem_zalloc(n)), *coded = mem_need(mem_alloc(bound));
    ZSTD_CCtx *ctx = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(ctx, ZSTD_c_windowLog, 24);
    size_t size = ZSTD_compress2(ctx, coded, bound, zeros, n);
    assert_false(ZSTD_isError(size));
    assert_int_equal(decode("zstd", slice_of(coded, size), MIB), DECODE_BAD);
    ZSTD_freeCCtx(ctx);
    mem_free(coded);
    mem_free(zeros);
}

static void
formats_from_before_the_standard_are_refused(void **state)
{
    struct slice old = SLICE("\x26\xb5\x2f\xfd\xcc\x02\xef\xe6\x60\x41\x6c\xff\xff\xff\xe7\xe7");
    assert_int_equal(decode("zstd", old, 100), DECODE_BAD);
}

static void
frames_to_skip_are_skipped(void **state)
{
    struct buf b = encode_zstd(SLICE("hello"));
    buf_append(&b, SLICE("\x5f\x2a\x4d\x18\x03\0\0\0abc"));
    assert_int_equal(decode("zstd", buf_slice(&b), 1), DECODE_OK);
    assert_true(slice_eq(buf_slice(&out), SLICE("hello")));
    buf_release(&b);
}

static void
without_memory_there_is_no_decoder(void **state)
{
    struct err e;
    for (unsigned long nth = 1;; nth++) {
        mem_fail_at(nth);
        struct decoder *d = decoder_new(SLICE("zstd, br, deflate"), MIB, 0, &e);
        mem_fail_at(0);
        decoder_free(d);
        if (d)
            return;
        assert_int_equal(e.code, ERR_MEMORY);
        assert_true(nth < 20);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_coding_is_decoded_however_it_is_cut),
        cmocka_unit_test(every_coding_is_taken_in_small_amounts),
        cmocka_unit_test(content_of_every_size_near_the_room_inside_is_decoded),
        cmocka_unit_test(coded_content_that_is_empty_and_no_content_at_all_are_decoded),
        cmocka_unit_test(content_that_ends_too_early_is_told_and_kept),
        cmocka_unit_test(bytes_behind_the_end_are_told),
        cmocka_unit_test(garbage_is_damaged),
        cmocka_unit_test(several_members_or_frames_follow_each_other),
        cmocka_unit_test(stacked_codings_are_taken_off_from_the_last),
        cmocka_unit_test(what_is_unknown_or_too_deep_has_no_decoder),
        cmocka_unit_test(a_bomb_stops_at_the_limit_and_what_came_before_stays),
        cmocka_unit_test(a_bomb_stops_at_the_ratio_after_the_first_64_kib),
        cmocka_unit_test(a_bomb_between_two_codings_is_named),
        cmocka_unit_test(a_full_output_is_a_limit),
        cmocka_unit_test(a_zstd_window_above_8_mib_is_refused),
        cmocka_unit_test(formats_from_before_the_standard_are_refused),
        cmocka_unit_test(frames_to_skip_are_skipped),
        cmocka_unit_test(without_memory_there_is_no_decoder),
    };
    return cmocka_run_group_tests(tests, NULL, release_out);
}
