/* The certificate that a peer showed, for code that does not know the TLS library. */
#pragma once

struct ssl_st;
struct x509_st;

/* Returns an owned reference, or NULL when the peer showed none. */
struct x509_st *peer_cert_get(const struct ssl_st *ssl);
struct x509_st *peer_cert_ref(struct x509_st *cert);
/* NULL is allowed. */
void peer_cert_unref(struct x509_st *cert);
