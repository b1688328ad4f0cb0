/* Tests of flow/change: all parts of a message at once, and which one was refused. */
#include "flow/change.h"

#include "base/mem.h"
#include "lib/flow_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct decision decision;

static struct hook
hook_of(struct flow *f)
{
    decision = (struct decision){0};
    return (struct hook){
        .stage = STAGE_REQUEST, .flow = f, .by = SLICE("x"), .decision = &decision};
}

static struct flow *
post(void)
{
    struct flow *f = flow_make(
        FLOW_HTTP, "POST /a HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nContent-Length: 5\r\n\r\n");
    flow_make_content(&f->req, SLICE("hello"));
    return f;
}

static void
expect(const struct http_msg *m, const char *want)
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
expect_refused(struct flow *f, struct http_msg *m, const struct change *c, const char *want)
{
    struct hook h = hook_of(f);
    struct err e = {0};
    assert_false(change_apply(&h, m, c, &e));
    assert_string_equal(e.text, want);
    assert_null(m->versions);
    assert_false(decision.failed);
    assert_true(slice_eq(f->host, SLICE("example.com")));
}

static void
parts_change_together(void **state)
{
    struct flow *f = post();
    struct hook h = hook_of(f);
    struct err e;
    struct change_field set[] = {{SLICE("A"), SLICE("9")}};
    struct slice drop[] = {SLICE("b")};
    struct change c = {.method = SLICE("PUT"),
                       .url = SLICE("http://b:8/z"),
                       .set = set,
                       .n_set = 1,
                       .remove = drop,
                       .n_remove = 1,
                       .content = SLICE("bye"),
                       .has_content = true};
    assert_true(change_apply(&h, &f->req, &c, &e));
    expect(&f->req, "PUT /z HTTP/1.1\r\nHost: b:8\r\nA: 9\r\nContent-Length: 3\r\n\r\n");
    assert_int_equal(f->port, 8);
    assert_null(f->req.versions->next);
    flow_unref(f);
}

static void
all_fields_are_replaced_but_for_the_framing(void **state)
{
    struct flow *f = post();
    struct hook h = hook_of(f);
    struct err e;
    struct change_field fields[] = {{SLICE("Host"), SLICE("q")},
                                    {SLICE("Content-Length"), SLICE("99")}};
    struct change c = {.fields = fields, .n_fields = 2, .all_fields = true};
    assert_true(change_apply(&h, &f->req, &c, &e));
    expect(&f->req, "POST /a HTTP/1.1\r\nContent-Length: 5\r\nHost: q\r\n\r\n");
    flow_unref(f);
}

static void
a_response_has_a_status(void **state)
{
    struct flow *f = post();
    flow_make_response(f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    struct hook h = hook_of(f);
    struct err e;
    struct change c = {.status = 404};
    f->resp.head.framing = FRAMING_LENGTH;
    assert_true(change_apply(&h, &f->resp, &c, &e));
    expect(&f->resp, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    flow_unref(f);
}

static struct flow *
post_gzip(void)
{
    struct flow *f =
        flow_make(FLOW_HTTP, "POST /a HTTP/1.1\r\nHost: a\r\ncontent-encoding: gzip\r\nA: 1\r\n"
                             "Content-Length: 5\r\n\r\n");
    flow_make_content(&f->req, SLICE("\x1f\x8b..."));
    return f;
}

/* By the bytes that RFC 1952 and RFC 8878 begin with. */
static void
a_content_gets_the_codings_that_the_head_then_names(void **state)
{
    struct flow *f = post_gzip();
    struct hook h = hook_of(f);
    struct err e;
    struct change_field set[] = {{SLICE("Content-Encoding"), SLICE("zstd")}};
    struct change c = {.content = SLICE("hello"), .has_content = true, .encode = true};
    assert_true(change_apply(&h, &f->req, &c, &e));
    struct slice sent = block_slice(edit_body(&f->req)->first);
    assert_true(slice_starts(sent, SLICE("\x1f\x8b\x08")));
    assert_int_equal(edit_head(&f->req)->length, sent.n);
    assert_true(slice_eq(edit_head(&f->req)->fields[1].name, SLICE("content-encoding")));
    c.set = set;
    c.n_set = 1;
    assert_true(change_apply(&h, &f->req, &c, &e));
    sent = block_slice(edit_body(&f->req)->first);
    assert_true(slice_starts(sent, SLICE("\x28\xb5\x2f\xfd")));
    assert_int_equal(edit_head(&f->req)->length, sent.n);
    flow_unref(f);
}

static void
an_empty_content_and_one_without_codings_stay_plain(void **state)
{
    struct flow *f = post_gzip();
    struct hook h = hook_of(f);
    struct err e;
    struct change c = {.content = SLICE(""), .has_content = true, .encode = true};
    assert_true(change_apply(&h, &f->req, &c, &e));
    expect(&f->req, "POST /a HTTP/1.1\r\nHost: a\r\nA: 1\r\nContent-Length: 0\r\n\r\n");
    c.content = SLICE("hi");
    assert_true(change_apply(&h, &f->req, &c, &e));
    expect(&f->req, "POST /a HTTP/1.1\r\nHost: a\r\nA: 1\r\nContent-Length: 2\r\n\r\n");
    assert_true(slice_eq(block_slice(edit_body(&f->req)->first), SLICE("hi")));
    flow_unref(f);
}

static void
the_part_that_cannot_be_used_is_named(void **state)
{
    struct flow *f = post();
    struct change_field bad[] = {{SLICE("a b"), SLICE("9")}};
    expect_refused(f, &f->req, &(struct change){.method = SLICE("G T")},
                   "the method 'G T' cannot be used");
    expect_refused(f, &f->req, &(struct change){.url = SLICE("http://b/"), .path = SLICE("x")},
                   "the path 'x' cannot be used");
    expect_refused(f, &f->req, &(struct change){.url = SLICE("gopher://b/")},
                   "the URL 'gopher://b/' cannot be used");
    expect_refused(f, &f->req, &(struct change){.set = bad, .n_set = 1},
                   "the field 'a b' cannot be used");
    expect_refused(f, &f->req, &(struct change){.status = 200}, "a request has no such part");
    struct change_field sdch[] = {{SLICE("Content-Encoding"), SLICE("gzip, sdch")}};
    expect_refused(
        f, &f->req,
        &(struct change){
            .set = sdch, .n_set = 1, .content = SLICE("x"), .has_content = true, .encode = true},
        "cannot encode 'sdch'");
    expect_refused(f, &f->req, &(struct change){.head = SLICE("GET / HTTP/1.1\nHost: a\n\n")},
                   "the head cannot be used: a line ends with LF instead of CR LF (at byte 14)");
    flow_make_response(f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    expect_refused(f, &f->resp, &(struct change){.path = SLICE("/")},
                   "a response has no such part");
    expect_refused(f, &f->resp, &(struct change){.status = 99}, "the status 99 cannot be used");
    flow_unref(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_change_together),
        cmocka_unit_test(all_fields_are_replaced_but_for_the_framing),
        cmocka_unit_test(a_response_has_a_status),
        cmocka_unit_test(a_content_gets_the_codings_that_the_head_then_names),
        cmocka_unit_test(an_empty_content_and_one_without_codings_stay_plain),
        cmocka_unit_test(the_part_that_cannot_be_used_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
