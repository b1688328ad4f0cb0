/* Tests of ui/web/side: which head and content a version of a message has. */
#include "ui/web/side.h"

#include "lib/flow_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Changed twice: another field, then another content. */
static struct flow *
make_edited(void)
{
    struct flow *f = flow_make(FLOW_HTTP, "POST / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    struct decision d = {0};
    struct hook h = {.flow = f, .by = SLICE("rule one"), .decision = &d};
    flow_make_content(&f->req, SLICE("old"));
    struct version *v = edit_begin(&h, &f->req);
    assert_true(v && edit_set(&h, v, SLICE("X"), SLICE("1")));
    v = edit_begin(&h, &f->req);
    assert_true(v && edit_replace(&h, v, SLICE("new")));
    f->req.sent = v->head;
    return f;
}

static void
expect(struct call *c, const struct flow *f, const char *version, const char *head,
       const char *content)
{
    struct side m;
    struct buf out = {.max = 1000};
    assert_true(side_find(c, f, SLICE("request"), &m));
    assert_true(side_version(c, slice_str(version), &m));
    side_head(&m, &out);
    assert_string_equal(buf_str(&out), head);
    assert_true(slice_eq(block_slice(m.body->first), slice_str(content)));
    buf_release(&out);
}

static void
each_change_makes_a_version(void **state)
{
    struct call c = {.out.max = 1000};
    struct flow *f = make_edited();
    expect(&c, f, "", "POST / HTTP/1.1\r\nHost: a.test\r\n\r\n", "old");
    expect(&c, f, "0", "POST / HTTP/1.1\r\nHost: a.test\r\n\r\n", "old");
    expect(&c, f, "1", "POST / HTTP/1.1\r\nHost: a.test\r\nX: 1\r\n\r\n", "old");
    static const char last[] =
        "POST / HTTP/1.1\r\nHost: a.test\r\nX: 1\r\nContent-Length: 3\r\n\r\n";
    expect(&c, f, "2", last, "new");
    expect(&c, f, "sent", last, "new");
    flow_unref(f);
}

static void
what_was_not_changed_was_sent_as_it_came(void **state)
{
    struct call c = {.out.max = 1000};
    struct flow *f = flow_make(FLOW_HTTP, "POST / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    flow_make_content(&f->req, SLICE("old"));
    expect(&c, f, "sent", "POST / HTTP/1.1\r\nHost: a.test\r\n\r\n", "old");
    flow_unref(f);
}

static void
what_is_not_there_fails_the_call(void **state)
{
    struct call c = {.out.max = 1000};
    struct side m;
    struct flow *f = make_edited();
    assert_false(side_find(&c, f, SLICE("response"), &m));
    assert_int_equal(c.status, 404);
    assert_false(side_find(&c, f, SLICE("x"), &m));
    assert_true(side_find(&c, f, SLICE("request"), &m));
    assert_false(side_version(&c, SLICE("3"), &m));
    assert_int_equal(c.status, 404);
    assert_false(side_version(&c, SLICE("65"), &m));
    assert_int_equal(c.status, 400);
    assert_false(side_version(&c, SLICE("-1"), &m));
    buf_release(&c.out);
    flow_unref(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_makes_a_version),
        cmocka_unit_test(what_was_not_changed_was_sent_as_it_came),
        cmocka_unit_test(what_is_not_there_fails_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
