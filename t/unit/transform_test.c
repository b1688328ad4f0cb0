/* Tests of flow/transform: contents that become others while they pass. */
#include "flow/transform.h"

#include "base/mem.h"
#include "flow/edit.h"
#include "lib/flow_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include <cmocka.h>

#define HEAD "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n"

static unsigned freed;

static void
count_free(void *state)
{
    freed++;
}

/* Each byte becomes as many as the state says, and an end has a dot. */
static enum transform_result
repeat(void *state, struct slice *in, bool last, struct buf *out)
{
    size_t before = buf_len(out);
    for (; in->n && buf_len(out) - before < TRANSFORM_PIECE; *in = slice_from(*in, 1))
        for (size_t i = 0; i < *(const size_t *)state; i++)
            buf_byte(out, in->p[0]);
    if (in->n || !last)
        return out->failed ? TRANSFORM_FAIL : TRANSFORM_OK;
    buf_byte(out, '.');
    return TRANSFORM_END;
}

static const struct transform_ops ops = {repeat, count_free};
static size_t twice = 2, much = 1000;

static struct flow *
make_flow(const char *more)
{
    char response[1000];
    struct http1_why why;
    struct flow *f = flow_make(FLOW_HTTP, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    snprintf(response, sizeof response, HEAD "%s\r\n", more);
    flow_make_response(f, response);
    assert_true(http1_frame_response(&f->resp.head, SLICE("GET"), &why));
    return f;
}

static void
pass_through(struct flow *f, size_t *state)
{
    struct decision d = {0};
    struct hook h = {.stage = STAGE_RESPONSE_HEAD, .flow = f, .now = 1, .decision = &d};
    struct transform *t = transform_new(&ops, state, edit_head(&f->resp), NULL);
    struct version *v = edit_begin(&h, &f->resp);
    assert_true(t && v && edit_through(&h, v, t));
}

static void
steps_follow_each_other(void **state)
{
    struct flow *f = make_flow("");
    struct slice in = SLICE("ab");
    freed = 0;
    assert_null(transform_of(&f->resp));
    pass_through(f, &twice);
    pass_through(f, &twice);
    assert_false(edit_replaced(&f->resp));
    assert_null(head_find(edit_head(&f->resp), FIELD_CONTENT_LENGTH));
    assert_int_equal(edit_head(&f->resp)->framing, FRAMING_CHUNKED);
    assert_non_null(head_find(&f->resp.head, FIELD_CONTENT_LENGTH));
    struct transform *t = transform_of(&f->resp);
    assert_true(transform_pull(&f->resp, &in, false, 100, NULL));
    assert_string_equal(buf_str(&t->out), "aaaabbbb");
    /* What is made is taken first. */
    in = SLICE("c");
    assert_true(transform_pull(&f->resp, &in, true, 100, NULL));
    assert_int_equal(in.n, 1);
    buf_consume(&t->out, 8);
    assert_true(transform_pull(&f->resp, &in, true, 100, NULL));
    assert_true(t->ended);
    assert_string_equal(buf_str(&t->out), "cccc...");
    assert_int_equal(f->resp.versions->body.size, 7);
    assert_int_equal(f->resp.versions->next->body.size, 15);
    transform_end(&f->resp);
    assert_int_equal(freed, 2);
    flow_unref(f);
    assert_int_equal(freed, 2);
}

static void
a_change_that_is_taken_back_goes(void **state)
{
    struct flow *f = make_flow("");
    struct decision d = {0};
    struct hook h = {.stage = STAGE_RESPONSE_HEAD, .flow = f, .now = 1, .decision = &d};
    freed = 0;
    pass_through(f, &twice);
    edit_undo(&h, &f->resp, edit_last(&f->resp));
    assert_int_equal(freed, 1);
    pass_through(f, &twice);
    /* A content that is there at once takes the place. */
    struct version *v = edit_begin(&h, &f->resp);
    assert_true(v && edit_replace(&h, v, SLICE("new")));
    assert_null(transform_of(&f->resp));
    assert_true(edit_replaced(&f->resp));
    flow_unref(f);
    assert_int_equal(freed, 2);
}

static struct buf
gzip_of(size_t n)
{
    struct buf b = {.max = 32 << 20};
    char *zeros = mem_need(mem_zalloc(n));
    z_stream z = {.next_in = (unsigned char *)zeros, .avail_in = (unsigned)n};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.avail_out = (unsigned)deflateBound(&z, n);
    z.next_out = (unsigned char *)buf_reserve(&b, z.avail_out);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_commit(&b, z.total_out);
    deflateEnd(&z);
    mem_free(zeros);
    return b;
}

/* A little that becomes much waits inside, however often it grows on the way. */
static void
what_waits_is_bounded(void **state)
{
    struct flow *f = make_flow("Content-Encoding: gzip\r\n");
    struct buf coded = gzip_of(20000);
    struct slice in = buf_slice(&coded);
    size_t made = 0;
    pass_through(f, &much);
    pass_through(f, &twice);
    assert_null(head_find(edit_head(&f->resp), FIELD_CONTENT_ENCODING));
    struct transform *t = transform_of(&f->resp);
    while (!t->ended || buf_len(&t->out)) {
        assert_true(transform_pull(&f->resp, &in, true, 10, NULL));
        assert_true(buf_len(&t->out) <= TRANSFORM_PIECE + 2);
        assert_true(buf_len(&f->resp.versions->through->out) <= TRANSFORM_PIECE + much);
        made += buf_len(&t->out);
        buf_consume(&t->out, buf_len(&t->out));
    }
    assert_int_equal(made, 20000 * much * 2 + 3);
    assert_true(f->resp.versions->body.cut);
    buf_release(&coded);
    flow_unref(f);
}

static void
what_cannot_be_decoded_is_told(void **state)
{
    static const struct {
        const char *field, *why;
    } rows[] = {
        {"Content-Encoding: sdch\r\n", "cannot decode 'sdch'"},
        {"Content-Encoding: gzip\r\nContent-Encoding: gzip, br, gzip\r\n",
         "cannot decode more than 3 codings"},
    };
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct flow *f = make_flow(rows[i].field);
        freed = 0;
        assert_null(transform_new(&ops, &twice, &f->resp.head, &e));
        assert_string_equal(e.text, rows[i].why);
        assert_int_equal(freed, 1);
        flow_unref(f);
    }
    struct flow *f = make_flow("Content-Encoding: gzip\r\n");
    struct slice in = SLICE("no gzip at all");
    pass_through(f, &twice);
    assert_false(transform_pull(&f->resp, &in, false, 10, &e));
    assert_string_equal(e.text, "the gzip data is damaged");
    flow_unref(f);
}

static void
a_bomb_is_stopped(void **state)
{
    struct flow *f = make_flow("Content-Encoding: gzip\r\n");
    struct buf coded = gzip_of(20000000);
    struct slice in = buf_slice(&coded);
    struct err e;
    bool good = true;
    pass_through(f, &twice);
    struct transform *t = transform_of(&f->resp);
    while (good && (!t->ended || buf_len(&t->out))) {
        buf_consume(&t->out, buf_len(&t->out));
        good = transform_pull(&f->resp, &in, true, 10, &e);
    }
    assert_false(good);
    assert_string_equal(e.text, "the content decodes to more than 1000 times its size");
    buf_release(&coded);
    flow_unref(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_follow_each_other),
        cmocka_unit_test(a_change_that_is_taken_back_goes),
        cmocka_unit_test(what_waits_is_bounded),
        cmocka_unit_test(what_cannot_be_decoded_is_told),
        cmocka_unit_test(a_bomb_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
