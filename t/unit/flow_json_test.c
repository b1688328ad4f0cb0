/* Tests of flow/flow_json: every object is read again by another JSON library. */
#include "flow/flow_json.h"

#include "base/base64.h"
#include "flow/edit.h"
#include "lib/flow_make.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REQUEST                                                                                    \
    "POST http://example.com/form?a=b HTTP/1.1\r\nHost: example.com\r\nX-Odd:  va\"lue\\ \r\n"     \
    "Content-Length: 4\r\n\r\n"

/* Returns owned. */
static json_t *
read_back(const struct flow *f, bool whole)
{
    struct buf out;
    struct json j;
    json_error_t error;
    buf_init(&out, 1 << 20);
    json_init(&j, &out);
    flow_json(&j, f, whole);
    assert_false(out.failed);
    assert_true(slice_starts(buf_slice(&out), SLICE(FLOW_JSON_BEGIN)));
    assert_int_equal(slice_find(buf_slice(&out), '\n'), buf_len(&out));
    json_t *root = json_loadb(buf_slice(&out).p, buf_len(&out), JSON_REJECT_DUPLICATES, &error);
    assert_non_null(root);
    buf_release(&out);
    return root;
}

static const char *
text_at(json_t *object, const char *key)
{
    json_t *v = json_object_get(object, key);
    assert_true(json_is_string(v));
    return json_string_value(v);
}

static json_int_t
number_at(json_t *object, const char *key)
{
    json_t *v = json_object_get(object, key);
    assert_true(json_is_integer(v));
    return json_integer_value(v);
}

static void
expect_base64(json_t *object, const char *key, struct slice want)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_true(base64_decode(&out, slice_str(text_at(object, key))));
    assert_true(slice_eq(buf_slice(&out), want));
    buf_release(&out);
}

static struct flow *
make_post(void)
{
    struct flow *f = flow_make(FLOW_HTTP, REQUEST);
    flow_make_content(&f->req, SLICE("a\0b\xff"));
    flow_make_response(f, "HTTP/1.1 201 Made\r\nX: 1\r\n\r\n");
    flow_make_server(f);
    return f;
}

static void
heads_and_contents_are_exact(void **state)
{
    struct flow *f = make_post();
    json_t *root = read_back(f, true);
    json_t *req = json_object_get(root, "request"), *resp = json_object_get(root, "response");
    expect_base64(req, "raw", SLICE(REQUEST));
    expect_base64(json_object_get(req, "body"), "base64", SLICE("a\0b\xff"));
    expect_base64(resp, "raw", SLICE("HTTP/1.1 201 Made\r\nX: 1\r\n\r\n"));
    json_decref(root);
    flow_unref(f);
}

static void
heads_are_there_in_parts(void **state)
{
    struct flow *f = make_post();
    json_t *root = read_back(f, false);
    json_t *req = json_object_get(root, "request"), *resp = json_object_get(root, "response");
    assert_string_equal(text_at(req, "method"), "POST");
    assert_string_equal(text_at(req, "target"), "http://example.com/form?a=b");
    assert_string_equal(text_at(req, "version"), "1.1");
    json_t *odd = json_array_get(json_object_get(req, "fields"), 1);
    assert_string_equal(json_string_value(json_array_get(odd, 0)), "X-Odd");
    assert_string_equal(json_string_value(json_array_get(odd, 1)), "va\"lue\\");
    assert_int_equal(number_at(resp, "status"), 201);
    assert_string_equal(text_at(resp, "reason"), "Made");
    json_decref(root);
    flow_unref(f);
}

