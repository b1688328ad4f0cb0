/* Tests of base/print: sizes, durations, times, safe text. */
#include "base/print.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
check(struct buf *b, const char *want)
{
    assert_string_equal(buf_str(b), want);
    buf_release(b);
}

static void
sizes_are_short(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *want;
    } rows[] = {
        {0, "0b"},
        {812, "812b"},
        {1023, "1023b"},
        {1024, "1.0k"},
        {1229, "1.2k"},
        {10188, "9.9k"},
        {10200, "10k"},
        {34 * 1024 + 600, "35k"},
        {1024 * 1024 - 1, "1.0m"},
        {1023 * 1024, "1023k"},
        {5872026, "5.6m"},
        {1181116006, "1.1g"},
        {999ull << 30, "999g"},
        {3ull << 40, "3.0t"},
        {UINT64_MAX, "16e"},
    };
    struct buf b = {.max = 16};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_size(&b, rows[i].bytes);
        check(&b, rows[i].want);
    }
}

static void
durations_have_a_fitting_unit(void **state)
{
    static const struct {
        uint64_t ns;
        const char *want;
    } rows[] = {
        {0, "0us"},
        {350999, "350us"},
        {12 * NS_PER_MS, "12ms"},
        {999 * NS_PER_MS, "999ms"},
        {1250 * NS_PER_MS, "1.25s"},
        {9999 * NS_PER_MS, "9.99s"},
        {59990 * NS_PER_MS, "59.9s"},
        {190 * NS_PER_S, "3m10s"},
        {60 * NS_PER_S, "1m00s"},
        {7500 * NS_PER_S, "2h05m"},
    };
    struct buf b = {.max = 16};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_duration(&b, rows[i].ns);
        check(&b, rows[i].want);
    }
}

static void
times_are_in_utc_with_milliseconds(void **state)
{
    struct buf b = {.max = 64};
    print_time(&b, 1795716178ull * NS_PER_S + 123456789);
    check(&b, "2026-11-26T18:02:58.123Z");
    print_time(&b, 0);
    check(&b, "1970-01-01T00:00:00.000Z");
}

static void
a_terminal_sees_no_control_bytes(void **state)
{
    struct buf b = {.max = 200};
    print_safe(&b, SLICE("a\x1b[31m\r\n\0\x7f\tb"), false);
    check(&b, "a\\x1b[31m\\x0d\\x0a\\x00\\x7f\tb");
    print_safe(&b, SLICE("one\ntwo\r\n"), true);
    check(&b, "one\ntwo\\x0d\n");
}

static void
a_terminal_sees_no_broken_or_turned_text(void **state)
{
    struct buf b = {.max = 200};
    print_safe(&b, SLICE("gr\xc3\xbc\xc3\x9f \xff \xc3 \xe2\x82"), false);
    check(&b, "gr\xc3\xbc\xc3\x9f \\xff \\xc3 \\xe2\\x82");
    print_safe(&b, SLICE("\xc2\x9b \xe2\x80\xae \xe2\x81\xa6 \xe2\x80\x8f"), false);
    check(&b, "\\xc2\\x9b \\xe2\\x80\\xae \\xe2\\x81\\xa6 \\xe2\\x80\\x8f");
}

static void
html_text_stays_text(void **state)
{
    struct buf b = {.max = 200};
    print_html(&b, SLICE("<a href=\"x\">'&amp;'</a>"));
    check(&b, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;&#39;&lt;/a&gt;");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_short),
        cmocka_unit_test(durations_have_a_fitting_unit),
        cmocka_unit_test(times_are_in_utc_with_milliseconds),
        cmocka_unit_test(a_terminal_sees_no_control_bytes),
        cmocka_unit_test(a_terminal_sees_no_broken_or_turned_text),
        cmocka_unit_test(html_text_stays_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
