/* Tests of proxy/hosts: patterns in "host:port", and those that cannot be read. */
#include "proxy/hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
patterns_are_found_in_host_and_port(void **state)
{
    const char *list[] = {"^bank\\.test:443$", "\\.internal:", NULL};
    struct err e;
    struct hosts *h = hosts_new(list, &e);
    const struct {
        struct slice host;
        uint16_t port;
        bool want;
    } rows[] = {
        {SLICE("bank.test"), 443, true},   {SLICE("BANK.test"), 443, true},
        {SLICE("bank.test"), 8443, false}, {SLICE("a.internal"), 1, true},
        {SLICE("internal"), 443, false},   {SLICE("a.bank.test"), 443, false},
        {SLICE(""), 443, false},
    };
    assert_non_null(h);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (hosts_match(h, rows[i].host, rows[i].port) != rows[i].want)
            fail_msg("row %zu", i);
    hosts_free(h);
    (void)state;
}

static void
no_list_matches_nothing(void **state)
{
    struct err e;
    struct hosts *h = hosts_new(NULL, &e);
    assert_non_null(h);
    assert_false(hosts_match(h, SLICE("a.test"), 443));
    hosts_free(h);
    (void)state;
}

static void
a_pattern_that_cannot_be_read_is_named(void **state)
{
    const char *list[] = {"good", "ba(d", NULL};
    struct err e = {0};
    assert_null(hosts_new(list, &e));
    assert_non_null(strstr(e.text, "'ba(d', byte "));
    (void)state;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_are_found_in_host_and_port),
        cmocka_unit_test(no_list_matches_nothing),
        cmocka_unit_test(a_pattern_that_cannot_be_read_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
