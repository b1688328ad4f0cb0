/* Tests of flow/message: what is kept of messages, and what goes. */
#include "flow/message.h"

#include "base/mem.h"
#include "codec/ws_frame.h"
#include "lib/flow_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LIMIT 100000u

static struct flow *
make(struct budget *budget)
{
    struct flow *f = flow_make_get("a.test", "/", "", budget);
    assert_null(f->messages);
    return f;
}

static struct message *
say(struct flow *f, bool up, struct slice text)
{
    struct message *m = message_begin(
        f, &(struct message){.kind = MESSAGE_WS, .up = up, .at = 5, .opcode = WS_TEXT});
    if (m)
        message_add(f, m, &m->raw, text, LIMIT, text.n);
    message_end(f, m);
    return m;
}

static void
expect_body(const struct body *b, const char *want)
{
    assert_int_equal(b->kept, strlen(want));
    assert_memory_equal(b->first->data, want, strlen(want));
}

static void
messages_have_numbers_in_their_order(void **state)
{
    struct flow *f = make(NULL);
    say(f, true, SLICE("a"));
    say(f, false, SLICE("bc"));
    const struct message *m = messages_from(f->messages, 0);
    assert_int_equal(m->number, 1);
    assert_true(m->up);
    expect_body(&m->raw, "a");
    m = messages_next(f->messages, m);
    assert_int_equal(m->number, 2);
    assert_false(m->up);
    assert_null(messages_next(f->messages, m));
    assert_ptr_equal(messages_from(f->messages, 2), m);
    assert_null(messages_from(f->messages, 3));
    assert_int_equal(messages_lost(f->messages), 0);
    flow_unref(f);
}

static void
a_flow_without_messages_has_none(void **state)
{
    struct flow *f = make(NULL);
    assert_null(messages_from(f->messages, 0));
    assert_int_equal(messages_lost(f->messages), 0);
    assert_int_equal(messages_memory(f->messages), 0);
    flow_unref(f);
}

static void
of_too_many_the_oldest_go_and_numbers_stay(void **state)
{
    struct flow *f = make(NULL);
    for (unsigned i = 0; i < MESSAGES_MAX + 3; i++)
        say(f, true, SLICE("x"));
    assert_int_equal(f->messages->n, MESSAGES_MAX);
    assert_int_equal(messages_lost(f->messages), 3);
    assert_int_equal(messages_from(f->messages, 0)->number, 4);
    flow_unref(f);
}

static void
one_that_is_open_does_not_go(void **state)
{
    struct flow *f = make(NULL);
    struct message *open = message_begin(f, &(struct message){.up = true});
    for (unsigned i = 0; i < MESSAGES_MAX + 3; i++)
        say(f, false, SLICE("x"));
    assert_ptr_equal(messages_from(f->messages, 0), open);
    message_add(f, open, &open->raw, SLICE("still"), LIMIT, 0);
    expect_body(&open->raw, "still");
    message_end(f, open);
    say(f, false, SLICE("x"));
    assert_ptr_not_equal(messages_from(f->messages, 0), open);
    flow_unref(f);
}

static void
one_flow_has_an_eighth_of_the_budget(void **state)
{
    static char much[40000];
    struct budget budget = {.max = 800000};
    struct flow *f = make(&budget);
    for (unsigned i = 0; i < 10; i++)
        say(f, true, slice_of(much, sizeof(much)));
    assert_true(messages_memory(f->messages) <= budget.max / 8);
    assert_int_equal(f->messages->n, 2);
    assert_int_equal(messages_lost(f->messages), 8);
    assert_int_equal(f->messages->bytes, messages_memory(f->messages));
    flow_unref(f);
    assert_int_equal(budget.used, 0);
}

static void
where_others_use_the_budget_a_message_is_counted_and_not_kept(void **state)
{
    struct budget budget = {.max = 100000};
    struct flow *f = make(&budget);
    say(f, true, SLICE("before"));
    assert_int_equal(f->messages->n, 1);
    size_t used = budget.used;
    atomic_store(&budget.used, budget.max + used);
    assert_null(say(f, true, SLICE("while")));
    assert_int_equal(f->messages->n, 0);
    assert_int_equal(messages_lost(f->messages), 2);
    atomic_fetch_sub(&budget.used, budget.max);
    assert_non_null(say(f, true, SLICE("after")));
    assert_int_equal(messages_from(f->messages, 0)->number, 3);
    flow_unref(f);
    assert_int_equal(budget.used, 0);
}

static void
a_content_is_cut_at_its_limit(void **state)
{
    struct flow *f = make(NULL);
    struct message *m = message_begin(f, &(struct message){.kind = MESSAGE_TCP});
    message_add(f, m, &m->raw, SLICE("abcdef"), 4, 0);
    expect_body(&m->raw, "abcd");
    assert_true(m->raw.cut);
    assert_int_equal(m->raw.size, 6);
    message_drop(f, m, &m->raw);
    assert_int_equal(m->raw.size, 0);
    assert_int_equal(f->messages->bytes, messages_memory(f->messages));
    message_end(f, m);
    flow_unref(f);
}

