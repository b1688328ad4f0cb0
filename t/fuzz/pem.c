/* Any bytes as a PEM file: of certificates and keys, of the authority, of what we show a server.
 * What is taken can be used, and what is not is said with the name of the file. */
#include "pki/pem.h"
#include "lib/memory_file.h"
#include "pki/ca.h"
#include "pki/ca_pem.h"
#include "pki/client_cert.h"

#include <assert.h>
#include <openssl/err.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
try_authority(const struct pem *pem)
{
    struct err e = {0};
    struct ca *ca = ca_from_pem(pem, "here", &e);
    assert(ca || e.text[0]);
    ca_unref(ca);
}

static void
try_parts(struct slice text, unsigned want)
{
    struct err e = {0};
    struct pem pem;
    if (!pem_parse(&pem, text, want, NULL, &e)) {
        assert(e.code != ERR_NONE && e.text[0]);
        return;
    }
    assert(pem.certs && (want & PEM_CERTS || sk_X509_num(pem.certs) == 0));
    assert(want & PEM_KEY || !pem.key);
    assert(want & PEM_CRLS || !pem.crls || sk_X509_CRL_num(pem.crls) == 0);
    try_authority(&pem);
    pem_release(&pem);
}

static void
try_client_cert(const char *path)
{
    struct err e = {0};
    struct client_cert *cert = NULL;
    struct client_certs *all = client_certs_new(path, &e);
    if (!all) {
        assert(slice_find(slice_str(e.text), '\'') < slice_str(e.text).n);
        return;
    }
    assert(client_certs_get(all, SLICE("a.test"), &cert, &e) && cert);
    assert(X509_check_private_key(client_cert_x509(cert), client_cert_key(cert)) == 1);
    client_certs_free(all);
    client_cert_unref(cert);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice in = slice_of(data, n);
    try_parts(in, PEM_CERTS | PEM_KEY | PEM_CRLS);
    try_parts(in, PEM_CERTS);
    try_client_cert(memory_file(in));
    assert(ERR_peek_error() == 0);
    return 0;
}
