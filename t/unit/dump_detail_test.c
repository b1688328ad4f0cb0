/* Tests of ui/dump_detail: heads, connections and times. */
#include "codec/ws_frame.h"
#include "flow/message.h"
#include "lib/flow_make.h"
#include "ui/dump_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct dump_text text;

static const char *
detail(const struct flow *f, int level)
{
    struct dump_options o = {.detail = level, .decode_max = 1 << 20};
    buf_release(&text.out);
    buf_init(&text.out, 1 << 20);
    dump_detail(&text, f, &o);
    assert_false(text.out.failed);
    return buf_str(&text.out);
}

static int
release(void **state)
{
    buf_release(&text.out);
    return 0;
}

static void
heads_are_shown_as_they_arrived(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, "GET /x HTTP/1.1\r\nhOst:  a.test \r\nX: \xff\r\n\r\n");
    flow_make_response(f, "HTTP/1.1 404 No\r\nX: \xe2\x80\xae\r\n\r\n");
    assert_string_equal(detail(f, 2), "  > GET /x HTTP/1.1\n  > hOst:  a.test \n  > X: \\xff\n"
                                      "  < HTTP/1.1 404 No\n  < X: \\xe2\\x80\\xae\n");
    flow_unref(f);
}

/* Malformed heads are kept as they are: they cannot end the line that they stand in. */
static void
a_malformed_head_stays_in_its_lines(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, NULL);
    f->req.head.raw = SLICE("GET / HTTP/1.1\nA\rB: \x1b[0m\n\n");
    assert_string_equal(detail(f, 2), "  > GET / HTTP/1.1\n  > A\\x0dB: \\x1b[0m\n  > \n");
    flow_unref(f);
}

static void
interim_heads_and_trailers_have_their_place(void **state)
{
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    struct interim *it = arena_alloc(f->arena, sizeof(*it));
    it->head.raw = SLICE("HTTP/1.1 103 Early Hints\r\n\r\n");
    f->interim = it;
    f->resp.trailers.raw = SLICE("Sum: 1\r\n\r\n");
    f->resp.trailers.n = 1;
    assert_non_null(strstr(detail(f, 2), "  < HTTP/1.1 103 Early Hints\n  < HTTP/1.1 200 OK\n"));
    assert_non_null(strstr(detail(f, 2), "  < [trailers]\n  < Sum: 1\n"));
    flow_unref(f);
}

static void
an_answer_of_our_own_is_shown_as_it_was_sent(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    f->resp.sent.status = 502;
    f->resp.sent.version = 11;
    f->resp.sent.reason = SLICE("Bad Gateway");
    assert_non_null(strstr(detail(f, 2), "  < HTTP/1.1 502 Bad Gateway\n"));
    flow_unref(f);
}

static void
a_changed_head_is_shown_from_detail_four_on(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_null(strstr(detail(f, 4), "sent on as"));
    assert_true(head_copy(&f->req.sent, &f->req.head, f->arena));
    assert_true(head_set(&f->req.sent, f->arena, FIELD_HOST, SLICE("b")));
    assert_null(strstr(detail(f, 3), "sent on as"));
    assert_non_null(strstr(detail(f, 4), "  > [sent on as]\n  > GET /x HTTP/1.1\n  > Host: b\n"));
    flow_unref(f);
}

static void
connections_and_times_have_a_line_each(void **state)
{
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    flow_make_server(f);
    struct peer_tls *tls = peer_need_tls(f->server);
    snprintf(tls->version, sizeof(tls->version), "TLSv1.3");
    snprintf(tls->cipher, sizeof(tls->cipher), "TLS_AES_128_GCM_SHA256");
    snprintf(tls->alpn, sizeof(tls->alpn), "http/1.1\x1b");
    snprintf(tls->verdict, sizeof(tls->verdict), "ok");
    snprintf(tls->ocsp, sizeof(tls->ocsp), "good");
    f->client->id = 7;
    f->server->id = 8;
    f->stream = 5;
    assert_non_null(strstr(
        detail(f, 3),
        "    client 127.0.0.1:5000 connection=7 stream=5\n"
        "    server 192.0.2.1:443 connection=8 TLSv1.3 TLS_AES_128_GCM_SHA256 alpn=http/1.1\\x1b "
        "certificate=ok ocsp=good\n"
        "    times 2023-11-14T22:13:20.123Z dns 1ms connect 2ms tls 5ms request 0us head 20ms end "
        "34ms\n"));
    flow_unref(f);
}

static void
a_reused_connection_costs_no_time(void **state)
{
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    flow_make_server(f);
    f->server_reused = true;
    assert_non_null(strstr(detail(f, 3), " reused\n"));
    assert_null(strstr(detail(f, 3), "dns"));
    flow_unref(f);
}

static void
a_tunnel_without_heads_is_no_problem(void **state)
{
    struct flow *f = flow_make(FLOW_TUNNEL, NULL);
    flow_make_content(&f->req, SLICE("\x00\x01"));
    assert_non_null(strstr(detail(f, 4), "00000000  00 01"));
    flow_unref(f);
}

static void
messages_have_a_line_each_and_their_contents(void **state)
{
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    struct message *m = message_begin(f, &(struct message){.kind = MESSAGE_WS, .opcode = WS_TEXT});
    message_add(f, m, &m->raw, SLICE("hello, all of you\n\x1b"), 100, 0);
    m->flags = MESSAGE_EDITED;
    message_name(f, m, &m->by, SLICE("rule x"));
    message_add(f, m, &m->sent, SLICE("other"), 100, 0);
    message_end(f, m);
    m = message_begin(f, &(struct message){.kind = MESSAGE_WS, .opcode = WS_PING, .up = true});
    m->flags = MESSAGE_INVALID;
    m->why = "a control frame is fragmented";
    message_end(f, m);
    assert_non_null(strstr(detail(f, 2),
                           "  < [text, 19b, edited by rule x]\n"
                           "  > [ping, 0b, invalid: a control frame is fragmented]\n"));
    assert_null(strstr(detail(f, 2), "hello"));
    assert_non_null(
        strstr(detail(f, 3), "  < hello, all of you\n  < \\x1b\n  < [sent on as]\n  < other\n"));
    f->messages->total = 12;
    assert_non_null(strstr(detail(f, 2), "    [10 messages are not kept]\n"));
    flow_unref(f);
}

static void
a_tunnel_that_was_left_closed_says_why(void **state)
{
    struct flow *f = flow_make(FLOW_TUNNEL, NULL);
    f->passed = SLICE("client ann");
    assert_non_null(strstr(detail(f, 3), "    left alone by client ann\n"));
    assert_null(strstr(detail(f, 2), "left closed"));
    flow_unref(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(heads_are_shown_as_they_arrived, release),
        cmocka_unit_test_teardown(a_malformed_head_stays_in_its_lines, release),
        cmocka_unit_test_teardown(interim_heads_and_trailers_have_their_place, release),
        cmocka_unit_test_teardown(an_answer_of_our_own_is_shown_as_it_was_sent, release),
        cmocka_unit_test_teardown(a_changed_head_is_shown_from_detail_four_on, release),
        cmocka_unit_test_teardown(connections_and_times_have_a_line_each, release),
        cmocka_unit_test_teardown(a_reused_connection_costs_no_time, release),
        cmocka_unit_test_teardown(a_tunnel_without_heads_is_no_problem, release),
        cmocka_unit_test_teardown(messages_have_a_line_each_and_their_contents, release),
        cmocka_unit_test_teardown(a_tunnel_that_was_left_closed_says_why, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
