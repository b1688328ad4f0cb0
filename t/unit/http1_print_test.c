/* Printed heads: the bytes that arrived wherever nothing changed. */
#include "lib/http1_read.h"

static struct buf out = {.max = 1 << 16};

static int
reset_out(void **state)
{
    buf_release(&out);
    return 0;
}

static void
assert_out(const char *text)
{
    assert_false(out.failed);
    assert_slice(buf_slice(&out), text);
}

static const char *const request = "GET /a HTTP/1.1\r\nhOST:a\r\nX-Y:  v 1\t\r\nVia: z\r\n\r\n";
static const char *const response = "HTTP/1.1 200\r\nA:b\r\nVia:  z \r\n\r\n";

static void
an_untouched_request_is_printed_as_it_arrived(void **state)
{
    read_request(request);
    http1_print_request(&out, &head, head.target);
    assert_out(request);
}

static void
an_untouched_response_is_printed_as_it_arrived(void **state)
{
    assert_int_equal(parse(slice_str(response), true), HTTP1_OK);
    http1_print_response(&out, &head);
    assert_out(response);
}

static void
another_target_makes_a_new_request_line_only(void **state)
{
    read_request("GET http://a/b HTTP/1.1\r\nhOST:a\r\nX:\r\n\r\n");
    http1_print_request(&out, &head, SLICE("/b"));
    assert_out("GET /b HTTP/1.1\r\nhOST:a\r\nX:\r\n\r\n");
}

static void
a_target_changed_in_the_head_is_seen(void **state)
{
    read_request(request);
    head.target = SLICE("/");
    http1_print_request(&out, &head, head.target);
    assert_true(slice_starts(buf_slice(&out), SLICE("GET / HTTP/1.1\r\nhOST:a\r\n")));
}

static void
a_method_changed_in_the_head_is_seen(void **state)
{
    read_request(request);
    head.method = SLICE("PUT");
    http1_print_request(&out, &head, head.target);
    assert_true(slice_starts(buf_slice(&out), SLICE("PUT /a HTTP/1.1\r\n")));
}

static void
the_version_is_always_our_own(void **state)
{
    read_request("GET / HTTP/1.0\r\n\r\n");
    http1_print_request(&out, &head, head.target);
    assert_int_equal(parse(SLICE("HTTP/1.0 200 Fine\r\n\r\n"), true), HTTP1_OK);
    http1_print_response(&out, &head);
    assert_out("GET / HTTP/1.1\r\n\r\nHTTP/1.1 200 Fine\r\n\r\n");
}

static void
a_changed_status_or_reason_is_seen(void **state)
{
    assert_int_equal(parse(SLICE("HTTP/1.1 200 OK\r\n\r\n"), true), HTTP1_OK);
    head.status = 201;
    http1_print_response(&out, &head);
    head.status = 200;
    head.reason = SLICE("O");
    http1_print_response(&out, &head);
    assert_out("HTTP/1.1 201 OK\r\n\r\nHTTP/1.1 200 O\r\n\r\n");
}

static void
fields_that_were_changed_added_or_removed_leave_the_others_alone(void **state)
{
    read_request(request);
    assert_true(head_set(&head, arena, FIELD_VIA, SLICE("1.1 me")));
    assert_true(head_add(&head, arena, SLICE("New"), SLICE("")));
    head_remove(&head, FIELD_HOST);
    http1_print_request(&out, &head, head.target);
    assert_out("GET /a HTTP/1.1\r\nX-Y:  v 1\t\r\nVia: 1.1 me\r\nNew: \r\n\r\n");
}

static void
a_head_of_our_own_is_printed_from_its_parts(void **state)
{
    struct http_head own = {.status = 502, .version = 11, .reason = SLICE("Bad Gateway")};
    assert_true(head_add(&own, arena, SLICE("Content-Length"), SLICE("0")));
    http1_print_response(&out, &own);
    assert_out("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
}

static void
a_malformed_head_is_printed_raw(void **state)
{
    struct slice raw = SLICE("GET  / HTTP/9\nA :b\n\n");
    assert_true(http1_parse_lenient(raw, false, arena, &head));
    http1_print_request(&out, &head, SLICE("/other"));
    http1_print_response(&out, &head);
    assert_out("GET  / HTTP/9\nA :b\n\nGET  / HTTP/9\nA :b\n\n");
}

static void
fields_alone_have_no_empty_line(void **state)
{
    read_request(request);
    http1_print_fields(&out, &head);
    assert_out("hOST:a\r\nX-Y:  v 1\t\r\nVia: z\r\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_untouched_request_is_printed_as_it_arrived, reset_out),
        cmocka_unit_test_teardown(an_untouched_response_is_printed_as_it_arrived, reset_out),
        cmocka_unit_test_teardown(another_target_makes_a_new_request_line_only, reset_out),
        cmocka_unit_test_teardown(a_target_changed_in_the_head_is_seen, reset_out),
        cmocka_unit_test_teardown(a_method_changed_in_the_head_is_seen, reset_out),
        cmocka_unit_test_teardown(the_version_is_always_our_own, reset_out),
        cmocka_unit_test_teardown(a_changed_status_or_reason_is_seen, reset_out),
        cmocka_unit_test_teardown(fields_that_were_changed_added_or_removed_leave_the_others_alone,
                                  reset_out),
        cmocka_unit_test_teardown(a_head_of_our_own_is_printed_from_its_parts, reset_out),
        cmocka_unit_test_teardown(a_malformed_head_is_printed_raw, reset_out),
        cmocka_unit_test_teardown(fields_alone_have_no_empty_line, reset_out),
    };
    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
