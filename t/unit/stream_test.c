/* Tests of io/stream.c. */
#include "io/stream.h"

#include "base/clock.h"
#include "base/mem.h"
#include "lib/net.h"
#include "lib/still_host.h"
#include "lib/talk.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void
expect_closed(const struct talk *t, enum reason why)
{
    assert_int_equal(t->gone, 1);
    assert_int_equal(t->probe.closes, 1);
    assert_int_equal(t->probe.why.reason, why);
}

/* Bytes and ends ------------------------------------------------------------------------------ */

static size_t
echo(struct probe *p, const struct event *ev)
{
    if (ev->type == EV_EOF)
        layer_tell(&p->layer, CMD_CLOSE);
    if (ev->type != EV_DATA)
        return 0;
    layer_send(&p->layer, ev->data);
    return ev->data.n;
}

static void
send_and_compare(struct talk *t)
{
    char *back = mem_need(mem_alloc(t->n_bytes));
    t->ok = net_send(t->fd, t->bytes, t->n_bytes) && shutdown(t->fd, SHUT_WR) == 0 &&
            net_recv(t->fd, back, t->n_bytes) && memcmp(back, t->bytes, t->n_bytes) == 0;
    t->drained = net_drain(t->fd);
    mem_free(back);
}

static void
test_bytes_go_both_ways_and_the_close_is_clean(void **state)
{
    struct talk t = {.n_bytes = 50000};
    talk_play(&t, ROLE_ACCEPT, echo, send_and_compare);
    expect_closed(&t, REASON_NONE);
    assert_true(t.ok);
    assert_int_equal(t.drained, 0);
    assert_int_equal(t.probe.eofs, 1);
}

static size_t
greet_and_shut(struct probe *p, const struct event *ev)
{
    if (ev->type == EV_START) {
        layer_send(&p->layer, SLICE("hello"));
        layer_tell(&p->layer, CMD_SHUT);
    }
    if (ev->type == EV_DATA)
        buf_append(&p->got, ev->data);
    if (ev->type == EV_EOF) {
        p->same = slice_eq(buf_slice(&p->got), SLICE("good bye"));
        layer_tell(&p->layer, CMD_CLOSE);
    }
    return ev->type == EV_DATA ? ev->data.n : 0;
}

static void
read_to_the_end_then_answer(struct talk *t)
{
    t->drained = net_drain(t->fd);
    t->ok = net_send(t->fd, "good bye", 8);
}

static void
test_our_half_close_leaves_the_other_half_open(void **state)
{
    struct talk t = {0};
    talk_play(&t, ROLE_CONNECT, greet_and_shut, read_to_the_end_then_answer);
    expect_closed(&t, REASON_NONE);
    assert_int_equal(t.drained, 5);
    assert_true(t.ok);
    assert_true(t.probe.same);
}

static size_t
answer_after_eof(struct probe *p, const struct event *ev)
{
    if (ev->type == EV_EOF) {
        layer_send(&p->layer, SLICE("late answer"));
        layer_tell(&p->layer, CMD_CLOSE);
    }
    return ev->type == EV_DATA ? ev->data.n : 0;
}

static void
half_close_and_read(struct talk *t)
{
    net_send(t->fd, "question", 8);
    shutdown(t->fd, SHUT_WR);
    t->drained = net_drain(t->fd);
}

static void
test_the_peers_half_close_leaves_the_other_half_open(void **state)
{
    struct talk t = {0};
    talk_play(&t, ROLE_ACCEPT, answer_after_eof, half_close_and_read);
    expect_closed(&t, REASON_NONE);
    assert_int_equal(t.drained, 11);
}

static size_t
abort_on_data(struct probe *p, const struct event *ev)
{
    if (ev->type != EV_DATA)
        return 0;
    layer_send(&p->layer, SLICE("never arrives"));
    layer_tell(&p->layer, CMD_ABORT);
    return ev->data.n;
}

static void
send_and_drain(struct talk *t)
{
    net_send(t->fd, "x", 1);
    t->drained = net_drain(t->fd);
}

