/* An index over heads that break the rules. */
#include "lib/http1_read.h"

static void
read_lenient(struct slice raw, bool response)
{
    assert_true(http1_parse_lenient(raw, response, arena, &head));
    assert_true(head.malformed);
    assert_false(head.keep_alive);
    assert_int_equal(head.framing, FRAMING_TUNNEL);
    assert_ptr_equal(head.raw.p, raw.p);
    assert_int_equal(head.raw.n, raw.n);
}

static void
whatever_can_be_told_apart_is_indexed(void **state)
{
    read_lenient(
        SLICE(" GET \t/a b HTTP/1.0\nHost : x\n folded: y\r\nnothing\r\r\n: z\r\n\r\nrest"), false);
    assert_slice(head.method, "GET");
    assert_slice(head.target, "/a");
    assert_int_equal(head.version, 10);
    assert_int_equal(head.n, 3);
    assert_int_equal(head.fields[0].id, FIELD_HOST);
    assert_slice(head.fields[0].value, "x");
    assert_slice(head.fields[0].line, "Host : x\n");
    assert_slice(head.fields[1].name, "folded");
    assert_int_equal(head.fields[2].name.n, 0);
}

static void
a_response_gives_status_and_reason(void **state)
{
    read_lenient(SLICE("HTTP/1.0  404  Not here\nA:b"), true);
    assert_int_equal(head.status, 404);
    assert_int_equal(head.version, 10);
    assert_slice(head.reason, "Not here");
    assert_slice(head.fields[0].value, "b");
    read_lenient(SLICE("ICY 20 OK\r\n\r\n"), true);
    assert_int_equal(head.status, 20);
    assert_int_equal(head.version, 11);
}

static void
any_bytes_are_taken(void **state)
{
    static const char bytes[] = "\0\x01:\xff\r\n\n:\r";
    for (size_t n = 0; n <= sizeof(bytes); n++) {
        read_lenient(slice_of(bytes, n), false);
        read_lenient(slice_of(bytes, n), true);
    }
}

static void
the_index_is_bounded(void **state)
{
    size_t lines = 5000;
    char *p = arena_alloc(arena, lines * 4);
    assert_non_null(p);
    for (size_t i = 0; i < lines; i++)
        memcpy(p + i * 4, "a:b\n", 4);
    read_lenient(slice_of(p, lines * 4), false);
    assert_true(head.n >= 1024 && head.n <= 1025);
}

static void
without_memory_it_says_so(void **state)
{
    struct arena *tiny = arena_new(8, 16);
    assert_non_null(tiny);
    assert_false(http1_parse_lenient(SLICE("A\r\nB:c\r\n\r\n"), false, tiny, &head));
    arena_free(tiny);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_can_be_told_apart_is_indexed),
        cmocka_unit_test(a_response_gives_status_and_reason),
        cmocka_unit_test(any_bytes_are_taken),
        cmocka_unit_test(the_index_is_bounded),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
