/* Tests of pki/trust.c: dates, roots, the shape of the chain, files. */
#include "lib/folder.h"
#include "lib/scene.h"
#include "pki/ca.h"
#include "pki/trust.h"

#include <openssl/pem.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
a_good_chain_is_ok(void **state)
{
    struct scene s = scene_new();
    assert_judged(&s, "ok");
    assert_string_equal(s.verdict.text, "");
}

static void
an_expired_leaf_is_refused_with_its_date(void **state)
{
    struct scene s = scene_new();
    s.leaf_spec.to_days = -3;
    assert_judged(&s, "expired");
    assert_int_equal(s.verdict.depth, 0);
    assert_non_null(strstr(s.verdict.text, "certificate 'www.example.com' ended 20"));
}

static void
an_expired_intermediate_is_named(void **state)
{
    struct scene s = scene_new();
    s.mid_spec.to_days = -3;
    assert_judged(&s, "expired");
    assert_int_equal(s.verdict.depth, 1);
    assert_non_null(strstr(s.verdict.text, "intermediate 'Test Intermediate' ended"));
}

static void
an_expired_root_is_named(void **state)
{
    struct scene s = scene_new();
    s.root_spec.to_days = -3;
    assert_judged(&s, "expired");
    assert_non_null(strstr(s.verdict.text, "root 'Test Root' ended"));
}

static void
a_leaf_of_tomorrow_is_refused(void **state)
{
    struct scene s = scene_new();
    s.leaf_spec.from_days = 1;
    assert_judged(&s, "not-yet-valid");
}

static void
the_time_of_the_question_counts(void **state)
{
    struct scene s = scene_new();
    s.leaf_spec.to_days = -3;
    s.query.at = time(NULL) - 5 * 86400;
    assert_judged(&s, "ok");
}

static void
a_self_signed_server_is_refused(void **state)
{
    struct scene s = scene_new();
    scene_make(&s);
    made_set(&s.leaf_spec, "authorityKeyIdentifier", NULL);
    s.query.chain = made_chain(made_cert(&s.leaf_spec, NULL).cert, NULL, NULL, NULL);
    assert_judged(&s, "self-signed");
}

static void
a_self_signed_server_that_is_trusted_is_ok(void **state)
{
    struct scene s = scene_new();
    scene_make(&s);
    made_set(&s.leaf_spec, "authorityKeyIdentifier", NULL);
    s.leaf = made_cert(&s.leaf_spec, NULL);
    s.query.chain = made_chain(s.leaf.cert, NULL, NULL, NULL);
    s.trusted_leaf = true;
    assert_judged(&s, "ok");
}

static void
an_unknown_root_is_refused(void **state)
{
    struct scene s = scene_new(), other = scene_new();
    other.root_spec.cn = "Other Root";
    other.root_spec.key = MADE_RSA2048;
    scene_make(&s);
    scene_make(&other);
    s.root = other.root;
    assert_judged(&s, "untrusted-root");
    assert_non_null(strstr(s.verdict.text, "'Test Root', which is not among the trusted roots"));
}

static void
a_root_that_the_server_sends_is_not_trusted_for_that(void **state)
{
    struct scene s = scene_new(), other = scene_new();
    other.root_spec.cn = "Other Root";
    scene_make(&s);
    scene_make(&other);
    s.query.chain = made_chain(s.leaf.cert, s.mid.cert, s.root.cert, NULL);
    s.root = other.root;
    assert_judged(&s, "untrusted-root");
    assert_int_equal(s.verdict.depth, 2);
}

static void
a_missing_intermediate_is_told_from_an_unknown_root(void **state)
{
    struct scene s = scene_new();
    made_set(&s.leaf_spec, "authorityInfoAccess", "caIssuers;URI:http://ca.example/mid.cer");
    scene_make(&s);
    s.query.chain = made_chain(s.leaf.cert, NULL, NULL, NULL);
    assert_judged(&s, "incomplete-chain");
    assert_non_null(strstr(s.verdict.text, "Test Intermediate"));
}

static void
order_and_extra_certificates_do_not_matter(void **state)
{
    struct scene s = scene_new(), other = scene_new();
    scene_make(&s);
    other.mid_spec.cn = "Unrelated";
    scene_make(&other);
    s.query.chain = made_chain(s.leaf.cert, s.root.cert, other.mid.cert, s.mid.cert);
    assert_judged(&s, "ok");
}

