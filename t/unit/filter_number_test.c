/* Tests of flow/filter_number: every number that is printed is read as the same one. */
#include "flow/filter_make.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
expect_same(enum filter_type type, uint64_t lo, uint64_t hi)
{
    struct buf out;
    uint64_t lo_again = 7, hi_again = 7;
    buf_init(&out, 256);
    filter_number_print(type, lo, hi, &out);
    if (!filter_number_read(type, buf_slice(&out), &lo_again, &hi_again) || lo_again != lo ||
        hi_again != hi)
        fail_msg("%d: %s", (int)type, buf_str(&out));
    buf_release(&out);
}

static void
what_is_printed_is_read_again(void **state)
{
    static const uint64_t numbers[] = {0,     1,      99,      100,        199,       500,  599,
                                       1000,  1023,   1024,    1025,       1536,      3000, 60000,
                                       86400, 999999, 1048576, 1073741824, 4294967296};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        for (size_t k = i; k < ARRAY_LEN(numbers); k++) {
            expect_same(FILTER_NUMBER, numbers[i], numbers[k]);
            expect_same(FILTER_SIZE, numbers[i], numbers[k]);
            expect_same(FILTER_DURATION, numbers[i] * NS_PER_MS, numbers[k] * NS_PER_MS);
        }
    expect_same(FILTER_NUMBER, UINT64_MAX, UINT64_MAX);
    expect_same(FILTER_SIZE, UINT64_MAX, UINT64_MAX);
}

static void
times_mean_as_much_as_was_said(void **state)
{
    static const struct {
        const char *text;
        uint64_t seconds, length;
    } rows[] = {
        {"1970-01-01", 0, 86400},
        {"2026-01-31", 1769817600, 86400},
        {"2026-01-31T00:00", 1769817600, 60},
        {"2026-01-31T00:00:00", 1769817600, 1},
        {"2026-01-31T01:00:00+0100", 1769817600, 1},
        {"2026-01-31T01:00:00+01:00", 1769817600, 1},
        {"2026-01-31 00:00:00", 1769817600, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t lo = 0, hi = 0;
        if (!filter_number_read(FILTER_TIME, slice_str(rows[i].text), &lo, &hi) ||
            lo != rows[i].seconds * NS_PER_S || hi - lo != rows[i].length * NS_PER_S - 1)
            fail_msg("%s", rows[i].text);
        expect_same(FILTER_TIME, lo, hi);
    }
    expect_same(FILTER_TIME, 0, 5 * 86400 * NS_PER_S - 1);
}

static void
what_is_no_number_is_refused(void **state)
{
    static const struct {
        enum filter_type type;
        const char *text;
    } rows[] = {
        {FILTER_NUMBER, ""},
        {FILTER_NUMBER, "-1"},
        {FILTER_NUMBER, "1k"},
        {FILTER_NUMBER, "0xx"},
        {FILTER_NUMBER, "4x"},
        {FILTER_NUMBER, "1.."},
        {FILTER_NUMBER, "..1"},
        {FILTER_NUMBER, "2..1"},
        {FILTER_NUMBER, "1...2"},
        {FILTER_NUMBER, "1..2..3"},
        {FILTER_NUMBER, "18446744073709551616"},
        {FILTER_SIZE, "1q"},
        {FILTER_SIZE, "4xx"},
        {FILTER_DURATION, "1y"},
        {FILTER_DURATION, "999999999999d"},
        {FILTER_TIME, "2026"},
        {FILTER_TIME, "2026-13-01"},
        {FILTER_TIME, "1969-12-31T23:59:59"},
        {FILTER_TIME, "2600-01-01"},
        {FILTER_TIME, "2026-01-31x"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t lo, hi;
        if (filter_number_read(rows[i].type, slice_str(rows[i].text), &lo, &hi))
            fail_msg("%s", rows[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_is_read_again),
        cmocka_unit_test(times_mean_as_much_as_was_said),
        cmocka_unit_test(what_is_no_number_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