static void
test_an_abort_is_a_reset_and_loses_what_is_queued(void **state)
{
    struct talk t = {0};
    talk_play(&t, ROLE_ACCEPT, abort_on_data, send_and_drain);
    expect_closed(&t, REASON_NONE);
    assert_int_equal(t.drained, -1);
}

static size_t
take_all(struct probe *p, const struct event *ev)
{
    (void)p;
    return ev->type == EV_DATA ? ev->data.n : 0;
}

static void
test_a_reset_is_told_by_the_role_of_the_peer(void **state)
{
    struct talk client = {0}, server = {0};
    talk_play(&client, ROLE_ACCEPT, take_all, talk_reset);
    expect_closed(&client, REASON_CLIENT_CLOSED);
    assert_non_null(strstr(client.probe.why.text, "connection reset by peer"));
    talk_play(&server, ROLE_CONNECT, take_all, talk_reset);
    expect_closed(&server, REASON_SERVER_RESET);
}

/* Limits -------------------------------------------------------------------------------------- */

static size_t
hold_until_full(struct probe *p, const struct event *ev)
{
    struct chain *c = p->talk->chain;
    if (ev->type == EV_START || ev->type == EV_TIMER)
        p->layer.deadline = loop_now(p->talk->loop) + NS_PER_MS;
    if (ev->type == EV_TIMER && !chain_wants_input(c)) {
        p->layer.deadline = 0;
        p->eat = true;
        layer_tell(&p->layer, CMD_MORE);
    }
    if (ev->type == EV_EOF) {
        p->same = slice_eq(buf_slice(&p->got), slice_of(p->talk->bytes, p->talk->n_bytes));
        layer_tell(&p->layer, CMD_CLOSE);
    }
    p->most_held = MAX(p->most_held, buf_len(&c->wire.held));
    if (ev->type != EV_DATA || !p->eat)
        return 0;
    buf_append(&p->got, ev->data);
    return ev->data.n;
}

static void
send_all(struct talk *t)
{
    t->ok = net_send(t->fd, t->bytes, t->n_bytes);
    shutdown(t->fd, SHUT_WR);
    t->drained = net_drain(t->fd);
}

static void
test_reading_stops_while_the_chain_takes_nothing(void **state)
{
    struct talk t = {.n_bytes = 12 * MB};
    talk_play(&t, ROLE_ACCEPT, hold_until_full, send_all);
    expect_closed(&t, REASON_NONE);
    assert_true(t.ok);
    assert_true(t.probe.same);
    assert_true(t.probe.most_held >= LAYER_HELD_MAX);
    assert_true(t.probe.most_held < LAYER_HELD_MAX + TALK_BATCH);
}

static size_t
pump_when_there_is_room(struct probe *p, const struct event *ev)
{
    if (ev->type == EV_START || ev->type == EV_ROOM)
        talk_pump(p);
    return ev->type == EV_DATA ? ev->data.n : 0;
}

static void
read_in_small_pieces(struct talk *t)
{
    char room[3000];
    ssize_t n;
    while ((n = recv(t->fd, room, sizeof(room), 0)) > 0)
        t->drained += n;
    t->ok = n == 0;
}

static void
test_a_slow_reader_does_not_make_the_queue_grow(void **state)
{
    struct talk t = {.small = true, .probe.to_send = 10 * MB};
    talk_play(&t, ROLE_ACCEPT, pump_when_there_is_room, read_in_small_pieces);
    expect_closed(&t, REASON_NONE);
    assert_true(t.ok);
    assert_int_equal(t.drained, 10 * MB);
    assert_true(t.probe.rooms > 0);
    assert_true(t.probe.most_out >= WIRE_FULL);
    assert_true(t.probe.most_out < WIRE_FULL + TALK_BATCH);
}

static void
test_room_comes_too_when_the_socket_takes_all(void **state)
{
    struct talk t = {.probe.to_send = 10 * MB};
    talk_play(&t, ROLE_ACCEPT, pump_when_there_is_room, talk_drain);
    expect_closed(&t, REASON_NONE);
    assert_int_equal(t.drained, 10 * MB);
}

