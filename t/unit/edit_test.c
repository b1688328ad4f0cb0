/* Tests of flow/edit: versions of a message, and what they may not be. */
#include "flow/edit.h"

#include "base/mem.h"
#include "lib/flow_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define POST                                                                                       \
    "POST /a?b HTTP/1.1\r\nHost: a.test\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 5\r\n\r\n"

struct bed {
    struct flow *flow;
    struct decision decision;
    struct hook hook;
};

static void
bed_make(struct bed *b, const char *request)
{
    *b = (struct bed){.flow = flow_make(FLOW_HTTP, request)};
    b->hook = (struct hook){.stage = STAGE_REQUEST,
                            .flow = b->flow,
                            .by = SLICE("rule test"),
                            .now = 77,
                            .decision = &b->decision};
    flow_make_content(&b->flow->req, SLICE("hello"));
}

static void
expect_head(const struct http_msg *m, const char *want)
{
    struct buf out;
    const struct http_head *h = edit_head(m);
    buf_init(&out, 65536);
    if (h->method.n)
        http1_print_request(&out, h, h->target);
    else
        http1_print_response(&out, h);
    assert_string_equal(buf_str(&out), want);
    buf_release(&out);
}

static void
expect_content(const struct http_msg *m, const char *want)
{
    struct buf room;
    struct slice content;
    buf_init(&room, 65536);
    assert_true(edit_content(m, &room, &content));
    assert_true(slice_eq(content, slice_str(want)));
    buf_release(&room);
}

static void
what_was_received_stays(void **state)
{
    struct bed b;
    bed_make(&b, POST);
    struct version *v = edit_begin(&b.hook, &b.flow->req);
    assert_non_null(v);
    assert_true(edit_set(&b.hook, v, SLICE("x-ONE"), SLICE("3")));
    assert_true(edit_replace(&b.hook, v, SLICE("goodbye")));
    assert_true(edit_method(&b.hook, v, SLICE("PUT")));
    assert_true(edit_path(&b.hook, v, SLICE("/c")));
    expect_head(&b.flow->req,
                "PUT /c HTTP/1.1\r\nHost: a.test\r\nX-One: 3\r\nContent-Length: 7\r\n\r\n");
    expect_content(&b.flow->req, "goodbye");
    assert_int_equal(b.flow->req.head.n, 4);
    assert_true(slice_eq(b.flow->req.head.method, SLICE("POST")));
    assert_true(slice_eq(block_slice(b.flow->req.body.first), SLICE("hello")));
    assert_true(slice_eq(v->by, SLICE("rule test")));
    assert_int_equal(v->at, 77);
    assert_int_equal(b.flow->flags, FLOW_EDITED);
    flow_unref(b.flow);
}

static void
versions_stand_on_each_other(void **state)
{
    struct bed b;
    bed_make(&b, POST);
    struct version *one = edit_begin(&b.hook, &b.flow->req);
    assert_true(edit_add(&b.hook, one, SLICE("A"), SLICE("1")));
    struct version *two = edit_begin(&b.hook, &b.flow->req);
    assert_int_equal(edit_remove(two, SLICE("X-One")), 2);
    expect_head(&b.flow->req,
                "POST /a?b HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nA: 1\r\n\r\n");
    expect_content(&b.flow->req, "hello");
    edit_undo(&b.hook, &b.flow->req, two);
    assert_ptr_equal(edit_last(&b.flow->req), one);
    edit_revert(&b.hook, &b.flow->req);
    assert_null(b.flow->req.versions);
    expect_head(&b.flow->req, POST);
    flow_unref(b.flow);
}

static void
another_url_is_another_server(void **state)
{
    struct bed b;
    bed_make(&b, POST);
    struct version *v = edit_begin(&b.hook, &b.flow->req);
    assert_true(edit_url(&b.hook, v, SLICE("http://B.test:81/x?y"), false));
    assert_string_equal(b.flow->scheme, "http");
    assert_true(slice_eq(b.flow->host, SLICE("b.test")));
    assert_int_equal(b.flow->port, 81);
    assert_true(slice_eq(v->head.target, SLICE("/x?y")));
    assert_true(slice_eq(head_value(&v->head, FIELD_HOST), SLICE("B.test:81")));
    edit_revert(&b.hook, &b.flow->req);
    assert_string_equal(b.flow->scheme, "https");
    assert_true(slice_eq(b.flow->host, SLICE("example.com")));
    assert_int_equal(b.flow->port, 443);
    v = edit_begin(&b.hook, &b.flow->req);
    assert_true(edit_url(&b.hook, v, SLICE("https://c.test"), true));
    assert_true(slice_eq(v->head.target, SLICE("/")));
    assert_true(slice_eq(head_value(&v->head, FIELD_HOST), SLICE("a.test")));
    flow_unref(b.flow);
}

