/* Tests of pki/ca.c and pki/ca_make.c: what an authority is made of. */
#include "lib/chain_make.h"
#include "lib/folder.h"
#include "pki/ca.h"
#include "pki/ca_make.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct ca *
open_new(const struct ca_options *o)
{
    struct err err = {0};
    bool made = false;
    struct ca *ca = ca_open(o, &made, &err);
    if (!ca)
        fail_msg("%s", err.text);
    assert_true(made);
    return ca;
}

static struct ca *
open_in(const char *name)
{
    struct ca_options o = {.dir = folder_file(name), .key_type = "ecdsa:p256"};
    return open_new(&o);
}

static bool
is_critical(X509 *cert, int nid)
{
    int at = X509_get_ext_by_NID(cert, nid, -1);
    assert_true(at >= 0);
    return X509_EXTENSION_get_critical(X509_get_ext(cert, at)) == 1;
}

static void
the_certificate_is_one_of_an_authority_without_others_below(void **state)
{
    struct ca *ca = open_in("plain");
    X509 *cert = ca_cert(ca);
    assert_int_equal(X509_get_version(cert), X509_VERSION_3);
    assert_int_equal(X509_check_ca(cert), 1);
    assert_int_equal(X509_get_pathlen(cert), 0);
    assert_int_equal(X509_get_key_usage(cert), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_true(is_critical(cert, NID_basic_constraints));
    assert_true(is_critical(cert, NID_key_usage));
    assert_non_null(X509_get0_subject_key_id(cert));
    assert_int_equal(X509_self_signed(cert, 1), 1);
    assert_int_equal(sk_X509_num(ca_chain(ca)), 0);
    ca_unref(ca);
}

static void
the_subject_says_whose_and_when(void **state)
{
    struct ca *ca = open_in("subject");
    char cn[100], org[100], year[8];
    time_t now = time(NULL);
    X509_NAME *name = X509_get_subject_name(ca_cert(ca));
    X509_NAME_get_text_by_NID(name, NID_commonName, cn, sizeof cn);
    X509_NAME_get_text_by_NID(name, NID_organizationName, org, sizeof org);
    strftime(year, sizeof year, "%Y", gmtime(&now));
    assert_memory_equal(cn, "Weir CA ", 8);
    assert_non_null(strstr(cn, year));
    assert_string_equal(org, "Weir");
    ca_unref(ca);
}

static int
days_between(const ASN1_TIME *from, const ASN1_TIME *to)
{
    int days = 0, seconds = 0;
    assert_int_equal(ASN1_TIME_diff(&days, &seconds, from, to), 1);
    return days;
}

static void
it_is_backdated_and_ends_as_told(void **state)
{
    struct ca_options o = {
        .dir = folder_file("life"), .key_type = "ecdsa:p256", .lifetime_days = 100};
    struct ca *ca = open_new(&o);
    X509 *cert = ca_cert(ca);
    assert_int_equal(days_between(X509_get0_notBefore(cert), NULL), 2);
    assert_int_equal(days_between(X509_get0_notBefore(cert), X509_get0_notAfter(cert)), 102);
    ca_unref(ca);
}

static void
each_key_type_can_be_made(void **state)
{
    static const struct {
        const char *type;
        int id, bits;
    } rows[] = {{NULL, EVP_PKEY_RSA, 2048},
                {"rsa:3072", EVP_PKEY_RSA, 3072},
                {"ecdsa:p256", EVP_PKEY_EC, 256},
                {"ECDSA:P384", EVP_PKEY_EC, 384}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = {0};
        EVP_PKEY *key = ca_make_key(rows[i].type, &err);
        assert_non_null(key);
        assert_int_equal(EVP_PKEY_get_base_id(key), rows[i].id);
        assert_int_equal(EVP_PKEY_get_bits(key), rows[i].bits);
        EVP_PKEY_free(key);
    }
}

static void
an_unknown_key_type_is_refused_with_the_possible_ones(void **state)
{
    struct err err = {0};
    assert_true(ca_key_type_check("rsa:4096", &err));
    assert_false(ca_key_type_check("rsa:1024", &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_string_equal(err.text, "unknown key type 'rsa:1024': one of "
                                  "rsa:2048|rsa:3072|rsa:4096|ecdsa:p256|ecdsa:p384");
}

static void
serials_are_random_positive_and_shortest(void **state)
{
    unsigned char first[16] = {0};
    for (int i = 0; i < 200; i++) {
        X509 *cert = X509_new();
        assert_true(ca_random_serial(cert));
        const ASN1_INTEGER *n = X509_get0_serialNumber(cert);
        assert_int_equal(ASN1_STRING_length(n), 16);
        assert_true(ASN1_STRING_get0_data(n)[0] >= 0x40 && ASN1_STRING_get0_data(n)[0] < 0x80);
        assert_memory_not_equal(first, ASN1_STRING_get0_data(n), 16);
        memcpy(first, ASN1_STRING_get0_data(n), 16);
        X509_free(cert);
    }
}

/* Whether a leaf with these names passes OpenSSL's check below the authority. */
static bool
may_speak_for(struct ca *ca, const char *san)
{
    struct err err = {0};
    struct made_spec spec = made_leaf("x");
    made_set(&spec, "subjectAltName", san);
    made_set(&spec, "authorityKeyIdentifier", NULL);
    X509 *leaf = X509_dup(made_cert(&spec, NULL).cert);
    X509_set_issuer_name(leaf, X509_get_subject_name(ca_cert(ca)));
    assert_true(ca_sign(ca, leaf, NULL, &err));
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_STORE_add_cert(store, ca_cert(ca));
    X509_STORE_CTX_init(ctx, store, leaf, NULL);
    bool ok = X509_verify_cert(ctx) == 1;
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(leaf);
    return ok;
}

static void
name_constraints_limit_what_it_may_speak_for(void **state)
{
    struct ca_options o = {.dir = folder_file("limited"),
                           .key_type = "ecdsa:p256",
                           .name_constraints = ".test, example.internal,10.0.0.0/9,2001:db8::/33"};
    struct ca *ca = open_new(&o);
    assert_true(is_critical(ca_cert(ca), NID_name_constraints));
    assert_true(may_speak_for(ca, "DNS:a.test"));
    assert_true(may_speak_for(ca, "DNS:example.internal"));
    assert_true(may_speak_for(ca, "DNS:a.example.internal,IP:10.127.0.1"));
    assert_true(may_speak_for(ca, "IP:2001:db8:7fff::1"));
    assert_false(may_speak_for(ca, "DNS:example.com"));
    assert_false(may_speak_for(ca, "DNS:a.test,DNS:example.com"));
    assert_false(may_speak_for(ca, "IP:10.128.0.1"));
    assert_false(may_speak_for(ca, "IP:2001:db8:8000::1"));
    ca_unref(ca);
}

static void
a_kind_of_name_that_is_not_mentioned_is_excluded(void **state)
{
    struct ca_options names = {
        .dir = folder_file("names"), .key_type = "ecdsa:p256", .name_constraints = "test"};
    struct ca_options addresses = {.dir = folder_file("addresses"),
                                   .key_type = "ecdsa:p256",
                                   .name_constraints = "10.0.0.0/8"};
    struct ca *a = open_new(&names), *b = open_new(&addresses);
    assert_true(may_speak_for(a, "DNS:a.test"));
    assert_false(may_speak_for(a, "IP:10.0.0.1"));
    assert_false(may_speak_for(a, "IP:::1"));
    assert_true(may_speak_for(b, "IP:10.0.0.1"));
    assert_false(may_speak_for(b, "IP:::1"));
    assert_false(may_speak_for(b, "DNS:a.test"));
    ca_unref(a);
    ca_unref(b);
}

static void
name_constraints_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {"",         ",",      "*.test", "a b", "10.0.0.0/33",
                                      "10.0.0.0", "::/129", "test,,x"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = {0};
        assert_false(ca_name_constraints_check(bad[i], &err));
        assert_int_equal(err.code, ERR_USAGE);
    }
    assert_true(ca_name_constraints_check("0.0.0.0/0,::/0,localhost", NULL));
}

static void
the_revocation_list_is_empty_signed_and_good_for_a_week(void **state)
{
    struct ca *ca = open_in("crl");
    struct err err = {0};
    struct buf der;
    buf_init(&der, 10000);
    assert_true(ca_crl(ca, &der, &err));
    const unsigned char *p = (const unsigned char *)buf_slice(&der).p;
    X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)buf_len(&der));
    assert_non_null(crl);
    assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), -1);
    assert_int_equal(X509_CRL_verify(crl, X509_get0_pubkey(ca_cert(ca))), 1);
    assert_in_range(days_between(NULL, X509_CRL_get0_nextUpdate(crl)), 6, 7);
    assert_true(X509_cmp_current_time(X509_CRL_get0_lastUpdate(crl)) < 0);
    assert_true(X509_CRL_get_ext_by_NID(crl, NID_authority_key_identifier, -1) >= 0);
    X509_CRL_free(crl);
    buf_release(&der);
    ca_unref(ca);
}

