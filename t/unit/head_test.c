/* Looking up and changing the fields of a head. */
#include "codec/token.h"
#include "lib/http1_read.h"

static void
read_head(void)
{
    assert_int_equal(parse(SLICE("GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 x, 1.1 y\r\nX-A: 1\r\n"
                                 "via: 1.1 z\r\nConnection: Foo , close\r\n\r\n"),
                           false),
                     HTTP1_OK);
}

static void
a_field_is_found_by_id_and_by_name(void **state)
{
    read_head();
    assert_ptr_equal(head_find(&head, FIELD_VIA), &head.fields[1]);
    assert_null(head_find(&head, FIELD_DATE));
    assert_ptr_equal(head_find_name(&head, SLICE("x-a")), &head.fields[2]);
    assert_null(head_find_name(&head, SLICE("x-b")));
    assert_slice(head_value(&head, FIELD_HOST), "a");
    assert_int_equal(head_value(&head, FIELD_DATE).n, 0);
}

static void
a_list_is_searched_over_all_of_its_lines(void **state)
{
    read_head();
    assert_true(head_has_token(&head, FIELD_CONNECTION, SLICE("CLOSE")));
    assert_true(head_has_token(&head, FIELD_CONNECTION, SLICE("foo")));
    assert_true(head_has_token(&head, FIELD_VIA, SLICE("1.1 z")));
    assert_false(head_has_token(&head, FIELD_CONNECTION, SLICE("clos")));
    assert_false(head_has_token(&head, FIELD_CONNECTION, SLICE("")));
    assert_false(head_has_token(&head, FIELD_TE, SLICE("x")));
}

static void
removing_takes_every_line_and_keeps_the_order(void **state)
{
    read_head();
    head_remove(&head, FIELD_VIA);
    assert_int_equal(head.n, 3);
    assert_slice(head.fields[1].name, "X-A");
    assert_slice(head.fields[2].name, "Connection");
}

static void
setting_replaces_the_first_where_it_stands_and_drops_the_others(void **state)
{
    read_head();
    assert_true(head_set(&head, arena, FIELD_VIA, SLICE("1.1 me")));
    assert_int_equal(head.n, 4);
    assert_slice(head.fields[1].name, "Via");
    assert_slice(head.fields[1].value, "1.1 me");
    assert_int_equal(head.fields[1].line.n, 0);
    assert_slice(head.fields[3].name, "Connection");
}

static void
setting_what_is_not_there_adds_it_with_its_usual_name(void **state)
{
    read_head();
    assert_true(head_set(&head, arena, FIELD_CONTENT_LENGTH, SLICE("")));
    assert_int_equal(head.n, 6);
    assert_slice(head.fields[5].name, "Content-Length");
    assert_int_equal(head.fields[5].id, FIELD_CONTENT_LENGTH);
}

static void
adding_copies_and_grows(void **state)
{
    head = (struct http_head){0};
    for (unsigned i = 0; i < 40; i++) {
        char name[] = "X-0";
        name[2] = (char)('0' + i);
        assert_true(head_add(&head, arena, slice_str(name), SLICE("v")));
        name[0] = '?';
    }
    assert_int_equal(head.n, 40);
    assert_slice(head.fields[0].name, "X-0");
    assert_slice(head.fields[39].name, "X-W");
    assert_true(head_add(&head, arena, SLICE("hOST"), SLICE("b")));
    assert_int_equal(head.fields[40].id, FIELD_HOST);
}

static void
a_copy_has_fields_of_its_own(void **state)
{
    struct http_head copy;
    read_head();
    assert_true(head_copy(&copy, &head, arena));
    head_remove(&copy, FIELD_HOST);
    assert_int_equal(copy.n, 4);
    assert_int_equal(head.n, 5);
    assert_slice(head.fields[0].name, "Host");
    assert_ptr_equal(copy.raw.p, head.raw.p);
}

static void
an_empty_head_can_be_asked_and_copied(void **state)
{
    struct http_head empty = {0}, copy;
    assert_null(head_find(&empty, FIELD_HOST));
    head_remove(&empty, FIELD_HOST);
    assert_true(head_copy(&copy, &empty, arena));
    assert_int_equal(copy.n, 0);
}

static void
without_memory_nothing_has_changed(void **state)
{
    struct arena *tiny = arena_new(16, 32);
    struct http_head copy;
    assert_non_null(tiny);
    read_head();
    assert_false(head_copy(&copy, &head, tiny));
    head.cap = head.n;
    assert_false(head_add(&head, tiny, SLICE("X"), SLICE("y")));
    assert_false(head_set(&head, tiny, FIELD_VIA, SLICE("a value that is longer than the arena")));
    assert_int_equal(head.n, 5);
    assert_slice(head.fields[1].value, "1.0 x, 1.1 y");
    arena_free(tiny);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_is_found_by_id_and_by_name),
        cmocka_unit_test(a_list_is_searched_over_all_of_its_lines),
        cmocka_unit_test(removing_takes_every_line_and_keeps_the_order),
        cmocka_unit_test(setting_replaces_the_first_where_it_stands_and_drops_the_others),
        cmocka_unit_test(setting_what_is_not_there_adds_it_with_its_usual_name),
        cmocka_unit_test(adding_copies_and_grows),
        cmocka_unit_test(a_copy_has_fields_of_its_own),
        cmocka_unit_test(an_empty_head_can_be_asked_and_copied),
        cmocka_unit_test(without_memory_nothing_has_changed),
    };
    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
