/* Tests of base/scan: numbers, units, words, globs, distances. */
#include "base/scan.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
numbers_are_digits_and_nothing_else(void **state)
{
    uint64_t v = 7;
    assert_true(scan_u64(SLICE("0"), 10, &v));
    assert_int_equal(v, 0);
    assert_true(scan_u64(SLICE("0010"), 10, &v));
    assert_int_equal(v, 10);
    static const char *const bad[] = {"", "+1", "-1", " 1", "1 ", "1a", "0x1", "1.0"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(scan_u64(slice_str(bad[i]), 100, &v));
    assert_false(scan_u64(SLICE("1\0"), 100, &v));
    assert_int_equal(v, 10);
}

static void
numbers_stop_at_the_maximum(void **state)
{
    uint64_t v;
    assert_true(scan_u64(SLICE("65535"), 65535, &v));
    assert_false(scan_u64(SLICE("65536"), 65535, &v));
    assert_true(scan_u64(SLICE("18446744073709551615"), UINT64_MAX, &v));
    assert_true(v == UINT64_MAX);
    assert_false(scan_u64(SLICE("18446744073709551616"), UINT64_MAX, &v));
    assert_false(scan_u64(SLICE("99999999999999999999999"), UINT64_MAX, &v));
    assert_false(scan_u64(SLICE("1"), 0, &v));
}

static void
hexadecimal_has_up_to_16_digits(void **state)
{
    uint64_t v;
    assert_true(scan_hex(SLICE("1aF"), &v));
    assert_int_equal(v, 0x1af);
    assert_true(scan_hex(SLICE("ffffffffffffffff"), &v));
    assert_true(v == UINT64_MAX);
    assert_false(scan_hex(SLICE("00000000000000001"), &v));
    assert_false(scan_hex(SLICE(""), &v));
    assert_false(scan_hex(SLICE("0x1"), &v));
    assert_false(scan_hex(SLICE("g"), &v));
}

static uint64_t
size_of(const char *text)
{
    uint64_t v = 99;
    return scan_size(slice_str(text), &v) ? v : 99;
}

static void
sizes_have_binary_units(void **state)
{
    assert_int_equal(size_of("10"), 10);
    assert_int_equal(size_of("10b"), 10);
    assert_int_equal(size_of("3k"), 3 << 10);
    assert_int_equal(size_of("3KB"), 3 << 10);
    assert_int_equal(size_of("64M"), 64 << 20);
    assert_int_equal(size_of("4g"), 4ull << 30);
    assert_int_equal(size_of("2t"), 2ull << 40);
    static const char *const bad[] = {"", "k", "1kk", "1 k", "1.5m", "-1", "17179869184g", "1bb"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(size_of(bad[i]), 99);
}

static uint64_t
duration_of(const char *text)
{
    uint64_t v = 99;
    return scan_duration(slice_str(text), &v) ? v : 99;
}

static void
durations_are_seconds_unless_they_say_otherwise(void **state)
{
    assert_int_equal(duration_of("2"), 2 * NS_PER_S);
    assert_int_equal(duration_of("250ms"), 250 * NS_PER_MS);
    assert_int_equal(duration_of("2s"), 2 * NS_PER_S);
    assert_int_equal(duration_of("2m"), 120 * NS_PER_S);
    assert_int_equal(duration_of("2h"), 7200 * NS_PER_S);
    assert_int_equal(duration_of("2d"), 172800 * NS_PER_S);
    static const char *const bad[] = {"", "s", "2S", "2 s", "1h30m", "-2s", "99999999999999d"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(duration_of(bad[i]), 99);
}

static void
truth_has_four_spellings(void **state)
{
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};
    for (size_t i = 0; i < 4; i++) {
        bool v = false;
        assert_true(scan_bool(slice_str(yes[i]), &v) && v);
        assert_true(scan_bool(slice_str(no[i]), &v) && !v);
    }
    bool v;
    assert_false(scan_bool(SLICE("y"), &v));
    assert_false(scan_bool(SLICE(""), &v));
}

static bool
matches(const char *pattern, const char *text)
{
    return scan_glob(slice_str(pattern), slice_str(text));
}

static void
globs_know_star_and_question_mark(void **state)
{
    assert_true(matches("*", ""));
    assert_true(matches("*.example.com", "a.b.example.com"));
    assert_false(matches("*.example.com", "example.com"));
    assert_true(matches("a?c", "abc"));
    assert_false(matches("a?c", "ac"));
    assert_true(matches("a*b*c", "a-b-b-c"));
    assert_false(matches("a*b*c", "a-c-b"));
    assert_false(matches("A", "a"));
    assert_true(matches("", ""));
    assert_false(matches("", "a"));
    assert_true(matches("**", "anything"));
    assert_false(matches("abc", "ab"));
}

static void
a_hostile_glob_ends(void **state)
{
    char text[5000];
    memset(text, 'a', sizeof(text));
    assert_false(scan_glob(SLICE("*a*a*a*a*a*a*a*a*a*a*b"), slice_of(text, sizeof(text))));
}

static unsigned
distance(const char *a, const char *b)
{
    return scan_distance(slice_str(a), slice_str(b), 9);
}

static void
distance_counts_the_edits(void **state)
{
    assert_int_equal(distance("mode", "mode"), 0);
    assert_int_equal(distance("mode", "mod"), 1);
    assert_int_equal(distance("mode", "node"), 1);
    assert_int_equal(distance("kitten", "sitting"), 3);
    assert_int_equal(distance("", "abc"), 3);
    assert_int_equal(distance("abc", ""), 3);
    assert_int_equal(distance("aaaaaaaaaaaaaaa", "b"), 9);
    char text[65] = {0};
    assert_int_equal(scan_distance(slice_of(text, 65), slice_of(text, 65), 4), 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_digits_and_nothing_else),
        cmocka_unit_test(numbers_stop_at_the_maximum),
        cmocka_unit_test(hexadecimal_has_up_to_16_digits),
        cmocka_unit_test(sizes_have_binary_units),
        cmocka_unit_test(durations_are_seconds_unless_they_say_otherwise),
        cmocka_unit_test(truth_has_four_spellings),
        cmocka_unit_test(globs_know_star_and_question_mark),
        cmocka_unit_test(a_hostile_glob_ends),
        cmocka_unit_test(distance_counts_the_edits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
