/* Tests of pki/trust_name.c: whether a certificate names the host. */
#include "lib/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *
named(const char *san, const char *asked)
{
    struct scene s = scene_new();
    made_set(&s.leaf_spec, "subjectAltName", san);
    s.query.host = slice_str(asked);
    return scene_judged(&s);
}

static void
another_host_is_refused_with_the_names(void **state)
{
    struct scene s = scene_new();
    s.query.host = SLICE("other.example.com");
    assert_judged(&s, "wrong-host");
    assert_non_null(
        strstr(s.verdict.text, "is not for 'other.example.com' but for 'www.example.com'"));
}

static void
a_name_in_the_cn_alone_is_refused(void **state)
{
    struct scene s = scene_new();
    made_set(&s.leaf_spec, "subjectAltName", NULL);
    assert_judged(&s, "name-in-cn-only");
}

static void
a_certificate_without_names_is_refused(void **state)
{
    struct scene s = scene_new();
    made_set(&s.leaf_spec, "subjectAltName", NULL);
    s.leaf_spec.cn = "Some Server";
    assert_judged(&s, "no-san");
    assert_string_equal(named("email:a@example.com", scene_host), "name-in-cn-only");
}

static void
a_wildcard_stands_for_one_label(void **state)
{
    assert_string_equal(named("DNS:*.example.com", "www.example.com"), "ok");
    assert_string_equal(named("DNS:*.example.com", "WWW.Example.COM"), "ok");
    assert_string_equal(named("DNS:*.example.com", "xn--bcher-kva.example.com"), "ok");
    assert_string_equal(named("DNS:*.example.com", "example.com"), "wrong-host");
    assert_string_equal(named("DNS:*.example.com", "a.www.example.com"), "wrong-host");
}

static void
a_wildcard_elsewhere_matches_nothing(void **state)
{
    assert_string_equal(named("DNS:*.com", "example.com"), "wrong-host");
    assert_string_equal(named("DNS:*", "localhost"), "wrong-host");
    assert_string_equal(named("DNS:w*.example.com", "www.example.com"), "wrong-host");
    assert_string_equal(named("DNS:*w.example.com", "www.example.com"), "wrong-host");
    assert_string_equal(named("DNS:www.*.com", "www.example.com"), "wrong-host");
    assert_string_equal(named("DNS:*.*.com", "www.example.com"), "wrong-host");
    assert_string_equal(named("DNS:xn--*-kva.example.com", "xn--bcher-kva.example.com"),
                        "wrong-host");
}

static void
addresses_are_compared_as_addresses(void **state)
{
    assert_string_equal(named("IP:192.0.2.7", "192.0.2.7"), "ok");
    assert_string_equal(named("IP:192.0.2.7", "192.0.2.8"), "wrong-host");
    assert_string_equal(named("IP:2001:db8::1", "2001:0db8:0::1"), "ok");
    assert_string_equal(named("DNS:192.0.2.7", "192.0.2.7"), "wrong-host");
    assert_string_equal(named("IP:192.0.2.7", "::ffff:192.0.2.7"), "wrong-host");
    assert_string_equal(named("IP:192.0.2.7", "www.example.com"), "wrong-host");
}

static void
a_final_dot_of_the_host_is_no_difference(void **state)
{
    assert_string_equal(named("DNS:www.example.com", "www.example.com."), "ok");
}

static const char *
judged_with_raw_name(struct slice raw)
{
    struct scene s = scene_new();
    s.leaf_spec.raw_dns = raw;
    return scene_judged(&s);
}

static void
names_that_deceive_are_refused(void **state)
{
    assert_string_equal(judged_with_raw_name(SLICE("www.example.com\0.evil.test")), "bad-name");
    assert_string_equal(judged_with_raw_name(SLICE("b\xc3\xbc"
                                                   "cher.example.com")),
                        "bad-name");
    assert_string_equal(judged_with_raw_name(SLICE(".example.com")), "bad-name");
    assert_string_equal(judged_with_raw_name(SLICE("a..example.com")), "bad-name");
    assert_string_equal(judged_with_raw_name(SLICE("a example.com")), "bad-name");
    assert_string_equal(judged_with_raw_name(SLICE("a\x1b[2Jexample.com")), "bad-name");
}

static void
a_nul_in_the_cn_is_refused(void **state)
{
    struct scene s = scene_new();
    s.leaf_spec.raw_cn = SLICE("www.example.com\0.evil.test");
    assert_judged(&s, "bad-name");
}

static void
a_hostile_name_is_shown_without_control_bytes(void **state)
{
    struct scene s = scene_new();
    s.leaf_spec.raw_cn = SLICE("a\x1b[2J\nb");
    s.query.host = SLICE("x.example.com");
    assert_judged(&s, "wrong-host");
    for (const char *p = s.verdict.text; *p; p++)
        assert_true((unsigned char)*p >= 0x20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_host_is_refused_with_the_names),
        cmocka_unit_test(a_name_in_the_cn_alone_is_refused),
        cmocka_unit_test(a_certificate_without_names_is_refused),
        cmocka_unit_test(a_wildcard_stands_for_one_label),
        cmocka_unit_test(a_wildcard_elsewhere_matches_nothing),
        cmocka_unit_test(addresses_are_compared_as_addresses),
        cmocka_unit_test(a_final_dot_of_the_host_is_no_difference),
        cmocka_unit_test(names_that_deceive_are_refused),
        cmocka_unit_test(a_nul_in_the_cn_is_refused),
        cmocka_unit_test(a_hostile_name_is_shown_without_control_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
