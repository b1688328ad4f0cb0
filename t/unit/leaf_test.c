/* Tests of pki/leaf.c and pki/leaf_names.c: what a forged certificate has in it, read back by
 * OpenSSL. */
#include "lib/chain_make.h"
#include "lib/folder.h"
#include "pki/ca.h"
#include "pki/leaf.h"
#include "pki/leaf_key.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct ca *ca;

static int
open_ca(void **state)
{
    struct ca_options o = {.dir = folder_file("ca")};
    ca = ca_open(&o, NULL, NULL);
    return ca ? 0 : -1;
}

static int
close_ca(void **state)
{
    ca_unref(ca);
    return 0;
}

static struct leaf *
mint(const struct leaf_spec *spec)
{
    struct err err = {0};
    struct leaf *leaf = leaf_mint(ca, spec, &err);
    if (!leaf)
        fail_msg("%s", err.text);
    assert_int_equal(ERR_peek_error(), 0);
    return leaf;
}

static struct leaf *
mint_like(const struct made_spec *upstream, const char *host, enum leaf_fault fault)
{
    struct leaf_spec spec = {.host = slice_str(host), .fault = fault};
    if (upstream)
        spec.upstream = made_cert(upstream, NULL).cert;
    return mint(&spec);
}

static bool
is_for(const struct leaf *leaf, const char *host)
{
    return X509_check_host(leaf->cert, host, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}

static int
count_names(const struct leaf *leaf)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf->cert, NID_subject_alt_name, NULL, NULL);
    int n = sk_GENERAL_NAME_num(names);
    GENERAL_NAMES_free(names);
    return n;
}

static const char *
attribute(const struct leaf *leaf, int nid)
{
    static char text[200];
    int n = X509_NAME_get_text_by_NID(X509_get_subject_name(leaf->cert), nid, text, sizeof text);
    return n < 0 ? NULL : text;
}

/* What OpenSSL says of the leaf below the authority; X509_V_OK is 0. */
static int
verified(const struct leaf *leaf)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_STORE_add_cert(store, ca_cert(ca));
    X509_STORE_CTX_init(ctx, store, leaf->cert, leaf->chain);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_auth_level(param, 2);
    X509_verify_cert(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return error;
}

static bool
is_critical(const struct leaf *leaf, int nid)
{
    int at = X509_get_ext_by_NID(leaf->cert, nid, -1);
    assert_true(at >= 0);
    return X509_EXTENSION_get_critical(X509_get_ext(leaf->cert, at)) == 1;
}

static void
a_leaf_has_what_clients_ask_for(void **state)
{
    struct leaf *leaf = mint_like(NULL, "www.example.com", LEAF_GOOD);
    assert_int_equal(verified(leaf), X509_V_OK);
    assert_true(is_for(leaf, "www.example.com"));
    assert_int_equal(X509_get_version(leaf->cert), X509_VERSION_3);
    assert_int_equal(X509_check_ca(leaf->cert), 0);
    assert_true(is_critical(leaf, NID_basic_constraints));
    assert_true(is_critical(leaf, NID_key_usage));
    assert_false(is_critical(leaf, NID_subject_alt_name));
    assert_int_equal(X509_get_key_usage(leaf->cert), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(leaf->cert), XKU_SSL_SERVER);
    assert_non_null(X509_get0_subject_key_id(leaf->cert));
    assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(leaf->cert),
                                           X509_get0_subject_key_id(ca_cert(ca))),
                     0);
    assert_string_equal(attribute(leaf, NID_commonName), "www.example.com");
    leaf_unref(leaf);
}

