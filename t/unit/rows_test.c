/* Tests of ui/rows: order, numbers that stay, and what has changed since. */
#include "ui/rows.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void
add(struct rows *r, uint64_t id)
{
    assert_true(rows_add(r, id));
}

static void
expect_ids(const struct rows *r, const uint64_t *ids, size_t n)
{
    assert_int_equal(r->n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(rows_at(r, i), ids[i]);
}

static void
ids_are_sorted_and_there_once(void **state)
{
    struct rows r = {0};
    add(&r, 5);
    add(&r, 9);
    add(&r, 7);
    add(&r, 5);
    expect_ids(&r, (uint64_t[]){5, 7, 9}, 3);
    assert_int_equal(rows_below(&r, 7), 1);
    assert_int_equal(rows_below(&r, 8), 2);
    assert_int_equal(rows_below(&r, 100), 3);
    rows_release(&r);
}

static void
rows_keep_their_number_when_the_oldest_go(void **state)
{
    struct rows r = {0};
    for (uint64_t id = 1; id <= 4; id++)
        add(&r, id);
    assert_true(rows_remove(&r, 1));
    assert_false(rows_remove(&r, 1));
    assert_int_equal(r.first, 1);
    assert_true(rows_remove(&r, 3));
    assert_int_equal(r.first, 1);
    expect_ids(&r, (uint64_t[]){2, 4}, 2);
    rows_release(&r);
}

static void
memory_is_used_again_behind_what_went(void **state)
{
    struct rows r = {0};
    for (uint64_t id = 1; id <= 100000; id++) {
        add(&r, id);
        if (id > 100)
            assert_true(rows_remove(&r, id - 100));
    }
    assert_int_equal(r.n, 100);
    assert_int_equal(r.first, 100000 - 100);
    assert_true(r.cap <= 1024);
    rows_release(&r);
}

static void
the_first_changed_row_is_known(void **state)
{
    struct rows r = {0};
    for (uint64_t id = 10; id <= 50; id += 10)
        add(&r, id);
    uint64_t before = r.seq;
    assert_int_equal(rows_changed_from(&r, before), 5);
    add(&r, 60);
    assert_int_equal(rows_changed_from(&r, before), 5);
    uint64_t between = r.seq;
    add(&r, 30);
    assert_int_equal(rows_changed_from(&r, before), 2);
    assert_int_equal(rows_changed_from(&r, between), 2);
    add(&r, 70);
    assert_int_equal(rows_changed_from(&r, between), 2);
    assert_int_equal(rows_changed_from(&r, r.seq - 1), 6);
    assert_int_equal(rows_changed_from(&r, r.seq), 7);
    rows_release(&r);
}

/* Against a copy of the list at each moment: the rows below the answer are the same. */
static void
what_is_called_unchanged_is(void **state)
{
    enum { STEPS = 600, MAX_ROWS = 700 };
    static uint64_t copies[STEPS][MAX_ROWS];
    static uint64_t seqs[STEPS], firsts[STEPS], lens[STEPS];
    struct rows r = {0};
    unsigned seed = 7;
    for (int step = 0; step < STEPS; step++) {
        seed = seed * 1103515245 + 12345;
        unsigned dice = seed >> 16 & 15;
        uint64_t id = (uint64_t)step * 10 + 1000 - (dice == 1 ? 55 : 0);
        if (dice == 0 && r.n)
            rows_remove(&r, rows_at(&r, 0));
        else if (dice == 2 && r.n > 3)
            rows_remove(&r, rows_at(&r, r.n - 2));
        else
            add(&r, id);
        seqs[step] = r.seq, firsts[step] = r.first, lens[step] = r.n;
        for (size_t i = 0; i < r.n; i++)
            copies[step][i] = rows_at(&r, i);
        for (int old = 0; old < step; old++) {
            uint64_t same = rows_changed_from(&r, seqs[old]);
            for (uint64_t row = r.first; row < same; row++) {
                assert_true(row - firsts[old] < lens[old]);
                assert_int_equal(copies[old][row - firsts[old]], rows_at(&r, row - r.first));
            }
        }
    }
    assert_true(r.n_changes <= ROWS_CHANGES_MAX);
    rows_release(&r);
}

static void
old_changes_are_known_roughly(void **state)
{
    struct rows r = {0};
    for (uint64_t id = 1; id <= 1000; id++)
        add(&r, id);
    assert_true(r.n_changes <= ROWS_CHANGES_MAX);
    assert_in_range(rows_changed_from(&r, 990), 900, 990);
    assert_true(rows_changed_from(&r, 500) <= 500);
    rows_release(&r);
}

static void
many_are_taken_out_in_one_pass(void **state)
{
    struct rows r = {0}, odd = {0}, other = {0};
    for (uint64_t id = 2; id <= 7; id++)
        add(&r, id);
    for (uint64_t id = 1; id <= 5; id += 2)
        add(&odd, id);
    add(&other, 100);
    uint64_t before = r.seq;
    rows_remove_all(&r, &other);
    assert_int_equal(r.seq, before);
    rows_remove_all(&r, &odd);
    expect_ids(&r, (uint64_t[]){2, 4, 6, 7}, 4);
    assert_true(rows_changed_from(&r, before) <= 1);
    before = r.seq;
    rows_remove_all(&r, &odd);
    assert_int_equal(r.seq, before);
    rows_remove_all(&other, &r);
    expect_ids(&other, (uint64_t[]){100}, 1);
    rows_release(&r);
    rows_release(&odd);
    rows_release(&other);
}

static void
without_memory_the_list_stays(void **state)
{
    struct rows r = {0};
    mem_fail_at(1);
    assert_false(rows_add(&r, 1));
    mem_fail_at(0);
    assert_int_equal(r.n, 0);
    add(&r, 1);
    rows_release(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_sorted_and_there_once),
        cmocka_unit_test(rows_keep_their_number_when_the_oldest_go),
        cmocka_unit_test(memory_is_used_again_behind_what_went),
        cmocka_unit_test(the_first_changed_row_is_known),
        cmocka_unit_test(what_is_called_unchanged_is),
        cmocka_unit_test(old_changes_are_known_roughly),
        cmocka_unit_test(many_are_taken_out_in_one_pass),
        cmocka_unit_test(without_memory_the_list_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