static void
exports_have_the_certificate_and_no_key(void **state)
{
    struct ca *ca = open_in("export");
    struct err err = {0};
    struct buf out;
    buf_init(&out, 100000);
    assert_true(ca_export(ca, CA_PEM, &out, &err));
    assert_null(strstr(buf_str(&out), "PRIVATE"));
    assert_non_null(strstr(buf_str(&out), "BEGIN CERTIFICATE"));
    buf_reset(&out);
    assert_true(ca_export(ca, CA_DER, &out, &err));
    const unsigned char *p = (const unsigned char *)buf_slice(&out).p;
    X509 *der = d2i_X509(NULL, &p, (long)buf_len(&out));
    assert_int_equal(X509_cmp(der, ca_cert(ca)), 0);
    buf_reset(&out);
    assert_true(ca_export(ca, CA_P12, &out, &err));
    p = (const unsigned char *)buf_slice(&out).p;
    PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)buf_len(&out));
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    STACK_OF(X509) *others = NULL;
    assert_int_equal(PKCS12_parse(p12, NULL, &key, &cert, &others), 1);
    assert_null(key);
    assert_null(cert);
    assert_int_equal(sk_X509_num(others), 1);
    assert_int_equal(X509_cmp(sk_X509_value(others, 0), ca_cert(ca)), 0);
    sk_X509_pop_free(others, X509_free);
    PKCS12_free(p12);
    X509_free(der);
    buf_release(&out);
    ca_unref(ca);
}

