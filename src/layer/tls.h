/*
 * TLS on one side of a connection (RFC 8446, RFC 5246), by OpenSSL over the chain: it reads the
 * bytes that are offered and writes straight to the layer below.
 *
 * Towards a client the ClientHello is read first, by our own parser, out of bytes that nobody has
 * taken yet. Then the host is asked (ASK_TLS), and the handshake runs on the very bytes; SNI is
 * what the parser found and nothing else. What it cannot read gets an alert, and is never shown to
 * OpenSSL. Towards a server the host brings a configured SSL.
 *
 * The host configures every SSL as pki/ctx.h does: SSL_MODE_ENABLE_PARTIAL_WRITE,
 * SSL_MODE_RELEASE_BUFFERS, SSL_OP_NO_RENEGOTIATION, no SSL_MODE_AUTO_RETRY. The layer sets its BIO
 * and its message callback.
 *
 * host->secured is called once with the end of the handshake, good or bad, and then EV_START or
 * EV_CLOSED goes up. It is called once more, with a failure, when a client goes away at once after
 * a good handshake and without having sent a byte: that is how some clients refuse a certificate.
 * It is not called when it was us who closed. chain->peer->tls holds all that is known by then.
 *
 * The text of a failure with REASON_TLS_CLIENT begins with a word for programs:
 *
 *   refused:alert(NAME)             the client sent this alert instead of going on
 *   refused:eof-in-handshake        it closed when it had seen our certificate
 *   refused:reset                   so it did, with a reset
 *   refused:closed-after-handshake  see above
 *   handshake-failed:parameters     nothing in common: says nothing about trust
 *   handshake-failed:protocol       it broke the rules of TLS
 *   handshake-failed:proxy          our fault
 *   not-tls                         its first bytes are not TLS
 *   left                            it went away before it was shown a certificate
 *   silent                          nothing came for the time of a handshake
 *
 * Every failure sends the alert that fits, and every end of ours close_notify. Their absence is
 * told by EV_EOF.
 */
#pragma once

#include "layer/chain.h"

struct ssl_st;

/* NULL without memory. */
struct layer *tls_accept_new(void) MUST_CHECK;
/* Takes the SSL, when the result is not NULL. The handshake begins at EV_START. */
struct layer *tls_connect_new(struct ssl_st *ssl) MUST_CHECK;

extern const struct layer_ops tls_accept_ops;
