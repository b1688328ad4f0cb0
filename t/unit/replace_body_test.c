/* Tests of replace-body while a content passes: when it does, what it makes of the head, and of the
 * content in any pieces. */
#include "base/mem.h"
#include "flow/edit.h"
#include "flow/transform.h"
#include "lib/flow_make.h"
#include "lib/folder.h"
#include "lib/rule_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LIMIT   100u
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define LONG    "HTTP/1.1 200 OK\r\nETag: x\r\nContent-Length: 101\r\n\r\n"
#define SHORT   "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
#define EVENTS                                                                                     \
    "HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n"                        \
    "Content-Length: 9\r\n\r\n"
#define PART   "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/2\r\n\r\n"
#define GZIP   "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
#define SDCH   "HTTP/1.1 200 OK\r\nContent-Encoding: sdch\r\nTransfer-Encoding: chunked\r\n\r\n"
#define L_TO_Z "do: replace-body\npattern: l+\nwith: Z\n"

static struct flow *
flow_of(const char *method, const char *response)
{
    char request[200];
    struct http1_why why;
    snprintf(request, sizeof request, "%s /a HTTP/1.1\r\nHost: example.com\r\n\r\n", method);
    struct flow *f = flow_make(FLOW_HTTP, request);
    flow_make_response(f, response);
    assert_true(http1_frame_response(&f->resp.head, slice_str(method), &why));
    return f;
}

static struct rule *list[4];
static struct rules *rs;

/* They live as long as what they have begun. */
static void
take_rules(const char *const texts[])
{
    size_t n = 0;
    for (; texts[n]; n++)
        list[n] = rule_make(texts[n]);
    rs = rules_new(list, n, NULL);
    while (n)
        rule_unref(list[--n]);
}

/* The end of the stage of the response's head; true when the content is waited for. */
static bool
wants(struct flow *f, struct decision *d)
{
    struct hook h = {
        .stage = STAGE_RESPONSE_HEAD, .flow = f, .now = 1, .body_limit = LIMIT, .decision = d};
    return rules_want(rs, STAGE_RESPONSE, &h);
}

static bool
waits(const char *rule, struct flow *f)
{
    struct decision d = {0};
    take_rules((const char *[]){rule, NULL});
    bool want = wants(f, &d);
    assert_false(d.failed);
    if (f->trace && transform_of(&f->resp))
        assert_string_equal(f->trace->did, "replaced 0 in the content as it went by");
    transform_end(&f->resp);
    rules_unref(rs);
    return want;
}

