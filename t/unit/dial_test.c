/* Tests of io/dial.c, on loopback. */
#include "io/dial.h"

#include "base/clock.h"
#include "base/mem.h"
#include "io/loop_uv.h"
#include "io/resolver.h"
#include "io/sock.h"
#include "lib/net.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

struct caller {
    struct loop *loop;
    struct dial *dial;
    struct dial_options o;
    struct dial_result result;
    unsigned calls, judged;
    bool cancel;
    struct caller *other;
    const char *refuse; /* address that 'allow' refuses; "*" for all */
};

static void
on_done(void *arg, const struct dial_result *r)
{
    struct caller *c = arg;
    c->calls++;
    c->result = *r;
    if (c->cancel)
        dial_cancel(c->dial);
    if (r->fd >= 0)
        close(r->fd);
}

static struct caller
caller_new(const char *host, uint16_t port)
{
    struct err e;
    struct caller c = {.loop = loop_new(&e)};
    assert_non_null(c.loop);
    c.o = (struct dial_options){
        .host = slice_str(host), .port = port, .timeout = 30 * NS_PER_S, .done = on_done};
    return c;
}

static struct caller
caller_asking(const char *server, const char *host, uint16_t port)
{
    struct err e;
    struct caller c = caller_new(host, port);
    assert_true(resolver_set_servers(loop_resolver(c.loop, &e), server));
    return c;
}

static void
start(struct caller *c)
{
    c->o.arg = c;
    c->dial = dial_start(c->loop, &c->o);
    assert_non_null(c->dial);
    assert_int_equal(c->calls, 0);
}

static void
finish(struct caller *c)
{
    loop_run(c->loop);
    loop_free(c->loop);
}

static void
dial(struct caller *c)
{
    start(c);
    finish(c);
    assert_int_equal(c->calls, 1);
}

/* A port of the address on which nobody listens. */
static uint16_t
closed_port(const char *host)
{
    uint16_t port = 0;
    close(net_listen(host, &port, 1));
    return port;
}

static const char *
where(const char *host, uint16_t port)
{
    static char text[96];
    snprintf(text, sizeof(text), "%s:%u", host, port);
    return text;
}

static void
expect_connected(const struct caller *c, const char *host, uint16_t port)
{
    assert_true(c->result.fd >= 0);
    assert_string_equal(c->result.remote, where(host, port));
    assert_true(c->result.local[0] != '\0');
    assert_true(c->result.connected != 0);
}

static void
expect_failed(const struct caller *c, enum reason reason, const char *text)
{
    assert_int_equal(c->result.fd, -1);
    assert_int_equal(c->result.why.reason, reason);
    assert_non_null(strstr(c->result.why.text, text));
}

/* Addresses and names ------------------------------------------------------------------------- */

static void
test_a_literal_needs_no_name_server(void **state)
{
    uint16_t port = 0;
    int server = net_listen("127.0.0.1", &port, 1);
    struct caller c = caller_new("127.0.0.1", port);
    dial(&c);
    expect_connected(&c, "127.0.0.1", port);
    assert_true(c.result.resolved == 0);
    close(server);
}

static void
test_an_ipv6_literal_is_without_brackets(void **state)
{
    uint16_t port = 0;
    if (!net_has("::1"))
        skip();
    int server = net_listen("::1", &port, 1);
    struct caller c = caller_new("::1", port);
    dial(&c);
    expect_connected(&c, "[::1]", port);
    close(server);
}

static void
test_localhost_is_known_without_a_name_server(void **state)
{
    uint16_t port = 0;
    int server = net_listen("127.0.0.1", &port, 1);
    /* Nobody answers there. */
    struct caller c = caller_asking("127.0.0.1:1", "LocalHost", port);
    dial(&c);
    expect_connected(&c, "127.0.0.1", port);
    assert_true(c.result.resolved != 0);
    assert_true(c.result.resolved <= c.result.connected);
    close(server);
}