static void
facts_of_the_flow_are_there(void **state)
{
    struct flow *f = make_post();
    flow_fail(f, "truncated", SLICE("no close_notify"));
    json_t *root = read_back(f, false);
    assert_int_equal(number_at(root, "weir_flow"), 1);
    assert_int_equal(number_at(root, "id"), f->id);
    assert_string_equal(text_at(root, "kind"), "http");
    assert_string_equal(text_at(root, "url"), "https://example.com/form?a=b");
    assert_int_equal(number_at(root, "port"), 443);
    assert_int_equal(number_at(root, "started_us"), 1700000000123456);
    json_t *error = json_object_get(root, "error");
    assert_string_equal(text_at(error, "reason"), "truncated");
    assert_string_equal(text_at(error, "text"), "no close_notify");
    json_t *server = json_object_get(root, "server");
    assert_string_equal(text_at(server, "remote"), "192.0.2.1:443");
    assert_int_equal(number_at(server, "connected_us") - number_at(server, "resolved_us"), 2000);
    assert_true(json_is_null(json_object_get(server, "tls")));
    json_decref(root);
    flow_unref(f);
}

static void
what_did_not_happen_is_null(void **state)
{
    struct flow *f = flow_make(FLOW_TLS, NULL);
    f->ended = 0;
    json_t *root = read_back(f, true);
    assert_string_equal(text_at(root, "kind"), "tls");
    assert_true(json_is_null(json_object_get(root, "request")));
    assert_true(json_is_null(json_object_get(root, "response")));
    assert_true(json_is_null(json_object_get(root, "server")));
    assert_true(json_is_null(json_object_get(root, "error")));
    assert_true(json_is_null(json_object_get(root, "ended_us")));
    assert_null(json_object_get(root, "tunnel"));
    json_decref(root);
    flow_unref(f);
}

static void
bytes_in_base64_are_left_out_unless_wanted(void **state)
{
    struct flow *f = make_post();
    peer_need_tls(f->server)->certs[0] = block_new(1);
    f->server->tls->n_certs = 1;
    json_t *root = read_back(f, false);
    json_t *req = json_object_get(root, "request");
    assert_null(json_object_get(req, "raw"));
    assert_null(json_object_get(json_object_get(req, "body"), "base64"));
    assert_int_equal(number_at(json_object_get(req, "body"), "size"), 4);
    assert_null(json_object_get(json_object_get(json_object_get(root, "server"), "tls"), "certs"));
    json_decref(root);
    flow_unref(f);
}

static void
certificates_are_exact(void **state)
{
    struct flow *f = make_post();
    struct peer_tls *tls = peer_need_tls(f->server);
    snprintf(tls->version, sizeof(tls->version), "TLSv1.3");
    tls->certs[0] = block_new(3);
    memcpy(tls->certs[0]->data, "\x30\x01\x00", 3);
    tls->certs[0]->n = 3;
    tls->n_certs = 1;
    json_t *root = read_back(f, true);
    json_t *out = json_object_get(json_object_get(root, "server"), "tls");
    assert_string_equal(text_at(out, "version"), "TLSv1.3");
    assert_string_equal(json_string_value(json_array_get(json_object_get(out, "certs"), 0)),
                        "MAEA");
    json_decref(root);
    flow_unref(f);
}

static void
the_sent_head_is_there_when_it_differs(void **state)
{
    struct flow *f = make_post();
    json_t *root = read_back(f, true);
    assert_null(json_object_get(json_object_get(root, "request"), "sent"));
    json_decref(root);
    assert_true(head_copy(&f->req.sent, &f->req.head, f->arena));
    assert_true(head_set(&f->req.sent, f->arena, FIELD_HOST, SLICE("other.test")));
    root = read_back(f, true);
    expect_base64(json_object_get(root, "request"), "sent",
                  SLICE("POST http://example.com/form?a=b HTTP/1.1\r\nHost: other.test\r\n"
                        "X-Odd:  va\"lue\\ \r\nContent-Length: 4\r\n\r\n"));
    json_decref(root);
    flow_unref(f);
}

static void
a_content_in_many_blocks_is_exact(void **state)
{
    struct flow *f = make_post();
    char bytes[10001];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7);
    for (size_t i = 0; i < sizeof(bytes); i++)
        body_append(&f->resp.body, slice_of(bytes + i, 1), UINT64_MAX, 0);
    json_t *root = read_back(f, true);
    expect_base64(json_object_get(json_object_get(root, "response"), "body"), "base64",
                  slice_of(bytes, sizeof(bytes)));
    json_decref(root);
    flow_unref(f);
}

