/* The first bytes of a client, and the question what to say to it. */
#include "base/base64.h"
#include "base/mem.h"
#include "codec/hello.h"
#include "lib/hello_samples.h"
#include "lib/tls_pair.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct tls_pair p;
static struct buf sample = {.max = 1 << 16};

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
    buf_release(&sample);
    return 0;
}

static struct slice
load(const char *client)
{
    for (size_t i = 0; i < ARRAY_LEN(hello_samples); i++)
        if (strcmp(hello_samples[i].client, client) == 0)
            assert_true(base64_decode(&sample, slice_str(hello_samples[i].base64)));
    assert_true(buf_len(&sample) > 0);
    return buf_slice(&sample);
}

/* What the server answered is nothing but this alert, in the clear. */
static void
assert_alert(int level, int code)
{
    struct slice out = buf_slice(&p.server.chain->wire.out);
    assert_int_equal(out.n, 7);
    assert_int_equal(out.p[0], SSL3_RT_ALERT);
    assert_int_equal(out.p[1], 3);
    assert_int_equal(out.p[5], level);
    assert_int_equal(out.p[6], code);
    assert_true(p.server.chain->wire.close);
}

static void
assert_failed(const char *text)
{
    assert_int_equal(p.server.bad, 1);
    assert_int_equal(p.server.failed.reason, REASON_TLS_CLIENT);
    assert_string_equal(p.server.failed.text, text);
}

static void
the_host_is_asked_when_the_hello_is_whole(void **state)
{
    struct slice hello = load("curl");
    tls_pair_open(&p);
    for (size_t i = 0; i + 1 < hello.n; i++) {
        tls_pair_input(&p.server, slice_first(slice_from(hello, i), 1));
        assert_int_equal(p.asks, 0);
    }
    assert_int_equal(buf_len(&p.server.chain->wire.held), hello.n - 1);
    tls_pair_input(&p.server, slice_from(hello, hello.n - 1));
    assert_int_equal(p.asks, 1);
    assert_string_equal(p.sni, "client.test.example");
    assert_true(buf_len(&p.server.chain->wire.out) > 100);
}

static void
the_host_may_think_about_it(void **state)
{
    p.wait = true;
    tls_pair_connect(&p);
    assert_non_null(p.asked);
    assert_int_equal(buf_len(&p.server.chain->wire.out), 0);
    assert_int_equal(chain_deadline(p.server.chain), 0);
    p.now += 3600ull * 1000000000;
    tls_pair_answer(&p);
    assert_int_equal(chain_deadline(p.server.chain), p.now + p.limits.handshake_time);
    tls_pair_run(&p);
    assert_int_equal(p.server.starts, 1);
    assert_int_equal(p.asks, 1);
}

static void
the_hello_stays_while_the_host_thinks(void **state)
{
    p.wait = true;
    tls_pair_open(&p);
    tls_pair_pass(&p, &p.client);
    /* The layer below moves its bytes when more come. */
    tls_pair_input(&p.server, slice_of((char[50000]){0}, 50000));
    const struct hello *h = p.asked->tls.hello;
    assert_true(slice_eq(h->sni, SLICE("weir.test")));
    assert_true(slice_eq(h->alpn[0], SLICE("http/1.1")));
    assert_int_equal(p.asks, 1);
}

static void
a_client_that_leaves_takes_its_question_with_it(void **state)
{
    p.wait = true;
    tls_pair_connect(&p);
    chain_eof(p.server.chain);
    assert_int_equal(p.cancels, 1);
    assert_failed("left: the client closed before it was shown a certificate");
}

static void
a_client_that_is_lost_takes_its_question_with_it(void **state)
{
    struct failure why;
    failure_set(&why, REASON_CLIENT_CLOSED, NULL);
    p.wait = true;
    tls_pair_connect(&p);
    chain_lost(p.server.chain, &why);
    assert_int_equal(p.cancels, 1);
    assert_failed("left: the connection broke before the client was shown a certificate");
}

static void
who_closes_takes_the_question_back(void **state)
{
    p.wait = true;
    tls_pair_connect(&p);
    tls_pair_tell(&p.server, CMD_CLOSE);
    assert_int_equal(p.cancels, 1);
    assert_int_equal(p.server.bad, 0);
}

static void
a_layer_that_dies_takes_the_question_back(void **state)
{
    p.wait = true;
    tls_pair_connect(&p);
    chain_free(p.server.chain);
    p.server.chain = NULL;
    assert_int_equal(p.cancels, 1);
    assert_int_equal(p.server.bad, 0);
}

static void
no_answer_is_an_internal_error(void **state)
{
    p.no_ssl = true;
    tls_pair_open(&p);
    tls_pair_pass(&p, &p.client);
    assert_alert(2, SSL_AD_INTERNAL_ERROR);
    assert_failed("handshake-failed:proxy: there is no certificate for this host");
    tls_pair_run(&p);
    assert_non_null(strstr(p.client.failed.text, "sent the alert internal_error"));
}

