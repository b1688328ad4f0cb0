/* What a handshake agreed on, as the flows show it; and why it failed, in words. */
#include "layer/tls_state.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>

/* The first 'digits' hexadecimal digits of the hash. */
static void
facts_hash(const EVP_MD *md, struct slice text, size_t digits, char *out)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    out[0] = 0;
    if (!EVP_Digest(text.p ? text.p : "", text.n, sum, &n, md, NULL))
        return;
    for (size_t i = 0; i < n && i * 2 < digits; i++)
        snprintf(out + i * 2, 3, "%02x", sum[i]);
}

static void
facts_ja4(const struct hello *h, char out[37])
{
    struct buf a, b, c;
    char hb[13] = "000000000000", hc[13] = "000000000000";
    buf_init(&a, 64);
    buf_init(&b, 8192);
    buf_init(&c, 8192);
    hello_ja4_a(h, &a);
    hello_ja4_b_text(h, &b);
    hello_ja4_c_text(h, &c);
    if (buf_len(&b))
        facts_hash(EVP_sha256(), buf_slice(&b), 12, hb);
    if (buf_len(&c))
        facts_hash(EVP_sha256(), buf_slice(&c), 12, hc);
    snprintf(out, 37, "%s_%s_%s", buf_str(&a), hb, hc);
    buf_release(&a);
    buf_release(&b);
    buf_release(&c);
}

void
tls_facts_hello(struct tls *t)
{
    struct peer_tls *facts = peer_need_tls(t->layer.chain->peer);
    const struct hello *h = &t->hello->hello;
    struct buf ja3;
    if (!facts)
        return;
    snprintf(facts->sni, sizeof(facts->sni), "%.*s", SLICE_ARG(h->sni));
    buf_init(&ja3, 8192);
    hello_ja3_text(h, &ja3);
    facts_hash(EVP_md5(), buf_slice(&ja3), 32, facts->ja3);
    buf_release(&ja3);
    facts_ja4(h, facts->ja4);
}

static void
facts_add_cert(struct peer_tls *facts, X509 *cert)
{
    int n = cert ? i2d_X509(cert, NULL) : -1;
    if (n <= 0 || facts->n_certs == PEER_CERTS_MAX)
        return;
    struct block *b = block_new((size_t)n);
    if (!b)
        return;
    unsigned char *p = (unsigned char *)b->data;
    b->n = (size_t)i2d_X509(cert, &p);
    facts->certs[facts->n_certs++] = b;
}

static void
facts_certs(struct tls *t, struct peer_tls *facts)
{
    if (facts->n_certs)
        return;
    if (t->role == ROLE_ACCEPT) {
        facts_add_cert(facts, SSL_get_certificate(t->ssl));
        return;
    }
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(t->ssl);
    for (int i = 0; i < sk_X509_num(chain); i++)
        facts_add_cert(facts, sk_X509_value(chain, i));
}

void
tls_facts_fill(struct tls *t)
{
    struct peer_tls *facts = peer_need_tls(t->layer.chain->peer);
    const unsigned char *alpn;
    unsigned n;
    if (!facts)
        return;
    const char *group = SSL_group_to_name(t->ssl, (int)SSL_get_negotiated_group(t->ssl));
    snprintf(facts->version, sizeof(facts->version), "%s", SSL_get_version(t->ssl));
    snprintf(facts->cipher, sizeof(facts->cipher), "%s", SSL_get_cipher_name(t->ssl));
    snprintf(facts->group, sizeof(facts->group), "%s", group ? group : "");
    SSL_get0_alpn_selected(t->ssl, &alpn, &n);
    snprintf(facts->alpn, sizeof(facts->alpn), "%.*s", (int)n, n ? (const char *)alpn : "");
    facts->resumed = SSL_session_reused(t->ssl);
    if (t->role == ROLE_CONNECT) {
        const char *sni = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);
        snprintf(facts->sni, sizeof(facts->sni), "%s", sni ? sni : "");
    }
    facts_certs(t, facts);
}

/* Reasons of OpenSSL above this number are alerts that the peer sent. */
#define ALERT_OFFSET SSL_AD_REASON_OFFSET

void
tls_failure(struct tls *t, struct failure *why)
{
    bool client = t->role == ROLE_ACCEPT;
    enum reason reason = client ? REASON_TLS_CLIENT : REASON_TLS_SERVER;
    unsigned long code = ERR_peek_last_error();
    int alert = ERR_GET_REASON(code) - ALERT_OFFSET;
    const char *text = ERR_reason_error_string(code);
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && alert >= 0) {
        const char *meaning = client ? tls_alert_meaning(alert) : NULL;
        if (meaning)
            failure_set(why, reason, "refused:alert(%s): %s", tls_alert_name(alert), meaning);
        else
            failure_set(why, reason, "the %s sent the alert %s", client ? "client" : "server", tls_alert_name(alert));
    } else {
        failure_set(why, reason, "%s", text ? text : "the connection broke");
    }
    ERR_clear_error();
}
