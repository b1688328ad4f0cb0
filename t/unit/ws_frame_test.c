/* Tests of codec/ws_frame: the examples of RFC 6455 section 5.7, limits, and what is refused. */
#include "codec/ws_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static enum ws_result
read_frame(struct slice in, struct ws_frame *f, size_t *used)
{
    const char *why = NULL;
    enum ws_result r = ws_frame_read(in, f, used, &why);
    assert_int_equal(r == WS_BAD, why != NULL);
    return r;
}

static void
headers_are_read_and_printed(void **state)
{
    const struct {
        struct slice header;
        struct ws_frame want;
    } rows[] = {
        {SLICE("\x81\x05"), {.fin = true, .opcode = WS_TEXT, .length = 5}},
        {SLICE("\x81\x85\x37\xfa\x21\x3d"),
         {.fin = true,
          .masked = true,
          .opcode = WS_TEXT,
          .mask = {0x37, 0xfa, 0x21, 0x3d},
          .length = 5}},
        {SLICE("\x01\x03"), {.opcode = WS_TEXT, .length = 3}},
        {SLICE("\x80\x02"), {.fin = true, .opcode = WS_CONTINUATION, .length = 2}},
        {SLICE("\x82\x7e\x01\x00"), {.fin = true, .opcode = WS_BINARY, .length = 256}},
        {SLICE("\x82\x7e\x00\x7e"), {.fin = true, .opcode = WS_BINARY, .length = 126}},
        {SLICE("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
         {.fin = true, .opcode = WS_BINARY, .length = 65536}},
        {SLICE("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"),
         {.fin = true, .opcode = WS_BINARY, .length = INT64_MAX}},
        {SLICE("\xf1\x7d"),
         {.fin = true, .rsv1 = true, .rsv2 = true, .rsv3 = true, .opcode = WS_TEXT, .length = 125}},
        {SLICE("\x89\x7d"), {.fin = true, .opcode = WS_PING, .length = 125}},
        {SLICE("\x8a\x00"), {.fin = true, .opcode = WS_PONG}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ws_frame f;
        struct buf out = {.max = 100};
        size_t used = 0;
        for (size_t n = 0; n < rows[i].header.n; n++)
            assert_int_equal(read_frame(slice_first(rows[i].header, n), &f, &used), WS_MORE);
        assert_int_equal(read_frame(rows[i].header, &f, &used), WS_OK);
        assert_int_equal(used, rows[i].header.n);
        assert_int_equal(f.length, rows[i].want.length);
        assert_int_equal(f.opcode, rows[i].want.opcode);
        assert_int_equal(f.masked, rows[i].want.masked);
        assert_memory_equal(f.mask, rows[i].want.mask, 4);
        ws_frame_print(&out, &rows[i].want);
        assert_true(slice_eq(buf_slice(&out), rows[i].header));
        buf_release(&out);
    }
}

static void
bad_headers_are_refused(void **state)
{
    const struct slice rows[] = {
        SLICE("\x83\x00"),         /* opcode 3 */
        SLICE("\x8b\x00"),         /* opcode 11 */
        SLICE("\x09\x00"),         /* a ping in fragments */
        SLICE("\x89\x7e\x00\x7e"), /* a ping of 126 bytes */
        SLICE("\x82\x7e\x00\x7d"), /* 125 in three bytes */
        SLICE("\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff"),
        SLICE("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ws_frame f;
        size_t used;
        assert_int_equal(read_frame(rows[i], &f, &used), WS_BAD);
    }
}

static void
masking_goes_on_where_it_was(void **state)
{
    const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    char whole[] = "\x7f\x9f\x4d\x51\x58", parts[] = "\x7f\x9f\x4d\x51\x58";
    ws_frame_mask(whole, 5, mask, 0);
    assert_memory_equal(whole, "Hello", 5);
    ws_frame_mask(parts, 2, mask, 0);
    ws_frame_mask(parts + 2, 3, mask, 2);
    assert_memory_equal(parts, "Hello", 5);
}

static void
close_frames_say_why(void **state)
{
    unsigned code;
    struct slice reason;
    assert_true(ws_close_read(SLICE(""), &code, &reason));
    assert_int_equal(code, WS_CLOSE_NONE);
    assert_true(ws_close_read(SLICE("\x03\xe8"
                                    "bye"),
                              &code, &reason));
    assert_int_equal(code, 1000);
    assert_true(slice_eq(reason, SLICE("bye")));
    assert_false(ws_close_read(SLICE("\x03"), &code, &reason));
    assert_false(ws_close_read(SLICE("\x03\xed"), &code, &reason));         /* 1005 */
    assert_false(ws_close_read(SLICE("\x03\xe8\xff\xfe"), &code, &reason)); /* no UTF-8 */
}

static void
codes_that_stand_for_something_else_are_not_sent(void **state)
{
    static const unsigned good[] = {1000, 1003, 1007, 1014, 3000, 4999};
    static const unsigned bad[] = {0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(ws_close_allowed(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(ws_close_allowed(bad[i]));
}

static void
a_long_reason_is_cut_between_characters(void **state)
{
    char reason[200];
    struct buf out = {.max = 200};
    for (size_t i = 0; i < sizeof reason; i += 2)
        memcpy(reason + i, "\xc3\xa4", 2);
    ws_close_put(&out, WS_CLOSE_TOO_BIG, slice_of(reason, sizeof reason));
    assert_int_equal(buf_len(&out), 2 + 2 + 122);
    unsigned code;
    struct slice text;
    assert_true(ws_close_read(slice_from(buf_slice(&out), 2), &code, &text));
    assert_int_equal(code, WS_CLOSE_TOO_BIG);
    buf_release(&out);
}

static void
a_server_frame_is_a_header_and_its_content(void **state)
{
    struct buf out = {.max = 200};
    ws_frame_put(&out, WS_TEXT, SLICE("Hello"));
    assert_true(slice_eq(buf_slice(&out), SLICE("\x81\x05Hello")));
    buf_release(&out);
}

static void
a_bad_header_says_what_it_says_once_it_is_there(void **state)
{
    struct ws_frame f = {0};
    size_t used = 9;
    struct slice header = SLICE("\x0b\xfe\x01\x00\1\2\3\4");
    assert_int_equal(read_frame(slice_first(header, 7), &f, &used), WS_BAD);
    assert_int_equal(used, 0);
    assert_int_equal(read_frame(header, &f, &used), WS_BAD);
    assert_int_equal(used, 8);
    assert_int_equal(f.opcode, 11);
    assert_int_equal(f.length, 256);
    assert_memory_equal(f.mask, "\1\2\3\4", 4);
    assert_int_equal(read_frame(SLICE("\x82\x7e\0\1"), &f, &used), WS_BAD);
    assert_int_equal(used, 4);
    assert_int_equal(f.length, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_read_and_printed),
        cmocka_unit_test(bad_headers_are_refused),
        cmocka_unit_test(masking_goes_on_where_it_was),
        cmocka_unit_test(close_frames_say_why),
        cmocka_unit_test(codes_that_stand_for_something_else_are_not_sent),
        cmocka_unit_test(a_long_reason_is_cut_between_characters),
        cmocka_unit_test(a_server_frame_is_a_header_and_its_content),
        cmocka_unit_test(a_bad_header_says_what_it_says_once_it_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