static void
check_socket(void *arg, const struct dial_result *r)
{
    int on = 0;
    socklen_t n = sizeof(on);
    assert_true(fcntl(r->fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(r->fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(getsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &on, &n), 0);
    assert_int_not_equal(on, 0);
    on_done(arg, r);
}

static void
test_the_socket_is_ready_for_use(void **state)
{
    uint16_t port = 0;
    int server = net_listen("127.0.0.1", &port, 1);
    struct caller c = caller_new("127.0.0.1", port);
    c.o.done = check_socket;
    dial(&c);
    close(server);
}

static void
test_a_refusal_names_host_address_and_cause(void **state)
{
    char text[200];
    uint16_t port = closed_port("127.0.0.1");
    struct caller c = caller_new("localhost", port);
    dial(&c);
    snprintf(text, sizeof(text), "(%s): connection refused", where("127.0.0.1", port));
    expect_failed(&c, REASON_CONNECT, text);
    assert_non_null(strstr(c.result.why.text, "cannot connect to 'localhost' ("));
}

static void
test_a_name_that_does_not_exist_is_a_dns_failure(void **state)
{
    struct dns *dns = dns_start();
    struct caller c = caller_asking(dns_address(dns), "nohost.invalid", 80);
    dial(&c);
    expect_failed(&c, REASON_DNS, "'nohost.invalid' does not exist");
    dns_stop(dns);
}

static void
test_a_host_that_is_no_name_fails_later(void **state)
{
    struct caller c = caller_new("no host", 80);
    dial(&c);
    expect_failed(&c, REASON_DNS, "'no host' is not a host name");
    char longest[400];
    memset(longest, 'a', sizeof(longest));
    struct caller d = caller_new("", 80);
    d.o.host = slice_of(longest, sizeof(longest));
    dial(&d);
    expect_failed(&d, REASON_DNS, "is not a host name");
}

static void
test_a_name_server_that_is_silent_runs_into_the_limit(void **state)
{
    struct dns *dns = dns_start();
    struct caller c = caller_asking(dns_address(dns), "silent.weir.test", 80);
    c.o.timeout = NS_PER_MS;
    dial(&c);
    expect_failed(&c, REASON_DNS, "no answer about 'silent.weir.test' in time");
    dns_stop(dns);
}

/* Several addresses --------------------------------------------------------------------------- */

static void
test_ipv4_follows_when_ipv6_is_refused(void **state)
{
    uint16_t port = 0;
    if (!net_has("::1"))
        skip();
    struct dns *dns = dns_start();
    int server = net_listen("127.0.0.1", &port, 1);
    struct caller c = caller_asking(dns_address(dns), "both.weir.test", port);
    dial(&c);
    expect_connected(&c, "127.0.0.1", port);
    close(server);
    dns_stop(dns);
}

static void
test_ipv6_is_tried_first(void **state)
{
    uint16_t port = 0;
    if (!net_has("::1"))
        skip();
    struct dns *dns = dns_start();
    int six = net_listen("::1", &port, 1), four = net_listen("127.0.0.1", &port, 1);
    struct caller c = caller_asking(dns_address(dns), "both.weir.test", port);
    dial(&c);
    expect_connected(&c, "[::1]", port);
    close(six);
    close(four);
    dns_stop(dns);
}

static void
test_every_refusal_is_named(void **state)
{
    char rule[96], one[96], two[96];
    uint16_t port = closed_port("127.0.0.1");
    snprintf(rule, sizeof(rule), "x:%u:127.0.0.2,127.0.0.3", port);
    snprintf(one, sizeof(one), "(127.0.0.2:%u): connection refused, (127.0.0.3:%u)", port, port);
    struct caller c = caller_new("x", port);
    c.o.overrides = (const char *const[]){rule, NULL};
    dial(&c);
    expect_failed(&c, REASON_CONNECT, one);
    snprintf(two, sizeof(two), "(127.0.0.3:%u): connection refused", port);
    expect_failed(&c, REASON_CONNECT, two);
}

/* A listener whose backlog is full: connecting to it neither succeeds nor fails. */
struct hole {
    int server;
    int client[4];
    uint16_t port;
};

static void
hole_open(struct hole *h)
{
    struct sockaddr_storage a;
    h->port = 0;
    h->server = net_listen("127.0.0.1", &h->port, 0);
    assert_true(sock_parse("127.0.0.1", h->port, &a));
    for (size_t i = 0; i < ARRAY_LEN(h->client); i++) {
        h->client[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_true(connect(h->client[i], (struct sockaddr *)&a, sizeof(struct sockaddr_in)) != 2);
    }
}

static void
hole_close(struct hole *h)
{
    for (size_t i = 0; i < ARRAY_LEN(h->client); i++)
        close(h->client[i]);
    close(h->server);
}

static void
test_the_next_address_is_tried_beside_a_slow_one(void **state)
{
    struct hole h;
    char rule[96];
    hole_open(&h);
    int server = net_listen("127.0.0.2", &h.port, 1);
    snprintf(rule, sizeof(rule), "x:%u:127.0.0.1,127.0.0.2", h.port);
    struct caller c = caller_new("x", h.port);
    c.o.overrides = (const char *const[]){rule, NULL};
    dial(&c);
    expect_connected(&c, "127.0.0.2", h.port);
    close(server);
    hole_close(&h);
}

static void
test_an_address_that_does_not_answer_runs_into_the_limit(void **state)
{
    struct hole h;
    char text[96];
    hole_open(&h);
    struct caller c = caller_new("127.0.0.1", h.port);
    c.o.timeout = NS_PER_MS;
    dial(&c);
    snprintf(text, sizeof(text), "(127.0.0.1:%u): no answer in time", h.port);
    expect_failed(&c, REASON_CONNECT_TIMEOUT, text);
    hole_close(&h);
}

/* Overrides ----------------------------------------------------------------------------------- */

static void
test_an_override_replaces_the_resolver(void **state)
{
    uint16_t port = 0;
    char star[96], other[96], wrong_port[96], exact[96];
    int server = net_listen("127.0.0.3", &port, 1);
    snprintf(star, sizeof(star), "*:%u:127.0.0.9", port);
    snprintf(other, sizeof(other), "other.test:%u:127.0.0.9", port);
    snprintf(wrong_port, sizeof(wrong_port), "weir.test:1:127.0.0.9");
    snprintf(exact, sizeof(exact), "Weir.Test:%u:127.0.0.3", port);
    struct caller c = caller_new("weir.TEST", port);
    c.o.overrides = (const char *const[]){star, other, wrong_port, exact, NULL};
    dial(&c);
    expect_connected(&c, "127.0.0.3", port);
    close(server);
}

static void
test_a_star_fits_every_host_even_a_literal(void **state)
{
    uint16_t port = 0;
    char star[96], second[96];
    int server = net_listen("127.0.0.3", &port, 1);
    snprintf(star, sizeof(star), "*:%u:127.0.0.3", port);
    snprintf(second, sizeof(second), "*:%u:127.0.0.9", port);
    struct caller c = caller_new("192.0.2.1", port);
    c.o.overrides = (const char *const[]){star, second, NULL};
    dial(&c);
    expect_connected(&c, "127.0.0.3", port);
    close(server);
}

static void
test_overrides_are_checked(void **state)
{
    static const char *const good[] = {"a:80:1.2.3.4",     "*:443:::1",        "a:443:[::1]",
                                       "[::1]:80:1.2.3.4", "a:80:1.2.3.4,::1", "b-c:1:1.2.3.4"};
    struct slice bad = SLICE(" a a:80 a:80: :80:1.2.3.4 a:x:1.2.3.4 a:80:b a:65536:1.2.3.4 "
                             "[::1:80:1.2.3.4 [::1]80:1.2.3.4 a:80:1.2.3.4,, a:80:1.2.3.4,x");
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(dial_check_override(good[i], &e));
    while (bad.n) {
        char text[32];
        snprintf(text, sizeof(text), "%.*s", SLICE_ARG(slice_cut(&bad, ' ')));
        assert_false(dial_check_override(text, &e));
        assert_int_equal(e.code, ERR_USAGE);
        assert_non_null(strstr(e.text, "expected HOST:PORT:ADDRESS"));
    }
}

/* The owner's word ---------------------------------------------------------------------------- */

static bool
judge(void *arg, const struct sockaddr *to, struct failure *why)
{
    struct caller *c = arg;
    char text[64];
    c->judged++;
    if (c->cancel)
        dial_cancel(c->dial);
    sock_text(to, text, sizeof(text));
    if (strcmp(c->refuse, "*") != 0 && strcmp(c->refuse, text) != 0)
        return true;
    failure_set(why, REASON_DENIED_TARGET, "%s", text);
    return false;
}

static void
test_a_refused_address_is_skipped(void **state)
{
    uint16_t port = 0;
    char rule[96], refused[96];
    int server = net_listen("127.0.0.3", &port, 1), other = net_listen("127.0.0.4", &port, 1);
    snprintf(rule, sizeof(rule), "x:%u:127.0.0.3,127.0.0.4", port);
    snprintf(refused, sizeof(refused), "127.0.0.3:%u", port);
    struct caller c = caller_new("x", port);
    c.o.overrides = (const char *const[]){rule, NULL};
    c.o.allow = judge;
    c.refuse = refused;
    dial(&c);
    assert_int_equal(c.judged, 2);
    expect_connected(&c, "127.0.0.4", port);
    close(server);
    close(other);
}

static void
test_when_all_are_refused_the_first_refusal_is_the_failure(void **state)
{
    struct caller c = caller_new("x", 80);
    c.o.overrides = (const char *const[]){"x:80:127.0.0.3,127.0.0.4", NULL};
    c.o.allow = judge;
    c.refuse = "*";
    dial(&c);
    expect_failed(&c, REASON_DENIED_TARGET, "127.0.0.3:80");
}

static void
test_a_dial_can_be_cancelled_at_once(void **state)
{
    uint16_t port = 0;
    int server = net_listen("127.0.0.1", &port, 1);
    struct caller literal = caller_new("127.0.0.1", port);
    start(&literal);
    dial_cancel(literal.dial);
    finish(&literal);
    assert_int_equal(literal.calls, 0);
    struct caller refused = caller_new("127.0.0.1", closed_port("127.0.0.1"));
    start(&refused);
    dial_cancel(refused.dial);
    finish(&refused);
    assert_int_equal(refused.calls, 0);
    close(server);
}

static void
test_a_dial_can_be_cancelled_while_it_resolves(void **state)
{
    struct dns *dns = dns_start();
    struct caller c = caller_asking(dns_address(dns), "both.weir.test", 80);
    start(&c);
    dial_cancel(c.dial);
    finish(&c);
    assert_int_equal(c.calls, 0);
    dns_stop(dns);
}

static void
test_a_dial_can_be_cancelled_while_it_connects(void **state)
{
    struct hole h;
    hole_open(&h);
    struct caller c = caller_new("127.0.0.1", h.port);
    start(&c);
    dial_cancel(c.dial);
    finish(&c);
    assert_int_equal(c.calls, 0);
    hole_close(&h);
}

static void
test_a_dial_can_be_cancelled_when_its_address_is_judged(void **state)
{
    struct dns *dns = dns_start();
    struct caller c = caller_asking(dns_address(dns), "both.weir.test", 80);
    c.o.allow = judge;
    c.refuse = "";
    c.cancel = true;
    start(&c);
    finish(&c);
    assert_int_equal(c.calls, 0);
    assert_int_equal(c.judged, 1);
    dns_stop(dns);
}

static void
test_a_dial_can_be_cancelled_when_it_is_done(void **state)
{
    uint16_t port = 0;
    int server = net_listen("127.0.0.1", &port, 1);
    struct caller c = caller_new("127.0.0.1", port);
    c.cancel = true;
    dial(&c);
    expect_connected(&c, "127.0.0.1", port);
    close(server);
}

static void
cancel_other(void *arg, const struct dial_result *r)
{
    struct caller *c = arg;
    on_done(c, r);
    if (c->other->dial)
        dial_cancel(c->other->dial);
    c->other->dial = NULL;
}

/* Both have succeeded in the same round: the one that hears of it first ends the other, whose
 * descriptor is closed. */
static void
test_a_dial_can_be_cancelled_when_it_has_connected(void **state)
{
    uint16_t port = 0;
    int server = net_listen("127.0.0.1", &port, 2);
    struct caller one = caller_new("127.0.0.1", port), two = one;
    one.other = &two;
    two.other = &one;
    one.o.done = two.o.done = cancel_other;
    start(&one);
    start(&two);
    finish(&one);
    assert_int_equal(one.calls + two.calls, 1);
    for (int i = 0; i < 2; i++) {
        int fd = accept(server, NULL, NULL);
        assert_int_equal(net_drain(fd), 0);
        close(fd);
    }
    close(server);
}

static void
test_a_dial_needs_memory(void **state)
{
    struct caller c = caller_new("127.0.0.1", 80);
    c.o.arg = &c;
    for (unsigned long nth = 1; nth <= 2; nth++) {
        mem_fail_at(nth);
        assert_null(dial_start(c.loop, &c.o));
        mem_fail_at(0);
    }
    finish(&c);
    assert_int_equal(c.calls, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_literal_needs_no_name_server),
        cmocka_unit_test(test_an_ipv6_literal_is_without_brackets),
        cmocka_unit_test(test_localhost_is_known_without_a_name_server),
        cmocka_unit_test(test_the_socket_is_ready_for_use),
        cmocka_unit_test(test_a_refusal_names_host_address_and_cause),
        cmocka_unit_test(test_a_name_that_does_not_exist_is_a_dns_failure),
        cmocka_unit_test(test_a_host_that_is_no_name_fails_later),
        cmocka_unit_test(test_a_name_server_that_is_silent_runs_into_the_limit),
        cmocka_unit_test(test_ipv4_follows_when_ipv6_is_refused),
        cmocka_unit_test(test_ipv6_is_tried_first),
        cmocka_unit_test(test_every_refusal_is_named),
        cmocka_unit_test(test_the_next_address_is_tried_beside_a_slow_one),
        cmocka_unit_test(test_an_address_that_does_not_answer_runs_into_the_limit),
        cmocka_unit_test(test_an_override_replaces_the_resolver),
        cmocka_unit_test(test_a_star_fits_every_host_even_a_literal),
        cmocka_unit_test(test_overrides_are_checked),
        cmocka_unit_test(test_a_refused_address_is_skipped),
        cmocka_unit_test(test_when_all_are_refused_the_first_refusal_is_the_failure),
        cmocka_unit_test(test_a_dial_can_be_cancelled_at_once),
        cmocka_unit_test(test_a_dial_can_be_cancelled_while_it_resolves),
        cmocka_unit_test(test_a_dial_can_be_cancelled_while_it_connects),
        cmocka_unit_test(test_a_dial_can_be_cancelled_when_its_address_is_judged),
        cmocka_unit_test(test_a_dial_can_be_cancelled_when_it_is_done),
        cmocka_unit_test(test_a_dial_can_be_cancelled_when_it_has_connected),
        cmocka_unit_test(test_a_dial_needs_memory),
    };
    alarm(120); /* A test that hangs fails. */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
