/* From records to plaintext: flow control, ends, floods. */
#include "lib/tls_pair.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MEGABYTE (1u << 20)

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
connect_versions(int version)
{
    SSL_CTX_set_max_proto_version(p.connect_ctx, version);
    tls_pair_connect(&p);
    assert_int_equal(p.server.starts + p.client.starts, 2);
}

/* Bytes as the top of the other side makes them. */
static void
assert_bytes(const struct tls_end *e, size_t n)
{
    assert_int_equal(e->got_n, n);
    for (size_t i = 0; i < n; i++)
        if (e->got[i] != (char)(i * 7))
            fail_msg("byte %zu is wrong", i);
}

static void
much_arrives_both_ways(void **state)
{
    p.piece = 60000;
    p.server.to_send = p.client.to_send = 10 * MEGABYTE;
    tls_pair_connect(&p);
    assert_bytes(&p.client, 10 * MEGABYTE);
    assert_bytes(&p.server, 10 * MEGABYTE);
}

static void
who_takes_nothing_is_not_flooded(void **state)
{
    p.server.take = 0;
    p.client.to_send = 2 * MEGABYTE;
    tls_pair_connect(&p);
    assert_int_equal(p.server.offered, LAYER_HELD_MAX);
    assert_false(chain_wants_input(p.server.chain));
    assert_true(buf_len(&p.server.chain->wire.held) < LAYER_HELD_MAX + WIRE_FULL + (32u << 10));
    assert_true(chain_full(p.client.chain));
    assert_true(p.client.sent < MEGABYTE);
    p.server.take = SIZE_MAX;
    tls_pair_tell(&p.server, CMD_MORE);
    tls_pair_run(&p);
    assert_bytes(&p.server, 2 * MEGABYTE);
}

static void
who_takes_a_little_gets_the_rest_when_it_asks(void **state)
{
    p.server.take = 3;
    tls_pair_connect(&p);
    tls_pair_send(&p.client, SLICE("one two three"));
    tls_pair_run(&p);
    assert_int_equal(p.server.got_n, 3);
    tls_pair_send(&p.client, SLICE(" four"));
    p.server.take = 6;
    tls_pair_run(&p);
    assert_int_equal(p.server.got_n, 6);
    assert_int_equal(p.server.offered, 12);
    p.server.take = SIZE_MAX;
    tls_pair_tell(&p.server, CMD_MORE);
    assert_memory_equal(p.server.got, "one two three four", 18);
}

static void
who_asks_for_more_is_offered_something_even_if_it_is_nothing(void **state)
{
    tls_pair_connect(&p);
    p.server.offered = 1;
    tls_pair_tell(&p.server, CMD_MORE);
    assert_int_equal(p.server.offered, 0);
}

static void
the_end_comes_behind_what_was_not_taken(void **state)
{
    p.server.take = 0;
    p.client.to_send = MEGABYTE / 2;
    tls_pair_connect(&p);
    size_t sent = p.client.sent;
    tls_pair_tell(&p.client, CMD_CLOSE);
    tls_pair_run(&p);
    assert_int_equal(p.server.eofs, 0);
    p.server.take = SIZE_MAX;
    tls_pair_tell(&p.server, CMD_MORE);
    tls_pair_run(&p);
    assert_bytes(&p.server, sent);
    assert_int_equal(p.server.eofs, 1);
    assert_true(p.server.clean);
}

static void
the_end_of_what_was_cut_comes_behind_it_too(void **state)
{
    p.server.take = 0;
    p.client.to_send = MEGABYTE / 2;
    tls_pair_connect(&p);
    chain_eof(p.server.chain);
    assert_int_equal(p.server.eofs, 0);
    p.server.take = SIZE_MAX;
    tls_pair_tell(&p.server, CMD_MORE);
    assert_true(p.server.got_n > LAYER_HELD_MAX);
    assert_bytes(&p.server, p.server.got_n);
    assert_int_equal(p.server.eofs, 1);
    assert_false(p.server.clean);
}

static void
an_end_without_close_notify_is_not_clean(void **state)
{
    tls_pair_connect(&p);
    tls_pair_send(&p.client, SLICE("cut sh"));
    tls_pair_run(&p);
    chain_eof(p.server.chain);
    assert_int_equal(p.server.eofs, 1);
    assert_false(p.server.clean);
}

static void
an_end_within_a_record_is_not_clean(void **state)
{
    tls_pair_connect(&p);
    tls_pair_send(&p.client, SLICE("cut short"));
    tls_pair_input(&p.server, slice_first(buf_slice(&p.client.chain->wire.out), 20));
    chain_eof(p.server.chain);
    assert_int_equal(p.server.got_n, 0);
    assert_int_equal(p.server.eofs, 1);
    assert_false(p.server.clean);
}

static void
an_end_with_close_notify_is_said_once(void **state)
{
    tls_pair_connect(&p);
    tls_pair_send(&p.client, SLICE("whole"));
    tls_pair_tell(&p.client, CMD_CLOSE);
    tls_pair_run(&p);
    assert_true(p.server.chain->wire.eof);
    assert_int_equal(p.server.eofs, 1);
    assert_true(p.server.clean);
}

static void
nothing_counts_behind_close_notify(void **state)
{
    tls_pair_connect(&p);
    tls_pair_tell(&p.client, CMD_SHUT);
    tls_pair_run(&p);
    tls_pair_input(&p.server, SLICE("\x17\x03\x03\x00\x05noise"));
    assert_int_equal(p.server.eofs, 1);
    assert_int_equal(p.server.closes, 0);
    assert_int_equal(buf_len(&p.server.chain->wire.held), 0);
}

