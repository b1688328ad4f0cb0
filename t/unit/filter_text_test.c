/* Tests of flow/filter_text: literals and patterns against a search that is plain and slow. */
#include "flow/filter_text.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena *arena;

static int
make_arena(void **state)
{
    arena = arena_new(4096, (size_t)16 << 20);
    return !arena;
}

static int
free_arena(void **state)
{
    arena_free(arena);
    return 0;
}

static size_t
find_plainly(struct slice needle, struct slice s)
{
    for (size_t i = 0; i + needle.n <= s.n; i++)
        if (slice_eq_nocase(slice_of(s.p + i, needle.n), needle))
            return i;
    return s.n + 1;
}

static void
expect_find(struct slice needle, struct slice s)
{
    struct needle n;
    assert_true(needle_init(&n, arena, needle));
    assert_int_equal(needle_find(&n, s), find_plainly(needle, s));
}

static void
literals_are_found_whatever_their_case(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"", "abc"},
        {"a", ""},
        {"a", "A"},
        {"A", "xxa"},
        {"abc", "ABABC"},
        {"abc", "ab"},
        {"aab", "AAAAAAB"},
        {"Z", "aZ"},
        {"[", "{["},
        {"{", "[{"},
        {"@", "`@"},
        {"content-type", "X\r\nContent-Type: y"},
        {"\xc3\xa9", "caf\xc3\xa9"},
        {"e", "E"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect_find(slice_str(rows[i][0]), slice_str(rows[i][1]));
    expect_find(SLICE("\0b"), SLICE("a\0B"));
}

/* All texts of three letters, and all needles in them. */
static void
every_short_text_is_searched_right(void **state)
{
    char text[8], needle[4];
    for (unsigned t = 0; t < 2187; t++) {
        for (unsigned i = 0, left = t; i < 7; i++, left /= 3)
            text[i] = "aBx"[left % 3];
        for (unsigned k = 0; k < 27; k++) {
            for (unsigned i = 0, left = k; i < 3; i++, left /= 3)
                needle[i] = "AbX"[left % 3];
            expect_find(slice_of(needle, 1 + t % 3), slice_of(text, 7));
        }
    }
}

/* A text in which the rare byte is everywhere and every place is almost one. */
static void
a_text_made_to_be_slow_is_still_searched_right(void **state)
{
    size_t n = 200000, m = 9000;
    char *text = mem_need(mem_alloc(n)), *needle = mem_need(mem_alloc(m));
    for (size_t i = 0; i < n; i++)
        text[i] = i % 9 ? 'a' : 'X';
    for (size_t i = 0; i < m; i++)
        needle[i] = i % 9 ? 'A' : 'x';
    needle[m - 1] = 'y';
    struct needle found;
    assert_true(needle_init(&found, arena, slice_of(needle, m)));
    assert_int_equal(needle_find(&found, slice_of(text, n)), n + 1);
    memcpy(text + n - m, needle, m);
    assert_int_equal(needle_find(&found, slice_of(text, n)), n - m);
    mem_free(text);
    mem_free(needle);
}

static void
beginnings_and_ends_ignore_case(void **state)
{
    struct needle n;
    assert_true(needle_init(&n, arena, SLICE("Ab")));
    assert_true(needle_starts(&n, SLICE("aBc")) && needle_ends(&n, SLICE("xAB")));
    assert_false(needle_starts(&n, SLICE("a")) || needle_ends(&n, SLICE("abx")));
}

static void
a_star_stands_for_anything(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"*", "", true},
        {"*", "abc", true},
        {"a*", "Abc", true},
        {"a*", "ba", false},
        {"*c", "abC", true},
        {"*c", "ca", false},
        {"a*c", "ac", true},
        {"a*c", "abbc", true},
        {"a*a", "a", false},
        {"a**a", "aa", true},
        {"*b*", "abc", true},
        {"*b*", "ac", false},
        {"*ab*ab*", "abab", true},
        {"*ab*ab*", "aba", false},
        {"a?c", "abc", false},
        {"a?c", "a?c", true},
        {"", "", true},
        {"", "a", false},
        {"abc", "ABC", true},
        {"ab*bc", "abc", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct glob g;
        assert_true(glob_init(&g, arena, slice_str(rows[i].pattern)));
        if (glob_match(&g, slice_str(rows[i].text)) != rows[i].matches)
            fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_are_found_whatever_their_case),
        cmocka_unit_test(every_short_text_is_searched_right),
        cmocka_unit_test(a_text_made_to_be_slow_is_still_searched_right),
        cmocka_unit_test(beginnings_and_ends_ignore_case),
        cmocka_unit_test(a_star_stands_for_anything),
    };
    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
