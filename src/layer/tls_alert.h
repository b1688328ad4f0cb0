/* What it means when a peer of ours sends an alert (codec/alert.h has the names). */
#pragma once

#include "layer/layer.h"

enum tls_alert_kind {
    TLS_ALERT_OTHER,
    TLS_ALERT_TRUST,      /* about the certificate that the sender was shown */
    TLS_ALERT_PARAMETERS, /* version, cipher, group, protocol: nothing in common */
};

enum tls_alert_kind tls_alert_kind(int alert);
/* A sentence about the sender: a server when our role is to connect, else a client. NULL: the name
 * says it all. */
const char *tls_alert_meaning(int alert, enum role role);
