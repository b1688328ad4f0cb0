/* Tests of layer/chain.c that no playbook can say: turns, and what dies in them. */
#include "layer/chain.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A layer that writes down what it hears. */
struct probe {
    struct layer layer;
    size_t appetite; /* takes so many bytes of what is offered */
    size_t offered;
    bool ended, clean, closed;
    enum reason why;
};

static size_t
probe_on_event(struct layer *l, const struct event *ev)
{
    struct probe *p = container_of(l, struct probe, layer);
    if (ev->type == EV_EOF) {
        p->ended = true;
        p->clean = ev->clean;
    }
    if (ev->type == EV_CLOSED) {
        p->closed = true;
        p->why = ev->why->reason;
    }
    if (ev->type != EV_DATA)
        return 0;
    p->offered = ev->data.n;
    return MIN(p->appetite, ev->data.n);
}

static void
probe_on_cmd(struct layer *l, const struct cmd *c)
{
    layer_down(l, c);
}

static void
probe_destroy(struct layer *l)
{
    (void)l;
}

static const struct layer_ops probe_ops = {
    .name = "probe", .on_event = probe_on_event, .on_cmd = probe_on_cmd, .destroy = probe_destroy};

static bool lose_in_flush;

static void
flush(struct chain *c)
{
    struct failure why;
    failure_set(&why, REASON_SERVER_RESET, NULL);
    if (lose_in_flush)
        chain_lost(c, &why);
}

struct fixture {
    struct turn turn;
    struct chain *chain;
    struct probe first, second;
};

static int
setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.first.layer.ops = &probe_ops, .second.layer.ops = &probe_ops};
    lose_in_flush = false;
    turn_init(&f.turn, flush);
    struct peer *peer = peer_new();
    f.chain = chain_new(&f.turn, NULL, ROLE_ACCEPT, peer);
    peer_unref(peer);
    chain_push(f.chain, &f.first.layer);
    *state = &f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    chain_free(f->chain);
    return 0;
}

/* Numbers in the order of their deaths. */
static int deaths[4], n_deaths;

struct mortal {
    struct dying dying;
    int number;
    struct turn *turn;
    struct mortal *heir; /* dies of its death */
};

static void
die(struct dying *d)
{
    struct mortal *m = container_of(d, struct mortal, dying);
    deaths[n_deaths++] = m->number;
    if (m->heir)
        turn_defer(m->turn, &m->heir->dying, die);
}

static void
outside_of_a_turn_death_is_at_once(void **state)
{
    struct fixture *f = *state;
    struct mortal m = {.number = 1};
    n_deaths = 0;
    turn_defer(&f->turn, &m.dying, die);
    assert_int_equal(n_deaths, 1);
}

static void
in_a_turn_all_die_at_its_end_in_order(void **state)
{
    struct fixture *f = *state;
    struct mortal heir = {.number = 3};
    struct mortal one = {.number = 1, .turn = &f->turn, .heir = &heir}, two = {.number = 2};
    n_deaths = 0;
    turn_begin(&f->turn);
    turn_defer(&f->turn, &one.dying, die);
    turn_begin(&f->turn);
    turn_defer(&f->turn, &two.dying, die);
    turn_end(&f->turn);
    assert_int_equal(n_deaths, 0);
    turn_end(&f->turn);
    assert_int_equal(n_deaths, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(deaths[i], i + 1);
}

static void
who_is_put_in_place_hears_what_was_left_and_the_end(void **state)
{
    struct fixture *f = *state;
    f->first.appetite = 2;
    chain_input(f->chain, SLICE("hello"));
    chain_eof(f->chain);
    turn_begin(&f->turn);
    chain_swap(f->chain, &f->first.layer, &f->second.layer);
    assert_false(f->second.ended);
    turn_end(&f->turn);
    assert_int_equal(f->second.offered, 3);
    assert_true(f->second.ended && f->second.clean);
}

static void
who_is_put_in_place_hears_no_end_that_never_came(void **state)
{
    struct fixture *f = *state;
    chain_swap(f->chain, &f->first.layer, &f->second.layer);
    chain_input(f->chain, SLICE("x"));
    assert_int_equal(f->second.offered, 1);
    assert_false(f->second.ended);
}

static void
a_connection_lost_in_the_flush_is_heard_of_in_the_turn(void **state)
{
    struct fixture *f = *state;
    lose_in_flush = true;
    chain_input(f->chain, SLICE("x"));
    assert_true(f->first.closed);
    assert_int_equal(f->first.why, REASON_SERVER_RESET);
}

static void
who_sends_without_end_loses_the_connection(void **state)
{
    struct fixture *f = *state;
    static char much[1 << 20];
    turn_begin(&f->turn);
    for (int i = 0; i < 17; i++)
        layer_send(&f->first.layer, slice_of(much, sizeof(much)));
    turn_end(&f->turn);
    assert_true(f->chain->wire.abort && f->first.closed);
    assert_int_equal(f->first.why, REASON_MEMORY);
}

static void
a_closed_chain_wants_nothing(void **state)
{
    struct fixture *f = *state;
    struct failure why;
    failure_set(&why, REASON_NONE, NULL);
    assert_true(chain_wants_input(f->chain));
    chain_lost(f->chain, &why);
    assert_false(chain_wants_input(f->chain));
    f->first.offered = 0;
    chain_input(f->chain, SLICE("x"));
    chain_eof(f->chain);
    assert_int_equal(f->first.offered, 0);
    assert_false(f->first.ended);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(outside_of_a_turn_death_is_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(in_a_turn_all_die_at_its_end_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_put_in_place_hears_what_was_left_and_the_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_is_put_in_place_hears_no_end_that_never_came, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_connection_lost_in_the_flush_is_heard_of_in_the_turn,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(who_sends_without_end_loses_the_connection, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_closed_chain_wants_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
