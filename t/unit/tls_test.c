/* TLS over a chain: handshakes in any pieces, ends, time and memory. */
#include "layer/tls.h"

#include "base/mem.h"
#include "lib/tls_pair.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct tls_pair p;

static int
set_up(void **state)
{
    tls_pair_init(&p);
    return 0;
}

static int
tear_down(void **state)
{
    tls_pair_release(&p);
    return 0;
}

static void
assert_open(const struct tls_end *e)
{
    assert_int_equal(e->good, 1);
    assert_int_equal(e->bad, 0);
    assert_int_equal(e->starts, 1);
    assert_int_equal(e->closes, 0);
}

static void
assert_got(const struct tls_end *e, const char *text)
{
    assert_int_equal(e->got_n, strlen(text));
    assert_memory_equal(e->got, text, e->got_n);
}

static void
talk(void)
{
    tls_pair_send(&p.client, SLICE("question"));
    tls_pair_run(&p);
    assert_got(&p.server, "question");
    tls_pair_send(&p.server, SLICE("answer"));
    tls_pair_run(&p);
    assert_got(&p.client, "answer");
}

static void
both_sides_open_and_talk(void **state)
{
    tls_pair_connect(&p);
    assert_open(&p.server);
    assert_open(&p.client);
    talk();
}

static void
both_sides_open_in_any_pieces(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 7, 64, 1000};
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            p.piece = pieces[i];
            SSL_CTX_set_max_proto_version(p.connect_ctx, version);
            tls_pair_connect(&p);
            assert_open(&p.server);
            assert_open(&p.client);
            talk();
            tls_pair_close(&p);
        }
}

static void
what_is_sent_at_the_start_arrives(void **state)
{
    /* In one piece with the tickets of the server: records without data in front of the data. */
    p.server.greeting = "welcome";
    p.client.greeting = "hello";
    tls_pair_connect(&p);
    assert_got(&p.client, "welcome");
    assert_got(&p.server, "hello");
}

static void
what_is_sent_before_the_handshake_waits_for_it(void **state)
{
    tls_pair_open(&p);
    tls_pair_send(&p.client, SLICE("early"));
    tls_pair_run(&p);
    assert_got(&p.server, "early");
}

static void
too_much_before_the_handshake_ends_the_connection(void **state)
{
    static char much[65537];
    tls_pair_open(&p);
    tls_pair_send(&p.client, slice_of(much, sizeof(much)));
    assert_true(p.client.chain->wire.abort);
    assert_int_equal(p.client.closed.reason, REASON_MEMORY);
    assert_int_equal(p.client.bad, 1);
}

static void
half_close_before_the_handshake_waits_for_it(void **state)
{
    tls_pair_open(&p);
    tls_pair_send(&p.client, SLICE("all"));
    tls_pair_tell(&p.client, CMD_SHUT);
    assert_false(p.client.chain->wire.shut);
    tls_pair_run(&p);
    assert_got(&p.server, "all");
    assert_true(p.server.clean);
    tls_pair_send(&p.server, SLICE("answer"));
    tls_pair_run(&p);
    assert_got(&p.client, "answer");
}

static void
close_before_the_handshake_is_not_news_for_the_host(void **state)
{
    tls_pair_open(&p);
    tls_pair_tell(&p.client, CMD_CLOSE);
    assert_true(p.client.chain->wire.close);
    tls_pair_run(&p);
    assert_int_equal(p.client.good + p.client.bad, 0);
    assert_int_equal(p.client.closes, 1);
    assert_int_equal(p.client.closed.reason, REASON_NONE);
}

static void
close_says_goodbye(void **state)
{
    tls_pair_connect(&p);
    tls_pair_send(&p.server, SLICE("last words"));
    tls_pair_tell(&p.server, CMD_CLOSE);
    tls_pair_run(&p);
    assert_got(&p.client, "last words");
    assert_int_equal(p.client.eofs, 1);
    assert_true(p.client.clean);
    assert_int_equal(p.server.closes, 1);
}