static void
a_cut_content_says_so(void **state)
{
    struct flow *f = make_post();
    body_append(&f->resp.body, SLICE("0123456789"), 3, 0);
    json_t *root = read_back(f, true);
    json_t *body = json_object_get(json_object_get(root, "response"), "body");
    assert_true(json_is_true(json_object_get(body, "cut")));
    assert_int_equal(number_at(body, "size"), 10);
    assert_int_equal(number_at(body, "kept"), 3);
    expect_base64(body, "base64", SLICE("012"));
    json_decref(root);
    flow_unref(f);
}

static void
bytes_that_are_no_text_do_not_break_it(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, "GET / HTTP/1.1\r\nHost: a\r\nX: \xff\xc3\r\n\r\n");
    json_t *root = read_back(f, false);
    json_t *x = json_array_get(json_object_get(json_object_get(root, "request"), "fields"), 1);
    assert_string_equal(json_string_value(json_array_get(x, 1)), "\xef\xbf\xbd\xef\xbf\xbd");
    json_decref(root);
    flow_unref(f);
}

static void
interim_responses_and_trailers_are_there(void **state)
{
    struct flow *f = make_post();
    struct interim *it = arena_alloc(f->arena, sizeof(*it));
    it->head = f->resp.head;
    it->head.status = 103;
    it->at = f->started;
    f->interim = it;
    f->resp.trailers = f->resp.head;
    f->resp.chunk_ext = SLICE(";x=y");
    json_t *root = read_back(f, true);
    json_t *first = json_array_get(json_object_get(root, "interim"), 0);
    assert_int_equal(number_at(first, "status"), 103);
    json_t *resp = json_object_get(root, "response");
    assert_non_null(json_object_get(json_object_get(resp, "trailers"), "fields"));
    assert_string_equal(text_at(resp, "chunk_ext"), ";x=y");
    json_decref(root);
    flow_unref(f);
}

static void
a_tunnel_has_its_bytes(void **state)
{
    struct flow *f = flow_make(FLOW_TUNNEL, NULL);
    flow_make_content(&f->req, SLICE("up"));
    f->tunnel_up = 2;
    f->tunnel_down = 7;
    json_t *root = read_back(f, true);
    assert_int_equal(number_at(json_object_get(root, "tunnel"), "down"), 7);
    assert_null(json_object_get(json_object_get(root, "tunnel"), "passed_through_by"));
    json_t *req = json_object_get(root, "request");
    assert_null(json_object_get(req, "method"));
    expect_base64(json_object_get(req, "body"), "base64", SLICE("up"));
    json_decref(root);
    flow_unref(f);
}

static void
a_tunnel_of_closed_tls_says_who_wanted_that(void **state)
{
    struct flow *f = flow_make(FLOW_TUNNEL, NULL);
    f->passed = SLICE("rule \"bank\"");
    json_t *root = read_back(f, false);
    assert_string_equal(text_at(json_object_get(root, "tunnel"), "passed_through_by"),
                        "rule \"bank\"");
    json_decref(root);
    flow_unref(f);
}

static void
an_upgraded_exchange_has_the_bytes_of_its_tunnel(void **state)
{
    struct flow *f = make_post();
    f->tunnel_up = 3;
    json_t *root = read_back(f, true);
    assert_int_equal(number_at(json_object_get(root, "tunnel"), "up"), 3);
    json_decref(root);
    flow_unref(f);
}

static void
a_buf_that_is_full_has_failed(void **state)
{
    struct flow *f = make_post();
    for (size_t max = 0; max < 1000; max++) {
        struct buf out;
        struct json j;
        buf_init(&out, max);
        json_init(&j, &out);
        flow_json(&j, f, true);
        assert_true(out.failed);
        buf_release(&out);
    }
    flow_unref(f);
}

