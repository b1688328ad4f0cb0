/* Tests of flow/body: prefixes, limits, the budget. */
#include "flow/body.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
expect_whole(const struct body *b, const char *text)
{
    struct slice rest = slice_str(text);
    for (const struct block *it = b->first; it; it = it->next) {
        assert_true(slice_starts(rest, block_slice(it)));
        rest = slice_from(rest, it->n);
    }
    assert_int_equal(rest.n, 0);
}

static void
content_comes_back_in_one_piece(void **state)
{
    struct body b;
    body_init(&b, NULL, NULL);
    body_append(&b, SLICE("hello "), 100, 0);
    body_append(&b, SLICE("world"), 100, 0);
    expect_whole(&b, "hello world");
    assert_int_equal(b.size, 11);
    assert_int_equal(b.kept, 11);
    assert_false(b.cut);
    body_release(&b);
    expect_whole(&b, "");
}

static void
several_blocks_are_gathered(void **state)
{
    struct body b;
    char want[10001];
    body_init(&b, NULL, NULL);
    for (unsigned i = 0; i < 10000; i++) {
        want[i] = (char)('a' + i % 26);
        body_append(&b, slice_of(want + i, 1), 100000, 0);
    }
    want[10000] = '\0';
    assert_ptr_not_equal(b.first, b.last);
    expect_whole(&b, want);
    body_release(&b);
}

static void
a_known_size_takes_one_block_of_that_size(void **state)
{
    struct body b;
    body_init(&b, NULL, NULL);
    body_append(&b, SLICE("abc"), 1000, 13);
    assert_int_equal(b.first->cap, 13);
    body_append(&b, SLICE("0123456789"), 1000, 13);
    assert_ptr_equal(b.first, b.last);
    body_release(&b);
}

static void
an_announced_size_is_not_believed(void **state)
{
    struct body b;
    body_init(&b, NULL, NULL);
    body_append(&b, SLICE("a"), UINT64_MAX, UINT64_MAX);
    assert_true(b.first->cap <= 65536);
    body_release(&b);
}

static void
beyond_the_limit_bytes_are_only_counted(void **state)
{
    struct body b;
    body_init(&b, NULL, NULL);
    body_append(&b, SLICE("0123456789"), 4, 10);
    body_append(&b, SLICE("x"), 4, 10);
    expect_whole(&b, "0123");
    assert_int_equal(b.size, 11);
    assert_int_equal(b.kept, 4);
    assert_true(b.cut);
    body_release(&b);
}

static void
a_content_of_just_the_limit_is_not_cut(void **state)
{
    struct body b;
    body_init(&b, NULL, NULL);
    body_append(&b, SLICE("0123"), 4, 4);
    assert_false(b.cut);
    body_append(&b, SLICE(""), 4, 4);
    assert_false(b.cut);
    body_release(&b);
}

static void
with_a_limit_of_zero_nothing_is_kept(void **state)
{
    struct body b;
    body_init(&b, NULL, NULL);
    body_append(&b, SLICE("0123"), 0, 4);
    assert_null(b.first);
    assert_true(b.cut);
    body_release(&b);
}

/* Once cut it stays a prefix: later bytes that would fit are not kept. */
static void
a_full_budget_cuts_for_good(void **state)
{
    struct budget budget = {.max = 3000};
    struct body a, b;
    body_init(&a, &budget, NULL);
    body_init(&b, &budget, NULL);
    body_append(&a, SLICE("first"), 100000, 2500);
    body_append(&b, SLICE("second"), 100000, 2500);
    assert_true(b.cut);
    assert_int_equal(b.kept, 0);
    assert_int_equal(atomic_load(&budget.refused), 1);
    body_release(&a);
    body_append(&b, SLICE("third"), 100000, 5);
    assert_int_equal(b.kept, 0);
    assert_int_equal(b.size, 11);
    body_release(&b);
    assert_int_equal(atomic_load(&budget.used), 0);
}

static void
the_budget_gets_all_of_it_back(void **state)
{
    struct budget budget = {.max = 1 << 20};
    struct body b;
    char zeros[5000] = {0};
    body_init(&b, &budget, NULL);
    for (int i = 0; i < 20; i++)
        body_append(&b, slice_of(zeros, sizeof(zeros)), UINT64_MAX, 0);
    assert_true(atomic_load(&budget.used) >= 100000);
    assert_true(atomic_load(&budget.used) <= 1 << 20);
    body_release(&b);
    assert_int_equal(atomic_load(&budget.used), 0);
}

static void
without_memory_the_content_is_cut(void **state)
{
    struct budget budget = {.max = 1 << 20};
    struct body b;
    body_init(&b, &budget, NULL);
    mem_fail_at(1);
    body_append(&b, SLICE("abc"), 100, 0);
    mem_fail_at(0);
    assert_true(b.cut);
    assert_int_equal(b.size, 3);
    assert_int_equal(atomic_load(&budget.used), 0);
    body_release(&b);
}

/* In sanitizer builds an arena has no room, and the content goes where the others go. */
static void
a_small_content_lies_in_the_arena(void **state)
{
    struct arena *a = arena_new(5000, 1 << 20);
    struct budget budget = {.max = 100000};
    struct body b;
    char text[3000];
    memset(text, 'y', sizeof(text));
    body_init(&b, &budget, a);
    bool room = arena_room(a) > 2000;
    body_append(&b, slice_of(text, 600), 10000, 1000);
    assert_int_equal(b.inside, room);
    assert_int_equal(atomic_load(&budget.used) == 0, room);
    /* More than was announced. */
    body_append(&b, slice_of(text, 3000), 10000, 1000);
    assert_int_equal(b.kept, 3600);
    assert_true(atomic_load(&budget.used) > 2000);
    assert_int_equal(b.first->n + b.last->n, 3600);
    assert_int_equal(b.last->data[b.last->n - 1], 'y');
    body_release(&b);
    assert_int_equal(atomic_load(&budget.used), 0);
    assert_false(b.inside);
    arena_free(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_comes_back_in_one_piece),
        cmocka_unit_test(several_blocks_are_gathered),
        cmocka_unit_test(a_known_size_takes_one_block_of_that_size),
        cmocka_unit_test(an_announced_size_is_not_believed),
        cmocka_unit_test(beyond_the_limit_bytes_are_only_counted),
        cmocka_unit_test(a_content_of_just_the_limit_is_not_cut),
        cmocka_unit_test(with_a_limit_of_zero_nothing_is_kept),
        cmocka_unit_test(a_full_budget_cuts_for_good),
        cmocka_unit_test(the_budget_gets_all_of_it_back),
        cmocka_unit_test(without_memory_the_content_is_cut),
        cmocka_unit_test(a_small_content_lies_in_the_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