static void
wait_for_the_reset(struct talk *t)
{
    char c;
    /* Reads nothing of what comes; the descriptor says when the connection is gone. */
    while (recv(t->fd, &c, 1, MSG_PEEK) == 1 && send(t->fd, "x", 1, MSG_NOSIGNAL) == 1)
        ;
}

static size_t
pump_impatiently(struct probe *p, const struct event *ev)
{
    if (ev->type == EV_TIMER) {
        stream_stall_time(p->talk->chain, NS_PER_MS);
        talk_pump(p);
    }
    if (ev->type == EV_START)
        p->layer.deadline = 1;
    if (ev->type == EV_ROOM)
        talk_pump(p);
    return ev->type == EV_DATA ? ev->data.n : 0;
}

static void
test_a_peer_that_stops_reading_is_given_up(void **state)
{
    struct talk client = {.probe.to_send = 64 * MB}, server = {.probe.to_send = 64 * MB};
    talk_play(&client, ROLE_ACCEPT, pump_impatiently, wait_for_the_reset);
    expect_closed(&client, REASON_CLIENT_TIMEOUT);
    talk_play(&server, ROLE_CONNECT, pump_impatiently, wait_for_the_reset);
    expect_closed(&server, REASON_SERVER_TIMEOUT);
}

/* Sends when more time has passed than a write may stall. */
static size_t
pump_late(struct probe *p, const struct event *ev)
{
    if (ev->type == EV_START) {
        stream_stall_time(p->talk->chain, NS_PER_S);
        p->layer.deadline = loop_now(p->talk->loop) + NS_PER_S + NS_PER_MS;
    }
    if (ev->type == EV_TIMER || ev->type == EV_ROOM)
        talk_pump(p);
    return 0;
}

static void
test_only_a_write_can_stall(void **state)
{
    struct talk t = {.small = true, .probe.to_send = 4 * MB};
    talk_play(&t, ROLE_ACCEPT, pump_late, talk_drain);
    expect_closed(&t, REASON_NONE);
    assert_int_equal(t.drained, 4 * MB);
}

static size_t
close_at_deadline(struct probe *p, const struct event *ev)
{
    if (ev->type == EV_START)
        p->layer.deadline = loop_now(p->talk->loop) + NS_PER_MS;
    if (ev->type == EV_TIMER)
        layer_tell(&p->layer, CMD_CLOSE);
    return 0;
}

static void
test_the_deadline_of_a_layer_fires_once(void **state)
{
    struct talk t = {0};
    talk_play(&t, ROLE_ACCEPT, close_at_deadline, talk_drain);
    expect_closed(&t, REASON_NONE);
    assert_int_equal(t.probe.timers, 1);
    assert_int_equal(t.drained, 0);
}

/* Last words ---------------------------------------------------------------------------------- */

static size_t
answer_early_and_close(struct probe *p, const struct event *ev)
{
    if (ev->type != EV_DATA)
        return 0;
    layer_send(&p->layer, SLICE("413"));
    layer_tell(&p->layer, CMD_CLOSE);
    return ev->data.n;
}

static void
send_too_much_then_read(struct talk *t)
{
    t->ok = net_send(t->fd, t->bytes, t->n_bytes);
    t->drained = net_drain(t->fd);
}

static void
test_a_client_that_is_still_sending_sees_our_last_bytes(void **state)
{
    struct talk t = {.n_bytes = 200000};
    talk_play(&t, ROLE_ACCEPT, answer_early_and_close, send_too_much_then_read);
    expect_closed(&t, REASON_NONE);
    assert_true(t.ok);
    assert_int_equal(t.drained, 3);
    assert_int_equal(t.probe.offers, 1);
}

static void
send_for_ever(struct talk *t)
{
    while (net_send(t->fd, t->bytes, t->n_bytes))
        t->drained++;
}

static void
test_a_client_that_never_stops_sending_is_left(void **state)
{
    struct talk t = {.small = true, .n_bytes = MB};
    talk_play(&t, ROLE_ACCEPT, answer_early_and_close, send_for_ever);
    expect_closed(&t, REASON_NONE);
    assert_true(t.drained < 8);
}

static size_t
pump_and_listen(struct probe *p, const struct event *ev)
{
    if (ev->type == EV_DATA)
        p->same = slice_eq(ev->data, SLICE("413")) && !p->closes;
    return pump_when_there_is_room(p, ev);
}