static void
no_answer_after_a_while_is_one_too(void **state)
{
    p.wait = p.no_ssl = true;
    tls_pair_connect(&p);
    tls_pair_answer(&p);
    assert_alert(2, SSL_AD_INTERNAL_ERROR);
}

/* The host is not told of what it wanted itself, and the client hears nothing of TLS. */
static void
assert_turned_away(bool closed, bool reset)
{
    struct wire *w = &p.server.chain->wire;
    assert_int_equal(w->close, closed);
    assert_int_equal(w->abort, reset);
    assert_int_equal(p.server.bad + p.server.good, 0);
    assert_int_equal(buf_len(&w->held), 0);
}

static void
an_alert_in_place_of_a_handshake(void **state)
{
    for (unsigned later = 0; later < 2; later++) {
        p.wait = later;
        p.way = TLS_WAY_ALERT;
        p.alert = SSL_AD_UNKNOWN_CA;
        tls_pair_open(&p);
        tls_pair_pass(&p, &p.client);
        if (later)
            tls_pair_answer(&p);
        assert_alert(2, SSL_AD_UNKNOWN_CA);
        assert_turned_away(true, false);
        tls_pair_run(&p);
        assert_non_null(strstr(p.client.failed.text, "sent the alert unknown_ca"));
        assert_int_equal(p.server.bad, 0);
        tls_pair_close(&p);
    }
}

static void
an_alert_that_is_a_warning_says_so(void **state)
{
    p.way = TLS_WAY_ALERT;
    p.alert = SSL_AD_USER_CANCELLED;
    tls_pair_open(&p);
    tls_pair_pass(&p, &p.client);
    assert_alert(1, SSL_AD_USER_CANCELLED);
}

static void
the_end_without_a_word(void **state)
{
    for (unsigned i = 0; i < 4; i++) {
        bool reset = i & 1;
        p.wait = i & 2;
        p.way = reset ? TLS_WAY_RESET : TLS_WAY_CLOSE;
        tls_pair_open(&p);
        tls_pair_pass(&p, &p.client);
        if (p.wait)
            tls_pair_answer(&p);
        assert_int_equal(buf_len(&p.server.chain->wire.out), 0);
        assert_turned_away(!reset, reset);
        tls_pair_run(&p);
        assert_int_equal(p.server.bad, 0);
        tls_pair_close(&p);
    }
}

/* Takes the bytes that are offered to it, and counts them. */
struct taker {
    struct layer layer;
    size_t took;
    bool eof;
};

static size_t
taker_on_event(struct layer *l, const struct event *ev)
{
    struct taker *t = container_of(l, struct taker, layer);
    t->eof |= ev->type == EV_EOF;
    t->took += ev->type == EV_DATA ? ev->data.n : 0;
    return ev->type == EV_DATA ? ev->data.n : 0;
}

static void
taker_on_cmd(struct layer *l, const struct cmd *c)
{
    layer_down(l, c);
}

static void
taker_destroy(struct layer *l)
{
}

static const struct layer_ops taker_ops = {
    .name = "taker", .on_event = taker_on_event, .on_cmd = taker_on_cmd, .destroy = taker_destroy};

static void
another_layer_gets_every_byte_of_the_hello(void **state)
{
    struct slice hello = load("curl");
    for (unsigned later = 0; later < 2; later++) {
        struct taker taker = {.layer = {.ops = &taker_ops}};
        p.wait = later;
        p.way = TLS_WAY_INSTEAD;
        p.instead = &taker.layer;
        tls_pair_open(&p);
        tls_pair_input(&p.server, slice_first(hello, 7));
        tls_pair_input(&p.server, slice_from(hello, 7));
        if (later) {
            tls_pair_input(&p.server, SLICE("more"));
            assert_int_equal(taker.took, 0);
            tls_pair_answer(&p);
        }
        assert_int_equal(taker.took, hello.n + (later ? 4 : 0));
        tls_pair_input(&p.server, SLICE("rest"));
        assert_int_equal(taker.took, hello.n + (later ? 8 : 4));
        assert_turned_away(false, false);
        assert_false(taker.eof);
        tls_pair_close(&p);
    }
}

static void
half_a_client_is_waited_for_when_the_host_says_so(void **state)
{
    struct taker taker = {.layer = {.ops = &taker_ops}};
    p.wait = true;
    p.way = TLS_WAY_INSTEAD;
    p.instead = &taker.layer;
    tls_pair_connect(&p);
    p.asked->tls.half = true;
    chain_eof(p.server.chain);
    assert_int_equal(p.cancels + p.server.bad, 0);
    tls_pair_answer(&p);
    assert_true(taker.took > 0 && taker.eof);
    tls_pair_close(&p);
}

static void
other_bytes_get_an_alert(void **state)
{
    static const struct slice bytes[] = {
        {"G", 1},
        {"GET / HTTP/1.1\r\n\r\n", 18},
        {"\0\0\0\0\0\0\0\0", 8},
        {"SSH-2.0-x\r\n", 11},
        {"\x17\x03\x03\x00\x01x", 6},
        {"\x16\x04\x01\x00\x01\x01", 6},
    };
    for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
        tls_pair_open(&p);
        tls_pair_input(&p.server, bytes[i]);
        assert_int_equal(p.asks, 0);
        assert_alert(2, SSL_AD_UNEXPECTED_MESSAGE);
        assert_failed("not-tls: the first bytes of the client are not TLS");
        tls_pair_close(&p);
    }
}

