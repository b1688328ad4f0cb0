/* Judges any bytes as a chain: two bytes of length and a certificate, repeated; what is left over
 * is the staple. */
#include "lib/chain_make.h"
#include "lib/folder.h"
#include "pki/trust.h"
#include "pki/trust_checks.h"
#include "pki/trust_staple.h"

#include <assert.h>
#include <openssl/err.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Takes certificates off the front of *rest. */
static STACK_OF(X509) * read_chain(struct slice *rest)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    while (rest->n > 2 && sk_X509_num(chain) < 40) {
        size_t len = (size_t)(uint8_t)rest->p[0] << 8 | (uint8_t)rest->p[1];
        struct slice der = slice_first(slice_from(*rest, 2), len);
        const unsigned char *p = (const unsigned char *)der.p;
        X509 *cert = d2i_X509(NULL, &p, (long)der.n);
        if (!cert)
            break;
        assert(sk_X509_push(chain, cert));
        *rest = slice_from(*rest, 2 + der.n);
    }
    ERR_clear_error();
    return chain;
}

static struct trust *
make_trust(void)
{
    struct made_spec root = made_root("Root");
    STACK_OF(X509) *roots = made_chain(made_cert(&root, NULL).cert, NULL, NULL, NULL);
    struct trust_options o = {.ca = made_pem("r.pem", NULL, roots, 0600)};
    struct trust *trust = trust_new(&o, NULL);
    /* Fuzzers end without tidying up. */
    unlink(o.ca);
    rmdir(folder_path());
    return trust;
}

static void
check_verdict(bool ok, const struct verdict *v)
{
    assert(ok == (v->reason == VERDICT_OK));
    for (const char *p = v->text; *p; p++)
        assert((unsigned char)*p >= 0x20 || *p == '\t');
}

/* The parts that a signature nobody can guess keeps the fuzzer from. */
static void
check_parts(STACK_OF(X509) * chain, const struct trust_query *q)
{
    struct verdict v = {0};
    struct staple staple = {.der = q->staple, .at = time(NULL)};
    X509 *leaf = sk_X509_value(chain, 0);
    if (!leaf)
        return;
    trust_check_leaked(chain, &v);
    trust_check_chain(chain, &v);
    trust_check_name(leaf, q->host, &v);
    trust_check_name(leaf, SLICE("192.0.2.7"), &v);
    trust_check_staple(chain, &staple, &v);
    ERR_clear_error();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct trust *trust;
    if (!trust)
        trust = make_trust();
    struct slice rest = slice_of(data, n);
    struct verdict v;
    struct trust_query q = {.host = SLICE("www.example.com")};
    q.chain = read_chain(&rest);
    q.staple = rest;
    check_verdict(trust_verify(trust, &q, &v), &v);
    assert(ERR_peek_error() == 0);
    check_parts(q.chain, &q);
    sk_X509_pop_free(q.chain, X509_free);
    return 0;
}
