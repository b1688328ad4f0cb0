/* How clients refuse, how servers refuse, and what we say about it. */
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
assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not contain '%s'", text, part);
}

static void
assert_begins(const char *text, const char *part)
{
    if (strncmp(text, part, strlen(part)) != 0)
        fail_msg("'%s' does not begin with '%s'", text, part);
}

static void
alerts_about_the_certificate_are_named(void **state)
{
    static const struct {
        int error;
        const char *text;
    } rows[] = {
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
         "refused:alert(unknown_ca): the client does not trust Weir's CA"},
        {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
         "refused:alert(unknown_ca): the client does not trust Weir's CA"},
        {X509_V_ERR_HOSTNAME_MISMATCH, "refused:alert(bad_certificate): the client does not trust "
                                       "Weir's CA, or pins another certificate"},
        {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION,
         "refused:alert(certificate_unknown): the client does not trust Weir's CA, or pins another "
         "certificate"},
        {X509_V_ERR_CERT_HAS_EXPIRED, "refused:alert(certificate_expired): the client holds the "
                                      "certificate, or Weir's CA, for expired: is its "
                                      "clock right?"},
        {X509_V_ERR_CERT_REVOKED,
         "refused:alert(certificate_revoked): the client holds the certificate for revoked"},
        {X509_V_ERR_INVALID_PURPOSE,
         "refused:alert(unsupported_certificate): the client cannot use this kind of certificate"},
        {X509_V_ERR_OUT_OF_MEM,
         "refused:alert(internal_error): the client sent the alert internal_error"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            SSL_CTX_set_max_proto_version(p.connect_ctx, version);
            p.verify_error = rows[i].error;
            tls_pair_connect(&p);
            assert_int_equal(p.server.good, 0);
            assert_int_equal(p.server.bad, 1);
            assert_int_equal(p.server.failed.reason, REASON_TLS_CLIENT);
            assert_string_equal(p.server.failed.text, rows[i].text);
            assert_contains(p.client.failed.text, "the certificate is not good");
            tls_pair_close(&p);
        }
}

static void
parameters_say_nothing_about_trust(void **state)
{
    SSL_CTX_set_max_proto_version(p.connect_ctx, TLS1_2_VERSION);
    SSL_CTX_set_min_proto_version(p.accept_ctx, TLS1_3_VERSION);
    tls_pair_connect(&p);
    assert_string_equal(p.server.failed.text,
                        "handshake-failed:parameters: there is no version of TLS in common");
    assert_string_equal(
        p.client.failed.text,
        "the TLS handshake with the server failed: the server sent the alert protocol_version: the "
        "server speaks none of the versions of TLS that it was offered");
}

static void
no_cipher_in_common_is_told_to_both(void **state)
{
    SSL_CTX_set_max_proto_version(p.connect_ctx, TLS1_2_VERSION);
    assert_true(SSL_CTX_set_cipher_list(p.connect_ctx, "ECDHE-RSA-AES128-GCM-SHA256"));
    tls_pair_connect(&p);
    assert_string_equal(p.server.failed.text,
                        "handshake-failed:parameters: there is no cipher suite in common");
    assert_contains(p.client.failed.text, "the server sent the alert handshake_failure");
}

static void
no_protocol_in_common_is_told_to_both(void **state)
{
    static const unsigned char h2[] = "\x02h2";
    SSL_CTX_set_alpn_protos(p.connect_ctx, h2, 3);
    tls_pair_connect(&p);
    assert_begins(p.server.failed.text,
                  "handshake-failed:parameters: there is no application protocol");
    assert_contains(p.client.failed.text, "the server sent the alert no_application_protocol");
}

static void
no_group_in_common_is_told(void **state)
{
    char groups[] = "P-521";
    assert_true(SSL_CTX_set1_groups_list(p.connect_ctx, groups));
    char others[] = "P-256";
    assert_true(SSL_CTX_set1_groups_list(p.accept_ctx, others));
    tls_pair_connect(&p);
    assert_begins(p.server.failed.text, "handshake-failed:parameters: there is no");
}

