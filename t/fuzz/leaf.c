/* Forges a certificate like any bytes that are one, and prints them: whatever a server shows,
 * nothing breaks. */
#include "pki/leaf.h"
#include "base/buf.h"
#include "base/json.h"
#include "pki/ca.h"
#include "pki/cert_print.h"
#include "pki/host.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#define HOST "www.shop.example.com"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
print_all(X509 *cert)
{
    struct buf out;
    struct json j;
    buf_init(&out, 1024 * 1024);
    cert_print(&out, cert);
    for (struct slice s = buf_slice(&out); s.n; s = slice_from(s, 1))
        assert((unsigned char)s.p[0] >= 0x20 || s.p[0] == '\n' || s.p[0] == '\t');
    buf_reset(&out);
    cert_name(&out, cert, 80);
    assert(buf_len(&out) > 0 || out.failed);
    json_init(&j, &out);
    cert_json(&j, NULL, cert);
    buf_release(&out);
}

/* The forged one must be whole, whatever it was made like. */
static void
check_leaf(const struct leaf *leaf, const struct leaf_spec *spec)
{
    unsigned char *der = NULL;
    int n = i2d_X509(leaf->cert, &der);
    const unsigned char *p = der;
    X509 *again = d2i_X509(NULL, &p, n);
    assert(again);
    enum verdict_reason reason = leaf_fault_verdict(spec->fault);
    bool named =
        X509_check_host(again, HOST, 0,
                        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                        NULL) == 1;
    assert(named == (reason != VERDICT_WRONG_HOST && reason != VERDICT_NAME_IN_CN_ONLY));
    X509_free(again);
    OPENSSL_free(der);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ca *ca;
    if (!ca)
        ca = ca_new_untrusted(NULL);
    if (n == 0)
        return 0;
    const unsigned char *p = data + 1;
    X509 *upstream = d2i_X509(NULL, &p, (long)(n - 1));
    ERR_clear_error();
    if (!upstream)
        return 0;
    struct leaf_spec spec = {
        .host = SLICE(HOST),
        .sni = SLICE(HOST),
        .upstream = upstream,
        .fault = (enum leaf_fault)(data[0] % LEAF_FAULTS),
        .crl_base = "http://weir.it/crl/",
    };
    struct leaf *leaf = leaf_mint(ca, &spec, NULL);
    assert(leaf);
    assert(ERR_peek_error() == 0);
    check_leaf(leaf, &spec);
    print_all(leaf->cert);
    print_all(upstream);
    leaf_unref(leaf);
    X509_free(upstream);
    return 0;
}