static void
authorities_that_signed_each_other_make_no_loop(void **state)
{
    struct made_spec a = made_intermediate("A"), b = made_intermediate("B");
    struct scene s = scene_new();
    a.key = MADE_RSA2048;
    scene_make(&s);
    struct made a_self = made_cert(&a, NULL);
    struct made b_by_a = made_cert(&b, &a_self);
    struct made a_by_b = made_cert(&a, &b_by_a);
    struct made leaf = made_cert(&s.leaf_spec, &a_by_b);
    s.query.chain = made_chain(leaf.cert, a_by_b.cert, b_by_a.cert, NULL);
    assert_judged(&s, "untrusted-root");
}

static void
the_path_length_counts(void **state)
{
    struct scene s = scene_new();
    made_set(&s.root_spec, "basicConstraints", "critical,CA:TRUE,pathlen:0");
    assert_judged(&s, "path-length");
}

static void
a_deep_chain_is_refused(void **state)
{
    struct scene s = scene_new();
    struct made above = made_cert(&s.root_spec, NULL);
    s.root = above;
    STACK_OF(X509) *chain = made_chain(NULL, NULL, NULL, NULL);
    for (int i = 0; i < TRUST_MAX_DEPTH + 2; i++) {
        static char names[TRUST_MAX_DEPTH + 2][24];
        snprintf(names[i], sizeof names[i], "Level %d", i);
        struct made_spec spec = made_intermediate(names[i]);
        above = made_cert(&spec, &above);
        X509_up_ref(above.cert);
        sk_X509_push(chain, above.cert);
    }
    s.mid = above;
    s.leaf = made_cert(&s.leaf_spec, &above);
    X509_up_ref(s.leaf.cert);
    sk_X509_unshift(chain, s.leaf.cert);
    s.query.chain = chain;
    assert_judged(&s, "too-long");
}

static void
a_chain_of_many_certificates_is_not_looked_at(void **state)
{
    struct scene s = scene_new();
    scene_make(&s);
    s.query.chain = made_chain(s.leaf.cert, NULL, NULL, NULL);
    for (int i = 0; i < TRUST_MAX_CERTS; i++) {
        X509_up_ref(s.mid.cert);
        sk_X509_push(s.query.chain, s.mid.cert);
    }
    assert_judged(&s, "too-long");
}

static void
a_changed_certificate_is_refused(void **state)
{
    struct scene leaf = scene_new(), mid = scene_new();
    leaf.leaf_spec.bad_signature = true;
    mid.mid_spec.bad_signature = true;
    assert_judged(&leaf, "bad-signature");
    assert_judged(&mid, "bad-signature");
}

/* As often as it is asked: a good one is looked at once, a bad one each time. */
static void
a_root_that_was_changed_is_refused(void **state)
{
    struct err err = {0};
    for (int bad = 0; bad < 2; bad++) {
        struct scene s = scene_new();
        s.root_spec.bad_signature = bad;
        scene_make(&s);
        const char *file =
            made_pem("root.pem", NULL, made_chain(s.root.cert, NULL, NULL, NULL), 0600);
        struct trust *t = trust_new(&(struct trust_options){.ca = file}, &err);
        assert_non_null(t);
        s.query.chain = made_chain(s.leaf.cert, s.mid.cert, NULL, NULL);
        for (int i = 0; i < 3; i++)
            assert_int_equal(scene_verify(&s, t), bad ? VERDICT_BAD_SIGNATURE : VERDICT_OK);
        if (bad)
            assert_int_equal(s.verdict.depth, 2);
        trust_unref(t);
    }
}

