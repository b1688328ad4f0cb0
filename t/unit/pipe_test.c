/* Tests of io/pipe.c. */
#include "io/pipe.h"

#include "base/mem.h"
#include "lib/net.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void
bytes_go_from_one_socket_to_another(void **state)
{
    struct pipes ps = {0};
    struct pipe *p = pipe_take(&ps);
    int ours[2], peer[2];
    char got[5];
    net_pair(&ours[0], &peer[0], false);
    net_pair(&ours[1], &peer[1], false);
    assert_non_null(p);
    assert_int_equal(pipe_fill(p, ours[0], 100), -1);
    assert_int_equal(errno, EAGAIN);
    net_send(peer[0], "hello", 5);
    assert_int_equal(pipe_fill(p, ours[0], 100), 5);
    assert_int_equal(pipe_len(p), 5);
    assert_int_equal(pipe_drain(p, ours[1]), 5);
    assert_int_equal(pipe_len(p), 0);
    assert_true(net_recv(peer[1], got, 5) && memcmp(got, "hello", 5) == 0);
    shutdown(peer[0], SHUT_WR);
    assert_int_equal(pipe_fill(p, ours[0], 100), 0);
    for (int i = 0; i < 2; i++) {
        close(ours[i]);
        close(peer[i]);
    }
    pipe_give(&ps, p);
    pipes_release(&ps);
}

static void
there_are_no_more_than_so_many(void **state)
{
    struct pipes ps = {0};
    struct pipe *all[100];
    unsigned n = 0;
    while (n < ARRAY_LEN(all) && (all[n] = pipe_take(&ps)))
        n++;
    assert_int_equal(n, 64);
    assert_int_equal(ps.n_open, 64);
    while (n)
        pipe_give(&ps, all[--n]);
    assert_true(ps.n_open == 4 && ps.n_spare == 4);
    struct pipe *again = pipe_take(&ps);
    assert_ptr_equal(again, all[60]);
    assert_true(ps.n_open == 4 && ps.n_spare == 3);
    pipe_give(&ps, again);
    pipes_release(&ps);
}

static void
one_with_bytes_in_it_is_not_used_again(void **state)
{
    struct pipes ps = {0};
    struct pipe *p = pipe_take(&ps);
    int ours, peer;
    net_pair(&ours, &peer, false);
    net_send(peer, "x", 1);
    assert_int_equal(pipe_fill(p, ours, 100), 1);
    pipe_give(&ps, p);
    assert_true(ps.n_open == 0 && !ps.spare);
    pipe_give(&ps, NULL);
    close(ours);
    close(peer);
}

static void
without_memory_there_is_none(void **state)
{
    struct pipes ps = {0};
    mem_fail_at(1);
    assert_null(pipe_take(&ps));
    mem_fail_at(0);
    assert_int_equal(ps.n_open, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_from_one_socket_to_another),
        cmocka_unit_test(there_are_no_more_than_so_many),
        cmocka_unit_test(one_with_bytes_in_it_is_not_used_again),
        cmocka_unit_test(without_memory_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
