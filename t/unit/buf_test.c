/* Tests of base/buf: growth, the limit, sticky failure. */
#include "base/buf.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_content(b, text) assert_true(slice_eq(buf_slice(b), SLICE(text)))

static void
what_is_written_is_read(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 100};
    buf_append(&b, SLICE("ab\0c"));
    buf_append(&b, SLICE_NONE);
    buf_byte(&b, 'd');
    buf_printf(&b, "%d-%s", 12, "x");
    assert_content(&b, "ab\0cd12-x");
    assert_int_equal(buf_len(&b), 9);
    assert_false(b.failed);
}

static void
nothing_goes_beyond_the_limit(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 4};
    buf_append(&b, SLICE("abcd"));
    assert_false(b.failed);
    buf_byte(&b, 'e');
    assert_true(b.failed);
    assert_content(&b, "abcd");
}

static void
failure_sticks_until_the_reset(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 4};
    buf_append(&b, SLICE("abcde"));
    buf_byte(&b, 'a');
    assert_true(b.failed);
    assert_int_equal(buf_len(&b), 0);
    buf_reset(&b);
    buf_byte(&b, 'a');
    assert_false(b.failed);
    assert_content(&b, "a");
}

static void
consumed_bytes_make_room_again(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 4};
    buf_append(&b, SLICE("abcd"));
    buf_consume(&b, 3);
    assert_content(&b, "d");
    buf_append(&b, SLICE("efg"));
    assert_content(&b, "defg");
    assert_false(b.failed);
    buf_consume(&b, 4);
    assert_int_equal(buf_len(&b), 0);
}

static void
a_long_stream_through_a_small_buf_keeps_its_order(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 300};
    unsigned char in = 0, out = 0;
    for (int i = 0; i < 2000; i++) {
        for (int j = 0; j < i % 7; j++)
            buf_byte(&b, (char)in++);
        while (buf_len(&b) > 200) {
            assert_int_equal((unsigned char)buf_slice(&b).p[0], out++);
            buf_consume(&b, 1);
        }
    }
    assert_false(b.failed);
}

static void
reserved_room_counts_when_committed(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 1000};
    char *p = buf_reserve(&b, 1000);
    assert_non_null(p);
    memcpy(p, "xyz", 3);
    buf_commit(&b, 2);
    assert_content(&b, "xy");
    assert_null(buf_reserve(&b, 999));
    assert_true(b.failed);
}

static void
a_length_that_would_overflow_fails(void **state)
{
    AUTO(buf_release) struct buf b = {.max = SIZE_MAX};
    buf_byte(&b, 'a');
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
}

static void
long_text_is_printed_whole(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 1000}, small = {.max = 500};
    buf_printf(&b, "%0600d", 7);
    assert_int_equal(buf_len(&b), 600);
    assert_int_equal(buf_slice(&b).p[599], '7');
    buf_printf(&small, "%0600d", 7);
    assert_true(small.failed);
    assert_int_equal(buf_len(&small), 0);
}

static void
printing_fails_without_memory(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 1000};
    mem_fail_at(1);
    buf_printf(&b, "%0600d", 7);
    mem_fail_at(0);
    assert_true(b.failed);
}

static void
a_buf_is_kept_when_there_is_no_memory_to_grow(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 10000};
    buf_append(&b, SLICE("abc"));
    mem_fail_at(1);
    assert_null(buf_reserve(&b, 5000));
    mem_fail_at(0);
    assert_true(b.failed);
    assert_content(&b, "abc");
}

static void
a_string_does_not_count_its_end(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 3}, endless = {.max = SIZE_MAX};
    assert_string_equal(buf_str(&b), "");
    buf_append(&b, SLICE("abc"));
    assert_string_equal(buf_str(&b), "abc");
    assert_int_equal(buf_len(&b), 3);
    buf_append(&endless, SLICE("abc"));
    assert_string_equal(buf_str(&endless), "abc");
}

static void
a_failed_buf_is_an_empty_string(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 3};
    buf_append(&b, SLICE("abcd"));
    assert_string_equal(buf_str(&b), "");
    assert_null(buf_take(&b));
    assert_false(b.failed);
}

static void
the_taker_owns_the_bytes(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 8};
    buf_append(&b, SLICE("abcdef"));
    buf_consume(&b, 2);
    char *p = buf_take(&b);
    assert_string_equal(p, "cdef");
    assert_int_equal(buf_len(&b), 0);
    assert_int_equal(b.max, 8);
    mem_free(p);
}

static void
a_released_buf_can_be_used_again(void **state)
{
    struct buf b;
    buf_init(&b, 3);
    buf_append(&b, SLICE("abc"));
    buf_release(&b);
    buf_append(&b, SLICE("de"));
    assert_content(&b, "de");
    assert_int_equal(b.max, 3);
    buf_release(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(nothing_goes_beyond_the_limit),
        cmocka_unit_test(failure_sticks_until_the_reset),
        cmocka_unit_test(consumed_bytes_make_room_again),
        cmocka_unit_test(a_long_stream_through_a_small_buf_keeps_its_order),
        cmocka_unit_test(reserved_room_counts_when_committed),
        cmocka_unit_test(a_length_that_would_overflow_fails),
        cmocka_unit_test(long_text_is_printed_whole),
        cmocka_unit_test(printing_fails_without_memory),
        cmocka_unit_test(a_buf_is_kept_when_there_is_no_memory_to_grow),
        cmocka_unit_test(a_string_does_not_count_its_end),
        cmocka_unit_test(a_failed_buf_is_an_empty_string),
        cmocka_unit_test(the_taker_owns_the_bytes),
        cmocka_unit_test(a_released_buf_can_be_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
