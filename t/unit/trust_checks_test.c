/* Tests of pki/trust_checks.c and pki/trust_constraints.c: keys, signatures, uses, constraints. */
#include "lib/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *
judged_with_mid(const char *name, const char *value)
{
    struct scene s = scene_new();
    made_set(&s.mid_spec, name, value);
    return scene_judged(&s);
}

static void
an_intermediate_must_be_an_authority(void **state)
{
    assert_string_equal(judged_with_mid("basicConstraints", "critical,CA:FALSE"), "not-a-ca");
    assert_string_equal(judged_with_mid("basicConstraints", NULL), "not-a-ca");
    assert_string_equal(judged_with_mid("keyUsage", "critical,digitalSignature"), "key-usage");
}

static const char *
judged_with_root(const char *name, const char *value)
{
    struct scene s = scene_new();
    made_set(&s.root_spec, name, value);
    return scene_judged(&s);
}

static void
a_root_may_lack_what_it_does_not_need(void **state)
{
    struct scene s = scene_new();
    made_set(&s.root_spec, "subjectKeyIdentifier", NULL);
    made_set(&s.mid_spec, "authorityKeyIdentifier", "DER:30:06:80:04:01:02:03:04");
    assert_judged(&s, "ok");
    assert_string_equal(judged_with_root("keyUsage", NULL), "ok");
    assert_string_equal(judged_with_mid("keyUsage", NULL), "malformed");
}

static void
a_root_must_be_an_authority(void **state)
{
    assert_string_equal(judged_with_root("basicConstraints", NULL), "not-a-ca");
    assert_string_equal(judged_with_root("basicConstraints", "CA:TRUE"), "malformed");
    assert_string_equal(judged_with_root("keyUsage", "critical,digitalSignature"), "key-usage");
    assert_string_equal(judged_with_root("1.2.3.4.5", "critical,DER:05:00"), "unknown-critical");
}

static void
a_version_1_intermediate_is_refused(void **state)
{
    struct scene s = scene_new();
    s.mid_spec.version = 0;
    for (size_t i = 0; i < 12; i++)
        s.mid_spec.ext[i].value = NULL;
    made_set(&s.leaf_spec, "authorityKeyIdentifier", "DER:30:06:80:04:01:02:03:04");
    assert_judged(&s, "version");
}

static void
a_leaf_that_is_an_authority_is_refused(void **state)
{
    struct scene s = scene_new();
    made_set(&s.leaf_spec, "basicConstraints", "critical,CA:TRUE");
    made_set(&s.leaf_spec, "keyUsage", "critical,digitalSignature,keyCertSign");
    assert_judged(&s, "ca-as-leaf");
}

static void
a_leaf_that_may_sign_without_being_an_authority_is_refused(void **state)
{
    struct scene s = scene_new();
    made_set(&s.leaf_spec, "keyUsage", "critical,digitalSignature,keyCertSign");
    assert_judged(&s, "key-usage");
}

static void
names_outside_the_constraints_are_refused(void **state)
{
    assert_string_equal(judged_with_mid("nameConstraints", "critical,permitted;DNS:example.com"),
                        "ok");
    assert_string_equal(judged_with_mid("nameConstraints", "critical,permitted;DNS:other.test"),
                        "name-constraints");
    assert_string_equal(judged_with_mid("nameConstraints", "critical,excluded;DNS:example.com"),
                        "name-constraints");
}

static void
constraints_that_make_no_sense_are_refused(void **state)
{
    assert_string_equal(judged_with_mid("nameConstraints", "critical,permitted;DNS:*.example.com"),
                        "name-constraints");
    /* An empty sequence. */
    assert_string_equal(judged_with_mid("nameConstraints", "critical,DER:30:00"),
                        "name-constraints");
}

