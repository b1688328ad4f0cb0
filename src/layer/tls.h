/*
 * TLS on one side of a connection (RFC 8446, RFC 5246), by OpenSSL over the chain: records come out of the bytes that are
 * offered, and go straight to the layer below.
 *
 * Towards a client the ClientHello is read first, by our own parser, out of the bytes that were not taken yet; then the
 * host is asked (ASK_TLS) and the handshake runs on the same bytes. Towards a server the host brings a configured SSL.
 *
 * host->secured is called when the handshake ended, good or bad; and once more, with a failure, when a client went away
 * after a good handshake without having sent a byte, which is how some clients refuse a certificate.
 */
#pragma once

#include "layer/chain.h"

struct ssl_st;

/* NULL without memory. */
struct layer *tls_accept_new(void) MUST_CHECK;
/* Takes the SSL, when the result is not NULL. The handshake begins at EV_START. */
struct layer *tls_connect_new(struct ssl_st *ssl) MUST_CHECK;

extern const struct layer_ops tls_accept_ops;

/* "unknown_ca" (RFC 8446 section 6); "unknown_alert" for numbers without a name. */
const char *tls_alert_name(int alert);
/* What it means when a client answers our certificate with it; NULL: it is not about the certificate. */
const char *tls_alert_meaning(int alert);