/* Its receive buffer is full of unread bytes when it closes: that is a reset. */
static void
answer_early_and_reset(struct talk *t)
{
    char room[1000];
    t->ok = net_recv(t->fd, room, sizeof(room)) && net_send(t->fd, "413", 3);
}

static void
test_an_early_answer_is_read_although_writing_has_failed(void **state)
{
    for (int i = 0; i < 20; i++) {
        struct talk t = {.probe.to_send = 64 * MB};
        talk_play(&t, ROLE_CONNECT, pump_and_listen, answer_early_and_reset);
        expect_closed(&t, REASON_SERVER_RESET);
        assert_true(t.ok);
        assert_true(t.probe.same);
    }
}

static size_t
close_at_early_answer(struct probe *p, const struct event *ev)
{
    if (ev->type == EV_DATA)
        layer_tell(&p->layer, CMD_CLOSE);
    return pump_and_listen(p, ev);
}

static void
test_a_close_after_writing_has_failed_ends_it(void **state)
{
    struct talk t = {.probe.to_send = 64 * MB};
    talk_play(&t, ROLE_CONNECT, close_at_early_answer, answer_early_and_reset);
    assert_int_equal(t.gone, 1);
    assert_int_equal(t.probe.closes, 1);
    assert_true(t.probe.same);
}

/* Takes nothing, and begins to send when it holds all that it may. */
static size_t
hold_and_pump(struct probe *p, const struct event *ev)
{
    if (!chain_wants_input(p->talk->chain) && !p->sent && ev->type != EV_CLOSED)
        p->layer.deadline = 1;
    if (ev->type == EV_TIMER)
        talk_pump(p);
    return 0;
}

static void
fill_wait_and_reset(struct talk *t)
{
    char c;
    t->ok = net_send(t->fd, t->bytes, t->n_bytes) && net_recv(t->fd, &c, 1);
    talk_reset(t);
}

static void
test_a_reset_is_noticed_while_only_writing(void **state)
{
    struct talk t = {.small = true, .n_bytes = LAYER_HELD_MAX + 16384, .probe.to_send = 64 * MB};
    talk_play(&t, ROLE_CONNECT, hold_and_pump, fill_wait_and_reset);
    expect_closed(&t, REASON_SERVER_RESET);
    assert_true(t.ok);
}

static size_t
close_at_once(struct probe *p, const struct event *ev)
{
    if (ev->type == EV_START)
        layer_tell(&p->layer, CMD_CLOSE);
    return 0;
}

/* Neither sends nor closes until the other side has given up, which is an error of a write then. */
static void
wait_to_be_left(struct talk *t)
{
    t->drained = net_drain(t->fd);
    struct pollfd p = {.fd = t->fd, .events = POLLHUP};
    while (send(t->fd, "x", 1, MSG_NOSIGNAL) == 1 && poll(&p, 1, 10) >= 0)
        ;
}

static void
test_a_peer_that_does_not_close_is_left_after_a_while(void **state)
{
    struct talk t = {0};
    talk_play(&t, ROLE_ACCEPT, close_at_once, wait_to_be_left);
    expect_closed(&t, REASON_NONE);
    assert_int_equal(t.drained, 0);
}

/* The owner's end ------------------------------------------------------------------------------ */

static size_t
free_chain_in_turn(struct probe *p, const struct event *ev)
{
    struct talk *t = p->talk;
    if (ev->type == EV_CLOSED || !t->chain || (ev->type != EV_DATA && ev->type != EV_TIMER))
        return 0;
    struct chain *c = t->chain;
    t->chain = NULL;
    layer_send(&p->layer, SLICE("too late"));
    stream_close(c);
    chain_free(c);
    stream_close(c);
    return ev->type == EV_DATA ? ev->data.n : 0;
}

static void
test_the_owner_may_free_the_chain_inside_of_a_turn(void **state)
{
    struct talk t = {0};
    talk_play(&t, ROLE_ACCEPT, free_chain_in_turn, send_and_drain);
    assert_int_equal(t.gone, 0);
    assert_int_equal(t.probe.closes, 1);
    assert_int_equal(t.probe.why.reason, REASON_SHUTDOWN);
    assert_true(t.drained <= 0);
}

