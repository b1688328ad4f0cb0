/* Tests of pki/host.c. */
#include "lib/chain_make.h"
#include "pki/host.h"

#include <openssl/x509v3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
names_match_as_openssl_says(void **state)
{
    static const char *const patterns[] = {"a.example.com", "*.example.com",  "*.b.example.com",
                                           "*.com",         "w*.example.com", "localhost",
                                           "*.localhost",   "A.EXAMPLE.com"};
    static const char *const hosts[] = {"a.example.com",  "b.example.com", "a.b.example.com",
                                        "w1.example.com", "example.com",   "localhost",
                                        "a.localhost",    "10.0.0.1"};
    for (size_t i = 0; i < 8; i++) {
        struct made_spec spec = made_leaf(patterns[i]);
        X509 *cert = made_cert(&spec, NULL).cert;
        for (size_t k = 0; k < 8; k++) {
            int theirs = X509_check_host(
                cert, hosts[k], 0,
                X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL);
            assert_int_equal(host_matches(slice_str(patterns[i]), slice_str(hosts[k])),
                             theirs == 1);
        }
    }
}

static void
addresses_are_read_as_literals_only(void **state)
{
    uint8_t ip[16];
    assert_int_equal(host_ip(SLICE("127.0.0.1"), ip), 4);
    assert_memory_equal(ip, "\x7f\0\0\x01", 4);
    assert_int_equal(host_ip(SLICE("::1"), ip), 16);
    assert_int_equal(host_ip(SLICE("::ffff:1.2.3.4"), ip), 16);
    static const char *const none[] = {"",          "1.2.3", "1.2.3.4.", "1.2.3.256",
                                       "01.2.3.4x", "[::1]", "::1%lo",   "localhost"};
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(host_ip(slice_str(none[i]), ip), 0);
    assert_int_equal(host_ip(SLICE("1.2.3.4\0"), ip), 0);
}

static void
names_have_labels_of_the_right_letters(void **state)
{
    static const char *const good[] = {
        "a", "localhost", "a-b.c_d", "_dmarc.example", "xn--bcher-kva.de", "1a.2"};
    static const char *const bad[] = {"",    ".",     "a.",  ".a",      "a..b",
                                      "a b", "*.a.b", "a/b", "1.2.3.4", "a:1"};
    for (size_t i = 0; i < 6; i++)
        assert_true(host_name_valid(slice_str(good[i])));
    for (size_t i = 0; i < 10; i++)
        assert_false(host_name_valid(slice_str(bad[i])));
    assert_true(host_pattern_valid(SLICE("*.a.b")));
    assert_false(host_pattern_valid(SLICE("*.a")));
    assert_false(host_pattern_valid(SLICE("*.1.2.3.4")));
}

static void
one_final_dot_is_trimmed(void **state)
{
    assert_true(slice_eq(host_trim(SLICE("a.")), SLICE("a")));
    assert_true(slice_eq(host_trim(SLICE("a..")), SLICE("a.")));
    assert_true(slice_eq(host_trim(SLICE(".")), SLICE(".")));
    assert_true(slice_eq(host_trim(SLICE("a")), SLICE("a")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_as_literals_only),
        cmocka_unit_test(names_have_labels_of_the_right_letters),
        cmocka_unit_test(one_final_dot_is_trimmed),
        cmocka_unit_test(names_match_as_openssl_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
