/* Tests of base/arena: pieces, the limit, growing. */
#include "base/arena.h"

#include "base/mem.h"

#include <stdalign.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
pieces_are_zeroed_aligned_and_apart(void **state)
{
    struct arena *a = arena_new(64, 100000);
    char *pieces[100];
    for (unsigned i = 0; i < 100; i++) {
        pieces[i] = arena_alloc(a, i + 1);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (unsigned j = 0; j <= i; j++)
            assert_int_equal(pieces[i][j], 0);
        memset(pieces[i], (int)i, i + 1);
    }
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(pieces[i][i], i);
    arena_free(a);
}

static void
the_limit_holds(void **state)
{
    struct arena *a = arena_new(64, 160);
    assert_non_null(arena_alloc(a, 100));
    assert_null(arena_alloc(a, 100));
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_non_null(arena_alloc(a, 48));
    assert_int_equal(arena_used(a), 160);
    assert_null(arena_alloc(a, 1));
    arena_free(a);
}

static void
a_piece_may_be_larger_than_a_chunk(void **state)
{
    struct arena *a = arena_new(16, 1 << 20);
    char *p = arena_alloc(a, 200000);
    assert_non_null(p);
    p[199999] = 'x';
    assert_non_null(arena_alloc(a, 1));
    arena_free(a);
}

static void
a_copy_ends_with_a_nul(void **state)
{
    struct arena *a = arena_new(64, 1000);
    struct slice s = arena_dup(a, SLICE("a\0b"));
    assert_true(slice_eq(s, SLICE("a\0b")));
    assert_int_equal(s.p[3], '\0');
    s = arena_dup(a, SLICE_NONE);
    assert_string_equal(s.p, "");
    assert_null(arena_dup(a, slice_of("", 2000)).p);
    arena_free(a);
}

static void
a_grown_piece_keeps_its_bytes(void **state)
{
    struct arena *a = arena_new(64, 1 << 20);
    size_t n = 1;
    char *p = arena_grow(a, NULL, 0, n);
    assert_non_null(p);
    p[0] = 'x';
    for (; n < 5000; n += 7) {
        p = arena_grow(a, p, n, n + 7);
        assert_non_null(p);
        assert_int_equal(p[n], 0);
        assert_int_equal(p[n + 6], 0);
    }
    assert_int_equal(p[0], 'x');
    assert_in_range(arena_used(a), n, n + 16);
    arena_free(a);
}

static void
a_piece_in_the_middle_moves_when_it_grows(void **state)
{
    struct arena *a = arena_new(64, 1 << 20);
    char *first = arena_alloc(a, 8), *second = arena_alloc(a, 8);
    memcpy(first, "abcdefg", 8);
    memcpy(second, "hijklmn", 8);
    first = arena_grow(a, first, 8, 32);
    assert_string_equal(first, "abcdefg");
    assert_string_equal(second, "hijklmn");
    assert_int_equal(arena_used(a), 64);
    arena_free(a);
}

static void
what_the_last_piece_leaves_behind_does_not_count(void **state)
{
    struct arena *a = arena_new(64, 1 << 20);
    char *first = arena_alloc(a, 32), *last = arena_alloc(a, 16);
    memcpy(first, "first", 6);
    memcpy(last, "last", 5);
    last = arena_grow(a, last, 16, 160);
    assert_string_equal(first, "first");
    assert_string_equal(last, "last");
    assert_int_equal(arena_used(a), 32 + 160);
    arena_free(a);
}

static void
growing_stops_at_the_limit(void **state)
{
    struct arena *a = arena_new(64, 64);
    char *p = arena_alloc(a, 32);
    memcpy(p, "kept", 5);
    assert_null(arena_grow(a, p, 32, 65));
    assert_null(arena_grow(a, p, 32, SIZE_MAX));
    assert_string_equal(p, "kept");
    arena_free(a);
}

static void
without_memory_there_is_no_arena(void **state)
{
    mem_fail_at(1);
    assert_null(arena_new(64, 64));
    mem_fail_at(0);
    arena_free(NULL);
}

static void
without_memory_there_is_no_piece(void **state)
{
    struct arena *a = arena_new(16, 1 << 20);
    char *p = arena_alloc(a, 16);
    memcpy(p, "kept", 5);
    mem_fail_at(1);
    assert_null(arena_alloc(a, 100));
    mem_fail_at(1);
    assert_null(arena_dup(a, slice_of(p, 16)).p);
    mem_fail_at(1);
    assert_null(arena_grow(a, p, 16, 100));
    mem_fail_at(0);
    assert_string_equal(p, "kept");
    assert_int_equal(arena_used(a), 16);
    arena_free(a);
}

static void
only_the_newest_piece_is_trimmed(void **state)
{
    struct arena *a = arena_new(1000, 1000);
    char *first = arena_alloc(a, 100), *last = arena_alloc(a, 500);
    size_t used = arena_used(a), room = arena_room(a);
    arena_trim(a, first, 100, 10);
    assert_int_equal(arena_used(a), used);
    memcpy(last, "kept", 5);
    arena_trim(a, last, 500, 20);
    assert_string_equal(last, "kept");
    assert_int_equal(used - arena_used(a), arena_room(a) - room);
    assert_non_null(arena_alloc(a, 16));
    assert_string_equal(last, "kept");
    arena_free(a);
}

static void
the_room_can_be_had_and_no_more(void **state)
{
    struct arena *a = arena_new(1000, 1 << 20);
    assert_non_null(arena_alloc(a, 100));
    size_t room = arena_room(a), memory = arena_memory(a);
    assert_true(room == 0 || arena_alloc(a, room));
    assert_true(room == 0 || arena_memory(a) == memory);
    assert_non_null(arena_alloc(a, 16));
    assert_true(arena_memory(a) > memory);
    arena_free(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(a_piece_may_be_larger_than_a_chunk),
        cmocka_unit_test(a_copy_ends_with_a_nul),
        cmocka_unit_test(a_grown_piece_keeps_its_bytes),
        cmocka_unit_test(a_piece_in_the_middle_moves_when_it_grows),
        cmocka_unit_test(what_the_last_piece_leaves_behind_does_not_count),
        cmocka_unit_test(growing_stops_at_the_limit),
        cmocka_unit_test(without_memory_there_is_no_arena),
        cmocka_unit_test(without_memory_there_is_no_piece),
        cmocka_unit_test(only_the_newest_piece_is_trimmed),
        cmocka_unit_test(the_room_can_be_had_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