static void
a_wildcard_does_not_reach_into_an_excluded_name(void **state)
{
    struct scene s = scene_new();
    made_set(&s.leaf_spec, "subjectAltName", "DNS:*.example.com");
    made_set(&s.mid_spec, "nameConstraints", "critical,excluded;DNS:secret.example.com");
    assert_judged(&s, "name-constraints");
}

static void
addresses_outside_the_constraints_are_refused(void **state)
{
    struct scene s = scene_new();
    made_set(&s.leaf_spec, "subjectAltName", "DNS:www.example.com,IP:192.0.2.7");
    made_set(&s.mid_spec, "nameConstraints", "critical,permitted;IP:10.0.0.0/255.0.0.0");
    assert_judged(&s, "name-constraints");
}

static void
a_leaf_with_constraints_is_refused(void **state)
{
    struct scene s = scene_new();
    made_set(&s.leaf_spec, "nameConstraints", "permitted;DNS:example.com");
    assert_judged(&s, "name-constraints");
}

static const char *
judged_with_leaf(const char *name, const char *value)
{
    struct scene s = scene_new();
    made_set(&s.leaf_spec, name, value);
    return scene_judged(&s);
}

static void
the_leaf_must_be_for_servers(void **state)
{
    assert_string_equal(judged_with_leaf("extendedKeyUsage", "clientAuth"), "eku");
    assert_string_equal(judged_with_leaf("extendedKeyUsage", NULL), "eku");
    assert_string_equal(judged_with_leaf("extendedKeyUsage", "anyExtendedKeyUsage"), "eku");
    assert_string_equal(judged_with_leaf("extendedKeyUsage", "msSGC"), "eku");
    assert_string_equal(judged_with_leaf("extendedKeyUsage", "clientAuth,serverAuth"), "ok");
    assert_string_equal(judged_with_leaf("keyUsage", "critical,cRLSign"), "key-usage");
}

static void
an_intermediate_for_other_uses_is_refused(void **state)
{
    assert_string_equal(judged_with_mid("extendedKeyUsage", "emailProtection"), "eku");
    assert_string_equal(judged_with_mid("extendedKeyUsage", "serverAuth"), "ok");
}

static void
unknown_critical_extensions_are_refused(void **state)
{
    assert_string_equal(judged_with_leaf("1.2.3.4.5", "critical,DER:05:00"), "unknown-critical");
    assert_string_equal(judged_with_mid("1.2.3.4.5", "critical,DER:05:00"), "unknown-critical");
    assert_string_equal(judged_with_leaf("1.2.3.4.5", "DER:05:00"), "ok");
}

static void
malformed_extensions_are_refused(void **state)
{
    assert_string_equal(judged_with_leaf("subjectAltName", "DER:30:05:82:09:61"), "malformed");
    assert_string_equal(judged_with_mid("basicConstraints", "critical,DER:04:00"), "malformed");
    assert_string_equal(judged_with_leaf("tlsfeature", "DER:05:00"), "malformed");
    assert_string_equal(judged_with_leaf("authorityKeyIdentifier", NULL), "malformed");
}

static void
bytes_behind_an_extension_are_refused(void **state)
{
    assert_string_equal(judged_with_leaf("subjectKeyIdentifier", "DER:04:01:61"), "ok");
    assert_string_equal(judged_with_leaf("subjectKeyIdentifier", "DER:04:01:61:00"), "malformed");
    assert_string_equal(judged_with_leaf("subjectKeyIdentifier", "DER:24:80:04:01:61:00:00"),
                        "malformed");
    assert_string_equal(judged_with_leaf("1.3.6.1.4.1.99999.1", "DER:04:01:61:00"), "ok");
}

static void
weak_hashes_are_refused(void **state)
{
    const EVP_MD *const weak[] = {EVP_sha1(), EVP_md5(), EVP_sha224()};
    for (size_t i = 0; i < 3; i++) {
        struct scene leaf = scene_new(), mid = scene_new();
        leaf.leaf_spec.md = weak[i];
        leaf.mid_spec.key = MADE_RSA2048;
        mid.mid_spec.md = weak[i];
        mid.root_spec.key = MADE_RSA2048;
        assert_judged(&leaf, "weak-signature");
        assert_judged(&mid, "weak-signature");
    }
}