static void
half_close_leaves_the_other_half(void **state)
{
    tls_pair_connect(&p);
    tls_pair_tell(&p.client, CMD_SHUT);
    tls_pair_tell(&p.client, CMD_SHUT);
    tls_pair_send(&p.client, SLICE("too late"));
    tls_pair_run(&p);
    assert_int_equal(p.server.eofs, 1);
    assert_true(p.server.clean);
    tls_pair_send(&p.server, SLICE("answer"));
    tls_pair_run(&p);
    assert_got(&p.client, "answer");
    assert_int_equal(p.server.got_n, 0);
    tls_pair_tell(&p.server, CMD_CLOSE);
    tls_pair_run(&p);
    assert_true(p.client.clean);
}

static void
abort_is_a_reset(void **state)
{
    tls_pair_connect(&p);
    talk();
    tls_pair_tell(&p.server, CMD_ABORT);
    assert_true(p.server.chain->wire.abort);
    tls_pair_run(&p);
    assert_int_equal(p.client.closed.reason, REASON_SERVER_RESET);
    assert_int_equal(p.client.eofs, 0);
}

static void
the_client_has_its_time(void **state)
{
    tls_pair_open(&p);
    assert_int_equal(chain_deadline(p.server.chain), p.now + p.limits.handshake_time);
    p.now += p.limits.handshake_time;
    chain_timer(p.server.chain, p.now);
    assert_int_equal(p.server.bad, 1);
    assert_string_equal(p.server.failed.text, "silent: the client did not complete it within 10 s");
    assert_true(p.server.chain->wire.close);
}

static void
a_time_below_a_second_is_told_as_such(void **state)
{
    p.limits.handshake_time = 300000000ull;
    tls_pair_open(&p);
    p.now += p.limits.handshake_time;
    chain_timer(p.server.chain, p.now);
    assert_non_null(strstr(p.server.failed.text, "within 0.3 s"));
}

static void
the_server_has_its_time(void **state)
{
    tls_pair_open(&p);
    p.now += p.limits.handshake_time;
    chain_timer(p.client.chain, p.now);
    assert_int_equal(failure_status(&p.client.failed), 504);
    assert_int_equal(p.client.closes, 1);
    assert_int_equal(p.client.bad, 1);
}

static void
a_client_that_falls_silent_gets_an_alert(void **state)
{
    tls_pair_open(&p);
    tls_pair_pass(&p, &p.client);
    p.now += p.limits.handshake_time;
    chain_timer(p.server.chain, p.now);
    tls_pair_run(&p);
    assert_non_null(strstr(p.client.closed.text, "sent the alert unexpected_message"));
}

static void
no_deadline_is_left_behind(void **state)
{
    tls_pair_connect(&p);
    assert_int_equal(chain_deadline(p.server.chain), 0);
    assert_int_equal(chain_deadline(p.client.chain), 0);
}

static void
no_time_limit_is_no_deadline(void **state)
{
    p.limits.handshake_time = 0;
    tls_pair_open(&p);
    assert_int_equal(chain_deadline(p.server.chain), 0);
    assert_int_equal(chain_deadline(p.client.chain), 0);
    tls_pair_run(&p);
    talk();
}

static void
the_host_may_free_the_chain_when_it_hears_of_a_failure(void **state)
{
    p.server.freed_by_host = true;
    p.verify_error = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    tls_pair_connect(&p);
    assert_int_equal(p.server.bad, 1);
    assert_null(p.server.chain);
    tls_pair_close(&p);
    p.client.freed_by_host = true;
    tls_pair_connect(&p);
    assert_int_equal(p.client.bad, 1);
    assert_int_equal(p.client.closes, 1);
    assert_null(p.client.chain);
}

static void
a_freed_chain_is_not_news_for_the_host(void **state)
{
    tls_pair_open(&p);
    tls_pair_pass(&p, &p.client);
    chain_free(p.server.chain);
    chain_free(p.client.chain);
    p.server.chain = p.client.chain = NULL;
    assert_int_equal(p.server.bad + p.client.bad, 0);
    assert_int_equal(p.client.closed.reason, REASON_SHUTDOWN);
}

static void
sessions_resume_after_every_kind_of_end(void **state)
{
    static const enum cmd_type ends[] = {CMD_CLOSE, CMD_ABORT};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            SSL_CTX_set_max_proto_version(p.connect_ctx, version);
            p.resume = false;
            tls_pair_connect(&p);
            talk();
            tls_pair_tell(&p.client, ends[i]);
            tls_pair_close(&p);
            p.resume = true;
            tls_pair_connect(&p);
            assert_true(p.client.chain->peer->tls->resumed);
            assert_true(p.server.chain->peer->tls->resumed);
            talk();
            tls_pair_close(&p);
        }
}

