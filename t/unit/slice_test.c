/* Tests of base/slice: comparing and cutting borrowed bytes. */
#include "base/slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_slice(s, text) assert_true(slice_eq((s), SLICE(text)))

static void
equal_slices_have_the_same_bytes(void **state)
{
    assert_true(slice_eq(SLICE("a\0b"), SLICE("a\0b")));
    assert_false(slice_eq(SLICE("a\0b"), SLICE("a\0c")));
    assert_false(slice_eq(SLICE("ab"), SLICE("abc")));
    assert_true(slice_eq(SLICE_NONE, SLICE("")));
}

static void
case_is_ignored_for_letters_only(void **state)
{
    assert_true(slice_eq_nocase(SLICE("Content-Length"), SLICE("content-LENGTH")));
    assert_false(slice_eq_nocase(SLICE("@"), SLICE("`")));
    assert_false(slice_eq_nocase(SLICE("ab"), SLICE("a")));
    assert_true(slice_eq_nocase(SLICE_NONE, SLICE_NONE));
}

static void
a_string_becomes_a_slice(void **state)
{
    assert_slice(slice_str("abc"), "abc");
    assert_int_equal(slice_str(NULL).n, 0);
}

static void
parts_never_leave_the_slice(void **state)
{
    struct slice s = SLICE("abc");
    assert_slice(slice_from(s, 1), "bc");
    assert_int_equal(slice_from(s, 3).n, 0);
    assert_ptr_equal(slice_from(s, 9).p, s.p + 3);
    assert_int_equal(slice_from(s, 9).n, 0);
    assert_null(slice_from(SLICE_NONE, 9).p);
    assert_slice(slice_first(s, 2), "ab");
    assert_slice(slice_first(s, 9), "abc");
    assert_int_equal(slice_be(s), 0x616263);
    assert_int_equal(slice_be(SLICE("\xff\0\0\0\0\0\0\1")), 0xff00000000000001);
}

static void
ends_are_compared(void **state)
{
    assert_true(slice_starts(SLICE("http://"), SLICE("http")));
    assert_false(slice_starts(SLICE("ht"), SLICE("http")));
    assert_true(slice_ends(SLICE("a.example"), SLICE(".example")));
    assert_false(slice_ends(SLICE("ple"), SLICE(".example")));
    assert_true(slice_ends(SLICE("x"), SLICE_NONE));
}

static void
find_gives_the_length_when_there_is_none(void **state)
{
    assert_int_equal(slice_find(SLICE("a:b:c"), ':'), 1);
    assert_int_equal(slice_find_last(SLICE("a:b:c"), ':'), 3);
    assert_int_equal(slice_find(SLICE("abc"), ':'), 3);
    assert_int_equal(slice_find_last(SLICE("abc"), ':'), 3);
    assert_int_equal(slice_find(SLICE_NONE, ':'), 0);
    assert_int_equal(slice_find_last(SLICE_NONE, ':'), 0);
}

static void
cut_takes_the_words_one_by_one(void **state)
{
    struct slice rest = SLICE("a,,b");
    assert_slice(slice_cut(&rest, ','), "a");
    assert_slice(slice_cut(&rest, ','), "");
    assert_slice(slice_cut(&rest, ','), "b");
    assert_int_equal(rest.n, 0);
    assert_slice(slice_cut(&rest, ','), "");
}

static void
trim_takes_blanks_and_tabs_only(void **state)
{
    assert_slice(slice_trim(SLICE(" \t a b\t ")), "a b");
    assert_slice(slice_trim(SLICE("\ra\n")), "\ra\n");
    assert_int_equal(slice_trim(SLICE(" \t ")).n, 0);
    assert_int_equal(slice_trim(SLICE_NONE).n, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_slices_have_the_same_bytes),
        cmocka_unit_test(case_is_ignored_for_letters_only),
        cmocka_unit_test(a_string_becomes_a_slice),
        cmocka_unit_test(parts_never_leave_the_slice),
        cmocka_unit_test(ends_are_compared),
        cmocka_unit_test(find_gives_the_length_when_there_is_none),
        cmocka_unit_test(cut_takes_the_words_one_by_one),
        cmocka_unit_test(trim_takes_blanks_and_tabs_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