static size_t
free_chain_in_timer(struct probe *p, const struct event *ev)
{
    if (ev->type == EV_START)
        p->layer.deadline = 1;
    return free_chain_in_turn(p, ev);
}

static void
test_the_owner_may_free_the_chain_in_its_timer(void **state)
{
    struct talk t = {0};
    talk_play(&t, ROLE_ACCEPT, free_chain_in_timer, talk_drain);
    assert_int_equal(t.gone, 0);
    assert_int_equal(t.probe.timers, 1);
}

static size_t
free_chain_when_closed(struct probe *p, const struct event *ev)
{
    struct talk *t = p->talk;
    if (ev->type != EV_CLOSED || !t->chain)
        return 0;
    struct chain *c = t->chain;
    t->chain = NULL;
    stream_close(c);
    chain_free(c);
    return 0;
}

static void
test_the_owner_may_free_the_chain_when_it_hears_of_the_end(void **state)
{
    struct talk t = {0};
    talk_play(&t, ROLE_ACCEPT, free_chain_when_closed, talk_reset);
    assert_int_equal(t.gone, 0);
    assert_int_equal(t.probe.closes, 1);
}

static void
test_opening_needs_memory(void **state)
{
    struct err e;
    struct talk t = {.loop = loop_new(&e), .peer = peer_new()};
    struct probe *p = &t.probe;
    t.chain = chain_new(loop_turn(t.loop), &still_host, ROLE_ACCEPT, t.peer);
    p->layer.ops = &talk_probe_ops;
    p->behave = take_all;
    chain_push(t.chain, &p->layer);
    for (unsigned long nth = 1; nth <= 2; nth++) {
        int fd, other;
        net_pair(&fd, &other, false);
        mem_fail_at(nth);
        assert_false(stream_open(t.loop, fd, t.chain, talk_on_gone, &e));
        mem_fail_at(0);
        assert_int_equal(e.code, ERR_MEMORY);
        assert_int_equal(net_drain(other), 0);
        close(other);
    }
    assert_int_equal(p->starts, 0);
    stream_close(t.chain);
    chain_free(t.chain);
    peer_unref(t.peer);
    loop_free(t.loop);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_go_both_ways_and_the_close_is_clean),
        cmocka_unit_test(test_our_half_close_leaves_the_other_half_open),
        cmocka_unit_test(test_the_peers_half_close_leaves_the_other_half_open),
        cmocka_unit_test(test_an_abort_is_a_reset_and_loses_what_is_queued),
        cmocka_unit_test(test_a_reset_is_told_by_the_role_of_the_peer),
        cmocka_unit_test(test_reading_stops_while_the_chain_takes_nothing),
        cmocka_unit_test(test_a_slow_reader_does_not_make_the_queue_grow),
        cmocka_unit_test(test_room_comes_too_when_the_socket_takes_all),
        cmocka_unit_test(test_a_peer_that_stops_reading_is_given_up),
        cmocka_unit_test(test_only_a_write_can_stall),
        cmocka_unit_test(test_the_deadline_of_a_layer_fires_once),
        cmocka_unit_test(test_a_client_that_is_still_sending_sees_our_last_bytes),
        cmocka_unit_test(test_a_client_that_never_stops_sending_is_left),
        cmocka_unit_test(test_an_early_answer_is_read_although_writing_has_failed),
        cmocka_unit_test(test_a_close_after_writing_has_failed_ends_it),
        cmocka_unit_test(test_a_reset_is_noticed_while_only_writing),
        cmocka_unit_test(test_a_peer_that_does_not_close_is_left_after_a_while),
        cmocka_unit_test(test_the_owner_may_free_the_chain_inside_of_a_turn),
        cmocka_unit_test(test_the_owner_may_free_the_chain_in_its_timer),
        cmocka_unit_test(test_the_owner_may_free_the_chain_when_it_hears_of_the_end),
        cmocka_unit_test(test_opening_needs_memory),
    };
    alarm(120); /* A test that hangs fails. */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