static void
a_damaged_record_ends_the_connection_with_an_alert(void **state)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        connect_versions(version);
        tls_pair_send(&p.client, SLICE("question"));
        tls_pair_run(&p);
        tls_pair_send(&p.client, SLICE("damaged"));
        p.client.chain->wire.out.p[p.client.chain->wire.out.w - 1] ^= 1;
        tls_pair_run(&p);
        assert_int_equal(p.server.closes, 1);
        assert_int_equal(p.server.closed.reason, REASON_CLIENT_CLOSED);
        assert_non_null(strstr(p.server.closed.text, "a record is damaged or forged"));
        assert_int_equal(p.server.bad, 0);
        assert_non_null(strstr(p.client.closed.text, "sent the alert bad_record_mac"));
        assert_int_equal(p.server.got_n, 8);
        tls_pair_close(&p);
    }
}

static void
update_keys(struct tls_end *e, unsigned times, int type)
{
    turn_begin(&p.turn);
    for (unsigned i = 0; i < times; i++) {
        assert_int_equal(SSL_key_update(e->ssl, type), 1);
        assert_int_equal(SSL_do_handshake(e->ssl), 1);
    }
    turn_end(&p.turn);
}

static void
keys_may_be_updated(void **state)
{
    tls_pair_connect(&p);
    for (int i = 0; i < 10; i++) {
        update_keys(&p.client, 3, SSL_KEY_UPDATE_REQUESTED);
        update_keys(&p.client, 20, SSL_KEY_UPDATE_NOT_REQUESTED);
        tls_pair_send(&p.client, SLICE("data"));
        tls_pair_run(&p);
    }
    assert_int_equal(p.server.got_n, 40);
    tls_pair_send(&p.server, SLICE("answer"));
    tls_pair_run(&p);
    assert_int_equal(p.client.got_n, 6);
}

static void
a_flood_of_key_updates_ends_the_connection(void **state)
{
    static const size_t pieces[] = {0, 1, 64};
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        p.piece = pieces[i];
        tls_pair_connect(&p);
        tls_pair_send(&p.client, SLICE("data"));
        tls_pair_run(&p);
        update_keys(&p.client, 40, SSL_KEY_UPDATE_NOT_REQUESTED);
        tls_pair_run(&p);
        assert_int_equal(p.server.closes, 1);
        assert_non_null(strstr(p.server.closed.text, "records without data"));
        assert_int_equal(p.client.closes, 1);
        assert_non_null(
            strstr(p.client.closed.text, "the server sent the alert unexpected_message"));
        tls_pair_close(&p);
    }
}

static void
a_flood_of_hello_requests_ends_the_handshake(void **state)
{
    tls_pair_open(&p);
    for (unsigned i = 0; i < 1100 && !p.client.closes; i++)
        tls_pair_input(&p.client, SLICE("\x16\x03\x03\0\x04\0\0\0\0"));
    assert_int_equal(p.client.bad, 1);
    assert_non_null(strstr(p.client.failed.text, "records without data"));
}

static void
renegotiation_is_refused(void **state)
{
    SSL_CTX_clear_options(p.connect_ctx, SSL_OP_NO_RENEGOTIATION);
    connect_versions(TLS1_2_VERSION);
    tls_pair_send(&p.client, SLICE("data"));
    tls_pair_run(&p);
    turn_begin(&p.turn);
    assert_int_equal(SSL_renegotiate(p.client.ssl), 1);
    SSL_do_handshake(p.client.ssl);
    turn_end(&p.turn);
    tls_pair_run(&p);
    assert_int_equal(p.asks, 1);
    assert_int_equal(p.server.good, 1);
    assert_non_null(strstr(p.client.closed.text, "no renegotiation"));
}

static void
an_alert_of_the_peer_is_named(void **state)
{
    tls_pair_connect(&p);
    tls_pair_send(&p.server, SLICE("data"));
    tls_pair_run(&p);
    /* A record that the server cannot read makes it send one. */
    tls_pair_input(&p.server, SLICE("\x17\x03\x03\x00\x20 0123456789abcdef0123456789abcdef"));
    tls_pair_run(&p);
    assert_int_equal(p.client.closed.reason, REASON_SERVER_CLOSED);
    assert_non_null(strstr(p.client.closed.text,
                           "its TLS connection failed: the server sent the alert bad_record_mac"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(much_arrives_both_ways),
        TEST(who_takes_nothing_is_not_flooded),
        TEST(who_takes_a_little_gets_the_rest_when_it_asks),
        TEST(who_asks_for_more_is_offered_something_even_if_it_is_nothing),
        TEST(the_end_comes_behind_what_was_not_taken),
        TEST(the_end_of_what_was_cut_comes_behind_it_too),
        TEST(an_end_without_close_notify_is_not_clean),
        TEST(an_end_within_a_record_is_not_clean),
        TEST(an_end_with_close_notify_is_said_once),
        TEST(nothing_counts_behind_close_notify),
        TEST(a_damaged_record_ends_the_connection_with_an_alert),
        TEST(keys_may_be_updated),
        TEST(a_flood_of_key_updates_ends_the_connection),
        TEST(a_flood_of_hello_requests_ends_the_handshake),
        TEST(renegotiation_is_refused),
        TEST(an_alert_of_the_peer_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