static void
a_hello_of_ssl_2_gets_an_alert(void **state)
{
    tls_pair_open(&p);
    tls_pair_input(&p.server, SLICE("\x80\x2e\x01\x03\x01\x00\x15"));
    assert_int_equal(p.asks, 0);
    assert_int_equal(p.server.bad, 1);
    assert_int_equal(p.server.chain->wire.out.p[0], SSL3_RT_ALERT);
    assert_int_equal(buf_len(&p.server.chain->wire.out), 7);
}

/* The sample with one byte changed. */
static void
damaged_hello(size_t at, char byte)
{
    load("curl");
    sample.p[at] = byte;
    tls_pair_open(&p);
    tls_pair_input(&p.server, buf_slice(&sample));
    buf_reset(&sample);
}

static void
a_malformed_hello_gets_an_alert(void **state)
{
    damaged_hello(43, 33); /* length of the session id */
    assert_alert(2, SSL_AD_DECODE_ERROR);
    assert_int_equal(p.asks, 0);
    assert_failed("handshake-failed:protocol: the ClientHello is malformed");
}

static void
a_hello_that_is_no_hello_gets_an_alert(void **state)
{
    damaged_hello(5, 2);
    assert_alert(2, SSL_AD_UNEXPECTED_MESSAGE);
    assert_failed("handshake-failed:protocol: the ClientHello is malformed");
}

static void
what_our_parser_refuses_stays_refused(void **state)
{
    /* An empty record in front, which OpenSSL passes over. */
    struct buf bytes;
    buf_init(&bytes, 1 << 16);
    buf_append(&bytes, SLICE("\x16\x03\x01\x00\x00"));
    buf_append(&bytes, load("curl"));
    tls_pair_open(&p);
    tls_pair_input(&p.server, buf_slice(&bytes));
    buf_release(&bytes);
    assert_int_equal(p.asks, 0);
    assert_int_equal(p.server.bad, 1);
    assert_true(p.server.chain->wire.close);
}

static void
what_is_half_a_hello_is_waited_for(void **state)
{
    tls_pair_open(&p);
    tls_pair_input(&p.server, slice_first(load("curl"), 100));
    p.now += p.limits.handshake_time;
    chain_timer(p.server.chain, p.now);
    assert_int_equal(p.asks, 0);
    assert_alert(1, SSL_AD_CLOSE_NOTIFY);
    assert_failed("silent: the client did not complete it within 10 s");
}

static void
who_leaves_in_the_middle_of_its_hello_has_left(void **state)
{
    tls_pair_open(&p);
    tls_pair_input(&p.server, slice_first(load("curl"), 100));
    chain_eof(p.server.chain);
    assert_int_equal(p.asks, 0);
    assert_failed("left: the client closed before it was shown a certificate");
}

static void
without_memory_for_the_hello_the_client_gets_an_alert(void **state)
{
    struct slice hello = load("curl");
    for (unsigned long nth = 1; nth < 20; nth++) {
        tls_pair_open(&p);
        mem_fail_at(nth);
        tls_pair_input(&p.server, hello);
        mem_fail_at(0);
        if (p.server.bad && !p.server.chain->wire.lost) {
            assert_int_equal(p.server.failed.reason, REASON_MEMORY);
            assert_alert(2, SSL_AD_INTERNAL_ERROR);
        } else {
            assert_true(p.server.chain->wire.lost || buf_len(&p.server.chain->wire.out) > 100);
        }
        tls_pair_close(&p);
    }
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_host_is_asked_when_the_hello_is_whole),
        TEST(the_host_may_think_about_it),
        TEST(the_hello_stays_while_the_host_thinks),
        TEST(a_client_that_leaves_takes_its_question_with_it),
        TEST(a_client_that_is_lost_takes_its_question_with_it),
        TEST(who_closes_takes_the_question_back),
        TEST(a_layer_that_dies_takes_the_question_back),
        TEST(no_answer_is_an_internal_error),
        TEST(no_answer_after_a_while_is_one_too),
        TEST(an_alert_in_place_of_a_handshake),
        TEST(an_alert_that_is_a_warning_says_so),
        TEST(the_end_without_a_word),
        TEST(another_layer_gets_every_byte_of_the_hello),
        TEST(half_a_client_is_waited_for_when_the_host_says_so),
        TEST(other_bytes_get_an_alert),
        TEST(a_hello_of_ssl_2_gets_an_alert),
        TEST(a_malformed_hello_gets_an_alert),
        TEST(a_hello_that_is_no_hello_gets_an_alert),
        TEST(what_our_parser_refuses_stays_refused),
        TEST(what_is_half_a_hello_is_waited_for),
        TEST(who_leaves_in_the_middle_of_its_hello_has_left),
        TEST(without_memory_for_the_hello_the_client_gets_an_alert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