static void
what_cannot_stand_there_is_refused(void **state)
{
    struct bed b;
    bed_make(&b, POST);
    struct version *v = edit_begin(&b.hook, &b.flow->req);
    assert_false(edit_set(&b.hook, v, SLICE("X-One"), SLICE("a\r\nb: c")));
    assert_false(edit_add(&b.hook, v, SLICE("a b"), SLICE("c")));
    assert_false(edit_add(&b.hook, v, SLICE(""), SLICE("c")));
    assert_false(edit_add(&b.hook, v, SLICE("a"), slice_of("\0", 1)));
    assert_false(edit_set(&b.hook, v, SLICE("content-length"), SLICE("9")));
    assert_false(edit_add(&b.hook, v, SLICE("Transfer-Encoding"), SLICE("chunked")));
    assert_int_equal(edit_remove(v, SLICE("Content-Length")), 0);
    assert_false(edit_method(&b.hook, v, SLICE("G T")));
    assert_false(edit_method(&b.hook, v, SLICE("CONNECT")));
    assert_false(edit_path(&b.hook, v, SLICE("x")));
    assert_false(edit_path(&b.hook, v, SLICE("/a b")));
    assert_false(edit_path(&b.hook, v, SLICE("/a#b")));
    assert_false(edit_url(&b.hook, v, SLICE("ftp://a/"), false));
    assert_false(edit_url(&b.hook, v, SLICE("http://u@a/"), false));
    assert_false(edit_status(&b.hook, v, 101, SLICE("")));
    assert_false(edit_status(&b.hook, v, 200, SLICE("a\nb")));
    assert_false(b.decision.failed);
    expect_head(&b.flow->req, POST);
    flow_unref(b.flow);
}