/* The first version of a request: another field and another content. */
static void
edit_request(struct flow *f)
{
    struct decision d = {0};
    struct hook h = {
        .flow = f, .by = SLICE("rule one"), .now = 1700000000200000000, .decision = &d};
    struct version *v = edit_begin(&h, &f->req);
    assert_true(v && edit_set(&h, v, SLICE("X-New"), SLICE("1")));
    assert_true(edit_replace(&h, v, SLICE("other")));
}

static void
what_was_made_of_a_message_is_told(void **state)
{
    struct flow *f = make_post();
    edit_request(f);
    json_t *root = read_back(f, true);
    json_t *versions = json_object_get(json_object_get(root, "request"), "versions");
    assert_int_equal(json_array_size(versions), 1);
    json_t *v = json_array_get(versions, 0);
    assert_string_equal(text_at(v, "by"), "rule one");
    assert_int_equal(number_at(v, "at_us"), 1700000000200000);
    assert_string_equal(text_at(v, "method"), "POST");
    assert_int_equal(number_at(v, "size"), 5);
    assert_true(json_is_false(json_object_get(v, "cut")));
    expect_base64(v, "base64", SLICE("other"));
    assert_null(json_object_get(json_object_get(root, "response"), "versions"));
    assert_string_equal(json_string_value(json_array_get(json_object_get(root, "flags"), 0)),
                        "edited");
    json_decref(root);
    flow_unref(f);
}

static void
rules_and_people_are_heard(void **state)
{
    struct flow *f = make_post();
    struct slice tags[] = {SLICE("a"), SLICE("b")};
    json_t *root = read_back(f, false);
    assert_null(json_object_get(root, "marks"));
    assert_null(json_object_get(root, "trace"));
    json_decref(root);
    assert_true(flow_mark(
        f, &(struct marks){.mark = SLICE("red"), .note = SLICE("n"), .tags = tags, .n_tags = 2}));
    assert_true(flow_trace(f, &(struct trace){.rule = 7,
                                              .name = SLICE("one"),
                                              .stage = "request",
                                              .did = "blocked",
                                              .at = 1700000000200000000}));
    f->flags = FLOW_MOCKED | FLOW_SENT;
    root = read_back(f, false);
    json_t *marks = json_object_get(root, "marks");
    assert_string_equal(text_at(marks, "mark"), "red");
    assert_string_equal(text_at(marks, "note"), "n");
    assert_int_equal(json_array_size(json_object_get(marks, "tags")), 2);
    json_t *t = json_array_get(json_object_get(root, "trace"), 0);
    assert_int_equal(number_at(t, "rule"), 7);
    assert_string_equal(text_at(t, "name"), "one");
    assert_string_equal(text_at(t, "stage"), "request");
    assert_string_equal(text_at(t, "did"), "blocked");
    assert_int_equal(json_array_size(json_object_get(root, "flags")), 2);
    json_decref(root);
    flow_unref(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_and_contents_are_exact),
        cmocka_unit_test(heads_are_there_in_parts),
        cmocka_unit_test(facts_of_the_flow_are_there),
        cmocka_unit_test(what_did_not_happen_is_null),
        cmocka_unit_test(bytes_in_base64_are_left_out_unless_wanted),
        cmocka_unit_test(certificates_are_exact),
        cmocka_unit_test(the_sent_head_is_there_when_it_differs),
        cmocka_unit_test(a_content_in_many_blocks_is_exact),
        cmocka_unit_test(a_cut_content_says_so),
        cmocka_unit_test(bytes_that_are_no_text_do_not_break_it),
        cmocka_unit_test(interim_responses_and_trailers_are_there),
        cmocka_unit_test(a_tunnel_has_its_bytes),
        cmocka_unit_test(a_tunnel_of_closed_tls_says_who_wanted_that),
        cmocka_unit_test(an_upgraded_exchange_has_the_bytes_of_its_tunnel),
        cmocka_unit_test(a_buf_that_is_full_has_failed),
        cmocka_unit_test(what_was_made_of_a_message_is_told),
        cmocka_unit_test(rules_and_people_are_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
