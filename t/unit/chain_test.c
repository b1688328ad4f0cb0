/* Tests of layer/chain.c that no playbook can say: turns, and what dies in them. */
#include "layer/chain.h"

#include "base/mem.h"
#include "lib/still_host.h"

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
    f.chain = chain_new(&f.turn, &still_host, ROLE_ACCEPT, peer);
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
    turn_trim(&f->turn);
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

static void
send_bytes(struct fixture *f, char c, size_t n)
{
    char *bytes = mem_need(mem_alloc(n));
    memset(bytes, c, n);
    layer_send(&f->first.layer, slice_of(bytes, n));
    mem_free(bytes);
}

static void
what_was_large_leaves_the_chain_and_serves_again(void **state)
{
    struct fixture *f = *state;
    struct buf *out = &f->chain->wire.out;
    turn_begin(&f->turn);
    send_bytes(f, 'a', WIRE_SMALL + 1);
    assert_true(out->cap >= WIRE_BULK);
    const char *memory = out->p;
    buf_consume(out, buf_len(out));
    chain_sent(f->chain);
    assert_int_equal(out->cap, 0);
    send_bytes(f, 'b', 2);
    assert_true(out->p != memory && out->cap <= WIRE_SMALL);
    send_bytes(f, 'c', WIRE_BULK - 2);
    assert_ptr_equal(out->p, memory);
    assert_int_equal(buf_len(out), WIRE_BULK);
    assert_memory_equal(out->p, "bbcc", 4);
    assert_int_equal(out->p[WIRE_BULK - 1], 'c');
    send_bytes(f, 'd', 1);
    assert_int_equal(out->p[out->w - 1], 'd');
    turn_end(&f->turn);
}

static void
what_is_small_stays_and_what_is_huge_is_freed(void **state)
{
    struct fixture *f = *state;
    struct buf *out = &f->chain->wire.out;
    turn_begin(&f->turn);
    send_bytes(f, 'a', WIRE_SMALL);
    buf_consume(out, buf_len(out));
    chain_sent(f->chain);
    assert_true(out->cap >= WIRE_SMALL && f->turn.spare.cap == 0);
    send_bytes(f, 'a', WIRE_FULL);
    buf_consume(out, buf_len(out));
    chain_sent(f->chain);
    assert_true(out->cap == 0 && f->turn.spare.cap == 0);
    turn_end(&f->turn);
}

static void
without_memory_for_much_there_may_be_some_for_little(void **state)
{
    struct fixture *f = *state;
    struct buf *out = &f->chain->wire.out;
    static char bytes[WIRE_SMALL + 1];
    turn_begin(&f->turn);
    mem_fail_at(1);
    layer_send(&f->first.layer, slice_of(bytes, sizeof(bytes)));
    mem_fail_at(0);
    assert_int_equal(buf_len(out), sizeof(bytes));
    assert_true(out->cap < WIRE_BULK && !f->chain->wire.lost);
    turn_end(&f->turn);
}

/* Passes all that comes on to itself. */
static size_t
reflect(struct layer *l, const struct event *ev)
{
    if (ev->type == EV_DATA)
        layer_send(l, ev->data);
    return ev->type == EV_DATA ? ev->data.n : 0;
}

static const struct layer_ops mirror_ops = {
    .name = "mirror", .on_event = reflect, .on_cmd = probe_on_cmd, .destroy = probe_destroy};

static struct slice lent_in_flush;

static void
look(struct chain *c)
{
    lent_in_flush = c->wire.lent;
    c->wire.lent = slice_from(c->wire.lent, MIN(c->wire.lent.n, (size_t)1000));
}

static void
what_was_read_is_lent_to_the_driver_and_kept_when_it_takes_less(void **state)
{
    struct fixture *f = *state;
    struct chain *c = f->chain;
    static char bytes[10000];
    memset(bytes, 'x', sizeof(bytes));
    f->turn.flush = look;
    c->wire.borrows = true;
    f->first.layer.ops = &mirror_ops;
    chain_input(c, slice_of(bytes, sizeof(bytes)));
    assert_ptr_equal(lent_in_flush.p, bytes);
    assert_int_equal(lent_in_flush.n, 10000);
    assert_true(c->wire.lent.n == 0 && f->turn.lasting.n == 0);
    assert_int_equal(buf_len(&c->wire.out), 9000);
    /* Behind what waits it goes in order. */
    chain_input(c, slice_of(bytes, sizeof(bytes)));
    assert_int_equal(lent_in_flush.n, 0);
    assert_int_equal(buf_len(&c->wire.out), 19000);
}

