/* Names of alerts. */
#include "codec/alert.h"

#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
every_alert_of_the_standards_has_its_name(void **state)
{
    assert_string_equal(alert_name(SSL_AD_CLOSE_NOTIFY), "close_notify");
    assert_string_equal(alert_name(SSL_AD_UNKNOWN_CA), "unknown_ca");
    assert_string_equal(alert_name(SSL_AD_NO_APPLICATION_PROTOCOL), "no_application_protocol");
    assert_string_equal(alert_name(255), "unknown_alert");
    assert_string_equal(alert_name(-1), "unknown_alert");
}

/* OpenSSL writes "unknown CA" where the standard writes unknown_ca. */
static void
names_are_those_of_openssl(void **state)
{
    for (int alert = 0; alert < 256; alert++) {
        const char *theirs = SSL_alert_desc_string_long(alert), *ours = alert_name(alert);
        if (strcmp(theirs, "unknown") == 0)
            continue;
        assert_string_not_equal(ours, "unknown_alert");
        for (size_t i = 0; ours[i]; i++)
            if ((ours[i] | 0x20) != (theirs[i] | 0x20) && ours[i] != '_')
                fail_msg("%d is '%s', not '%s'", alert, theirs, ours);
    }
}

static void
an_alert_is_found_by_name_and_by_number(void **state)
{
    static const struct {
        const char *text;
        int want; /* -1: none */
    } rows[] = {{"unknown_ca", 48}, {"48", 48},         {"close_notify", 0}, {"0", 0},
                {"255", 255},       {"256", -1},        {"-1", -1},          {"", -1},
                {"4 8", -1},        {"unknown ca", -1}, {"UNKNOWN_CA", -1},  {"0x30", -1}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t alert = 0;
        bool found = alert_find(slice_str(rows[i].text), &alert);
        assert_int_equal(found ? alert : -1, rows[i].want);
    }
}

static void
what_is_found_has_the_name(void **state)
{
    for (int i = 0; i < 256; i++) {
        uint8_t alert;
        if (strcmp(alert_name(i), "unknown_alert") == 0)
            continue;
        assert_true(alert_find(slice_str(alert_name(i)), &alert));
        assert_int_equal(alert, i);
    }
}

static void
few_alerts_are_warnings(void **state)
{
    assert_true(alert_is_warning(SSL_AD_CLOSE_NOTIFY));
    assert_true(alert_is_warning(SSL_AD_USER_CANCELLED));
    assert_false(alert_is_warning(SSL_AD_UNKNOWN_CA));
    assert_false(alert_is_warning(SSL_AD_HANDSHAKE_FAILURE));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_alert_of_the_standards_has_its_name),
        cmocka_unit_test(names_are_those_of_openssl),
        cmocka_unit_test(an_alert_is_found_by_name_and_by_number),
        cmocka_unit_test(what_is_found_has_the_name),
        cmocka_unit_test(few_alerts_are_warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
