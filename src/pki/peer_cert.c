/* References to peers' certificates. */
#include "pki/peer_cert.h"

#include <openssl/ssl.h>

struct x509_st *
peer_cert_get(const struct ssl_st *ssl)
{
    return SSL_get1_peer_certificate(ssl);
}

struct x509_st *
peer_cert_ref(struct x509_st *cert)
{
    X509_up_ref(cert);
    return cert;
}

void
peer_cert_unref(struct x509_st *cert)
{
    X509_free(cert);
}