static void
frames_are_kept_where_there_are_several(void **state)
{
    struct flow *f = make(NULL);
    struct message *m = message_begin(f, &(struct message){.kind = MESSAGE_WS});
    message_frame(f, m, 3);
    message_add(f, m, &m->raw, SLICE("abc"), LIMIT, 3);
    assert_null(m->frames);
    assert_false(m->flags & MESSAGE_FRAGMENTED);
    for (unsigned i = 0; i < 100; i++)
        message_frame(f, m, i);
    assert_true(m->flags & MESSAGE_FRAGMENTED);
    assert_int_equal(m->n_frames, 101);
    assert_int_equal(m->frames[0], 3);
    assert_int_equal(m->frames[2], 1);
    assert_int_equal(f->messages->bytes, messages_memory(f->messages));
    message_end(f, m);
    flow_unref(f);
}

static void
what_it_says_is_decoded_and_then_what_was_sent_instead(void **state)
{
    struct flow *f = make(NULL);
    struct message *m =
        message_begin(f, &(struct message){.kind = MESSAGE_WS, .flags = MESSAGE_COMPRESSED});
    message_add(f, m, &m->raw, SLICE("zzz"), LIMIT, 0);
    message_add(f, m, &m->plain, SLICE("plain"), LIMIT, 0);
    expect_body(message_body(m), "plain");
    expect_body(message_now(m), "plain");
    message_add(f, m, &m->sent, SLICE("other"), LIMIT, 0);
    m->flags |= MESSAGE_EDITED;
    expect_body(message_body(m), "plain");
    expect_body(message_now(m), "other");
    message_end(f, m);
    flow_unref(f);
}

static void
names_are_copied_and_counted(void **state)
{
    char name[] = "rule one";
    struct budget budget = {.max = 1000000};
    struct flow *f = make(&budget);
    struct message *m = message_begin(f, &(struct message){.kind = MESSAGE_SSE});
    message_name(f, m, &m->by, slice_str(name));
    name[0] = 'x';
    assert_true(slice_eq(m->by, SLICE("rule one")));
    assert_int_equal(f->messages->bytes, messages_memory(f->messages));
    message_end(f, m);
    flow_unref(f);
    assert_int_equal(budget.used, 0);
}

static void
without_memory_it_is_counted(void **state)
{
    for (unsigned nth = 1; nth < 4; nth++) {
        struct flow *f = make(NULL);
        say(f, true, SLICE("first"));
        mem_fail_at(nth);
        say(f, true, SLICE("abc"));
        mem_fail_at(0);
        assert_int_equal(f->messages->total, 2);
        assert_int_equal(f->messages->n + messages_lost(f->messages), 2);
        flow_unref(f);
    }
}

static void
an_edit_is_there_or_is_none(void **state)
{
    struct budget budget = {.max = 100000};
    struct flow *f = make(&budget);
    struct message *m = message_begin(f, &(struct message){.kind = MESSAGE_WS});
    message_add(f, m, &m->raw, SLICE("old"), LIMIT, 0);
    assert_true(message_edit(f, m, SLICE("new"), SLICE("rule x")));
    assert_true(message_edit(f, m, SLICE("newer"), SLICE("rule y")));
    expect_body(message_now(m), "newer");
    assert_true(slice_eq(m->by, SLICE("rule x")));
    message_revert(f, m);
    expect_body(message_now(m), "old");
    mem_fail_at(1);
    assert_false(message_edit(f, m, SLICE("new"), SLICE("rule x")));
    mem_fail_at(0);
    expect_body(message_now(m), "old");
    assert_int_equal(f->messages->bytes, messages_memory(f->messages));
    message_end(f, m);
    flow_unref(f);
    assert_int_equal(budget.used, 0);
}

static void
only_one_that_is_begun_is_looked_at(void **state)
{
    struct flow *f = make(NULL);
    struct message *m = message_begin(f, &(struct message){.kind = MESSAGE_WS});
    f->messages->now = m;
    message_end(f, m);
    assert_null(f->messages->now);
    message_end(f, NULL);
    message_add(f, NULL, NULL, SLICE("x"), 1, 0);
    message_frame(f, NULL, 1);
    message_name(f, NULL, &m->by, SLICE("x"));
    assert_int_equal(m->by.n, 0);
    flow_unref(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_have_numbers_in_their_order),
        cmocka_unit_test(a_flow_without_messages_has_none),
        cmocka_unit_test(of_too_many_the_oldest_go_and_numbers_stay),
        cmocka_unit_test(one_that_is_open_does_not_go),
        cmocka_unit_test(one_flow_has_an_eighth_of_the_budget),
        cmocka_unit_test(where_others_use_the_budget_a_message_is_counted_and_not_kept),
        cmocka_unit_test(a_content_is_cut_at_its_limit),
        cmocka_unit_test(frames_are_kept_where_there_are_several),
        cmocka_unit_test(what_it_says_is_decoded_and_then_what_was_sent_instead),
        cmocka_unit_test(names_are_copied_and_counted),
        cmocka_unit_test(without_memory_it_is_counted),
        cmocka_unit_test(an_edit_is_there_or_is_none),
        cmocka_unit_test(only_one_that_is_begun_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