static void
the_hash_of_the_root_itself_does_not_matter(void **state)
{
    struct scene s = scene_new();
    s.root_spec.key = MADE_RSA2048;
    s.root_spec.md = EVP_sha1();
    assert_judged(&s, "ok");
}

static void
weak_keys_are_refused(void **state)
{
    static const enum made_key weak[] = {MADE_RSA1024, MADE_RSA2052,       MADE_DSA2048,
                                         MADE_P224,    MADE_P256_EXPLICIT, MADE_SECP256K1};
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        struct scene s = scene_new();
        s.leaf_spec.key = weak[i];
        assert_judged(&s, "weak-key");
        assert_int_equal(s.verdict.depth, 0);
    }
}

static void
a_weak_key_above_is_refused(void **state)
{
    struct scene s = scene_new();
    s.mid_spec.key = MADE_RSA1024;
    assert_judged(&s, "weak-key");
    assert_int_equal(s.verdict.depth, 1);
}

static void
the_usual_keys_are_ok(void **state)
{
    static const enum made_key good[] = {MADE_RSA2048, MADE_P256, MADE_P384, MADE_ED25519};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct scene s = scene_new();
        s.leaf_spec.key = good[i];
        assert_judged(&s, "ok");
    }
}

static void
odd_serial_numbers_are_refused(void **state)
{
    static const char *const odd[] = {"0", "-1", "800000000000000000000000000000000000000A",
                                      "010000000000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct scene s = scene_new();
        s.leaf_spec.serial = odd[i];
        assert_judged(&s, "serial");
    }
}

static void
a_serial_of_20_bytes_is_ok(void **state)
{
    struct scene s = scene_new();
    s.leaf_spec.serial = "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
    assert_judged(&s, "ok");
}

static void
a_version_1_leaf_is_refused(void **state)
{
    struct scene s = scene_new();
    s.leaf_spec.version = 0;
    for (size_t i = 0; i < 12; i++)
        s.leaf_spec.ext[i].value = NULL;
    assert_judged(&s, "version");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_intermediate_must_be_an_authority),
        cmocka_unit_test(a_root_may_lack_what_it_does_not_need),
        cmocka_unit_test(a_root_must_be_an_authority),
        cmocka_unit_test(a_version_1_intermediate_is_refused),
        cmocka_unit_test(a_leaf_that_is_an_authority_is_refused),
        cmocka_unit_test(a_leaf_that_may_sign_without_being_an_authority_is_refused),
        cmocka_unit_test(names_outside_the_constraints_are_refused),
        cmocka_unit_test(constraints_that_make_no_sense_are_refused),
        cmocka_unit_test(a_wildcard_does_not_reach_into_an_excluded_name),
        cmocka_unit_test(addresses_outside_the_constraints_are_refused),
        cmocka_unit_test(a_leaf_with_constraints_is_refused),
        cmocka_unit_test(the_leaf_must_be_for_servers),
        cmocka_unit_test(an_intermediate_for_other_uses_is_refused),
        cmocka_unit_test(unknown_critical_extensions_are_refused),
        cmocka_unit_test(malformed_extensions_are_refused),
        cmocka_unit_test(bytes_behind_an_extension_are_refused),
        cmocka_unit_test(weak_hashes_are_refused),
        cmocka_unit_test(the_hash_of_the_root_itself_does_not_matter),
        cmocka_unit_test(weak_keys_are_refused),
        cmocka_unit_test(a_weak_key_above_is_refused),
        cmocka_unit_test(the_usual_keys_are_ok),
        cmocka_unit_test(odd_serial_numbers_are_refused),
        cmocka_unit_test(a_serial_of_20_bytes_is_ok),
        cmocka_unit_test(a_version_1_leaf_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