static void
the_keys_are_shared_and_not_the_authoritys(void **state)
{
    struct leaf_spec spec = {.host = SLICE("a.example"), .key = LEAF_RSA};
    struct leaf *rsa = mint(&spec), *ecdsa = mint_like(NULL, "b.example", LEAF_GOOD);
    assert_int_equal(EVP_PKEY_get_base_id(rsa->key), EVP_PKEY_RSA);
    assert_int_equal(EVP_PKEY_get_bits(rsa->key), 2048);
    assert_int_equal(EVP_PKEY_get_base_id(ecdsa->key), EVP_PKEY_EC);
    assert_ptr_equal(rsa->key, leaf_key_get(LEAF_RSA));
    assert_ptr_equal(ecdsa->key, leaf_key_get(LEAF_ECDSA));
    assert_int_equal(X509_check_private_key(rsa->cert, rsa->key), 1);
    assert_int_equal(X509_check_private_key(ecdsa->cert, ecdsa->key), 1);
    assert_int_equal(EVP_PKEY_eq(rsa->key, X509_get0_pubkey(ca_cert(ca))), 0);
    assert_int_equal(X509_get_key_usage(rsa->cert), KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
    leaf_unref(rsa);
    leaf_unref(ecdsa);
}

static void
the_names_of_the_upstream_are_mirrored(void **state)
{
    struct made_spec up = made_leaf("example.com");
    up.org = "Example, Inc.";
    up.cn = "main.example.com";
    made_set(&up, "authorityKeyIdentifier", NULL);
    made_set(&up, "subjectAltName",
             "DNS:example.com,DNS:*.example.com,IP:192.0.2.7,IP:2001:db8::7");
    struct leaf *leaf = mint_like(&up, "www.example.com", LEAF_GOOD);
    assert_string_equal(attribute(leaf, NID_commonName), "main.example.com");
    assert_string_equal(attribute(leaf, NID_organizationName), "Example, Inc.");
    assert_true(is_for(leaf, "example.com"));
    assert_true(is_for(leaf, "other.example.com"));
    assert_int_equal(X509_check_ip_asc(leaf->cert, "192.0.2.7", 0), 1);
    assert_int_equal(X509_check_ip_asc(leaf->cert, "2001:db8::7", 0), 1);
    assert_int_equal(count_names(leaf), 5);
    leaf_unref(leaf);
}

static void
sni_and_host_are_added_once(void **state)
{
    struct made_spec up = made_leaf("WWW.example.com");
    made_set(&up, "authorityKeyIdentifier", NULL);
    struct leaf_spec spec = {.host = SLICE("10.1.2.3"),
                             .sni = SLICE("www.example.com"),
                             .upstream = made_cert(&up, NULL).cert};
    struct leaf *leaf = mint(&spec);
    assert_int_equal(count_names(leaf), 2);
    assert_true(is_for(leaf, "www.example.com"));
    assert_int_equal(X509_check_ip_asc(leaf->cert, "10.1.2.3", 0), 1);
    leaf_unref(leaf);
}

static void
an_address_gets_an_address_name(void **state)
{
    struct leaf *leaf = mint_like(NULL, "::1", LEAF_GOOD);
    assert_int_equal(X509_check_ip_asc(leaf->cert, "::1", 0), 1);
    assert_int_equal(count_names(leaf), 1);
    assert_int_equal(verified(leaf), X509_V_OK);
    leaf_unref(leaf);
}

static void
names_that_are_none_are_left_out(void **state)
{
    struct made_spec up = made_leaf("example.com");
    made_set(&up, "authorityKeyIdentifier", NULL);
    made_set(&up, "subjectAltName",
             "DNS:ok.example.com,DNS:*,DNS:a.*.b,email:a@b.c,URI:http://x/,DNS:a "
             "b,otherName:1.2.3;UTF8:x");
    up.raw_dns = SLICE("evil\0.example.com");
    struct leaf *leaf = mint_like(&up, "www.example.com", LEAF_GOOD);
    assert_int_equal(count_names(leaf), 2);
    assert_true(is_for(leaf, "ok.example.com"));
    leaf_unref(leaf);
}

static void
an_upstream_with_nothing_in_it_does_no_harm(void **state)
{
    struct made_spec up = {.from_days = -1, .to_days = 1};
    struct leaf *leaf = mint_like(&up, "www.example.com", LEAF_GOOD);
    assert_string_equal(attribute(leaf, NID_commonName), "www.example.com");
    assert_int_equal(verified(leaf), X509_V_OK);
    leaf_unref(leaf);
}

static void
a_cn_that_cannot_be_copied_is_replaced(void **state)
{
    static const struct slice odd[] = {
        {"", 0},
        {"a\0b", 3},
        {"a\nb", 3},
        {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 65},
    };
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        struct made_spec up = made_leaf("example.com");
        made_set(&up, "authorityKeyIdentifier", NULL);
        up.cn = NULL;
        up.raw_cn = odd[i];
        struct leaf *leaf = mint_like(&up, "www.example.com", LEAF_GOOD);
        assert_string_equal(attribute(leaf, NID_commonName), "www.example.com");
        leaf_unref(leaf);
    }
}

