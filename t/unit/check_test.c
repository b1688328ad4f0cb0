/* Tests of proxy/check: texts of options that the engine can use, and that it cannot. */
#include "proxy/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct row {
    bool (*check)(const char *text, struct err *e);
    const char *text;
};

static void
good_values_pass(void **state)
{
    static const struct row rows[] = {
        {check_mode, "regular"},
        {check_mode, "Regular@8081"},
        {check_mode, "regular@[::1]:0"},
        {check_mode, "regular@::1:8081"},
        {check_address, "127.0.0.1"},
        {check_address, "::"},
        {check_host, "weir.it"},
        {check_host, "127.0.0.1"},
        {check_resolve, "a.test:443:127.0.0.1"},
        {check_resolve, "*:443:::1"},
        {check_target, "private"},
        {check_target, "link-local"},
        {check_target, "loopback"},
        {check_target, "10.0.0.0/8"},
        {check_target, "fd00::/8"},
        {check_target, "192.0.2.1"},
        {check_proxyauth, "user:p:w"},
        {check_proxyauth, "user:"},
        {check_proxyauth, "@/etc/x"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = {0};
        if (!rows[i].check(rows[i].text, &e))
            fail_msg("'%s': %s", rows[i].text, e.text);
    }
}

static void
bad_values_are_wrong_usage(void **state)
{
    static const struct row rows[] = {
        {check_mode, ""},
        {check_mode, "regular:x"},
        {check_mode, "regular@"},
        {check_mode, "regular@70000"},
        {check_mode, "osproxy"},
        {check_address, "a.test"},
        {check_address, "1.2.3"},
        {check_address, "1.2.3.4:80"},
        {check_host, "a..b"},
        {check_host, "a b"},
        {check_resolve, "a.test"},
        {check_resolve, "a.test:443"},
        {check_resolve, "a:443:b"},
        {check_target, "Private"},
        {check_target, "10.0.0.0/33"},
        {check_target, "10.0.0.0/"},
        {check_target, "a.test"},
        {check_proxyauth, "any"},
        {check_proxyauth, "@"},
        {check_proxyauth, ":x"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = {0};
        if (rows[i].check(rows[i].text, &e))
            fail_msg("'%s' was taken", rows[i].text);
        assert_int_equal(e.code, ERR_USAGE);
        assert_true(e.text[0]);
    }
}

static void
a_password_is_not_repeated(void **state)
{
    struct err e = {0};
    assert_false(check_proxyauth("hunter2", &e));
    assert_null(strstr(e.text, "hunter2"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_values_pass),
        cmocka_unit_test(bad_values_are_wrong_usage),
        cmocka_unit_test(a_password_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
