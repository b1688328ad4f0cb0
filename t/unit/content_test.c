/* Tests of flow/content: contents of flows, with their codings undone. */
#include "flow/content.h"

#include "lib/flow_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* gzip of "hello\n" */
static const char hello_gz[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\xe7"
                               "\x02\x00\x20\x30\x3a\x36\x06\x00\x00\x00";
static const struct content_limits limits = {.max = 1000, .max_ratio = 100};

static struct flow *
make(const char *response, struct slice content)
{
    struct flow *f = flow_make(FLOW_HTTP, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    flow_make_response(f, response);
    flow_make_content(&f->resp, content);
    return f;
}

static void
expect(const char *response, struct slice content, const char *text, const char *trouble)
{
    struct flow *f = make(response, content);
    struct buf out = {.max = 1000};
    struct err why = {0};
    bool good = content_decode(&f->resp.head, &f->resp.body, &limits, &out, &why);
    assert_int_equal(good, trouble == NULL);
    if (text)
        assert_string_equal(buf_str(&out), text);
    if (trouble)
        assert_string_equal(why.text, trouble);
    buf_release(&out);
    flow_unref(f);
}

static void
codings_are_undone(void **state)
{
    struct slice gz = slice_of(hello_gz, sizeof hello_gz - 1);
    expect("HTTP/1.1 200 OK\r\n\r\n", SLICE("plain"), "plain", NULL);
    expect("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", gz, "hello\n", NULL);
    expect("HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Encoding: gzip\r\n\r\n", gz,
           "hello\n", NULL);
    expect("HTTP/1.1 204 OK\r\nContent-Encoding: gzip\r\n\r\n", SLICE(""), "", NULL);
}

static void
what_cannot_be_undone_is_said(void **state)
{
    struct slice gz = slice_of(hello_gz, sizeof hello_gz - 1);
    expect("HTTP/1.1 200 OK\r\nContent-Encoding: sdch\r\n\r\n", gz, "", "cannot decode 'sdch'");
    expect("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", SLICE("no"), "",
           "the gzip data is damaged");
    expect("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", slice_first(gz, gz.n - 3), NULL,
           "the gzip data ends too early");
}

static void
what_was_cut_is_decoded_as_far_as_it_goes(void **state)
{
    struct flow *f = make("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
                          slice_of(hello_gz, sizeof hello_gz - 4));
    struct buf out = {.max = 1000};
    struct err why = {0};
    f->resp.body.cut = true;
    assert_true(content_decode(&f->resp.head, &f->resp.body, &limits, &out, &why));
    assert_string_equal(buf_str(&out), "hello\n");
    buf_release(&out);
    flow_unref(f);
}

static void
too_much_is_refused(void **state)
{
    struct flow *f = make("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
                          slice_of(hello_gz, sizeof hello_gz - 1));
    struct content_limits small = {.max = 3};
    struct buf out = {.max = 1000};
    struct err why = {0};
    assert_false(content_decode(&f->resp.head, &f->resp.body, &small, &out, &why));
    assert_string_equal(why.text, "the content decodes to more than 3 bytes");
    buf_release(&out);
    flow_unref(f);
}

static void
a_list_of_codings_that_is_too_long_is_none(void **state)
{
    char head[600];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Encoding: %0300d\r\n\r\n", 0);
    expect(head, SLICE("x"), "", "the list of content codings is too long");
}

static void
expect_encoded(const char *head, struct slice plain, bool smaller)
{
    struct flow *f = make(head, SLICE(""));
    struct buf coded = {.max = 100000}, back = {.max = 100000};
    struct err why = {0};
    struct content_limits all = {.max = 100000};
    assert_true(content_encode(&f->resp.head, plain, &coded, &why));
    assert_int_equal(buf_len(&coded) < plain.n, smaller);
    flow_make_content(&f->resp, buf_slice(&coded));
    assert_true(content_decode(&f->resp.head, &f->resp.body, &all, &back, &why));
    assert_true(slice_eq(buf_slice(&back), plain));
    buf_release(&coded);
    buf_release(&back);
    flow_unref(f);
}

static void
codings_of_the_head_are_put_on(void **state)
{
    static const char zeros[5000];
    struct slice plain = slice_of(zeros, sizeof zeros);
    expect_encoded("HTTP/1.1 200 OK\r\n\r\n", plain, false);
    expect_encoded("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n", plain, true);
    expect_encoded("HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Encoding: gzip\r\n\r\n",
                   plain, true);
    expect_encoded("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", SLICE(""), false);
}

static void
what_cannot_be_put_on_is_said(void **state)
{
    struct flow *f = make("HTTP/1.1 200 OK\r\nContent-Encoding: sdch\r\n\r\n", SLICE(""));
    struct buf out = {.max = 10};
    struct err why = {0};
    assert_false(content_encode(&f->resp.head, SLICE("x"), &out, &why));
    assert_string_equal(why.text, "cannot encode 'sdch'");
    flow_unref(f);
    f = make("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", SLICE(""));
    assert_false(content_encode(&f->resp.head, SLICE("too much"), &out, &why));
    assert_int_equal(why.code, ERR_MEMORY);
    buf_release(&out);
    flow_unref(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codings_are_undone),
        cmocka_unit_test(what_cannot_be_undone_is_said),
        cmocka_unit_test(what_was_cut_is_decoded_as_far_as_it_goes),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(a_list_of_codings_that_is_too_long_is_none),
        cmocka_unit_test(codings_of_the_head_are_put_on),
        cmocka_unit_test(what_cannot_be_put_on_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