/* More roots than are remembered. */
static void
many_roots_are_judged_alike(void **state)
{
    enum { MANY = 20 };
    static struct scene s[MANY];
    struct err err = {0};
    STACK_OF(X509) *roots = made_chain(NULL, NULL, NULL, NULL);
    for (int i = 0; i < MANY; i++) {
        static char names[MANY][24];
        snprintf(names[i], sizeof(names[i]), "Root %d", i);
        s[i] = scene_new();
        s[i].root_spec.cn = names[i];
        s[i].root_spec.bad_signature = i % 5 == 4;
        scene_make(&s[i]);
        s[i].query.chain = made_chain(s[i].leaf.cert, s[i].mid.cert, NULL, NULL);
        X509_up_ref(s[i].root.cert);
        assert_true(sk_X509_push(roots, s[i].root.cert) > 0);
    }
    struct trust *t =
        trust_new(&(struct trust_options){.ca = made_pem("roots.pem", NULL, roots, 0600)}, &err);
    assert_non_null(t);
    for (int i = 0; i < 2 * MANY; i++)
        assert_int_equal(scene_verify(&s[i % MANY], t),
                         i % 5 == 4 ? VERDICT_BAD_SIGNATURE : VERDICT_OK);
    trust_unref(t);
}

static void
a_trusted_server_that_may_not_sign_is_refused_as_an_authority(void **state)
{
    struct scene s = scene_new();
    scene_make(&s);
    made_set(&s.leaf_spec, "authorityKeyIdentifier", NULL);
    made_set(&s.leaf_spec, "basicConstraints", "critical,CA:TRUE");
    s.leaf = made_cert(&s.leaf_spec, NULL);
    s.query.chain = made_chain(s.leaf.cert, NULL, NULL, NULL);
    s.trusted_leaf = true;
    assert_string_not_equal(scene_judged(&s), "ok");
}

static void
an_issuer_of_the_same_name_is_not_enough(void **state)
{
    struct scene s = scene_new(), fake = scene_new();
    fake.mid_spec.key = MADE_P384;
    made_set(&s.mid_spec, "subjectKeyIdentifier", "01020304");
    made_set(&fake.mid_spec, "subjectKeyIdentifier", "01020304");
    made_set(&fake.mid_spec, "authorityKeyIdentifier", NULL);
    scene_make(&s);
    fake.root = s.root;
    fake.mid = made_cert(&fake.mid_spec, NULL);
    fake.leaf = made_cert(&fake.leaf_spec, &fake.mid);
    s.query.chain = made_chain(fake.leaf.cert, s.mid.cert, NULL, NULL);
    assert_judged(&s, "bad-signature");
}

/* An authority with the name and key identifier of the scene's, but another key; and the leaf of
 * the right one. */
static void
make_candidates(struct scene *s, struct scene *fake)
{
    fake->mid_spec.key = MADE_P384;
    made_set(&s->mid_spec, "subjectKeyIdentifier", "01020304");
    made_set(&fake->mid_spec, "subjectKeyIdentifier", "01020304");
    scene_make(s);
    fake->mid = made_cert(&fake->mid_spec, &s->root);
}

static void
a_wrong_candidate_does_not_hide_the_right_one(void **state)
{
    struct scene s = scene_new(), fake = scene_new();
    make_candidates(&s, &fake);
    s.query.chain = made_chain(s.leaf.cert, fake.mid.cert, fake.mid.cert, s.mid.cert);
    assert_judged(&s, "ok");
}

static void
a_wrong_candidate_without_a_right_one_is_refused(void **state)
{
    struct scene s = scene_new(), fake = scene_new(), other = scene_new();
    make_candidates(&s, &fake);
    other.mid_spec = fake.mid_spec;
    other.mid_spec.key = MADE_ED25519;
    other.mid = made_cert(&other.mid_spec, &s.root);
    s.query.chain = made_chain(s.leaf.cert, fake.mid.cert, other.mid.cert, NULL);
    assert_judged(&s, "bad-signature");
    assert_int_equal(s.verdict.depth, 0);
}

