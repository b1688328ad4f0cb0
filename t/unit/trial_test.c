/* Tests of rule/trial: what a rule would have done to a flow that is over. */
#include "rule/trial.h"

#include "codec/ws_frame.h"
#include "flow/edit.h"
#include "flow/message.h"
#include "lib/flow_make.h"
#include "lib/rule_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct flow *
make_flow(void)
{
    struct flow *f = flow_make(FLOW_HTTP, "POST /a HTTP/1.1\r\nHost: example.com\r\n\r\n");
    flow_make_content(&f->req, SLICE("question"));
    flow_make_response(f, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
    flow_make_content(&f->resp, SLICE("answer"));
    return f;
}

/* Tries the rule; to be released. */
static struct trial
try_rule(const char *lines, struct flow *f)
{
    struct err e = {0};
    struct trial t;
    struct rule *r = rule_make(lines);
    assert_true(trial_run(&t, r, f, &e));
    rule_unref(r);
    return t;
}

static void
expect_content(const struct http_msg *m, const char *text)
{
    struct buf room = {.max = 4096};
    struct slice content;
    assert_true(edit_content(m, &room, &content));
    assert_true(slice_eq(content, slice_str(text)));
    buf_release(&room);
}

static void
a_rule_acts_on_the_copy_alone(void **state)
{
    struct flow *f = make_flow();
    struct trial t = try_rule("do: set-field\nfield: X\nvalue: 1", f);
    assert_true(t.matched);
    assert_string_equal(rule_head_text(&t.flow->req), "POST /a\nHost: example.com\nX: 1\n");
    assert_string_equal(t.flow->trace->stage, "request-head");
    assert_string_equal(rule_head_text(&f->req), "POST /a\nHost: example.com\n");
    assert_null(f->trace);
    trial_release(&t);
    expect_content(&f->req, "question");
    flow_unref(f);
}

static void
contents_of_both_sides_are_there_at_their_stages(void **state)
{
    struct flow *f = make_flow();
    struct trial t = try_rule("do: replace-body\npattern: answer\nwith: other", f);
    expect_content(&t.flow->resp, "other");
    expect_content(&t.from->resp, "answer");
    trial_release(&t);
    t = try_rule("do: replace-body\nside: request\npattern: question\nwith: other", f);
    expect_content(&t.flow->req, "other");
    trial_release(&t);
    flow_unref(f);
}

static void
what_came_later_is_not_seen_before(void **state)
{
    struct flow *f = make_flow();
    struct trial t = try_rule("do: block\nwhen: !status=200", f);
    assert_true(t.matched);
    assert_int_equal(t.decision.end, END_ANSWER);
    assert_int_equal(edit_head(&t.flow->resp)->status, 403);
    trial_release(&t);
    flow_unref(f);
}

static void
a_hello_is_there_where_there_was_tls(void **state)
{
    struct flow *f = make_flow();
    struct trial t = try_rule("do: pass-through", f);
    assert_false(t.matched);
    trial_release(&t);
    assert_non_null(peer_need_tls(f->client));
    t = try_rule("do: pass-through\nwhen: host=example.com", f);
    assert_true(t.matched);
    assert_int_equal(t.decision.end, END_PASS);
    assert_string_equal(t.flow->trace->stage, "client-hello");
    assert_int_equal(f->passed.n, 0);
    trial_release(&t);
    /* Nothing of the exchange was there. */
    t = try_rule("do: mark\nmark: m\nat: client-hello\nwhen: method:POST", f);
    assert_false(t.matched);
    trial_release(&t);
    t = try_rule("do: mark\nmark: m\nwhen: method:POST", f);
    assert_true(t.matched);
    trial_release(&t);
    flow_unref(f);
}

static void
a_query_that_does_not_match_does_nothing(void **state)
{
    struct flow *f = make_flow();
    struct trial t = try_rule("do: path\nwith: /b\nwhen: host:other", f);
    assert_false(t.matched);
    assert_null(t.flow->trace);
    trial_release(&t);
    flow_unref(f);
}

static void
a_match_without_an_effect_is_a_match(void **state)
{
    struct flow *f = make_flow();
    struct trial t = try_rule("do: path\npattern: /never\nwith: /b", f);
    assert_true(t.matched);
    assert_null(t.flow->trace);
    trial_release(&t);
    flow_unref(f);
}

/* It went elsewhere because of a rule: another one sees where the client wanted it to go. */
static void
changes_of_other_rules_are_not_there(void **state)
{
    struct flow *f = make_flow();
    struct decision d = {0};
    struct hook h = {.flow = f, .by = SLICE("rule one"), .decision = &d};
    struct version *v = edit_begin(&h, &f->req);
    assert_true(v && edit_url(&h, v, SLICE("http://other.test/"), false));
    struct trial t = try_rule("do: path\nwith: /b\nwhen: host=example.com", f);
    assert_true(t.matched);
    assert_string_equal(t.flow->scheme, "https");
    assert_string_equal(rule_head_text(&t.flow->req), "POST /b\nHost: example.com\n");
    trial_release(&t);
    flow_unref(f);
}

static void
without_a_response_its_stages_are_not_tried(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n");
    struct trial t = try_rule("do: status\nto: 404", f);
    assert_false(t.matched);
    trial_release(&t);
    flow_unref(f);
}

static void
a_tunnel_is_nothing_for_rules_of_exchanges(void **state)
{
    struct flow *f = flow_make(FLOW_TUNNEL, NULL);
    struct trial t = try_rule("do: block", f);
    assert_false(t.matched);
    trial_release(&t);
    flow_unref(f);
}

static void
marks_go_to_the_copy(void **state)
{
    struct flow *f = make_flow();
    struct marks said = {.note = SLICE("mine")};
    assert_true(flow_mark(f, &said));
    struct trial t = try_rule("do: mark\nmark: red", f);
    const struct marks *now = atomic_load(&t.flow->marks);
    assert_true(now && slice_eq(now->mark, SLICE("red")) && slice_eq(now->note, SLICE("mine")));
    assert_int_equal(atomic_load(&f->marks)->mark.n, 0);
    trial_release(&t);
    flow_unref(f);
}

/* Each of the messages, and those of the flow stay as they are. */
static void
messages_are_tried_one_by_one(void **state)
{
    struct flow *f = make_flow();
    const char *const texts[] = {"a secret", "other", "another secret"};
    for (size_t i = 0; i < 3; i++) {
        struct message *m =
            message_begin(f, &(struct message){.kind = MESSAGE_WS, .opcode = WS_TEXT});
        message_add(f, m, &m->raw, slice_str(texts[i]), 100, 0);
        message_end(f, m);
    }
    struct trial t =
        try_rule("do: replace-message\nwhen: msg.body:secret\npattern: secret\nwith: word", f);
    assert_true(t.matched);
    const struct message *m = messages_from(t.flow->messages, 1);
    assert_memory_equal(m->sent.first->data, "a word", 6);
    assert_true(slice_starts(m->by, SLICE("rule")));
    assert_false(messages_from(t.flow->messages, 2)->flags & MESSAGE_EDITED);
    assert_true(messages_from(t.flow->messages, 3)->flags & MESSAGE_EDITED);
    assert_false(messages_from(f->messages, 1)->flags & MESSAGE_EDITED);
    assert_string_equal(t.flow->trace->stage, "message");
    assert_null(t.flow->trace->next);
    trial_release(&t);
    t = try_rule("do: drop\nwhen: msg.body:another", f);
    assert_int_equal(t.decision.end, END_DROP);
    trial_release(&t);
    t = try_rule("do: drop\nwhen: msg.op:ping", f);
    assert_false(t.matched);
    trial_release(&t);
    flow_unref(f);
}

/* Of an exchange or of a tunnel, by what it says: decoded where it came coded. */
static void
messages_of_every_kind_are_tried(void **state)
{
    for (enum message_kind k = 0; k < MESSAGE_KINDS_N; k++) {
        struct flow *f = k == MESSAGE_TCP ? flow_make(FLOW_TUNNEL, NULL) : make_flow();
        struct message *m = message_begin(f, &(struct message){.kind = k, .opcode = WS_TEXT});
        message_name(f, m, &m->name, SLICE("named"));
        message_add(f, m, k == MESSAGE_SSE ? &m->plain : &m->raw, SLICE("a secret"), 100, 0);
        message_end(f, m);
        struct trial t = try_rule("do: replace-message\nwhen: msg.body:secret msg.op:named\n"
                                  "pattern: secret\nwith: word",
                                  f);
        m = messages_from(t.flow->messages, 1);
        assert_true(t.matched && m->flags & MESSAGE_EDITED);
        assert_memory_equal(m->sent.first->data, "a word", 6);
        trial_release(&t);
        flow_unref(f);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_acts_on_the_copy_alone),
        cmocka_unit_test(contents_of_both_sides_are_there_at_their_stages),
        cmocka_unit_test(what_came_later_is_not_seen_before),
        cmocka_unit_test(a_hello_is_there_where_there_was_tls),
        cmocka_unit_test(a_query_that_does_not_match_does_nothing),
        cmocka_unit_test(a_match_without_an_effect_is_a_match),
        cmocka_unit_test(changes_of_other_rules_are_not_there),
        cmocka_unit_test(without_a_response_its_stages_are_not_tried),
        cmocka_unit_test(a_tunnel_is_nothing_for_rules_of_exchanges),
        cmocka_unit_test(marks_go_to_the_copy),
        cmocka_unit_test(messages_are_tried_one_by_one),
        cmocka_unit_test(messages_of_every_kind_are_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
