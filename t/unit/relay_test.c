/* Tests of layer/relay.c that no playbook can say: one side is freed while the other lives. */
#include "layer/relay.h"

#include "layer/peek.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static unsigned recorded, unhooked;

static uint64_t time_now;

static uint64_t
no_time(struct host *h)
{
    return time_now;
}

static void
count(struct host *h, struct flow *f)
{
    recorded++;
}

static void
unhook(struct host *h, void *hooks)
{
    assert_string_equal(hooks, "hooks");
    unhooked++;
}

static void
flush(struct chain *c)
{
    buf_reset(&c->wire.out);
}

static const struct host_ops ops = {
    .now = no_time, .wall = no_time, .record = count, .unhook = unhook};
static const struct layer_limits limits = {.body_limit = 100, .idle_time = 10};

struct tunnel_ends {
    struct turn turn;
    struct host host;
    struct chain *client, *server;
};

static struct chain *
end_new(struct tunnel_ends *t, enum role role)
{
    struct peer *peer = peer_new();
    struct chain *c = chain_new(&t->turn, &t->host, role, peer);
    peer_unref(peer);
    chain_push(c, peek_new(0));
    return c;
}

static int
setup(void **state)
{
    static struct tunnel_ends t;
    t = (struct tunnel_ends){.host = {.ops = &ops, .limits = &limits}};
    recorded = unhooked = 0;
    time_now = 1;
    turn_init(&t.turn, flush);
    t.client = end_new(&t, ROLE_ACCEPT);
    t.server = end_new(&t, ROLE_CONNECT);
    struct flow *f = flow_new(FLOW_TUNNEL, t.client->peer, NULL);
    assert_true(relay_join(t.client->top, t.server->top, f, NULL, SLICE("first")));
    flow_unref(f);
    *state = &t;
    return 0;
}

static void
what_comes_for_a_side_that_is_gone_is_dropped(void **state)
{
    struct tunnel_ends *t = *state;
    chain_free(t->server);
    chain_input(t->client, SLICE("late"));
    assert_int_equal(buf_len(&t->client->wire.held), 0);
    assert_true(t->client->wire.close);
    chain_free(t->client);
}

/* A tunnel of closed TLS beside that of the setup. */
static struct flow *
pass(struct tunnel_ends *t, struct chain **client, struct chain **server)
{
    struct flow *f = flow_new(FLOW_TUNNEL, t->client->peer, NULL);
    struct chain *c = end_new(t, ROLE_ACCEPT), *s = end_new(t, ROLE_CONNECT);
    f->passed = SLICE("rule x");
    turn_begin(&t->turn);
    struct layer *up = relay_new(c, s->top, f);
    assert_non_null(up);
    chain_swap(c, c->top, up);
    turn_end(&t->turn);
    *client = c;
    *server = s;
    return f;
}

static void
closed_tls_is_counted_and_not_kept(void **state)
{
    struct tunnel_ends *t = *state;
    struct chain *c, *s;
    struct flow *f = pass(t, &c, &s);
    chain_input(c, SLICE("one"));
    chain_input(s, SLICE("three"));
    assert_int_equal(f->tunnel_up, 3);
    assert_int_equal(f->tunnel_down, 5);
    assert_int_equal(f->req.body.size + f->resp.body.size, 0);
    chain_free(c);
    chain_free(s);
    flow_unref(f);
    chain_free(t->client);
    chain_free(t->server);
    assert_int_equal(recorded, 2);
}

static void
what_the_driver_moves_past_is_counted_and_is_life(void **state)
{
    struct tunnel_ends *t = *state;
    struct chain *c, *s;
    struct flow *f = pass(t, &c, &s);
    chain_input(c, SLICE("one"));
    assert_ptr_equal(c->wire.onto, s);
    assert_ptr_equal(s->wire.onto, c);
    time_now = 8;
    chain_moved(s, 1000);
    assert_int_equal(f->tunnel_up, 3);
    assert_int_equal(f->tunnel_down, 1000);
    time_now = 12;
    chain_timer(c, time_now);
    assert_false(c->wire.close);
    assert_int_equal(chain_deadline(c), 18);
    time_now = 18;
    chain_timer(c, time_now);
    assert_true(c->wire.close && s->wire.close);
    chain_free(c);
    assert_null(s->wire.onto);
    chain_free(s);
    flow_unref(f);
    chain_free(t->client);
    chain_free(t->server);
}

static void
what_is_kept_is_shown_to_the_relay(void **state)
{
    struct tunnel_ends *t = *state;
    chain_input(t->client, SLICE("bytes"));
    assert_null(t->client->wire.onto);
    chain_free(t->client);
    chain_free(t->server);
}

static void
who_gets_another_layer_is_not_moved_past(void **state)
{
    struct tunnel_ends *t = *state;
    struct chain *c, *s;
    struct flow *f = pass(t, &c, &s);
    chain_input(c, SLICE("one"));
    turn_begin(&t->turn);
    chain_insert(s, s->top, peek_new(0));
    assert_true(!c->wire.onto && !s->wire.onto && c->touched && s->touched);
    turn_end(&t->turn);
    chain_input(c, SLICE("two"));
    assert_null(c->wire.onto);
    assert_int_equal(f->tunnel_up, 6);
    chain_free(c);
    chain_free(s);
    flow_unref(f);
    chain_free(t->client);
    chain_free(t->server);
}

static void
a_tunnel_is_recorded_once_whichever_side_goes_first(void **state)
{
    struct tunnel_ends *t = *state;
    chain_free(t->client);
    assert_int_equal(recorded, 1);
    chain_input(t->server, SLICE("late"));
    chain_free(t->server);
    assert_int_equal(recorded, 1);
}

/* Who wanted to be asked about segments is let go of. */
static void
a_tunnel_that_never_was_is_unhooked(void **state)
{
    static char hooks[] = "hooks";
    struct tunnel_ends *t = *state;
    struct flow *f = flow_new(FLOW_TUNNEL, t->client->peer, NULL);
    struct chain *c = end_new(t, ROLE_ACCEPT), *s = end_new(t, ROLE_CONNECT);
    turn_begin(&t->turn);
    struct layer *up = relay_new(c, s->top, f);
    assert_true(up && relay_stage(up, hooks, true));
    chain_free(s);
    relay_drop(up);
    turn_end(&t->turn);
    assert_int_equal(unhooked, 1);
    chain_free(c);
    flow_unref(f);
    chain_free(t->client);
    chain_free(t->server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_comes_for_a_side_that_is_gone_is_dropped, setup),
        cmocka_unit_test_setup(closed_tls_is_counted_and_not_kept, setup),
        cmocka_unit_test_setup(what_the_driver_moves_past_is_counted_and_is_life, setup),
        cmocka_unit_test_setup(what_is_kept_is_shown_to_the_relay, setup),
        cmocka_unit_test_setup(who_gets_another_layer_is_not_moved_past, setup),
        cmocka_unit_test_setup(a_tunnel_is_recorded_once_whichever_side_goes_first, setup),
        cmocka_unit_test_setup(a_tunnel_that_never_was_is_unhooked, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
