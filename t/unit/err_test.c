/* Tests of base/err: the sentence and its prefixes. */
#include "base/err.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
an_error_has_a_code_and_a_sentence(void **state)
{
    struct err e = {0};
    assert_false(err_set(&e, ERR_USAGE, "no option '%s'", "x"));
    assert_int_equal(e.code, ERR_USAGE);
    assert_string_equal(e.text, "no option 'x'");
}

static void
the_system_gives_its_reason_in_lower_case(void **state)
{
    struct err e = {0};
    assert_false(err_errno(&e, ERR_START, EADDRINUSE, "cannot bind '%s'", "[::1]:80"));
    assert_int_equal(e.code, ERR_START);
    assert_string_equal(e.text, "cannot bind '[::1]:80': address already in use");
}

static void
a_prefix_goes_in_front(void **state)
{
    struct err e = {0};
    assert_false(err_memory(&e));
    err_prefix(&e, "file '%s'", "a");
    err_prefix(&e, "%s", "outer");
    assert_int_equal(e.code, ERR_MEMORY);
    assert_string_equal(e.text, "outer: file 'a': out of memory");
}

static void
the_old_text_may_be_part_of_the_new(void **state)
{
    struct err e = {0};
    err_set(&e, ERR_FAILED, "inner");
    err_set(&e, ERR_FAILED, "<%s>", e.text);
    assert_string_equal(e.text, "<inner>");
}

static void
a_long_sentence_is_cut(void **state)
{
    struct err e = {0};
    err_set(&e, ERR_FAILED, "%0400d", 0);
    assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
    err_prefix(&e, "%0400d", 1);
    assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
    err_set(&e, ERR_FAILED, "%0310d", 0);
    err_prefix(&e, "prefix");
    assert_int_equal(strlen(e.text), 318);
    err_prefix(&e, "prefix");
    assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

static void
nobody_needs_to_listen(void **state)
{
    assert_false(err_set(NULL, ERR_FAILED, "x"));
    assert_false(err_errno(NULL, ERR_FAILED, ENOENT, "x"));
    assert_false(err_memory(NULL));
    err_prefix(NULL, "x");
}

static void
what_denied_may_mean_is_said_behind_it(void **state)
{
    struct err e = {0};
    err_explain_denied(" (or not)");
    err_errno(&e, ERR_FAILED, EACCES, "cannot open 'x'");
    assert_string_equal(e.text, "cannot open 'x': permission denied (or not)");
    err_errno(&e, ERR_FAILED, ENOENT, "cannot open 'x'");
    assert_string_equal(e.text, "cannot open 'x': no such file or directory");
    err_explain_denied("");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_has_a_code_and_a_sentence),
        cmocka_unit_test(the_system_gives_its_reason_in_lower_case),
        cmocka_unit_test(a_prefix_goes_in_front),
        cmocka_unit_test(the_old_text_may_be_part_of_the_new),
        cmocka_unit_test(a_long_sentence_is_cut),
        cmocka_unit_test(nobody_needs_to_listen),
        cmocka_unit_test(what_denied_may_mean_is_said_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