static void
without_any_short_name_the_san_is_critical(void **state)
{
    static const char host[] =
        "a2345678901234567890123456789012.b2345678901234567890123456789012.example";
    struct leaf *leaf = mint_like(NULL, host, LEAF_GOOD);
    assert_null(attribute(leaf, NID_commonName));
    assert_true(is_critical(leaf, NID_subject_alt_name));
    assert_true(is_for(leaf, host));
    assert_int_equal(verified(leaf), X509_V_OK);
    leaf_unref(leaf);
}

static void
many_names_are_cut_off_at_the_limit(void **state)
{
    size_t cap = 3000 * 24;
    char *san = malloc(cap), *p = san;
    for (int i = 0; i < 3000; i++)
        p += snprintf(p, cap - (size_t)(p - san), "%sDNS:n%d.example.com", i ? "," : "", i);
    struct made_spec up = made_leaf("example.com");
    made_set(&up, "authorityKeyIdentifier", NULL);
    made_set(&up, "subjectAltName", san);
    struct leaf *leaf = mint_like(&up, "www.example.com", LEAF_GOOD);
    assert_int_equal(count_names(leaf), LEAF_MAX_NAMES);
    assert_true(is_for(leaf, "www.example.com"));
    leaf_unref(leaf);
    free(san);
}

static int
days_from_now(const ASN1_TIME *t)
{
    int days = 0, seconds = 0;
    assert_int_equal(ASN1_TIME_diff(&days, &seconds, NULL, t), 1);
    return days;
}

static void
it_is_backdated_and_short_enough(void **state)
{
    struct leaf *leaf = mint_like(NULL, "www.example.com", LEAF_GOOD);
    int days = 0, seconds = 0;
    ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(leaf->cert),
                   X509_get0_notAfter(leaf->cert));
    assert_in_range(days, LEAF_MAX_DAYS - 1, LEAF_MAX_DAYS);
    assert_in_range(-days_from_now(X509_get0_notBefore(leaf->cert)), 1, 2);
    assert_in_range(leaf->renew - time(NULL), 86000, 86400);
    leaf_unref(leaf);
}

static void
it_does_not_outlive_its_authority(void **state)
{
    struct ca_options o = {
        .dir = folder_file("short"), .key_type = "ecdsa:p384", .lifetime_days = 5};
    struct ca *brief = ca_open(&o, NULL, NULL);
    struct leaf_spec spec = {.host = SLICE("a.example")};
    struct leaf *leaf = leaf_mint(brief, &spec, NULL);
    assert_int_equal(
        ASN1_TIME_compare(X509_get0_notAfter(leaf->cert), X509_get0_notAfter(ca_cert(brief))), 0);
    assert_true(ASN1_TIME_compare(X509_get0_notBefore(leaf->cert),
                                  X509_get0_notBefore(ca_cert(brief))) >= 0);
    assert_int_equal(X509_get_signature_nid(leaf->cert), NID_ecdsa_with_SHA384);
    leaf_unref(leaf);
    ca_unref(brief);
}

static void
serials_differ_and_are_well_formed(void **state)
{
    struct leaf *a = mint_like(NULL, "a.example", LEAF_GOOD),
                *b = mint_like(NULL, "a.example", LEAF_GOOD);
    const ASN1_INTEGER *n = X509_get0_serialNumber(a->cert);
    assert_int_equal(ASN1_STRING_length(n), 16);
    assert_int_equal(ASN1_STRING_get0_data(n)[0] & 0xc0, 0x40);
    assert_int_not_equal(ASN1_INTEGER_cmp(n, X509_get0_serialNumber(b->cert)), 0);
    leaf_unref(a);
    leaf_unref(b);
}

