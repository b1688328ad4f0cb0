/* Tests of io/resolver.c, against a DNS server of our own. */
#include "io/resolver.h"

#include "base/clock.h"
#include "base/mem.h"
#include "io/loop_uv.h"
#include "io/sock.h"
#include "lib/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

struct setup {
    struct loop *loop;
    struct resolver *resolver;
    struct dns *dns;
    struct timer *limit;
    unsigned open; /* questions */
};

/* One question, and what came of it. */
struct question {
    struct lookup lookup;
    struct setup *setup;
    unsigned calls;
    char found[256];
    char why[256];
};

static void
on_done(struct lookup *k, const struct sockaddr_storage *found, unsigned n, const char *why)
{
    struct question *q = container_of(k, struct question, lookup);
    q->calls++;
    if (--q->setup->open == 0)
        loop_stop(q->setup->loop);
    snprintf(q->why, sizeof(q->why), "%s", why);
    for (unsigned i = 0; i < n; i++) {
        char text[64];
        size_t used = strlen(q->found);
        sock_text((const struct sockaddr *)&found[i], text, sizeof(text));
        snprintf(q->found + used, sizeof(q->found) - used, "%s%s", i ? " " : "", text);
    }
}

static void
ask(struct setup *s, struct question *q, const char *name)
{
    *q = (struct question){.lookup.done = on_done, .setup = s};
    s->open++;
    resolver_find(s->resolver, slice_str(name), &q->lookup);
}

static void
cancel(struct setup *s, struct question *q)
{
    s->open--;
    resolver_cancel(&q->lookup);
}

/* Until every question has its answer. */
static void
wait_for_all(struct setup *s)
{
    timer_set(s->limit, loop_now(s->loop) + 3600 * NS_PER_S);
    while (s->open)
        loop_run(s->loop);
}

static void
never(void *arg)
{
    fail_msg("an hour has passed");
}

static int
setup(void **state)
{
    struct err e;
    struct setup *s = mem_need(mem_zalloc(sizeof(*s)));
    s->loop = loop_new(&e);
    s->resolver = loop_resolver(s->loop, &e);
    s->dns = dns_start();
    s->limit = timer_new(s->loop, never, NULL);
    *state = s;
    return resolver_set_servers(s->resolver, dns_address(s->dns)) ? 0 : -1;
}

static int
teardown(void **state)
{
    struct setup *s = *state;
    timer_free(s->limit);
    loop_free(s->loop);
    dns_stop(s->dns);
    mem_free(s);
    return 0;
}

static void
test_ipv6_and_ipv4_come_in_turn(void **state)
{
    struct setup *s = *state;
    struct question q;
    ask(s, &q, "both.weir.test");
    wait_for_all(s);
    assert_int_equal(q.calls, 1);
    assert_string_equal(q.found, "[::1]:0 127.0.0.1:0");
    assert_string_equal(q.why, "");
}

static void
test_one_family_is_enough(void **state)
{
    struct setup *s = *state;
    struct question q;
    ask(s, &q, "four.weir.test");
    wait_for_all(s);
    assert_string_equal(q.found, "127.0.0.1:0");
}

static void
test_the_hosts_file_needs_no_server(void **state)
{
    struct setup *s = *state;
    struct question q;
    ask(s, &q, "localhost");
    wait_for_all(s);
    assert_non_null(strstr(q.found, "127.0.0.1:0"));
    assert_int_equal(dns_asked(s->dns), 0);
}

static void
expect_why(struct setup *s, const char *name, const char *why)
{
    struct question q;
    ask(s, &q, name);
    wait_for_all(s);
    assert_int_equal(q.calls, 1);
    assert_string_equal(q.found, "");
    assert_string_equal(q.why, why);
}

static void
test_failures_are_sentences_with_the_name(void **state)
{
    struct setup *s = *state;
    expect_why(s, "nohost.weir.test", "'nohost.weir.test' does not exist");
    expect_why(s, "NoHost.Weir.Test", "'nohost.weir.test' does not exist");
    expect_why(s, "empty.weir.test", "'empty.weir.test' has no address");
}

static void
test_a_server_that_fails_is_told(void **state)
{
    struct setup *s = *state;
    struct question q;
    ask(s, &q, "fail.weir.test");
    wait_for_all(s);
    assert_non_null(strstr(q.why, "'fail.weir.test' cannot be looked up: the name servers "));
}

static void
test_what_is_no_name_is_not_asked(void **state)
{
    static const char *const bad[] = {"", "a b", "a/b", "caf\xc3\xa9.test", "a\\.b", "*"};
    struct setup *s = *state;
    char longest[300];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct question q;
        ask(s, &q, bad[i]);
        assert_int_equal(q.calls, 1);
        assert_non_null(strstr(q.why, "is not a host name"));
    }
    memset(longest, 'a', sizeof(longest));
    struct question q = {.lookup.done = on_done, .setup = s}, nul = q;
    s->open = 2;
    resolver_find(s->resolver, slice_of(longest, 255), &q.lookup);
    assert_int_equal(q.calls, 1);
    resolver_find(s->resolver, slice_of("a\0b", 3), &nul.lookup);
    assert_int_equal(nul.calls, 1);
    assert_int_equal(dns_asked(s->dns), 0);
}