static void
it_knows_what_it_signed(void **state)
{
    struct ca *ca = open_in("signed"), *other = open_in("other");
    assert_true(ca_signed(ca, ca_cert(ca)));
    /* The same subject but another key. */
    assert_false(ca_signed(ca, ca_cert(other)));
    struct made_spec spec = made_leaf("x.example");
    made_set(&spec, "authorityKeyIdentifier", NULL);
    assert_false(ca_signed(ca, made_cert(&spec, NULL).cert));
    assert_int_equal(ERR_peek_error(), 0);
    ca_unref(ca);
    ca_unref(other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_certificate_is_one_of_an_authority_without_others_below),
        cmocka_unit_test(the_subject_says_whose_and_when),
        cmocka_unit_test(it_is_backdated_and_ends_as_told),
        cmocka_unit_test(each_key_type_can_be_made),
        cmocka_unit_test(an_unknown_key_type_is_refused_with_the_possible_ones),
        cmocka_unit_test(serials_are_random_positive_and_shortest),
        cmocka_unit_test(name_constraints_limit_what_it_may_speak_for),
        cmocka_unit_test(a_kind_of_name_that_is_not_mentioned_is_excluded),
        cmocka_unit_test(name_constraints_that_are_none_are_refused),
        cmocka_unit_test(the_revocation_list_is_empty_signed_and_good_for_a_week),
        cmocka_unit_test(exports_have_the_certificate_and_no_key),
        cmocka_unit_test(it_knows_what_it_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
