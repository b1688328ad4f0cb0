/* From plaintext to records: what leaves together, and our last words. */
#include "lib/tls_pair.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct tls_pair p;

static int
set_up(void **state)
{
    tls_pair_init(&p);
    tls_pair_connect(&p);
    return 0;
}

static int
tear_down(void **state)
{
    tls_pair_release(&p);
    return 0;
}

/* Sizes of the records that wait on the wire, without headers; 0 behind the last. */
static void
records_of(const struct tls_end *e, size_t sizes[16])
{
    struct slice out = buf_slice(&e->chain->wire.out);
    size_t n = 0;
    while (out.n) {
        assert_true(out.n > 5 && n < 15);
        sizes[n] = (size_t)(unsigned char)out.p[3] << 8 | (unsigned char)out.p[4];
        out = slice_from(out, 5 + sizes[n++]);
    }
    sizes[n] = 0;
}

/* true for the end of the list */
static bool
assert_record(size_t size, size_t want)
{
    assert_int_equal(size, want ? want + 17 : 0);
    return !want;
}

static void
assert_records(const struct tls_end *e, size_t a, size_t b, size_t c)
{
    /* TLS 1.3: one byte for the type, 16 for the tag. */
    size_t want[] = {a, b, c, 0}, sizes[16];
    records_of(e, sizes);
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        if (assert_record(sizes[i], want[i]))
            return;
}

static void
command(enum cmd_type type, struct slice data)
{
    struct layer *top = p.server.chain->top;
    top->ops->on_cmd(top, &(struct cmd){.type = type, .data = data});
}

static void
send_zeros(size_t n)
{
    static char zeros[100000];
    command(CMD_SEND, slice_of(zeros, n));
}

static void
what_is_sent_in_a_turn_leaves_in_one_record(void **state)
{
    turn_begin(&p.turn);
    command(CMD_SEND, SLICE("HTTP/1.1 200 OK\r\n\r\n"));
    command(CMD_SEND, SLICE("a small body"));
    assert_int_equal(buf_len(&p.server.chain->wire.out), 0);
    turn_end(&p.turn);
    assert_records(&p.server, 31, 0, 0);
}

static void
what_is_sent_from_the_turn_of_another_chain_leaves_too(void **state)
{
    turn_begin(&p.turn);
    send_zeros(10);
    turn_end(&p.turn);
    assert_records(&p.server, 10, 0, 0);
}

static void
a_flush_lets_everything_out(void **state)
{
    turn_begin(&p.turn);
    send_zeros(10);
    command(CMD_FLUSH, SLICE_NONE);
    assert_records(&p.server, 10, 0, 0);
    turn_end(&p.turn);
    assert_records(&p.server, 10, 0, 0);
}

static void
records_are_full_when_there_is_enough(void **state)
{
    turn_begin(&p.turn);
    send_zeros(100);
    send_zeros(16384);
    send_zeros(16383);
    turn_end(&p.turn);
    assert_records(&p.server, 16384, 16384, 99);
}

static void
a_record_that_fits_exactly_leaves_at_once(void **state)
{
    turn_begin(&p.turn);
    send_zeros(16384);
    assert_records(&p.server, 16384, 0, 0);
    send_zeros(384);
    send_zeros(16000);
    assert_records(&p.server, 16384, 16384, 0);
    turn_end(&p.turn);
    assert_records(&p.server, 16384, 16384, 0);
}

static void
large_pieces_leave_at_once(void **state)
{
    turn_begin(&p.turn);
    send_zeros(40000);
    assert_records(&p.server, 16384, 16384, 0);
    turn_end(&p.turn);
    assert_records(&p.server, 16384, 16384, 7232);
}

static void
nothing_is_no_record(void **state)
{
    turn_begin(&p.turn);
    send_zeros(0);
    turn_end(&p.turn);
    assert_records(&p.server, 0, 0, 0);
}

static void
the_sender_hears_when_it_is_too_much(void **state)
{
    turn_begin(&p.turn);
    send_zeros(100000);
    send_zeros(100000);
    assert_false(chain_full(p.server.chain));
    send_zeros(100000);
    assert_true(chain_full(p.server.chain));
    turn_end(&p.turn);
    tls_pair_run(&p);
    assert_false(chain_full(p.server.chain));
    assert_int_equal(p.client.got_n, 300000);
}

static void
goodbye_is_behind_what_was_sent(void **state)
{
    turn_begin(&p.turn);
    send_zeros(10);
    command(CMD_CLOSE, SLICE_NONE);
    send_zeros(10);
    turn_end(&p.turn);
    assert_records(&p.server, 10, 2, 0);
}

static void
goodbye_is_said_once(void **state)
{
    turn_begin(&p.turn);
    command(CMD_SHUT, SLICE_NONE);
    command(CMD_CLOSE, SLICE_NONE);
    command(CMD_CLOSE, SLICE_NONE);
    turn_end(&p.turn);
    assert_records(&p.server, 2, 0, 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_sent_in_a_turn_leaves_in_one_record),
        TEST(what_is_sent_from_the_turn_of_another_chain_leaves_too),
        TEST(a_flush_lets_everything_out),
        TEST(records_are_full_when_there_is_enough),
        TEST(a_record_that_fits_exactly_leaves_at_once),
        TEST(large_pieces_leave_at_once),
        TEST(nothing_is_no_record),
        TEST(the_sender_hears_when_it_is_too_much),
        TEST(goodbye_is_behind_what_was_sent),
        TEST(goodbye_is_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
