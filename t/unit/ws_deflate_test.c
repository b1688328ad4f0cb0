/* Tests of codec/ws_deflate: the examples of RFC 7692, contexts, bombs. */
#include "codec/ws_deflate.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct ws_deflate_way kept = {.bits = 15}, fresh = {.bits = 15, .fresh = true};
static struct buf plain;

static int
begin(void **state)
{
    buf_init(&plain, 64 << 20);
    return 0;
}

static int
end(void **state)
{
    buf_release(&plain);
    return 0;
}

static void
add(void *arg, struct slice s)
{
    buf_append(arg, s);
}

static void
expect(struct ws_inflate *w, struct slice in, const char *want)
{
    buf_reset(&plain);
    assert_int_equal(ws_inflate_push(w, in, true, add, &plain), WS_INFLATE_OK);
    assert_string_equal(buf_str(&plain), want);
}

static void
the_examples_of_the_standard(void **state)
{
    struct ws_inflate *w = ws_inflate_new(&kept, 0, 0);
    assert_non_null(w);
    expect(w, SLICE("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello");
    expect(w, SLICE("\xf2\x00\x11\x00\x00"), "Hello"); /* out of the context */
    expect(w, SLICE("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), "Hello"); /* not compressed */
    expect(w, SLICE("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
           "Hello"); /* says that it is the last block */
    expect(w, SLICE("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), "Hello");
    expect(w, SLICE("\xf2\x00\x11\x00\x00"), "Hello");
    ws_inflate_free(w);
}

static void
a_message_comes_in_any_pieces(void **state)
{
    static const char in[] = "\xf2\x48\xcd\xc9\xc9\x07\x00";
    struct ws_inflate *w = ws_inflate_new(&kept, 0, 0);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(ws_inflate_push(w, slice_of(in + i, 1), false, add, &plain), 0);
    assert_int_equal(ws_inflate_push(w, SLICE_NONE, true, add, &plain), WS_INFLATE_OK);
    assert_string_equal(buf_str(&plain), "Hello");
    ws_inflate_free(w);
}

static void
without_takeover_there_is_no_context(void **state)
{
    struct ws_inflate *w = ws_inflate_new(&fresh, 0, 0);
    expect(w, SLICE("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello");
    assert_int_equal(ws_inflate_push(w, SLICE("\xf2\x00\x11\x00\x00"), true, add, &plain),
                     WS_INFLATE_BAD);
    assert_true(ws_inflate_skip(w));
    expect(w, SLICE("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello");
    ws_inflate_free(w);
}

static void
what_is_no_deflate_data_is_found(void **state)
{
    struct ws_inflate *w = ws_inflate_new(&kept, 0, 0);
    assert_int_equal(ws_inflate_push(w, SLICE("\xff\xff\xff"), true, add, &plain), WS_INFLATE_BAD);
    assert_false(ws_inflate_skip(w));
    ws_inflate_free(w);
}

/* A context that both sides keep. */
static void
roundtrip(const struct ws_deflate_way *way, size_t size)
{
    struct ws_inflate *w = ws_inflate_new(way, 0, 0);
    struct ws_deflate *d = ws_deflate_new(way);
    struct buf packed = {.max = 1 << 20};
    char *text = mem_need(mem_alloc(size + 1));
    for (unsigned round = 0; round < 4; round++) {
        for (size_t i = 0; i < size; i++)
            text[i] = (char)('a' + (i * i + i / 7 + round) % 26);
        text[size] = '\0';
        buf_reset(&packed);
        ws_deflate_push(d, slice_of(text, size / 2), false, &packed);
        ws_deflate_push(d, slice_of(text + size / 2, size - size / 2), true, &packed);
        assert_true(buf_len(&packed) > 0);
        expect(w, buf_slice(&packed), text);
    }
    mem_free(text);
    buf_release(&packed);
    ws_deflate_free(d);
    ws_inflate_free(w);
}

static void
what_is_deflated_is_inflated(void **state)
{
    const struct ws_deflate_way small = {.bits = 9};
    const size_t sizes[] = {0, 1, 5, 4096, 100000};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        roundtrip(&kept, sizes[i]);
        roundtrip(&fresh, sizes[i]);
        roundtrip(&small, sizes[i]);
    }
}

static void
a_window_of_eight_bits_is_read_and_not_written(void **state)
{
    const struct ws_deflate_way tiny = {.bits = 8};
    struct ws_inflate *w = ws_inflate_new(&tiny, 0, 0);
    expect(w, SLICE("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello");
    assert_null(ws_deflate_new(&tiny));
    ws_inflate_free(w);
}

static void
a_bomb_is_named_not_expanded(void **state)
{
    static char zeros[1 << 20];
    struct ws_deflate *d = ws_deflate_new(&kept);
    struct buf packed = {.max = 1 << 20};
    ws_deflate_push(d, slice_of(zeros, sizeof zeros), true, &packed);
    struct ws_inflate *w = ws_inflate_new(&kept, 200, 200000);
    assert_int_equal(ws_inflate_push(w, buf_slice(&packed), true, add, &plain), WS_INFLATE_BOMB);
    assert_true(buf_len(&plain) < 500000);
    ws_inflate_free(w);
    w = ws_inflate_new(&kept, 0, 0);
    buf_reset(&plain);
    assert_int_equal(ws_inflate_push(w, buf_slice(&packed), true, add, &plain), WS_INFLATE_OK);
    assert_int_equal(buf_len(&plain), sizeof zeros);
    ws_inflate_free(w);
    ws_deflate_free(d);
    buf_release(&packed);
}

/* The excess of all messages counts. */
static void
many_that_are_large_are_a_bomb_together(void **state)
{
    static char zeros[200000];
    struct ws_deflate *d = ws_deflate_new(&kept);
    struct ws_inflate *w = ws_inflate_new(&kept, 200, 500000);
    struct buf packed = {.max = 1 << 20};
    for (unsigned i = 0; i < 4; i++) {
        buf_reset(&packed);
        ws_deflate_push(d, slice_of(zeros, sizeof zeros), true, &packed);
        assert_int_equal(ws_inflate_push(w, buf_slice(&packed), true, add, &plain),
                         i < 3 ? WS_INFLATE_OK : WS_INFLATE_BOMB);
    }
    ws_inflate_free(w);
    ws_deflate_free(d);
    buf_release(&packed);
}

static void
without_memory_there_is_none(void **state)
{
    for (unsigned nth = 1; nth < 3; nth++) {
        mem_fail_at(nth);
        assert_null(ws_inflate_new(&kept, 0, 0));
        mem_fail_at(nth);
        assert_null(ws_deflate_new(&kept));
    }
    mem_fail_at(0);
    ws_inflate_free(NULL);
    ws_deflate_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_examples_of_the_standard, begin, end),
        cmocka_unit_test_setup_teardown(a_message_comes_in_any_pieces, begin, end),
        cmocka_unit_test_setup_teardown(without_takeover_there_is_no_context, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_deflate_data_is_found, begin, end),
        cmocka_unit_test_setup_teardown(what_is_deflated_is_inflated, begin, end),
        cmocka_unit_test_setup_teardown(a_window_of_eight_bits_is_read_and_not_written, begin, end),
        cmocka_unit_test_setup_teardown(a_bomb_is_named_not_expanded, begin, end),
        cmocka_unit_test_setup_teardown(many_that_are_large_are_a_bomb_together, begin, end),
        cmocka_unit_test(without_memory_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