static void
what_may_be_gone_is_not_lent(void **state)
{
    struct fixture *f = *state;
    struct chain *c = f->chain;
    static char bytes[10000];
    f->turn.flush = look;
    f->first.layer.ops = &mirror_ops;
    chain_input(c, slice_of(bytes, sizeof(bytes))); /* to a driver that does not look */
    assert_int_equal(lent_in_flush.n, 0);
    buf_reset(&c->wire.out);
    c->wire.borrows = true;
    chain_input(c, slice_of(bytes, 100)); /* so little is copied */
    assert_int_equal(lent_in_flush.n, 0);
    buf_reset(&c->wire.out);
    turn_begin(&f->turn); /* the turn lasts longer than the bytes may */
    chain_input(c, slice_of(bytes, sizeof(bytes)));
    turn_end(&f->turn);
    assert_int_equal(lent_in_flush.n, 0);
    buf_reset(&c->wire.out);
    f->first.layer.ops = &probe_ops; /* what was held is not where it was read */
    chain_input(c, slice_of(bytes, 5000));
    f->first.layer.ops = &mirror_ops;
    chain_input(c, slice_of(bytes, 5000));
    assert_int_equal(lent_in_flush.n, 0);
    assert_int_equal(buf_len(&c->wire.out), 10000);
}

static void
what_is_lent_counts_and_comes_first(void **state)
{
    struct fixture *f = *state;
    struct chain *c = f->chain;
    static char bytes[WIRE_FULL];
    memset(bytes, 'x', sizeof(bytes));
    c->wire.borrows = true;
    turn_begin(&f->turn);
    f->turn.lasting = slice_of(bytes, sizeof(bytes));
    layer_send(&f->first.layer, f->turn.lasting);
    assert_int_equal(c->wire.lent.n, WIRE_FULL);
    assert_true(chain_full(c));
    layer_send(&f->first.layer, SLICE("y"));
    assert_int_equal(c->wire.lent.n, 0);
    struct slice out = buf_slice(&c->wire.out);
    assert_true(out.n == WIRE_FULL + 1 && out.p[0] == 'x' && out.p[WIRE_FULL] == 'y');
    turn_end(&f->turn);
}

static void
what_is_lent_is_lost_without_memory_to_keep_it(void **state)
{
    struct fixture *f = *state;
    struct chain *c = f->chain;
    static char bytes[5000];
    c->wire.borrows = true;
    turn_begin(&f->turn);
    f->turn.lasting = slice_of(bytes, sizeof(bytes));
    layer_send(&f->first.layer, f->turn.lasting);
    mem_fail_at(1);
    turn_end(&f->turn);
    mem_fail_at(0);
    assert_true(c->wire.lost && c->wire.abort && f->first.closed);
}

static void
the_spare_is_given_back(void **state)
{
    struct fixture *f = *state;
    turn_begin(&f->turn);
    send_bytes(f, 'a', WIRE_BULK);
    buf_consume(&f->chain->wire.out, WIRE_BULK);
    chain_sent(f->chain);
    turn_end(&f->turn);
    assert_true(f->turn.spare.cap >= WIRE_BULK);
    turn_trim(&f->turn);
    assert_null(f->turn.spare.p);
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
        cmocka_unit_test_setup_teardown(what_was_large_leaves_the_chain_and_serves_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_small_stays_and_what_is_huge_is_freed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(without_memory_for_much_there_may_be_some_for_little, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            what_was_read_is_lent_to_the_driver_and_kept_when_it_takes_less, setup, teardown),
        cmocka_unit_test_setup_teardown(what_may_be_gone_is_not_lent, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_lent_counts_and_comes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_lent_is_lost_without_memory_to_keep_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_spare_is_given_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
