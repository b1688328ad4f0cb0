/* Tests of flow/filter_regex: flags, bytes that are no text, limits. */
#include "flow/filter_text.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool
matches(const char *pattern, unsigned flags, struct slice s)
{
    struct err e = {0};
    struct regex_room room = {0};
    struct regex *r = regex_new(slice_str(pattern), flags, NULL, &e);
    if (!r)
        fail_msg("%s: %s", pattern, e.text);
    bool found = regex_match(r, &room, s);
    assert_true(regex_match(r, &room, s) == found);
    regex_room_release(&room);
    regex_free(r);
    return found;
}

static void
flags_say_what_counts(void **state)
{
    assert_true(matches("abc", 0, SLICE("xABCx")));
    assert_false(matches("abc", REGEX_CASE, SLICE("xABCx")));
    assert_false(matches("^b", 0, SLICE("a\nb")));
    assert_true(matches("^b", REGEX_LINES, SLICE("a\nb")));
    assert_true(matches("a$", REGEX_LINES, SLICE("a\r\nb")));
    assert_false(matches("a.b", 0, SLICE("a\nb")));
    assert_true(matches("a.b", REGEX_ALL, SLICE("a\nb")));
    assert_true(matches("", 0, SLICE("")));
    assert_true(matches("^$", 0, SLICE_NONE));
    assert_true(matches("(?<=a)b", 0, SLICE("ab")));
}

static void
bytes_that_are_no_text_are_bytes(void **state)
{
    assert_true(matches("b", 0, SLICE("\xff\0b")));
    assert_true(matches("\xc3\xa9", 0, SLICE("caf\xc3\x89")));
    assert_true(matches("\xc3\xa9$", 0, SLICE("\x80\xff\xbf\xc3\xa9")));
    assert_false(matches("\xc3\xa9", 0, SLICE("\xbf\xbf\xbf")));
}

/* None may be left out. */
static void
every_place_of_a_long_text_is_tried(void **state)
{
    size_t n = 70000;
    char *text = mem_need(mem_alloc(n));
    static const size_t places[] = {0, 1, 254, 255, 256, 257, 1279, 1280, 5376, 69000, 69998};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        memset(text, 'a', n);
        text[places[i]] = 'x';
        text[places[i] + 1] = 'y';
        assert_true(matches("XY", 0, slice_of(text, n)));
        assert_true(matches("a*xy", 0, slice_of(text, MIN(n, places[i] + 300))));
        assert_false(matches("^xy", 0, slice_of(text, n)) != (places[i] == 0));
        assert_true(matches("\xc3\xa9?xy", 0, slice_of(text, n)));
    }
    memset(text, 'a', n);
    assert_true(matches("a\\z", 0, slice_of(text, n)));
    assert_true(matches("\\z", 0, slice_of(text, 256)));
    assert_false(matches("b\\z", 0, slice_of(text, n)));
    mem_free(text);
}

static void
what_would_take_for_ever_does_not_match(void **state)
{
    size_t n = (size_t)1 << 20;
    char *text = mem_need(mem_alloc(n));
    memset(text, 'a', n);
    assert_false(matches("(a+)+b", 0, slice_of(text, n)));
    assert_false(matches("(a|aa)+$x", 0, slice_of(text, n)));
    assert_false(matches("(?:a{0,300}){0,300}b", 0, slice_of(text, n)));
    mem_free(text);
}

/* No place costs much, but there are as many as the text has bytes. */
static void
what_gets_slow_later_does_not_match(void **state)
{
    size_t n = (size_t)8 << 20;
    char *text = mem_need(mem_alloc(n));
    for (size_t i = 0; i < n; i++)
        text[i] = i % 15 && i > n / 2 ? 'x' : ' ';
    memcpy(text + n - 3, "xx1", 3); /* where the match would be */
    assert_false(matches("(x+x+)+\\d", 0, slice_of(text, n)));
    mem_free(text);
}

static void
what_must_be_first_stays_first(void **state)
{
    static const char *const rows[] = {"(*UTF)(*UCP)^\\w$", "(*NO_JIT)(*pla:(.)).", "(*COMMIT).",
                                       "(?x) [^ab] | c"};
    char text[300];
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_true(matches(rows[i], 0, SLICE("\xc3\xa9")));
    assert_true(matches("(*UCP)(*COMMIT)a|b", 0, slice_of(text, sizeof(text))));
}

static void
the_time_is_that_of_all_in_one_room(void **state)
{
    struct regex_room room = {0};
    struct regex *quick = regex_new(SLICE("a"), 0, NULL, NULL);
    struct regex *slow = regex_new(SLICE("[a-z]*#"), 0, NULL, NULL);
    size_t n = (size_t)1 << 20;
    char *text = mem_need(mem_alloc(n));
    for (size_t i = 0; i < n; i++)
        text[i] = i % 500 ? 'a' : ' ';
    assert_true(regex_match(quick, &room, SLICE("a")));
    int runs = 0;
    while (regex_match(quick, &room, SLICE("a")) && runs++ < 10000)
        assert_false(regex_match(slow, &room, slice_of(text, n)));
    assert_in_range(runs, 1, 9999);
    regex_room_release(&room);
    assert_true(regex_match(quick, &room, SLICE("a")));
    regex_room_release(&room);
    regex_free(quick);
    regex_free(slow);
    mem_free(text);
    regex_free(NULL);
}

static void
a_bad_pattern_says_where(void **state)
{
    struct err e = {0};
    size_t at = 0;
    assert_null(regex_new(SLICE("ab(c"), 0, &at, &e));
    assert_int_equal(at, 4);
    assert_non_null(strstr(e.text, "bad regular expression: "));
    assert_null(regex_new(SLICE("a\\Cb"), 0, &at, &e));
    assert_null(regex_new(SLICE("((a{1000}){1000}){1000}"), 0, NULL, &e));
}

static void
without_memory_nothing_matches(void **state)
{
    struct regex *r = NULL;
    for (unsigned long nth = 1; !r; nth++) {
        struct err e = {0};
        assert_true(nth < 50);
        mem_fail_at(nth);
        r = regex_new(SLICE("a"), 0, NULL, &e);
        mem_fail_at(0);
        assert_true(r || e.code == ERR_MEMORY);
    }
    char text[300];
    memset(text, 'a', sizeof(text));
    for (unsigned long nth = 1; nth < 4; nth++) {
        struct regex_room room = {0};
        mem_fail_at(nth);
        assert_false(regex_match(r, &room, slice_of(text, sizeof(text))));
        mem_fail_at(0);
        assert_true(regex_match(r, &room, slice_of(text, sizeof(text))));
        regex_room_release(&room);
    }
    regex_free(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_say_what_counts),
        cmocka_unit_test(bytes_that_are_no_text_are_bytes),
        cmocka_unit_test(every_place_of_a_long_text_is_tried),
        cmocka_unit_test(what_would_take_for_ever_does_not_match),
        cmocka_unit_test(what_gets_slow_later_does_not_match),
        cmocka_unit_test(what_must_be_first_stays_first),
        cmocka_unit_test(the_time_is_that_of_all_in_one_room),
        cmocka_unit_test(a_bad_pattern_says_where),
        cmocka_unit_test(without_memory_nothing_matches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
