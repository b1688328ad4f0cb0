/* Tests of pki/mint_limit.c. */
#include "pki/mint_limit.h"

#include "base/clock.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START (1000 * NS_PER_S)

static unsigned lines;

static void
count_line(enum log_level level, const char *line)
{
    lines++;
}

/* How many of n are allowed, all at once. */
static unsigned
taken(struct mint_limit *m, uint64_t client, unsigned n, uint64_t now)
{
    unsigned got = 0;
    for (unsigned i = 0; i < n; i++)
        got += mint_limit_take(m, client, now);
    return got;
}

static void
a_burst_is_allowed_and_then_the_rate(void **state)
{
    struct mint_limit *m = mint_limit_new(5);
    assert_int_equal(taken(m, 1, 1000, START), 5 * MINT_BURST);
    assert_int_equal(taken(m, 1, 1000, START + NS_PER_S), 5);
    assert_int_equal(taken(m, 1, 1000, START + NS_PER_S), 0);
    assert_int_equal(taken(m, 1, 1000, START + 1000 * NS_PER_S), 5 * MINT_BURST);
    assert_int_equal(mint_limit_refused(m), 4000 - 2 * 5 * MINT_BURST - 5);
    mint_limit_free(m);
}

static void
other_clients_are_not_refused(void **state)
{
    struct mint_limit *m = mint_limit_new(5);
    taken(m, 1, 1000, START);
    assert_int_equal(taken(m, 2, 10, START), 10);
    mint_limit_free(m);
}

static void
the_client_0_and_the_limit_0_know_no_end(void **state)
{
    struct mint_limit *m = mint_limit_new(5), *none = mint_limit_new(0);
    assert_int_equal(taken(m, 0, 1000, START), 1000);
    assert_int_equal(taken(none, 1, 1000, START), 1000);
    mint_limit_free(m);
    mint_limit_free(none);
}

static void
it_is_said_once_a_minute(void **state)
{
    struct mint_limit *m = mint_limit_new(5);
    lines = 0;
    taken(m, 1, 1000, START);
    assert_int_equal(lines, 1);
    taken(m, 1, 1000, START + 59 * NS_PER_S);
    assert_int_equal(lines, 1);
    taken(m, 1, 1000, START + 60 * NS_PER_S);
    assert_int_equal(lines, 2);
    mint_limit_free(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_allowed_and_then_the_rate),
        cmocka_unit_test(other_clients_are_not_refused),
        cmocka_unit_test(the_client_0_and_the_limit_0_know_no_end),
        cmocka_unit_test(it_is_said_once_a_minute),
    };
    log_set_sink(count_line);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
