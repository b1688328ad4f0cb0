/* Dates in HTTP fields. */
#include "codec/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

static void
assert_date(uint64_t seconds, const char *text)
{
    struct buf b = {.max = 64};
    date_print(&b, seconds);
    assert_string_equal(buf_str(&b), text);
    buf_release(&b);
}

static void
known_moments_are_printed(void **state)
{
    assert_date(0, "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_date(784111777, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_date(951827696, "Tue, 29 Feb 2000 12:34:56 GMT");
    assert_date(4107542399, "Sun, 28 Feb 2100 23:59:59 GMT");
    assert_date(4107542400, "Mon, 01 Mar 2100 00:00:00 GMT");
    assert_date(253402300799, "Fri, 31 Dec 9999 23:59:59 GMT");
}

static void
later_than_the_year_9999_stays_there(void **state)
{
    assert_date(253402300800, "Fri, 31 Dec 9999 23:59:59 GMT");
    assert_date(UINT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT");
}

/* A step that is prime to the lengths of day, month and year. */
static void
the_calendar_is_that_of_the_c_library(void **state)
{
    for (time_t t = 0; t < 20000000000; t += 86400 * 31 + 12347) {
        struct tm tm;
        char text[64];
        assert_non_null(gmtime_r(&t, &tm));
        strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        assert_date((uint64_t)t, text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_moments_are_printed),
        cmocka_unit_test(later_than_the_year_9999_stays_there),
        cmocka_unit_test(the_calendar_is_that_of_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
