/* The alerts of TLS by name. */
#include "codec/alert.h"

#include "base/scan.h"

static const struct {
    uint8_t alert;
    const char *name;
} rows[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {21, "decryption_failed"},
    {22, "record_overflow"},
    {30, "decompression_failure"},
    {40, "handshake_failure"},
    {41, "no_certificate"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {60, "export_restriction"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {111, "certificate_unobtainable"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {114, "bad_certificate_hash_value"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
};

const char *
alert_name(int alert)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].alert == alert)
            return rows[i].name;
    return "unknown_alert";
}

bool
alert_find(struct slice text, uint8_t *out)
{
    uint64_t number;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (slice_eq(text, slice_str(rows[i].name))) {
            *out = rows[i].alert;
            return true;
        }
    TRY(scan_u64(text, UINT8_MAX, &number));
    *out = (uint8_t)number;
    return true;
}

bool
alert_is_warning(uint8_t alert)
{
    return alert == 0 || alert == 90 || alert == 100; /* close, cancel, no renegotiation */
}
