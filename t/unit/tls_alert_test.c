/* Meanings of alerts. */
#include "layer/tls_alert.h"

#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

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
        cmocka_unit_test(certificate_alerts_are_about_trust),
        cmocka_unit_test(a_meaning_is_about_the_sender),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
