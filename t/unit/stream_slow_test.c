/* Tests of io/stream.c: peers that read, but too slowly. */
#include "io/stream.h"

#include "base/clock.h"
#include "lib/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

static uint64_t rate; /* that is demanded below */

static size_t
pump_at_a_rate(struct probe *p, const struct event *ev)
{
    if (ev->type == EV_START)
        p->layer.deadline = 1;
    if (ev->type == EV_TIMER || ev->type == EV_ROOM)
        talk_pump(p);
    if (ev->type == EV_TIMER)
        stream_slow(p->talk->chain, rate, rate == 1 ? 50 * NS_PER_MS : NS_PER_MS);
    return ev->type == EV_DATA ? ev->data.n : 0;
}

/* Writes of its own fail when the connection is gone. */
static void
read_a_byte_at_a_time(struct talk *t)
{
    char c;
    while (recv(t->fd, &c, 1, 0) == 1 && send(t->fd, "x", 1, MSG_NOSIGNAL) == 1)
        ;
}

static void
test_a_peer_that_reads_too_slowly_is_given_up(void **state)
{
    struct talk client = {.small = true, .probe.to_send = 64 * MB}, server = client;
    rate = 1ull << 40;
    talk_play(&client, ROLE_ACCEPT, pump_at_a_rate, read_a_byte_at_a_time);
    assert_int_equal(client.probe.why.reason, REASON_CLIENT_TIMEOUT);
    assert_string_equal(client.probe.why.text, "the client was too slow: it reads too slowly");
    talk_play(&server, ROLE_CONNECT, pump_at_a_rate, read_a_byte_at_a_time);
    assert_int_equal(server.probe.why.reason, REASON_SERVER_TIMEOUT);
}

static void
test_a_peer_that_has_taken_much_may_be_slow(void **state)
{
    struct talk t = {.small = true, .probe.to_send = 4 * MB};
    rate = 1;
    talk_play(&t, ROLE_ACCEPT, pump_at_a_rate, talk_drain);
    assert_int_equal(t.probe.why.reason, REASON_NONE);
    assert_int_equal(t.drained, 4 * MB);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_peer_that_reads_too_slowly_is_given_up),
        cmocka_unit_test(test_a_peer_that_has_taken_much_may_be_slow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
