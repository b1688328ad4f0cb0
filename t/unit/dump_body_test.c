/* Tests of ui/dump_body: decoded, shortened, as hex, and bombs. */
#include "base/mem.h"
#include "lib/flow_make.h"
#include "ui/dump_text.h"

#include <zlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct dump_text text;

static int
release(void **state)
{
    buf_release(&text.out);
    return 0;
}

/* The printed content of a response with these fields. */
static const char *
body(const char *fields, struct slice content, int detail)
{
    char head[512];
    struct dump_options o = {.detail = detail, .decode_max = 1 << 20};
    struct flow *f = flow_make(FLOW_HTTP, NULL);
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n%s\r\n", fields);
    flow_make_response(f, head);
    flow_make_content(&f->resp, content);
    buf_release(&text.out);
    buf_init(&text.out, 8 << 20);
    dump_body(&text, &f->resp, "< ", &o);
    assert_false(text.out.failed);
    flow_unref(f);
    return buf_str(&text.out);
}

/* Borrowed until the next call. */
static struct slice
gzip(struct slice s)
{
    static unsigned char out[1 << 16];
    z_stream z = {.next_out = out, .avail_out = sizeof(out), .avail_in = (unsigned)s.n};
    z.next_in = (z_const Bytef *)(uintptr_t)s.p;
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t n = z.total_out;
    deflateEnd(&z);
    return slice_of(out, n);
}

static void
text_is_shown_line_by_line(void **state)
{
    assert_string_equal(body("", SLICE("a\r\nb\n\nc"), 3), "< \n< a\n< b\n< \n< c\n");
    assert_string_equal(body("", SLICE(""), 3), "");
}

static void
hostile_text_is_shown_not_obeyed(void **state)
{
    assert_string_equal(body("", SLICE("abcdefghijklmnop\x1b[2Jx\rqrstu\xe2\x80\xae"), 3),
                        "< \n< abcdefghijklmnop\\x1b[2Jx\\x0dqrstu\\xe2\\x80\\xae\n");
}

static void
codings_are_undone(void **state)
{
    assert_string_equal(body("Content-Encoding: gzip\r\n", gzip(SLICE("hello")), 3),
                        "< \n< hello\n< [decoded: 25b to 5b]\n");
}

static void
codings_on_several_lines_are_stacked(void **state)
{
    static char once[200];
    struct slice inner = gzip(SLICE("hello"));
    memcpy(once, inner.p, inner.n);
    const char *out = body("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n",
                           gzip(slice_of(once, inner.n)), 3);
    assert_non_null(strstr(out, "< hello\n"));
}

static void
an_unknown_coding_is_named_and_the_bytes_are_shown(void **state)
{
    assert_string_equal(body("Content-Encoding: rot13\r\n", SLICE("uryyb"), 3),
                        "< \n< uryyb\n< [cannot decode 'rot13']\n");
}

static void
a_list_of_codings_has_an_end(void **state)
{
    char fields[400] = "Content-Encoding: gzip";
    for (size_t n = strlen(fields); n < 350; n += 6)
        memcpy(fields + n, ", gzip", 6);
    memcpy(fields + strlen(fields), "\r\n", 2);
    assert_non_null(strstr(body(fields, SLICE("hello"), 3), "< hello\n< [cannot decode "));
}

static void
damaged_data_is_named_and_shown_so_far(void **state)
{
    struct slice s = gzip(SLICE("hello"));
    const char *out = body("Content-Encoding: gzip\r\n", slice_first(s, s.n - 4), 3);
    assert_non_null(strstr(out, "< hello\n< [the gzip data "));
}

static void
a_bomb_is_named_not_expanded(void **state)
{
    static char zeros[8 << 20];
    memset(zeros, 'A', sizeof(zeros));
    const char *out = body("Content-Encoding: gzip\r\n", gzip(slice_of(zeros, sizeof(zeros))), 3);
    assert_non_null(
        strstr(out, "[a bomb, not expanded: the content decodes to more than 1048576 bytes]"));
    assert_true(buf_len(&text.out) < 6000);
}

