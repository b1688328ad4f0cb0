/* Tests of base/mem: the gate that makes allocations fail. */
#include "base/mem.h"

#include "lib/death.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static void
every_kind_of_allocation_can_fail(void **state)
{
    mem_fail_at(1);
    assert_null(mem_alloc(10));
    mem_fail_at(1);
    assert_null(mem_zalloc(10));
    mem_fail_at(1);
    assert_null(mem_realloc(NULL, 10));
    mem_fail_at(1);
    assert_null(mem_strndup("a", 1));
    mem_fail_at(0);
}

static void
only_the_chosen_allocation_fails(void **state)
{
    mem_fail_at(2);
    char *first = mem_alloc(1), *second = mem_alloc(1), *third = mem_alloc(1);
    mem_fail_at(0);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    mem_free(first);
    mem_free(third);
}

static void
allocations_are_counted_from_the_last_call(void **state)
{
    mem_free(mem_alloc(1));
    mem_fail_at(0);
    assert_int_equal(mem_count(), 0);
    mem_free(mem_alloc(1));
    mem_free(mem_zalloc(1));
    assert_int_equal(mem_count(), 2);
}

static void
start_up_without_memory_ends_the_program(void **state)
{
    char *there = mem_need(mem_alloc(1));
    assert_non_null(there);
    mem_free(there);
    EXPECT_DEATH(mem_need(NULL));
}

static void
zalloc_clears(void **state)
{
    char *dirty = mem_alloc(64);
    assert_non_null(dirty);
    memset(dirty, 'x', 64);
    mem_free(dirty);
    char *p = mem_zalloc(64), zeros[64] = {0};
    assert_non_null(p);
    assert_memory_equal(p, zeros, 64);
    mem_free(p);
}

static void
a_failed_realloc_keeps_the_old_memory(void **state)
{
    char *p = mem_strndup("kept", 4);
    mem_fail_at(1);
    assert_null(mem_realloc(p, 1000));
    mem_fail_at(0);
    assert_string_equal(p, "kept");
    mem_free(p);
}

static void
strndup_copies_so_many_bytes_and_ends_them(void **state)
{
    char *p = mem_strndup("abcdef", 3), *empty = mem_strndup(NULL, 0);
    assert_string_equal(p, "abc");
    assert_string_equal(empty, "");
    assert_null(mem_strndup("a", SIZE_MAX));
    mem_free(p);
    mem_free(empty);
}

static void
nothing_is_memory_too(void **state)
{
    void *p = mem_alloc(0);
    assert_non_null(p);
    mem_free(mem_need(p));
    mem_free(NULL);
}

/* What it gives back is seen by the tests of whole crowds. */
static void
trim_leaves_what_is_in_use(void **state)
{
    enum { N = 1000, SIZE = 1000 };
    static char *pieces[N];
    for (int i = 0; i < N; i++)
        pieces[i] = memset(mem_need(mem_alloc(SIZE)), i, SIZE);
    for (int i = 0; i < N; i += 2)
        mem_free(pieces[i]);
    mem_trim();
    for (int i = 1; i < N; i += 2) {
        assert_int_equal(pieces[i][0], (char)i);
        assert_memory_equal(pieces[i], pieces[i] + 1, SIZE - 1);
        mem_free(pieces[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_allocation_can_fail),
        cmocka_unit_test(only_the_chosen_allocation_fails),
        cmocka_unit_test(allocations_are_counted_from_the_last_call),
        cmocka_unit_test(start_up_without_memory_ends_the_program),
        cmocka_unit_test(zalloc_clears),
        cmocka_unit_test(a_failed_realloc_keeps_the_old_memory),
        cmocka_unit_test(strndup_copies_so_many_bytes_and_ends_them),
        cmocka_unit_test(nothing_is_memory_too),
        cmocka_unit_test(trim_leaves_what_is_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
