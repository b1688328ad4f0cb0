/* Tests of codec/grpc: messages are found by their lengths, whole and cut in pieces. */
#include "codec/grpc.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct buf said;

static void
on_begin(void *arg, unsigned flags, uint32_t length)
{
    buf_printf(&said, "<%u %u ", flags, length);
}

static void
on_data(void *arg, struct slice s)
{
    assert_true(s.n > 0);
    buf_append(&said, s);
}

static void
on_end(void *arg)
{
    buf_append(&said, SLICE(">"));
}

static const struct grpc_ops ops = {.begin = on_begin, .data = on_data, .end = on_end};

static void
messages_are_found_by_their_lengths(void **state)
{
    const struct {
        struct slice in, want;
    } rows[] = {
        {SLICE("\0\0\0\0\3abc"), SLICE("<0 3 abc>")},
        {SLICE("\0\0\0\0\0"), SLICE("<0 0 >")},
        {SLICE("\0\0\0\0\0\1\0\0\0\1x\0\0\0\0\2yz"), SLICE("<0 0 ><1 1 x><0 2 yz>")},
        {SLICE("\x80\0\0\0\1x"), SLICE("<128 1 x>")},
        {SLICE("\xff\xff\xff\xff\xffrest"), SLICE("<255 4294967295 rest")},
        {SLICE("\1\1\2\3\4"), SLICE("<1 16909060 ")},
        {SLICE("\0\0\0\0\3ab"), SLICE("<0 3 ab")},
        {SLICE("\0\0\0\0"), SLICE("")},
        {SLICE(""), SLICE("")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t piece = 1; piece <= rows[i].in.n + 1; piece++) {
            struct grpc g = {0};
            struct slice in = rows[i].in;
            buf_init(&said, 1000);
            for (; in.n; in = slice_from(in, piece))
                grpc_push(&g, slice_first(in, piece), &ops, NULL);
            assert_int_equal(buf_len(&said), rows[i].want.n);
            assert_true(slice_eq(buf_slice(&said), rows[i].want));
            buf_release(&said);
        }
}

static void
one_is_printed_and_taken_at_a_time(void **state)
{
    struct buf all = {.max = 1000};
    struct grpc g = {0};
    assert_true(grpc_print(&all, 1, SLICE("abc")) && grpc_print(&all, 0, SLICE("")));
    assert_true(slice_eq(buf_slice(&all), SLICE("\1\0\0\0\3abc\0\0\0\0\0")));
    buf_init(&said, 1000);
    assert_int_equal(grpc_next(&g, buf_slice(&all), &ops, NULL), 8);
    assert_int_equal(grpc_next(&g, slice_from(buf_slice(&all), 8), &ops, NULL), 5);
    assert_true(slice_eq(buf_slice(&said), SLICE("<1 3 abc><0 0 >")));
    buf_release(&said);
    buf_release(&all);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_found_by_their_lengths),
        cmocka_unit_test(one_is_printed_and_taken_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
