/* Tests of base/nearest: what counts as a misspelling. */
#include "base/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *
nearest_of(const char *word)
{
    static const char *const known[] = {"listen-port", "listen-host", "json", "mode"};
    struct nearest n;
    nearest_init(&n, slice_str(word));
    for (int i = 0; i < 4; i++)
        nearest_try(&n, slice_str(known[i]));
    return n.found.p;
}

static void
a_misspelt_word_finds_its_like(void **state)
{
    assert_string_equal(nearest_of("listn-port"), "listen-port");
    assert_string_equal(nearest_of("listen-hots"), "listen-host");
    assert_string_equal(nearest_of("jsom"), "json");
}

static void
another_word_finds_nothing(void **state)
{
    assert_null(nearest_of("frobnicate"));
    assert_null(nearest_of("x"));
    assert_null(nearest_of(""));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_misspelt_word_finds_its_like),
        cmocka_unit_test(another_word_finds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
