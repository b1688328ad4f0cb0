/* The alerts of TLS. */
#include "layer/tls_alert.h"

#include "base/base.h"

static const char distrust[] = "the client does not trust Weir's CA";
static const char pinned[] = "the client does not trust Weir's CA, or pins another certificate";
static const char our_cert[] = "the server does not accept our client certificate";

static const struct alert_row {
    int alert;
    enum tls_alert_kind kind;
    const char *name, *client, *server;
} rows[] = {
    {0, TLS_ALERT_OTHER, "close_notify", NULL, NULL},
    {10, TLS_ALERT_OTHER, "unexpected_message", NULL, NULL},
    {20, TLS_ALERT_OTHER, "bad_record_mac", NULL, NULL},
    {21, TLS_ALERT_OTHER, "decryption_failed", NULL, NULL},
    {22, TLS_ALERT_OTHER, "record_overflow", NULL, NULL},
    {30, TLS_ALERT_OTHER, "decompression_failure", NULL, NULL},
    {40, TLS_ALERT_PARAMETERS, "handshake_failure",
     "the client takes none of the parameters that it was offered",
     "the server takes none of the versions, ciphers, groups or certificates that it was offered"},
    {41, TLS_ALERT_TRUST, "no_certificate", NULL, NULL},
    {42, TLS_ALERT_TRUST, "bad_certificate", pinned, our_cert},
    {43, TLS_ALERT_TRUST, "unsupported_certificate",
     "the client cannot use this kind of certificate", our_cert},
    {44, TLS_ALERT_TRUST, "certificate_revoked", "the client holds the certificate for revoked",
     "the server holds our client certificate for revoked"},
    {45, TLS_ALERT_TRUST, "certificate_expired",
     "the client holds the certificate, or Weir's CA, for expired: is its clock right?",
     "the server holds our client certificate for expired"},
    {46, TLS_ALERT_TRUST, "certificate_unknown", pinned, our_cert},
    {47, TLS_ALERT_PARAMETERS, "illegal_parameter", NULL, NULL},
    {48, TLS_ALERT_TRUST, "unknown_ca", distrust,
     "the server does not know the authority of our client certificate"},
    {49, TLS_ALERT_TRUST, "access_denied", "the client refuses to go on with this certificate",
     "the server refuses our client certificate"},
    {50, TLS_ALERT_OTHER, "decode_error", NULL, NULL},
    {51, TLS_ALERT_OTHER, "decrypt_error", NULL, NULL},
    {60, TLS_ALERT_PARAMETERS, "export_restriction", NULL, NULL},
    {70, TLS_ALERT_PARAMETERS, "protocol_version", "the client does not speak this version of TLS",
     "the server speaks none of the versions of TLS that it was offered"},
    {71, TLS_ALERT_PARAMETERS, "insufficient_security", "the client wants stronger ciphers or keys",
     "the server wants stronger ciphers or keys"},
    {80, TLS_ALERT_OTHER, "internal_error", NULL, NULL},
    {86, TLS_ALERT_PARAMETERS, "inappropriate_fallback", NULL, NULL},
    {90, TLS_ALERT_OTHER, "user_canceled", NULL, NULL},
    {100, TLS_ALERT_OTHER, "no_renegotiation", NULL, NULL},
    {109, TLS_ALERT_PARAMETERS, "missing_extension", NULL, NULL},
    {110, TLS_ALERT_PARAMETERS, "unsupported_extension", NULL, NULL},
    {111, TLS_ALERT_TRUST, "certificate_unobtainable", NULL, NULL},
    {112, TLS_ALERT_PARAMETERS, "unrecognized_name", NULL, "the server has no site of this name"},
    {113, TLS_ALERT_TRUST, "bad_certificate_status_response",
     "the client wants another proof of validity", NULL},
    {114, TLS_ALERT_TRUST, "bad_certificate_hash_value", NULL, NULL},
    {115, TLS_ALERT_PARAMETERS, "unknown_psk_identity", NULL, NULL},
    {116, TLS_ALERT_TRUST, "certificate_required", NULL,
     "the server asks for a client certificate"},
    {120, TLS_ALERT_PARAMETERS, "no_application_protocol",
     "the client speaks none of the protocols that it was offered",
     "the server speaks none of the protocols that it was offered"},
};

static const struct alert_row *
alert_find(int alert)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].alert == alert)
            return &rows[i];
    return NULL;
}

const char *
tls_alert_name(int alert)
{
    const struct alert_row *r = alert_find(alert);
    return r ? r->name : "unknown_alert";
}

enum tls_alert_kind
tls_alert_kind(int alert)
{
    const struct alert_row *r = alert_find(alert);
    return r ? r->kind : TLS_ALERT_OTHER;
}

const char *
tls_alert_meaning(int alert, enum role role)
{
    const struct alert_row *r = alert_find(alert);
    if (!r)
        return NULL;
    return role == ROLE_ACCEPT ? r->client : r->server;
}
