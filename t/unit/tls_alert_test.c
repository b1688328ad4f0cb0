/* Names and meanings of alerts. */
#include "layer/tls_alert.h"

#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
every_alert_of_the_standards_has_its_name(void **state)
{
    assert_string_equal(tls_alert_name(SSL_AD_CLOSE_NOTIFY), "close_notify");
    assert_string_equal(tls_alert_name(SSL_AD_UNKNOWN_CA), "unknown_ca");
    assert_string_equal(tls_alert_name(SSL_AD_NO_APPLICATION_PROTOCOL), "no_application_protocol");
    assert_string_equal(tls_alert_name(255), "unknown_alert");
    assert_string_equal(tls_alert_name(-1), "unknown_alert");
}

/* OpenSSL writes "unknown CA" where the standard writes unknown_ca. */
static void
names_are_those_of_openssl(void **state)
{
    for (int alert = 0; alert < 256; alert++) {
        const char *theirs = SSL_alert_desc_string_long(alert), *ours = tls_alert_name(alert);
        if (strcmp(theirs, "unknown") == 0)
            continue;
        assert_string_not_equal(ours, "unknown_alert");
        for (size_t i = 0; ours[i]; i++)
            if ((ours[i] | 0x20) != (theirs[i] | 0x20) && ours[i] != '_')
                fail_msg("%d is '%s', not '%s'", alert, theirs, ours);
    }
}

static void
certificate_alerts_are_about_trust(void **state)
{
    assert_int_equal(tls_alert_kind(SSL_AD_UNKNOWN_CA), TLS_ALERT_TRUST);
    assert_int_equal(tls_alert_kind(SSL_AD_BAD_CERTIFICATE), TLS_ALERT_TRUST);
    assert_int_equal(tls_alert_kind(SSL_AD_CERTIFICATE_UNKNOWN), TLS_ALERT_TRUST);
    assert_int_equal(tls_alert_kind(SSL_AD_CERTIFICATE_EXPIRED), TLS_ALERT_TRUST);
    assert_int_equal(tls_alert_kind(SSL_AD_PROTOCOL_VERSION), TLS_ALERT_PARAMETERS);
    assert_int_equal(tls_alert_kind(SSL_AD_HANDSHAKE_FAILURE), TLS_ALERT_PARAMETERS);
    assert_int_equal(tls_alert_kind(SSL_AD_INTERNAL_ERROR), TLS_ALERT_OTHER);
    assert_int_equal(tls_alert_kind(255), TLS_ALERT_OTHER);
}

static void
a_meaning_is_about_the_sender(void **state)
{
    assert_string_equal(tls_alert_meaning(SSL_AD_UNKNOWN_CA, ROLE_ACCEPT),
                        "the client does not trust Weir's CA");
    assert_string_equal(tls_alert_meaning(SSL_AD_UNKNOWN_CA, ROLE_CONNECT),
                        "the server does not know the authority of our client certificate");
    assert_null(tls_alert_meaning(SSL_AD_INTERNAL_ERROR, ROLE_ACCEPT));
    assert_null(tls_alert_meaning(255, ROLE_CONNECT));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_alert_of_the_standards_has_its_name),
        cmocka_unit_test(names_are_those_of_openssl),
        cmocka_unit_test(certificate_alerts_are_about_trust),
        cmocka_unit_test(a_meaning_is_about_the_sender),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
