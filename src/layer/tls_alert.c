/* Alerts of TLS: their names, and what they say about our certificate. */
#include "layer/tls.h"

static const char distrust[] = "the client does not trust Weir's CA, or pins another certificate";

static const struct {
    int alert;
    const char *name, *meaning;
} alerts[] = {
    {0, "close_notify", NULL},
    {10, "unexpected_message", NULL},
    {20, "bad_record_mac", NULL},
    {22, "record_overflow", NULL},
    {40, "handshake_failure", NULL},
    {42, "bad_certificate", distrust},
    {43, "unsupported_certificate", "the client cannot use this kind of certificate"},
    {44, "certificate_revoked", "the client holds the certificate for revoked"},
    {45, "certificate_expired", "the client holds the certificate for expired: is its clock right?"},
    {46, "certificate_unknown", distrust},
    {47, "illegal_parameter", NULL},
    {48, "unknown_ca", "the client does not trust Weir's CA"},
    {49, "access_denied", "the client refuses to go on"},
    {50, "decode_error", NULL},
    {51, "decrypt_error", NULL},
    {70, "protocol_version", NULL},
    {71, "insufficient_security", NULL},
    {80, "internal_error", NULL},
    {86, "inappropriate_fallback", NULL},
    {90, "user_canceled", NULL},
    {109, "missing_extension", NULL},
    {110, "unsupported_extension", NULL},
    {112, "unrecognized_name", NULL},
    {113, "bad_certificate_status_response", NULL},
    {116, "certificate_required", NULL},
    {120, "no_application_protocol", NULL},
};

const char *
tls_alert_name(int alert)
{
    for (size_t i = 0; i < ARRAY_LEN(alerts); i++)
        if (alerts[i].alert == alert)
            return alerts[i].name;
    return "unknown_alert";
}

const char *
tls_alert_meaning(int alert)
{
    for (size_t i = 0; i < ARRAY_LEN(alerts); i++)
        if (alerts[i].alert == alert)
            return alerts[i].meaning;
    return NULL;
}
