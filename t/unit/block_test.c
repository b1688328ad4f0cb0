/* Tests of base/block: references, also from several threads. */
#include "base/block.h"

#include "base/mem.h"
#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
a_new_block_is_empty_and_has_one_reference(void **state)
{
    struct block *b = block_new(10);
    assert_non_null(b);
    assert_int_equal(b->n, 0);
    assert_int_equal(b->cap, 10);
    assert_int_equal(b->refs, 1);
    assert_null(b->next);
    block_unref(b);
}

static void
the_slice_is_what_was_written(void **state)
{
    struct block *b = block_new(10);
    memcpy(b->data, "abc", 3);
    b->n = 3;
    assert_true(slice_eq(block_slice(b), SLICE("abc")));
    block_unref(b);
}

static void
the_bytes_live_as_long_as_a_reference(void **state)
{
    struct block *b = block_new(1);
    b->data[0] = 'x';
    struct block *other = block_ref(b);
    block_unref(b);
    assert_int_equal(other->data[0], 'x');
    block_unref(other);
}

static void
without_memory_there_is_no_block(void **state)
{
    mem_fail_at(1);
    assert_null(block_new(10));
    mem_fail_at(0);
    assert_null(block_new(SIZE_MAX));
    block_unref(NULL);
}

static void
use_and_drop(void *arg)
{
    struct block *b = arg;
    for (int i = 0; i < 1000; i++)
        block_unref(block_ref(b));
    assert_int_equal(b->data[0], 'x');
    block_unref(b);
}

static void
references_may_be_dropped_on_any_thread(void **state)
{
    struct block *b = block_new(1);
    struct thread threads[3];
    b->data[0] = 'x';
    for (unsigned i = 0; i < ARRAY_LEN(threads); i++)
        assert_true(thread_start(&threads[i], "drop", use_and_drop, block_ref(b), NULL));
    block_unref(b);
    for (unsigned i = 0; i < ARRAY_LEN(threads); i++)
        thread_join(&threads[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_block_is_empty_and_has_one_reference),
        cmocka_unit_test(the_slice_is_what_was_written),
        cmocka_unit_test(the_bytes_live_as_long_as_a_reference),
        cmocka_unit_test(without_memory_there_is_no_block),
        cmocka_unit_test(references_may_be_dropped_on_any_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