/* Faults */

static void
expired_shows_as_expired(void **state)
{
    struct made_spec up = made_leaf("example.com");
    made_set(&up, "authorityKeyIdentifier", NULL);
    up.from_days = -100;
    up.to_days = -7;
    struct leaf *known = mint_like(&up, "example.com", LEAF_EXPIRED);
    struct leaf *unknown = mint_like(NULL, "example.com", LEAF_EXPIRED);
    assert_int_equal(verified(known), X509_V_ERR_CERT_HAS_EXPIRED);
    assert_int_equal(verified(unknown), X509_V_ERR_CERT_HAS_EXPIRED);
    assert_in_range(-days_from_now(X509_get0_notAfter(known->cert)), 6, 7);
    leaf_unref(known);
    leaf_unref(unknown);
}

static void
not_yet_valid_shows_as_such(void **state)
{
    struct leaf *leaf = mint_like(NULL, "example.com", LEAF_NOT_YET);
    assert_int_equal(verified(leaf), X509_V_ERR_CERT_NOT_YET_VALID);
    leaf_unref(leaf);
}

static void
wrong_host_is_for_the_others_only(void **state)
{
    struct made_spec up = made_leaf("example.com");
    made_set(&up, "authorityKeyIdentifier", NULL);
    made_set(&up, "subjectAltName", "DNS:good.test,DNS:*.example.com");
    struct leaf *other = mint_like(&up, "www.example.com", LEAF_WRONG_HOST);
    struct leaf *nothing = mint_like(NULL, "www.example.com", LEAF_WRONG_HOST);
    assert_int_equal(verified(other), X509_V_OK);
    assert_false(is_for(other, "www.example.com"));
    assert_true(is_for(other, "good.test"));
    assert_false(is_for(nothing, "www.example.com"));
    assert_true(is_for(nothing, "wrong.host.invalid"));
    leaf_unref(other);
    leaf_unref(nothing);
}