static const char superfish[] = "-----BEGIN CERTIFICATE-----\n"
                                "MIIC9TCCAl6gAwIBAgIJANL8E4epRNznMA0GCSqGSIb3DQEBBQUAMFsxGDAWBgNV\n"
                                "BAoTD1N1cGVyZmlzaCwgSW5jLjELMAkGA1UEBxMCU0YxCzAJBgNVBAgTAkNBMQsw\n"
                                "CQYDVQQGEwJVUzEYMBYGA1UEAxMPU3VwZXJmaXNoLCBJbmMuMB4XDTE0MDUxMjE2\n"
                                "MjUyNloXDTM0MDUwNzE2MjUyNlowWzEYMBYGA1UEChMPU3VwZXJmaXNoLCBJbmMu\n"
                                "MQswCQYDVQQHEwJTRjELMAkGA1UECBMCQ0ExCzAJBgNVBAYTAlVTMRgwFgYDVQQD\n"
                                "Ew9TdXBlcmZpc2gsIEluYy4wgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAOjz\n"
                                "Shh2Xxk/sc9Y6X9DBwmVgDXFD/5xMSeBmRImIKXfj2r8QlU57gk4idngNsSsAYJb\n"
                                "1Tnm+Y8HiN/+7vahFM6pdEXY/fAXVyqC4XouEpNarIrXFWPRt5tVgA9YvBxJ7SBi\n"
                                "3bZMpTrrHD2g/3pxptMQeDOuS8Ic/ZJKocPnQaQtAgMBAAGjgcAwgb0wDAYDVR0T\n"
                                "BAUwAwEB/zAdBgNVHQ4EFgQU+5izU38URC7o7tUJml4OVoaoNYgwgY0GA1UdIwSB\n"
                                "hTCBgoAU+5izU38URC7o7tUJml4OVoaoNYihX6RdMFsxGDAWBgNVBAoTD1N1cGVy\n"
                                "ZmlzaCwgSW5jLjELMAkGA1UEBxMCU0YxCzAJBgNVBAgTAkNBMQswCQYDVQQGEwJV\n"
                                "UzEYMBYGA1UEAxMPU3VwZXJmaXNoLCBJbmMuggkA0vwTh6lE3OcwDQYJKoZIhvcN\n"
                                "AQEFBQADgYEApHyg7ApKx3DEcWjzOyLi3JyN0JL+c35yK1VEmxu0Qusfr76645Oj\n"
                                "1IsYwpTws6a9ZTRMzST4GQvFFQra81eLqYbPbMPuhC+FCxkUF5i0DNSWi+kczJXJ\n"
                                "TtCqSwGl9t9JEoFqvtW+znZ9TqyLiOMw7TGEUI+88VAqW0qmXnwPcfo=\n"
                                "-----END CERTIFICATE-----\n";