static void
an_alert_about_parameters_is_told_as_such(void **state)
{
    /* The client finds that the server has chosen a group that it did not offer, or the like. */
    SSL_CTX_set_max_proto_version(p.connect_ctx, TLS1_2_VERSION);
    tls_pair_open(&p);
    tls_pair_pass(&p, &p.client);
    tls_pair_input(&p.server, SLICE("\x15\x03\x03\x00\x02\x02\x28"));
    assert_string_equal(p.server.failed.text, "handshake-failed:parameters: the client sent the "
                                              "alert handshake_failure: the client takes "
                                              "none of the parameters that it was offered");
}

static void
a_client_may_close_when_it_sees_the_certificate(void **state)
{
    tls_pair_open(&p);
    tls_pair_pass(&p, &p.client);
    chain_eof(p.server.chain);
    assert_int_equal(p.server.bad, 1);
    assert_begins(p.server.failed.text,
                  "refused:eof-in-handshake: the client closed when it had seen");
}

static void
a_client_may_reset_when_it_sees_the_certificate(void **state)
{
    struct failure why;
    failure_set(&why, REASON_CLIENT_CLOSED, "connection reset by peer");
    tls_pair_open(&p);
    tls_pair_pass(&p, &p.client);
    chain_lost(p.server.chain, &why);
    assert_int_equal(p.server.bad, 1);
    assert_begins(p.server.failed.text,
                  "refused:reset: the connection broke when the client had seen");
}

static void
a_client_without_a_key_share_has_not_seen_the_certificate(void **state)
{
    char groups[] = "X25519:P-256", only[] = "P-256";
    assert_true(SSL_CTX_set1_groups_list(p.connect_ctx, groups));
    assert_true(SSL_CTX_set1_groups_list(p.accept_ctx, only));
    tls_pair_open(&p);
    tls_pair_pass(&p, &p.client);
    assert_true(buf_len(&p.server.chain->wire.out) > 0); /* HelloRetryRequest */
    chain_eof(p.server.chain);
    assert_begins(p.server.failed.text, "left: ");
}

static void
a_client_may_close_after_the_handshake(void **state)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX_set_max_proto_version(p.connect_ctx, version);
        tls_pair_connect(&p);
        tls_pair_tell(&p.client, CMD_CLOSE);
        tls_pair_run(&p);
        assert_int_equal(p.server.good, 1);
        assert_int_equal(p.server.bad, 1);
        assert_string_equal(p.server.failed.text,
                            "refused:closed-after-handshake: the client closed after the handshake "
                            "and sent nothing: "
                            "it may pin its certificate or not trust Weir's CA");
        assert_int_equal(p.server.eofs, 1);
        assert_int_equal(p.client.bad, 0);
        tls_pair_close(&p);
    }
}

static void
a_client_may_vanish_after_the_handshake(void **state)
{
    struct failure why;
    failure_set(&why, REASON_CLIENT_CLOSED, NULL);
    tls_pair_connect(&p);
    chain_lost(p.server.chain, &why);
    assert_int_equal(p.server.bad, 1);
    assert_begins(p.server.failed.text, "refused:closed-after-handshake: ");
    assert_int_equal(p.server.closes, 1);
}

static void
a_client_that_closes_later_refuses_nothing(void **state)
{
    tls_pair_connect(&p);
    p.now += 6000000000ull;
    tls_pair_tell(&p.client, CMD_CLOSE);
    tls_pair_run(&p);
    assert_int_equal(p.server.bad, 0);
    assert_int_equal(p.server.eofs, 1);
}

static void
a_client_that_has_sent_something_refuses_nothing(void **state)
{
    tls_pair_connect(&p);
    tls_pair_send(&p.client, SLICE("GET"));
    tls_pair_tell(&p.client, CMD_CLOSE);
    tls_pair_run(&p);
    assert_int_equal(p.server.bad, 0);
}