static void
untrusted_is_signed_by_nobody_known(void **state)
{
    struct leaf *leaf = mint_like(NULL, "example.com", LEAF_UNTRUSTED);
    assert_int_equal(verified(leaf), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    assert_true(is_for(leaf, "example.com"));
    assert_false(ca_signed(ca, leaf->cert));
    leaf_unref(leaf);
}

static void
self_signed_shows_as_self_signed(void **state)
{
    struct leaf *leaf = mint_like(NULL, "example.com", LEAF_SELF_SIGNED);
    assert_int_equal(verified(leaf), X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    assert_int_equal(X509_self_signed(leaf->cert, 1), 1);
    leaf_unref(leaf);
}

static void
each_verdict_has_its_fault(void **state)
{
    assert_int_equal(leaf_fault_of(VERDICT_OK), LEAF_GOOD);
    assert_int_equal(leaf_fault_of(VERDICT_EXPIRED), LEAF_EXPIRED);
    assert_int_equal(leaf_fault_of(VERDICT_NOT_YET_VALID), LEAF_NOT_YET);
    assert_int_equal(leaf_fault_of(VERDICT_NO_SAN), LEAF_WRONG_HOST);
    assert_int_equal(leaf_fault_of(VERDICT_SELF_SIGNED), LEAF_SELF_SIGNED);
    assert_int_equal(leaf_fault_of(VERDICT_UNTRUSTED_ROOT), LEAF_UNTRUSTED);
    assert_int_equal(leaf_fault_of(VERDICT_REVOKED), LEAF_UNTRUSTED);
}

static void
a_revocation_list_is_named_when_the_upstream_names_one(void **state)
{
    struct made_spec up = made_leaf("example.com");
    made_set(&up, "authorityKeyIdentifier", NULL);
    struct leaf_spec spec = {.host = SLICE("example.com"), .crl_base = "http://weir.it/crl/"};
    spec.upstream = made_cert(&up, NULL).cert;
    struct leaf *without = mint(&spec);
    assert_int_equal(X509_get_ext_by_NID(without->cert, NID_crl_distribution_points, -1), -1);
    made_set(&up, "crlDistributionPoints", "URI:http://example.com/x.crl");
    spec.upstream = made_cert(&up, NULL).cert;
    struct leaf *with = mint(&spec);
    CRL_DIST_POINTS *points = X509_get_ext_d2i(with->cert, NID_crl_distribution_points, NULL, NULL);
    GENERAL_NAME *name =
        sk_GENERAL_NAME_value(sk_DIST_POINT_value(points, 0)->distpoint->name.fullname, 0);
    char want[200];
    snprintf(want, sizeof want, "http://weir.it/crl/%s.crl", ca_serial(ca));
    assert_string_equal(ASN1_STRING_get0_data(name->d.uniformResourceIdentifier), want);
    CRL_DIST_POINTS_free(points);
    leaf_unref(without);
    leaf_unref(with);
}

static void
nothing_is_minted_for_what_is_no_host(void **state)
{
    static const struct slice bad[] = {{"", 0},
                                       {"a\0b", 3},
                                       {"*.example.com", 13},
                                       {"a..b", 4},
                                       {".a", 2},
                                       {"a b", 3},
                                       {"a/b", 3},
                                       {"[::1]", 5},
                                       {"a:443", 5},
                                       {"b\xc3\xbc"
                                        "cher",
                                        7}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = {0};
        struct leaf_spec spec = {.host = bad[i]};
        assert_null(leaf_mint(ca, &spec, &err));
        assert_non_null(strstr(err.text, "is not a host name"));
    }
    char label[70], name[300];
    memset(label, 'a', sizeof label);
    memset(name, 'a', sizeof name);
    for (size_t i = 1; i < sizeof name; i += 2)
        name[i] = '.';
    assert_false(leaf_host_check(slice_of(label, 64), NULL));
    assert_true(leaf_host_check(slice_of(label, 63), NULL));
    assert_true(leaf_host_check(slice_of(name, 253), NULL));
    assert_false(leaf_host_check(slice_of(name, 255), NULL));
}

static void
idn_names_stay_as_they_are(void **state)
{
    struct leaf *leaf = mint_like(NULL, "xn--bcher-kva.example", LEAF_GOOD);
    assert_true(is_for(leaf, "xn--bcher-kva.example"));
    leaf_unref(leaf);
}

static void
a_final_dot_is_dropped(void **state)
{
    struct leaf *leaf = mint_like(NULL, "www.example.com.", LEAF_GOOD);
    assert_true(is_for(leaf, "www.example.com"));
    leaf_unref(leaf);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leaf_has_what_clients_ask_for),
        cmocka_unit_test(the_keys_are_shared_and_not_the_authoritys),
        cmocka_unit_test(the_names_of_the_upstream_are_mirrored),
        cmocka_unit_test(sni_and_host_are_added_once),
        cmocka_unit_test(an_address_gets_an_address_name),
        cmocka_unit_test(names_that_are_none_are_left_out),
        cmocka_unit_test(an_upstream_with_nothing_in_it_does_no_harm),
        cmocka_unit_test(a_cn_that_cannot_be_copied_is_replaced),
        cmocka_unit_test(without_any_short_name_the_san_is_critical),
        cmocka_unit_test(many_names_are_cut_off_at_the_limit),
        cmocka_unit_test(it_is_backdated_and_short_enough),
        cmocka_unit_test(it_does_not_outlive_its_authority),
        cmocka_unit_test(serials_differ_and_are_well_formed),
        cmocka_unit_test(expired_shows_as_expired),
        cmocka_unit_test(not_yet_valid_shows_as_such),
        cmocka_unit_test(wrong_host_is_for_the_others_only),
        cmocka_unit_test(untrusted_is_signed_by_nobody_known),
        cmocka_unit_test(self_signed_shows_as_self_signed),
        cmocka_unit_test(each_verdict_has_its_fault),
        cmocka_unit_test(a_revocation_list_is_named_when_the_upstream_names_one),
        cmocka_unit_test(nothing_is_minted_for_what_is_no_host),
        cmocka_unit_test(idn_names_stay_as_they_are),
        cmocka_unit_test(a_final_dot_is_dropped),
    };
    return cmocka_run_group_tests(tests, open_ca, close_ca);
}