static void
content_has_the_framing_that_fits(void **state)
{
    struct bed b;
    bed_make(&b, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Encoding: "
                 "gzip\r\n\r\n");
    struct version *v = edit_begin(&b.hook, &b.flow->req);
    assert_true(edit_replace(&b.hook, v, SLICE("")));
    expect_head(&b.flow->req, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    flow_unref(b.flow);
    bed_make(&b, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    v = edit_begin(&b.hook, &b.flow->req);
    assert_true(edit_replace(&b.hook, v, SLICE("")));
    expect_head(&b.flow->req, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(edit_replace(&b.hook, v, SLICE("x")));
    expect_head(&b.flow->req, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
    flow_unref(b.flow);
}

static void
a_head_as_text_is_parsed(void **state)
{
    struct bed b;
    struct http1_why why;
    bed_make(&b, POST);
    struct version *v = edit_begin(&b.hook, &b.flow->req);
    assert_false(edit_text(&b.hook, v, SLICE("GET /x HTTP/1.1\nHost: a\n\n"), &why));
    assert_int_equal(why.fault, HTTP1_FAULT_BARE_LF);
    assert_false(edit_text(&b.hook, v, SLICE("GET /x HTTP/1.1\r\n"), NULL));
    assert_false(edit_text(&b.hook, v, SLICE("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"), NULL));
    expect_head(&b.flow->req, POST);
    assert_true(edit_text(&b.hook, v, SLICE("PUT /x HTTP/1.1\r\nHost: b\r\nA:  1\r\n\r\n"), &why));
    expect_head(&b.flow->req, "PUT /x HTTP/1.1\r\nHost: b\r\nA:  1\r\nContent-Length: 5\r\n\r\n");
    flow_unref(b.flow);
}

static void
bytes_can_be_sent_as_they_are(void **state)
{
    struct bed b;
    bed_make(&b, POST);
    struct version *v = edit_begin(&b.hook, &b.flow->req);
    assert_true(edit_exact(&b.hook, v, SLICE("GET  /\n\n"), SLICE("rest")));
    assert_true(v->exact);
    assert_true(slice_eq(v->head.raw, SLICE("GET  /\n\n")));
    expect_content(&b.flow->req, "rest");
    flow_unref(b.flow);
}

static void
an_answer_is_a_response(void **state)
{
    struct bed b;
    bed_make(&b, POST);
    assert_true(edit_answer(&b.hook, 404, SLICE("text/html"), SLICE("gone")));
    assert_true(edit_answer_field(&b.hook, SLICE("X-By"), SLICE("me")));
    assert_false(edit_answer_field(&b.hook, SLICE("X By"), SLICE("me")));
    assert_int_equal(b.decision.end, END_ANSWER);
    assert_int_equal(b.flow->resp.head.status, 0);
    expect_head(&b.flow->resp,
                "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: "
                "4\r\nX-By: me\r\n\r\n");
    expect_content(&b.flow->resp, "gone");
    assert_true(b.flow->flags & FLOW_MOCKED);
    assert_false(edit_answer(&b.hook, 99, SLICE(""), SLICE("")));
    flow_unref(b.flow);
}

static void
what_the_server_said_stays_behind_an_answer(void **state)
{
    struct bed b;
    bed_make(&b, POST);
    flow_make_response(b.flow, "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n");
    assert_true(edit_answer(&b.hook, 500, SLICE(""), SLICE("no")));
    expect_head(&b.flow->resp, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n");
    assert_int_equal(b.flow->resp.head.status, 200);
    flow_unref(b.flow);
}

static void
there_are_limits(void **state)
{
    struct bed b;
    struct budget budget = {.max = 100};
    bed_make(&b, POST);
    for (int i = 0; i < EDIT_VERSIONS_MAX; i++)
        assert_non_null(edit_begin(&b.hook, &b.flow->req));
    assert_false(b.decision.failed);
    assert_null(edit_begin(&b.hook, &b.flow->req));
    assert_true(b.decision.failed);
    flow_unref(b.flow);
    bed_make(&b, POST);
    b.flow->req.body.budget = &budget;
    struct version *v = edit_begin(&b.hook, &b.flow->req);
    char large[200] = {0};
    assert_false(edit_replace(&b.hook, v, slice_of(large, sizeof(large))));
    assert_true(b.decision.failed);
    assert_int_equal(budget.used, 0);
    b.flow->req.body.budget = NULL;
    flow_unref(b.flow);
}

static void
content_of_many_blocks_comes_in_one_piece(void **state)
{
    struct bed b;
    struct buf room;
    struct slice content;
    bed_make(&b, POST);
    static char large[100000];
    memset(large, 'x', sizeof(large));
    flow_make_content(&b.flow->req, slice_of(large, sizeof(large)));
    buf_init(&room, 1 << 20);
    assert_true(edit_content(&b.flow->req, &room, &content));
    assert_int_equal(content.n, 100005);
    assert_true(slice_starts(content, SLICE("helloxx")));
    buf_release(&room);
    buf_init(&room, 1000);
    assert_false(edit_content(&b.flow->req, &room, &content));
    buf_release(&room);
    flow_unref(b.flow);
}

static void
stages_have_names(void **state)
{
    enum stage s;
    for (unsigned i = 0; i < STAGES_N; i++) {
        assert_true(stage_find(slice_str(stage_name(i)), &s));
        assert_int_equal(s, i);
    }
    assert_false(stage_find(SLICE("nowhere"), &s));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_received_stays),
        cmocka_unit_test(versions_stand_on_each_other),
        cmocka_unit_test(another_url_is_another_server),
        cmocka_unit_test(what_cannot_stand_there_is_refused),
        cmocka_unit_test(content_has_the_framing_that_fits),
        cmocka_unit_test(a_head_as_text_is_parsed),
        cmocka_unit_test(bytes_can_be_sent_as_they_are),
        cmocka_unit_test(an_answer_is_a_response),
        cmocka_unit_test(what_the_server_said_stays_behind_an_answer),
        cmocka_unit_test(there_are_limits),
        cmocka_unit_test(content_of_many_blocks_comes_in_one_piece),
        cmocka_unit_test(stages_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
