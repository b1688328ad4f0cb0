/* Tests of pki/trust_staple.c, and of revocation lists. */
#include "lib/scene.h"

#include <openssl/ocsp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct slice
staple_for(struct scene *s, int status, int from_days, int to_days)
{
    if (!s->leaf.cert)
        scene_make(s);
    struct made_ocsp o = {.cert = s->leaf.cert,
                          .issuer = s->mid.cert,
                          .signer = s->mid,
                          .status = status,
                          .from_days = from_days,
                          .to_days = to_days};
    return made_ocsp(&o);
}

static void
a_revoked_staple_is_refused(void **state)
{
    struct scene s = scene_new();
    s.query.staple = staple_for(&s, V_OCSP_CERTSTATUS_REVOKED, -1, 5);
    assert_judged(&s, "revoked");
    assert_non_null(strstr(s.verdict.text, "keyCompromise"));
    assert_string_equal(s.verdict.ocsp, "revoked");
}

static void
a_good_staple_is_ok(void **state)
{
    struct scene s = scene_new();
    s.query.staple = staple_for(&s, V_OCSP_CERTSTATUS_GOOD, -1, 5);
    assert_judged(&s, "ok");
    assert_string_equal(s.verdict.text, "");
    assert_string_equal(s.verdict.ocsp, "good");
}

static void
an_old_staple_is_only_noted(void **state)
{
    struct scene s = scene_new();
    s.query.staple = staple_for(&s, V_OCSP_CERTSTATUS_GOOD, -9, -2);
    assert_judged(&s, "ok");
    assert_non_null(strstr(s.verdict.text, "too old"));
    assert_string_equal(s.verdict.ocsp, "useless");
}

static void
a_staple_that_is_garbage_is_only_noted(void **state)
{
    struct scene s = scene_new();
    s.query.staple = SLICE("no response");
    assert_judged(&s, "ok");
    assert_non_null(strstr(s.verdict.text, "malformed"));
}

static void
a_staple_by_a_stranger_says_nothing(void **state)
{
    struct scene s = scene_new();
    struct made_spec stranger = made_root("Stranger");
    stranger.key = MADE_RSA2048_OTHER;
    scene_make(&s);
    struct made_ocsp o = {.cert = s.leaf.cert,
                          .issuer = s.mid.cert,
                          .signer = made_cert(&stranger, NULL),
                          .status = V_OCSP_CERTSTATUS_REVOKED,
                          .from_days = -1,
                          .to_days = 5};
    s.query.staple = made_ocsp(&o);
    assert_judged(&s, "ok");
    assert_non_null(strstr(s.verdict.text, "not signed by the issuer"));
}

static const char *
judged_with_responder(const char *eku)
{
    struct scene s = scene_new();
    struct made_spec responder = made_leaf("responder");
    responder.key = MADE_RSA2048_OTHER;
    made_set(&responder, "extendedKeyUsage", eku);
    scene_make(&s);
    struct made_ocsp o = {.cert = s.leaf.cert,
                          .issuer = s.mid.cert,
                          .signer = made_cert(&responder, &s.mid),
                          .status = V_OCSP_CERTSTATUS_REVOKED,
                          .from_days = -1,
                          .to_days = 5};
    s.query.staple = made_ocsp(&o);
    return scene_judged(&s);
}

static void
a_responder_must_be_appointed_by_the_issuer(void **state)
{
    assert_string_equal(judged_with_responder("OCSPSigning"), "revoked");
    assert_string_equal(judged_with_responder("serverAuth"), "ok");
}

static void
must_staple_demands_a_good_staple(void **state)
{
    struct scene s = scene_new();
    made_set(&s.leaf_spec, "tlsfeature", "status_request");
    assert_judged(&s, "must-staple");
    s.query.staple_later = true;
    assert_judged(&s, "ok");
    s.query.staple = staple_for(&s, V_OCSP_CERTSTATUS_GOOD, -1, 5);
    assert_judged(&s, "ok");
    s.query.staple = staple_for(&s, V_OCSP_CERTSTATUS_GOOD, -9, -2);
    assert_judged(&s, "bad-staple");
}

static void
a_certificate_on_a_list_is_refused(void **state)
{
    struct scene s = scene_new();
    s.leaf_spec.serial = "77";
    scene_make(&s);
    s.crl = made_crl("crl.pem", &s.mid, s.leaf.cert, -1, 5);
    assert_judged(&s, "revoked");
}

static void
a_list_without_it_is_ok(void **state)
{
    struct scene s = scene_new();
    s.leaf_spec.serial = "78";
    scene_make(&s);
    s.crl = made_crl("crl.pem", &s.mid, s.root.cert, -1, 5);
    assert_judged(&s, "ok");
}

static void
an_old_list_is_refused(void **state)
{
    struct scene s = scene_new();
    scene_make(&s);
    s.crl = made_crl("crl.pem", &s.mid, NULL, -9, -5);
    assert_judged(&s, "bad-crl");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_revoked_staple_is_refused),
        cmocka_unit_test(a_good_staple_is_ok),
        cmocka_unit_test(an_old_staple_is_only_noted),
        cmocka_unit_test(a_staple_that_is_garbage_is_only_noted),
        cmocka_unit_test(a_staple_by_a_stranger_says_nothing),
        cmocka_unit_test(a_responder_must_be_appointed_by_the_issuer),
        cmocka_unit_test(must_staple_demands_a_good_staple),
        cmocka_unit_test(a_certificate_on_a_list_is_refused),
        cmocka_unit_test(a_list_without_it_is_ok),
        cmocka_unit_test(an_old_list_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
