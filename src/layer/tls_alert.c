/* What the alerts of TLS mean. */
#include "layer/tls_alert.h"

#include "base/base.h"

static const char distrust[] = "the client does not trust Weir's CA";
static const char pinned[] = "the client does not trust Weir's CA, or pins another certificate";
static const char our_cert[] = "the server does not accept our client certificate";

static const struct alert_row {
    int alert;
    enum tls_alert_kind kind;
    const char *client, *server;
} rows[] = {
    {40, TLS_ALERT_PARAMETERS, "the client takes none of the parameters that it was offered",
     "the server takes none of the versions, ciphers, groups or certificates that it was offered"},
    {41, TLS_ALERT_TRUST, NULL, NULL},
    {42, TLS_ALERT_TRUST, pinned, our_cert},
    {43, TLS_ALERT_TRUST, "the client cannot use this kind of certificate", our_cert},
    {44, TLS_ALERT_TRUST, "the client holds the certificate for revoked",
     "the server holds our client certificate for revoked"},
    {45, TLS_ALERT_TRUST,
     "the client holds the certificate, or Weir's CA, for expired: is its clock right?",
     "the server holds our client certificate for expired"},
    {46, TLS_ALERT_TRUST, pinned, our_cert},
    {47, TLS_ALERT_PARAMETERS, NULL, NULL},
    {48, TLS_ALERT_TRUST, distrust,
     "the server does not know the authority of our client certificate"},
    {49, TLS_ALERT_TRUST, "the client refuses to go on with this certificate",
     "the server refuses our client certificate"},
    {60, TLS_ALERT_PARAMETERS, NULL, NULL},
    {70, TLS_ALERT_PARAMETERS, "the client does not speak this version of TLS",
     "the server speaks none of the versions of TLS that it was offered"},
    {71, TLS_ALERT_PARAMETERS, "the client wants stronger ciphers or keys",
     "the server wants stronger ciphers or keys"},
    {86, TLS_ALERT_PARAMETERS, NULL, NULL},
    {109, TLS_ALERT_PARAMETERS, NULL, NULL},
    {110, TLS_ALERT_PARAMETERS, NULL, NULL},
    {111, TLS_ALERT_TRUST, NULL, NULL},
    {112, TLS_ALERT_PARAMETERS, NULL, "the server has no site of this name"},
    {113, TLS_ALERT_TRUST, "the client wants another proof of validity", NULL},
    {114, TLS_ALERT_TRUST, NULL, NULL},
    {115, TLS_ALERT_PARAMETERS, NULL, NULL},
    {116, TLS_ALERT_TRUST, NULL, "the server asks for a client certificate"},
    {120, TLS_ALERT_PARAMETERS, "the client speaks none of the protocols that it was offered",
     "the server speaks none of the protocols that it was offered"},
};

static const struct alert_row *
row_find(int alert)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].alert == alert)
            return &rows[i];
    return NULL;
}

enum tls_alert_kind
tls_alert_kind(int alert)
{
    const struct alert_row *r = row_find(alert);
    return r ? r->kind : TLS_ALERT_OTHER;
}

const char *
tls_alert_meaning(int alert, enum role role)
{
    const struct alert_row *r = row_find(alert);
    if (!r)
        return NULL;
    return role == ROLE_ACCEPT ? r->client : r->server;
}
