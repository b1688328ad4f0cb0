/* Tests of pki/verdict.c. */
#include "lib/chain_make.h"
#include "pki/verdict.h"

#include <openssl/x509.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
every_reason_has_a_word_of_its_own_and_an_explanation(void **state)
{
    for (int i = 0; i < VERDICT_COUNT; i++) {
        const char *word = verdict_word((enum verdict_reason)i);
        assert_non_null(word);
        for (const char *p = word; *p; p++)
            assert_true((*p >= 'a' && *p <= 'z') || *p == '-');
        for (int k = 0; k < i; k++)
            assert_string_not_equal(word, verdict_word((enum verdict_reason)k));
        assert_true(strlen(verdict_help((enum verdict_reason)i)) > 20);
    }
}

static void
only_ok_is_no_error_for_openssl(void **state)
{
    for (int i = 0; i < VERDICT_COUNT; i++)
        assert_int_equal(verdict_x509_error((enum verdict_reason)i) == X509_V_OK, i == VERDICT_OK);
}

static void
the_text_names_word_role_and_certificate(void **state)
{
    struct made_spec root = made_root("R"), leaf = made_leaf("l.example");
    struct made r = made_cert(&root, NULL), l = made_cert(&leaf, &r);
    struct verdict v;
    assert_false(verdict_fail(&v, VERDICT_EXPIRED, 0, l.cert, "ended %d", 1));
    assert_string_equal(v.text, "expired: certificate 'l.example' ended 1");
    assert_false(verdict_fail(&v, VERDICT_EXPIRED, 2, r.cert, "ended"));
    assert_string_equal(v.text, "expired: root 'R' ended");
    assert_int_equal(v.depth, 2);
    assert_false(verdict_fail(&v, VERDICT_TOO_LONG, 0, NULL, "no end"));
    assert_string_equal(v.text, "too-long: no end");
}

static void
a_long_text_is_cut_off(void **state)
{
    struct verdict v;
    char text[2000];
    memset(text, 'x', sizeof text);
    verdict_fail(&v, VERDICT_FAILED, 0, NULL, "%.*s", (int)sizeof text, text);
    assert_in_range(strlen(v.text), 200, sizeof v.text - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_word_of_its_own_and_an_explanation),
        cmocka_unit_test(only_ok_is_no_error_for_openssl),
        cmocka_unit_test(the_text_names_word_role_and_certificate),
        cmocka_unit_test(a_long_text_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