static void
a_client_that_resumes_refuses_nothing(void **state)
{
    tls_pair_connect(&p);
    tls_pair_close(&p);
    p.resume = true;
    tls_pair_connect(&p);
    tls_pair_tell(&p.client, CMD_CLOSE);
    tls_pair_run(&p);
    assert_true(p.server.chain->peer->tls->resumed);
    assert_int_equal(p.server.bad, 0);
}

static void
when_we_close_the_client_refuses_nothing(void **state)
{
    tls_pair_connect(&p);
    tls_pair_tell(&p.server, CMD_CLOSE);
    tls_pair_run(&p);
    assert_int_equal(p.server.bad, 0);
}

static void
an_alert_after_the_handshake_is_a_refusal_too(void **state)
{
    SSL_CTX_set_max_proto_version(p.connect_ctx, TLS1_2_VERSION);
    tls_pair_connect(&p);
    /* What the client cannot read makes it send an alert. */
    tls_pair_input(&p.client, SLICE("\x17\x03\x03\x00\x20 0123456789abcdef0123456789abcdef"));
    tls_pair_run(&p);
    assert_int_equal(p.server.good, 1);
    assert_int_equal(p.server.bad, 1);
    assert_begins(p.server.failed.text, "refused:alert(bad_record_mac): ");
    assert_int_equal(p.server.closes, 1);
}

static void
a_server_may_close_in_the_handshake(void **state)
{
    tls_pair_open(&p);
    chain_eof(p.client.chain);
    assert_int_equal(p.client.bad, 1);
    assert_string_equal(
        p.client.failed.text,
        "the TLS handshake with the server failed: the server closed the connection");
    assert_int_equal(p.client.closes, 1);
}

static void
a_server_may_reset_in_the_handshake(void **state)
{
    struct failure why;
    failure_set(&why, REASON_SERVER_RESET, NULL);
    tls_pair_open(&p);
    chain_lost(p.client.chain, &why);
    assert_int_equal(p.client.failed.reason, REASON_TLS_SERVER);
    assert_contains(p.client.failed.text, "the server reset the connection");
}

static void
a_server_may_speak_something_else(void **state)
{
    tls_pair_open(&p);
    tls_pair_input(&p.client, SLICE("HTTP/1.1 400 Bad Request\r\n\r\n"));
    assert_int_equal(p.client.bad, 1);
    assert_string_equal(p.client.failed.text,
                        "the TLS handshake with the server failed: what came is not TLS");
}

static void
a_server_may_have_no_certificate(void **state)
{
    p.no_cert = true;
    tls_pair_connect(&p);
    assert_begins(p.server.failed.text, "handshake-failed:parameters: ");
    assert_contains(p.client.failed.text, "the server sent the alert handshake_failure");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(alerts_about_the_certificate_are_named),
        TEST(parameters_say_nothing_about_trust),
        TEST(no_cipher_in_common_is_told_to_both),
        TEST(no_protocol_in_common_is_told_to_both),
        TEST(no_group_in_common_is_told),
        TEST(an_alert_about_parameters_is_told_as_such),
        TEST(a_client_may_close_when_it_sees_the_certificate),
        TEST(a_client_may_reset_when_it_sees_the_certificate),
        TEST(a_client_without_a_key_share_has_not_seen_the_certificate),
        TEST(a_client_may_close_after_the_handshake),
        TEST(a_client_may_vanish_after_the_handshake),
        TEST(a_client_that_closes_later_refuses_nothing),
        TEST(a_client_that_has_sent_something_refuses_nothing),
        TEST(a_client_that_resumes_refuses_nothing),
        TEST(when_we_close_the_client_refuses_nothing),
        TEST(an_alert_after_the_handshake_is_a_refusal_too),
        TEST(a_server_may_close_in_the_handshake),
        TEST(a_server_may_reset_in_the_handshake),
        TEST(a_server_may_speak_something_else),
        TEST(a_server_may_have_no_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
