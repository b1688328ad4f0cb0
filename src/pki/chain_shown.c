/* The chain that a server showed. */
#include "pki/chain_shown.h"

#include "base/print.h"
#include "pki/cert_print.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <time.h>

#define NAME_MAX_SHOWN 120

void
chain_shown_fill(struct peer_tls *facts, const STACK_OF(X509) * chain)
{
    if (facts->n_certs)
        return;
    for (int i = 0; i < sk_X509_num(chain) && facts->n_certs < PEER_CERTS_MAX; i++) {
        int n = i2d_X509(sk_X509_value(chain, i), NULL);
        struct block *b = n > 0 ? block_new((size_t)n) : NULL;
        if (!b)
            return;
        unsigned char *p = (unsigned char *)b->data;
        b->n = (size_t)i2d_X509(sk_X509_value(chain, i), &p);
        facts->certs[facts->n_certs++] = b;
    }
}

static void
print_day(struct buf *out, const ASN1_TIME *t)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(t, &tm) == 1)
        buf_printf(out, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    else
        buf_append(out, SLICE("(malformed)"));
}

/* The issuer's own certificate is not there to take its name from: its last attribute says most. */
static void
print_issuer(struct buf *out, const X509 *cert)
{
    char line[256];
    X509_NAME_oneline(X509_get_issuer_name(cert), line, sizeof(line));
    print_safe(out, slice_first(slice_str(line), NAME_MAX_SHOWN), false);
}

void
chain_shown_print(struct buf *out, const struct peer_tls *facts)
{
    for (unsigned i = 0; i < facts->n_certs; i++) {
        const unsigned char *p = (const unsigned char *)facts->certs[i]->data;
        X509 *cert = d2i_X509(NULL, &p, (long)facts->certs[i]->n);
        if (!cert) {
            ERR_clear_error();
            continue;
        }
        buf_printf(out, "  %u: '", i);
        cert_name(out, cert, NAME_MAX_SHOWN);
        buf_append(out, SLICE("' issued by '"));
        print_issuer(out, cert);
        buf_append(out, SLICE("', "));
        print_day(out, X509_get0_notBefore(cert));
        buf_append(out, SLICE(" to "));
        print_day(out, X509_get0_notAfter(cert));
        buf_byte(out, '\n');
        X509_free(cert);
    }
}
