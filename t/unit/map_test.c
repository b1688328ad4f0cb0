/* Tests of base/map: put, get, take, many keys, no memory. */
#include "base/map.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int values[3];

static void
put_new(struct map *m, struct slice key, void *value)
{
    void *old = &values;
    assert_true(map_put(m, key, value, &old));
    assert_null(old);
}

static void
what_was_put_is_found(void **state)
{
    struct map *m = map_new();
    put_new(m, SLICE("a\0b"), &values[0]);
    put_new(m, SLICE("a\0c"), &values[1]);
    put_new(m, SLICE_NONE, &values[2]);
    assert_ptr_equal(map_get(m, SLICE("a\0b")), &values[0]);
    assert_ptr_equal(map_get(m, SLICE("a\0c")), &values[1]);
    assert_ptr_equal(map_get(m, SLICE("")), &values[2]);
    assert_null(map_get(m, SLICE("a")));
    assert_int_equal(map_len(m), 3);
    map_free(m);
}

static void
a_second_put_replaces(void **state)
{
    struct map *m = map_new();
    void *old;
    put_new(m, SLICE("k"), &values[0]);
    assert_true(map_put(m, SLICE("k"), &values[1], &old));
    assert_ptr_equal(old, &values[0]);
    assert_ptr_equal(map_get(m, SLICE("k")), &values[1]);
    assert_int_equal(map_len(m), 1);
    map_free(m);
}

static void
a_key_that_is_taken_is_gone(void **state)
{
    struct map *m = map_new();
    put_new(m, SLICE("k"), &values[0]);
    assert_ptr_equal(map_take(m, SLICE("k")), &values[0]);
    assert_null(map_take(m, SLICE("k")));
    assert_null(map_get(m, SLICE("k")));
    assert_int_equal(map_len(m), 0);
    map_free(m);
}

static void
keys_are_copied(void **state)
{
    struct map *m = map_new();
    char key[] = "abc";
    put_new(m, slice_of(key, 3), &values[0]);
    key[0] = 'x';
    assert_ptr_equal(map_get(m, SLICE("abc")), &values[0]);
    map_free(m);
}

static struct slice
key_of(const unsigned *i)
{
    return slice_of(i, sizeof(*i));
}

#define MANY 1000

static void
many_keys_are_kept_apart(void **state)
{
    static char marks[MANY];
    struct map *m = map_new();
    for (unsigned i = 0; i < MANY; i++)
        put_new(m, key_of(&i), &marks[i]);
    for (unsigned i = 0; i < MANY; i += 2)
        assert_ptr_equal(map_take(m, key_of(&i)), &marks[i]);
    for (unsigned i = 0; i < MANY; i++)
        assert_ptr_equal(map_get(m, key_of(&i)), i % 2 ? &marks[i] : NULL);
    assert_int_equal(map_len(m), MANY / 2);
    map_free(m);
}

static void
mark(void *arg, struct slice key, void *value)
{
    char *marks = arg;
    unsigned i;
    memcpy(&i, key.p, sizeof(i));
    assert_ptr_equal(value, &values[i]);
    marks[i]++;
}

static void
each_entry_is_visited_once(void **state)
{
    char marks[3] = {0};
    struct map *m = map_new();
    for (unsigned i = 0; i < 3; i++)
        put_new(m, key_of(&i), &values[i]);
    map_each(m, mark, marks);
    assert_memory_equal(marks, "\1\1\1", 3);
    map_free(m);
}

static void
without_memory_nothing_changes(void **state)
{
    struct map *m = map_new();
    void *old = &values[1];
    mem_fail_at(1);
    assert_false(map_put(m, SLICE("k"), &values[0], &old));
    mem_fail_at(0);
    assert_ptr_equal(old, &values[1]);
    assert_null(map_get(m, SLICE("k")));
    assert_int_equal(map_len(m), 0);
    map_free(m);
}

static void
without_memory_to_grow_it_still_works(void **state)
{
    static char marks[MANY];
    struct map *m = map_new();
    for (unsigned i = 0; i < MANY; i++) {
        mem_fail_at(2); /* the first is the entry, the second would be the table */
        put_new(m, key_of(&i), &marks[i]);
        mem_fail_at(0);
    }
    for (unsigned i = 0; i < MANY; i++)
        assert_ptr_equal(map_get(m, key_of(&i)), &marks[i]);
    map_free(m);
}

static void
without_memory_there_is_no_map(void **state)
{
    mem_fail_at(1);
    assert_null(map_new());
    mem_fail_at(2);
    assert_null(map_new());
    mem_fail_at(0);
    map_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(a_second_put_replaces),
        cmocka_unit_test(a_key_that_is_taken_is_gone),
        cmocka_unit_test(keys_are_copied),
        cmocka_unit_test(many_keys_are_kept_apart),
        cmocka_unit_test(each_entry_is_visited_once),
        cmocka_unit_test(without_memory_nothing_changes),
        cmocka_unit_test(without_memory_to_grow_it_still_works),
        cmocka_unit_test(without_memory_there_is_no_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