static void
a_bomb_by_its_ratio_is_named_not_expanded(void **state)
{
    static char zeros[1 << 20];
    struct flow *f = flow_make(FLOW_HTTP, NULL);
    flow_make_response(f, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
    flow_make_content(&f->resp, gzip(slice_of(memset(zeros, 'A', sizeof(zeros)), sizeof(zeros))));
    for (unsigned ratio = 0; ratio <= 200; ratio += 200) {
        struct dump_options o = {.detail = 3, .decode_max = 2 << 20, .decode_ratio = ratio};
        buf_init(&text.out, 1 << 20);
        dump_body(&text, &f->resp, "< ", &o);
        bool bomb = strstr(buf_str(&text.out), "[a bomb, not expanded: the content decodes to more "
                                               "than 200 times its size]");
        assert_int_equal(bomb, ratio == 200);
        buf_release(&text.out);
    }
    flow_unref(f);
}

static void
long_content_is_shortened_below_detail_four(void **state)
{
    static char lines[6001];
    for (int i = 0; i < 3000; i++)
        memcpy(lines + 2 * i, "x\n", 2);
    const char *out = body("", slice_of(lines, 6000), 3);
    assert_non_null(strstr(out, "< [shortened: 1.0k of 5.9k, all with --detail 4]\n"));
    assert_null(strstr(body("", slice_of(lines, 6000), 4), "shortened"));
    memset(lines, 'y', 6000);
    assert_non_null(strstr(body("", slice_of(lines, 6000), 3), "[shortened: 4.0k of 5.9k"));
    static char large[20000];
    memset(large, 'y', sizeof(large));
    assert_non_null(strstr(body("", slice_of(large, sizeof(large)), 3), "[shortened: 4.0k of 20k"));
}

static void
a_character_is_not_cut_in_two(void **state)
{
    static char s[4100];
    memset(s, 'y', sizeof(s));
    memcpy(s + 4095, "\xc3\xa4", 2);
    assert_null(strstr(body("", slice_of(s, sizeof(s)), 3), "\\xc3"));
}

static void
binary_content_is_hex_from_detail_four_on(void **state)
{
    struct slice s = SLICE("GIF89a\0\1\2\377~abcdefg");
    assert_string_equal(body("", s, 3), "< \n< [binary: 18b, as hex with --detail 4]\n");
    assert_string_equal(
        body("", s, 4),
        "< \n< 00000000  47 49 46 38 39 61 00 01 02 ff 7e 61 62 63 64 65  GIF89a....~abcde\n"
        "< 00000010  66 67                                            fg\n");
}

static void
what_was_not_recorded_is_said(void **state)
{
    struct dump_options o = {.detail = 3, .decode_max = 1 << 20};
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    body_append(&f->resp.body, SLICE("hello world"), 5, 0);
    buf_init(&text.out, 1 << 20);
    dump_body(&text, &f->resp, "< ", &o);
    assert_string_equal(buf_str(&text.out),
                        "< \n< hello\n< [not recorded to its end: 5b of 11b]\n");
    flow_unref(f);
}

/* A coded content that was cut ends in the middle: no damage is claimed. */
static void
a_cut_coded_content_is_shown_so_far(void **state)
{
    struct dump_options o = {.detail = 3, .decode_max = 1 << 20};
    struct flow *f = flow_make(FLOW_HTTP, NULL);
    struct slice s = gzip(SLICE("hello world"));
    flow_make_response(f, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
    body_append(&f->resp.body, s, s.n - 8, 0);
    buf_init(&text.out, 1 << 20);
    dump_body(&text, &f->resp, "< ", &o);
    assert_null(strstr(buf_str(&text.out), "damaged"));
    assert_non_null(strstr(buf_str(&text.out), "not recorded to its end"));
    flow_unref(f);
}

/* Whatever fails, nothing breaks, and the failure is either said or shows in the buf. */
static void
without_memory_nothing_breaks(void **state)
{
    struct dump_options o = {.detail = 3, .decode_max = 1 << 20};
    struct flow *f = flow_make(FLOW_HTTP, NULL);
    flow_make_response(f, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
    flow_make_content(&f->resp, gzip(SLICE("hello")));
    bool good = false;
    for (unsigned long nth = 1; !good; nth++) {
        assert_true(nth < 100);
        buf_release(&text.out);
        text.out.failed = false;
        mem_fail_at(nth);
        dump_body(&text, &f->resp, "< ", &o);
        good = mem_count() < nth;
        mem_fail_at(0);
    }
    assert_string_equal(buf_str(&text.out), "< \n< hello\n< [decoded: 25b to 5b]\n");
    flow_unref(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(text_is_shown_line_by_line, release),
        cmocka_unit_test_teardown(hostile_text_is_shown_not_obeyed, release),
        cmocka_unit_test_teardown(codings_are_undone, release),
        cmocka_unit_test_teardown(codings_on_several_lines_are_stacked, release),
        cmocka_unit_test_teardown(an_unknown_coding_is_named_and_the_bytes_are_shown, release),
        cmocka_unit_test_teardown(a_list_of_codings_has_an_end, release),
        cmocka_unit_test_teardown(damaged_data_is_named_and_shown_so_far, release),
        cmocka_unit_test_teardown(a_bomb_is_named_not_expanded, release),
        cmocka_unit_test(a_bomb_by_its_ratio_is_named_not_expanded),
        cmocka_unit_test_teardown(long_content_is_shortened_below_detail_four, release),
        cmocka_unit_test_teardown(a_character_is_not_cut_in_two, release),
        cmocka_unit_test_teardown(binary_content_is_hex_from_detail_four_on, release),
        cmocka_unit_test_teardown(what_was_not_recorded_is_said, release),
        cmocka_unit_test_teardown(a_cut_coded_content_is_shown_so_far, release),
        cmocka_unit_test_teardown(without_memory_nothing_breaks, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