static void
an_authority_whose_key_is_known_is_refused(void **state)
{
    struct err err = {0};
    struct scene s = scene_new();
    struct trust_options o = {.ca = folder_write("leaked.pem", SLICE(superfish), 0600)};
    struct trust *t = trust_new(&o, &err);
    BIO *bio = BIO_new_mem_buf(superfish, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    s.query.chain = made_chain(cert, NULL, NULL, NULL);
    assert_int_equal(scene_verify(&s, t), VERDICT_LEAKED_KEY);
    assert_non_null(strstr(s.verdict.text, "the known private key of Superfish"));
    X509_free(cert);
    BIO_free(bio);
    trust_unref(t);
}

static void
what_our_own_authority_signed_is_refused(void **state)
{
    struct err err = {0};
    struct scene s = scene_new();
    struct ca *ca = ca_new_untrusted(&err);
    scene_make(&s);
    X509 *forged = X509_dup(s.leaf.cert);
    X509_set_issuer_name(forged, X509_get_subject_name(ca_cert(ca)));
    assert_true(ca_sign(ca, forged, NULL, &err));
    s.root.cert = ca_cert(ca);
    s.query.chain = made_chain(forged, NULL, NULL, NULL);
    s.query.own = ca;
    assert_judged(&s, "own-ca");
    X509_free(forged);
    ca_unref(ca);
}

static void
a_long_life_is_only_noted(void **state)
{
    struct scene s = scene_new();
    s.leaf_spec.to_days = 800;
    assert_judged(&s, "ok");
    assert_non_null(strstr(s.verdict.text, "810 days"));
}

static void
no_certificate_at_all_is_a_failure(void **state)
{
    struct scene s = scene_new();
    scene_make(&s);
    s.query.chain = made_chain(NULL, NULL, NULL, NULL);
    assert_judged(&s, "failed");
}

static void
roots_come_from_a_folder_too(void **state)
{
    struct err err = {0};
    struct scene s = scene_new();
    scene_make(&s);
    char dir[300];
    snprintf(dir, sizeof dir, "%s", folder_file("roots"));
    assert_int_equal(mkdir(dir, 0700), 0);
    made_pem("roots/one.pem", NULL, made_chain(s.root.cert, NULL, NULL, NULL), 0600);
    folder_write("roots/README", SLICE("not a certificate"), 0600);
    struct trust_options o = {.ca = dir};
    struct trust *t = trust_new(&o, &err);
    assert_non_null(t);
    s.query.chain = made_chain(s.leaf.cert, s.mid.cert, NULL, NULL);
    assert_int_equal(scene_verify(&s, t), VERDICT_OK);
    trust_unref(t);
}

static void
an_intermediate_may_be_the_trusted_one(void **state)
{
    struct scene s = scene_new();
    scene_make(&s);
    s.root = s.mid;
    s.query.chain = made_chain(s.leaf.cert, NULL, NULL, NULL);
    assert_judged(&s, "ok");
}

static void
files_that_do_not_help_are_refused(void **state)
{
    struct err err = {0};
    struct trust_options missing = {.ca = "/nowhere/roots.pem"};
    assert_null(trust_new(&missing, &err));
    assert_string_equal(err.text, "cannot open '/nowhere/roots.pem': no such file or directory");
    struct trust_options empty = {.ca = folder_write("empty.pem", SLICE("nothing"), 0600)};
    assert_null(trust_new(&empty, &err));
    assert_non_null(strstr(err.text, "there is no certificate in"));
    struct trust_options damaged = {
        .ca = folder_write("damaged.pem",
                           SLICE("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                           0600)};
    assert_null(trust_new(&damaged, &err));
    assert_non_null(strstr(err.text, "certificate 1 is damaged"));
}

static void
the_system_has_roots(void **state)
{
    struct err err = {0};
    struct scene s = scene_new();
    struct trust_options o = {0};
    scene_make(&s);
    setenv("SSL_CERT_FILE",
           made_pem("system.pem", NULL, made_chain(s.root.cert, NULL, NULL, NULL), 0600), 1);
    struct trust *t = trust_new(&o, &err);
    unsetenv("SSL_CERT_FILE");
    assert_non_null(t);
    s.query.chain = made_chain(s.leaf.cert, s.mid.cert, NULL, NULL);
    assert_int_equal(scene_verify(&s, t), VERDICT_OK);
    trust_unref(t);
}

int
main(void)
{
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_chain_is_ok),
        cmocka_unit_test(an_expired_leaf_is_refused_with_its_date),
        cmocka_unit_test(an_expired_intermediate_is_named),
        cmocka_unit_test(an_expired_root_is_named),
        cmocka_unit_test(a_leaf_of_tomorrow_is_refused),
        cmocka_unit_test(the_time_of_the_question_counts),
        cmocka_unit_test(a_self_signed_server_is_refused),
        cmocka_unit_test(a_self_signed_server_that_is_trusted_is_ok),
        cmocka_unit_test(an_unknown_root_is_refused),
        cmocka_unit_test(a_root_that_the_server_sends_is_not_trusted_for_that),
        cmocka_unit_test(a_missing_intermediate_is_told_from_an_unknown_root),
        cmocka_unit_test(order_and_extra_certificates_do_not_matter),
        cmocka_unit_test(authorities_that_signed_each_other_make_no_loop),
        cmocka_unit_test(the_path_length_counts),
        cmocka_unit_test(a_deep_chain_is_refused),
        cmocka_unit_test(a_chain_of_many_certificates_is_not_looked_at),
        cmocka_unit_test(a_changed_certificate_is_refused),
        cmocka_unit_test(a_root_that_was_changed_is_refused),
        cmocka_unit_test(many_roots_are_judged_alike),
        cmocka_unit_test(a_trusted_server_that_may_not_sign_is_refused_as_an_authority),
        cmocka_unit_test(an_issuer_of_the_same_name_is_not_enough),
        cmocka_unit_test(a_wrong_candidate_does_not_hide_the_right_one),
        cmocka_unit_test(a_wrong_candidate_without_a_right_one_is_refused),
        cmocka_unit_test(an_authority_whose_key_is_known_is_refused),
        cmocka_unit_test(what_our_own_authority_signed_is_refused),
        cmocka_unit_test(a_long_life_is_only_noted),
        cmocka_unit_test(no_certificate_at_all_is_a_failure),
        cmocka_unit_test(roots_come_from_a_folder_too),
        cmocka_unit_test(an_intermediate_may_be_the_trusted_one),
        cmocka_unit_test(files_that_do_not_help_are_refused),
        cmocka_unit_test(the_system_has_roots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