static void
a_content_is_waited_for_when_its_length_is_known_and_small(void **state)
{
    static const struct {
        const char *method, *response, *rule;
        bool waits, streams;
    } rows[] = {
        {"GET", CHUNKED, L_TO_Z, false, true},
        {"GET", LONG, L_TO_Z, false, true},
        {"GET", SHORT, L_TO_Z, true, false},
        {"GET", EVENTS, L_TO_Z, false, true},
        {"GET", "HTTP/1.1 200 OK\r\n\r\n", L_TO_Z, false, true},
        {"GET", SHORT, L_TO_Z "stream: yes", false, true},
        {"GET", CHUNKED, L_TO_Z "stream: no", true, false},
        {"GET", EVENTS, L_TO_Z "stream: no", true, false},
        {"GET", CHUNKED, L_TO_Z "when: resp.body:x", true, false},
        {"GET", CHUNKED, L_TO_Z "when: status:404", false, false},
        {"GET", CHUNKED, L_TO_Z "side: request", false, false},
        {"GET", CHUNKED, "do: replace-body\nwith: all", true, false},
        {"GET", CHUNKED, "do: replace-body\npattern: \\Gl\nwith: x", true, false},
        {"HEAD", LONG, L_TO_Z "stream: yes", true, false},
        {"GET", "HTTP/1.1 204 No Content\r\n\r\n", L_TO_Z "stream: yes", true, false},
        {"GET", "HTTP/1.1 304 Not Modified\r\n\r\n", L_TO_Z "stream: yes", true, false},
        {"GET", PART, L_TO_Z, false, false},
        {"GET", SDCH, L_TO_Z, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct flow *f = flow_of(rows[i].method, rows[i].response);
        bool want = waits(rows[i].rule, f);
        if (want != rows[i].waits || (f->resp.versions != NULL) != rows[i].streams)
            fail_msg("row %zu", i);
        flow_unref(f);
    }
}

static void
the_whole_is_waited_for_when_another_rule_wants_it(void **state)
{
    static const char *const both[] = {L_TO_Z, "do: tag\ntag: t\nwhen: resp.body:x", NULL};
    struct flow *f = flow_of("GET", CHUNKED);
    struct decision d = {0};
    take_rules(both);
    assert_true(wants(f, &d));
    assert_null(f->resp.versions);
    assert_null(f->trace);
    flow_unref(f);
    rules_unref(rs);
}

static void
what_is_left_alone_is_said(void **state)
{
    static const struct {
        const char *response, *did;
    } rows[] = {
        {PART, "left as it is: a part of a content"},
        {SDCH, "left as it is: cannot decode 'sdch'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct flow *f = flow_of("GET", rows[i].response);
        assert_false(waits(L_TO_Z, f));
        assert_null(f->resp.versions);
        assert_string_equal(f->trace->did, rows[i].did);
        assert_string_equal(f->trace->stage, "response-head");
        flow_unref(f);
    }
}

/* In pieces of n bytes; what comes out is appended. */
static bool
push_all(struct flow *f, struct slice content, size_t n, struct buf *out, struct err *e)
{
    struct transform *t = transform_of(&f->resp);
    while (!t->ended || buf_len(&t->out)) {
        struct slice piece = slice_first(content, n), in = piece;
        TRY(transform_pull(&f->resp, &in, piece.n == content.n, 4, e));
        content = slice_from(content, piece.n - in.n);
        buf_append(out, buf_slice(&t->out));
        buf_consume(&t->out, buf_len(&t->out));
    }
    return true;
}

static const unsigned char gz[] = {0x1f, 0x8b, 0x08, 0,    0,    0,    0,    0, 0,
                                   3,    0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0, 0x86,
                                   0xa6, 0x10, 0x36, 5,    0,    0,    0};

static const char *const two_rules[] = {L_TO_Z, "do: replace-body\npattern: Zo$\nwith: <$0>", NULL};

static void
expect_versions(const struct flow *f)
{
    const struct version *one = f->resp.versions, *two = one->next;
    assert_true(one->replaced && two->replaced && !two->next);
    assert_int_equal(one->body.size, 4);
    assert_false(one->body.cut);
    assert_memory_equal(one->body.first->data, "heZo", 4);
    assert_int_equal(two->body.size, 6);
    assert_true(two->body.cut);
    assert_int_equal(two->body.kept, 4);
    assert_string_equal(f->trace->did, "replaced 1 in the content as it went by");
    assert_string_equal(f->trace->next->did, "replaced 1 in the content as it went by");
}

static void
a_content_passes_in_any_pieces(void **state)
{
    const struct {
        const char *response, *head;
        struct slice content;
    } rows[] = {
        {LONG, "200 OK\nETag: x\nTransfer-Encoding: chunked\n", SLICE("hello")},
        {GZIP, "200 OK\nTransfer-Encoding: chunked\n", slice_of(gz, sizeof gz)},
        {"HTTP/1.1 200 OK\r\n\r\n", "200 OK\n", SLICE("hello")},
    };
    take_rules(two_rules);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (size_t n = 1; n < 30; n++) {
            struct flow *f = flow_of("GET", rows[i].response);
            struct buf out = {.max = 100};
            struct decision d = {0};
            assert_false(wants(f, &d) || d.failed);
            assert_string_equal(rule_head_text(&f->resp), rows[i].head);
            assert_true(push_all(f, rows[i].content, n, &out, NULL));
            assert_string_equal(buf_str(&out), "he<Zo>");
            expect_versions(f);
            buf_release(&out);
            flow_unref(f);
        }
    rules_unref(rs);
}

static void
damage_is_told(void **state)
{
    struct flow *f = flow_of("GET", GZIP);
    struct buf out = {.max = 100};
    struct decision d = {0};
    struct err e;
    take_rules(two_rules);
    assert_false(wants(f, &d));
    assert_false(push_all(f, slice_of(gz, sizeof gz - 3), 4, &out, &e));
    assert_string_equal(e.text, "the gzip data ends too early");
    buf_release(&out);
    flow_unref(f);
    rules_unref(rs);
}

static void
a_text_comes_from_a_file(void **state)
{
    char rule[700];
    struct buf out = {.max = 100}, large = {.max = 2 << 20};
    struct decision d = {0};
    folder_write("with.txt", SLICE("$1"), 0600);
    snprintf(rule, sizeof rule, "do: replace-body\npattern: l+\nfile: %s", folder_file("with.txt"));
    take_rules((const char *[]){rule, NULL});
    struct flow *f = flow_of("GET", CHUNKED);
    assert_false(wants(f, &d));
    assert_true(push_all(f, SLICE("hello"), 2, &out, NULL));
    assert_string_equal(buf_str(&out), "he$1o");
    flow_unref(f);
    for (size_t i = 0; i <= 1 << 20; i++)
        buf_byte(&large, 'x');
    folder_write("with.txt", buf_slice(&large), 0600);
    f = flow_of("GET", CHUNKED);
    assert_false(wants(f, &d) || d.failed);
    assert_string_equal(f->trace->did,
                        "left as it is: the file cannot be read, or is larger than 1048576 bytes");
    flow_unref(f);
    rules_unref(rs);
    buf_release(&out);
    buf_release(&large);
}

/* With allocation 'nth' failing: what was wanted is whole, or it fails. true when it was met. */
static bool
pass_without_memory(unsigned long nth)
{
    struct flow *f = flow_of("GET", GZIP);
    struct buf out = {.max = 100};
    struct decision d = {0};
    buf_append(&out, SLICE("."));
    mem_fail_at(nth);
    bool want = wants(f, &d);
    bool good = !want && !d.failed && push_all(f, slice_of(gz, sizeof gz), 5, &out, NULL);
    bool met = mem_count() >= nth;
    mem_fail_at(0);
    if (!met || good)
        assert_string_equal(buf_str(&out), ".he<Zo>");
    buf_release(&out);
    flow_unref(f);
    return met;
}

static void
want_of_memory_never_lets_it_pass_as_it_came(void **state)
{
    take_rules(two_rules);
    for (unsigned long nth = 1; pass_without_memory(nth); nth++)
        assert_true(nth < 200);
    rules_unref(rs);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_content_is_waited_for_when_its_length_is_known_and_small),
        cmocka_unit_test(the_whole_is_waited_for_when_another_rule_wants_it),
        cmocka_unit_test(what_is_left_alone_is_said),
        cmocka_unit_test(a_content_passes_in_any_pieces),
        cmocka_unit_test(damage_is_told),
        cmocka_unit_test(a_text_comes_from_a_file),
        cmocka_unit_test(want_of_memory_never_lets_it_pass_as_it_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