static void
test_an_answer_is_kept_in_any_case(void **state)
{
    struct setup *s = *state;
    struct question q;
    ask(s, &q, "both.weir.test");
    wait_for_all(s);
    unsigned asked = dns_asked(s->dns);
    ask(s, &q, "BOTH.Weir.Test");
    assert_int_equal(q.calls, 1);
    assert_string_equal(q.found, "[::1]:0 127.0.0.1:0");
    assert_int_equal(dns_asked(s->dns), asked);
}

static void
test_a_failure_is_not_kept(void **state)
{
    struct setup *s = *state;
    struct question q;
    ask(s, &q, "nohost.weir.test");
    wait_for_all(s);
    unsigned asked = dns_asked(s->dns);
    ask(s, &q, "nohost.weir.test");
    assert_int_equal(q.calls, 0);
    wait_for_all(s);
    assert_int_equal(q.calls, 1);
    assert_true(dns_asked(s->dns) > asked);
}

static void
test_those_who_wait_for_one_name_share_the_question(void **state)
{
    struct setup *s = *state;
    struct question one, two, three;
    ask(s, &one, "four.weir.test");
    ask(s, &two, "four.weir.test");
    ask(s, &three, "four.weir.test");
    cancel(s, &two);
    wait_for_all(s);
    assert_int_equal(one.calls, 1);
    assert_int_equal(two.calls, 0);
    assert_int_equal(three.calls, 1);
    /* A and AAAA. */
    assert_int_equal(dns_asked(s->dns), 2);
}

static void
test_a_cancelled_question_is_silent(void **state)
{
    struct setup *s = *state;
    struct question q, other;
    ask(s, &q, "both.weir.test");
    ask(s, &other, "four.weir.test");
    cancel(s, &q);
    resolver_cancel(&q.lookup);
    wait_for_all(s);
    assert_int_equal(q.calls, 0);
    assert_int_equal(other.calls, 1);
    struct lookup unused = {0};
    resolver_cancel(&unused);
}

static void
test_a_question_may_be_open_when_the_loop_is_freed(void **state)
{
    struct setup *s = *state;
    struct question q;
    ask(s, &q, "silent.weir.test");
    cancel(s, &q);
    /* It keeps nothing alive, and ends with the loop. */
    loop_run(s->loop);
    assert_int_equal(q.calls, 0);
}

static void
test_a_question_that_was_lost_is_asked_again(void **state)
{
    struct setup *s = *state;
    struct question q;
    ask(s, &q, "late.weir.test");
    wait_for_all(s);
    assert_string_equal(q.found, "127.0.0.1:0");
    assert_true(dns_asked(s->dns) > 2);
}

static void
test_the_cache_has_a_limit(void **state)
{
    struct setup *s = *state;
    static struct question q[1002];
    char name[64];
    for (unsigned i = 0; i < ARRAY_LEN(q); i++) {
        snprintf(name, sizeof(name), "four.n%u.weir.test", i);
        ask(s, &q[i], name);
        if (i % 50 == 49)
            wait_for_all(s);
    }
    wait_for_all(s);
    ask(s, &q[0], "four.n1001.weir.test");
    assert_int_equal(q[0].calls, 1);
    ask(s, &q[0], "four.n0.weir.test");
    assert_int_equal(q[0].calls, 0);
    wait_for_all(s);
    assert_int_equal(q[0].calls, 1);
}

static void
test_without_memory_there_is_an_answer_too(void **state)
{
    struct setup *s = *state;
    struct err e;
    struct question q;
    mem_fail_at(1);
    ask(s, &q, "both.weir.test");
    mem_fail_at(0);
    assert_int_equal(q.calls, 1);
    assert_non_null(strstr(q.why, "memory"));
    for (unsigned long nth = 1; nth <= 2; nth++) {
        mem_fail_at(nth);
        assert_null(resolver_new(s->loop, &e));
        mem_fail_at(0);
    }
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_ipv6_and_ipv4_come_in_turn),
        TEST(test_one_family_is_enough),
        TEST(test_the_hosts_file_needs_no_server),
        TEST(test_failures_are_sentences_with_the_name),
        TEST(test_a_server_that_fails_is_told),
        TEST(test_what_is_no_name_is_not_asked),
        TEST(test_an_answer_is_kept_in_any_case),
        TEST(test_a_failure_is_not_kept),
        TEST(test_those_who_wait_for_one_name_share_the_question),
        TEST(test_a_cancelled_question_is_silent),
        TEST(test_a_question_may_be_open_when_the_loop_is_freed),
        TEST(test_a_question_that_was_lost_is_asked_again),
        TEST(test_the_cache_has_a_limit),
        TEST(test_without_memory_there_is_an_answer_too),
    };
    alarm(120); /* A test that hangs fails. */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