static void
sessions_do_not_resume_for_another_identity(void **state)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX_set_max_proto_version(p.connect_ctx, version);
        p.identity = "a";
        tls_pair_connect(&p);
        talk();
        tls_pair_close(&p);
        p.resume = true;
        p.identity = "b";
        tls_pair_connect(&p);
        assert_open(&p.server);
        assert_false(p.server.chain->peer->tls->resumed);
        tls_pair_close(&p);
    }
}

/* As much as the failing allocation lets happen; the number of allocations. */
static unsigned long
run_with_failure(unsigned long nth, int version)
{
    SSL_CTX_set_max_proto_version(p.connect_ctx, version);
    mem_fail_at(nth);
    p.piece = 700;
    p.server.take = 100;
    p.server.greeting = "welcome";
    tls_pair_connect(&p);
    tls_pair_send(&p.client, SLICE("question"));
    tls_pair_run(&p);
    p.client.to_send = 40000;
    for (size_t n = 0; n < 10; n++)
        tls_pair_send(&p.client, slice_of((char[4000]){0}, 4000));
    tls_pair_run(&p);
    p.server.take = SIZE_MAX;
    tls_pair_tell(&p.server, CMD_MORE);
    tls_pair_run(&p);
    unsigned long n = mem_count();
    mem_fail_at(0);
    return n;
}

static void
every_allocation_may_fail(void **state)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
        for (unsigned long nth = 1;; nth++) {
            unsigned long n = run_with_failure(nth, version);
            bool whole = p.server.got_n == 40008,
                 closed = !p.server.chain || p.server.chain->closed || !p.client.chain ||
                          p.client.chain->closed;
            if (!whole && !closed)
                fail_msg("allocation %lu: neither done nor closed", nth);
            tls_pair_close(&p);
            if (n < nth)
                break;
        }
}

static int
detect(struct slice first)
{
    return tls_accept_ops.detect(first);
}

static void
detect_wants_a_client_hello(void **state)
{
    assert_int_equal(detect(SLICE("\x16\x03\x01\x02\x00\x01")), 100);
    assert_int_equal(detect(SLICE("\x16\x03\x04\x00\x05\x01 and more")), 100);
    assert_int_equal(detect(SLICE("\x16\x03\x05\x00\x05\x01")), 0);
    assert_int_equal(detect(SLICE("\x16\x02\x01\x00\x05\x01")), 0);
    assert_int_equal(detect(SLICE("\x16\x03\x01\x00\x05\x02")), 0);
    assert_int_equal(detect(SLICE("GET / HTTP/1.1")), 0);
    for (size_t n = 0; n < 6; n++)
        assert_int_equal(detect(slice_first(SLICE("\x16\x03\x01\x02\x00\x01"), n)), -1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(both_sides_open_and_talk),
        TEST(both_sides_open_in_any_pieces),
        TEST(what_is_sent_at_the_start_arrives),
        TEST(what_is_sent_before_the_handshake_waits_for_it),
        TEST(too_much_before_the_handshake_ends_the_connection),
        TEST(half_close_before_the_handshake_waits_for_it),
        TEST(close_before_the_handshake_is_not_news_for_the_host),
        TEST(close_says_goodbye),
        TEST(half_close_leaves_the_other_half),
        TEST(abort_is_a_reset),
        TEST(the_client_has_its_time),
        TEST(a_time_below_a_second_is_told_as_such),
        TEST(the_server_has_its_time),
        TEST(a_client_that_falls_silent_gets_an_alert),
        TEST(no_deadline_is_left_behind),
        TEST(no_time_limit_is_no_deadline),
        TEST(the_host_may_free_the_chain_when_it_hears_of_a_failure),
        TEST(a_freed_chain_is_not_news_for_the_host),
        TEST(sessions_resume_after_every_kind_of_end),
        TEST(sessions_do_not_resume_for_another_identity),
        TEST(every_allocation_may_fail),
        cmocka_unit_test(detect_wants_a_client_hello),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
