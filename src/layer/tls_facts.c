/* What a handshake told and agreed on, as the flows show it. */
#include "layer/tls_state.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>

/* All lists of a ClientHello as text. */
#define JA_MAX 8192

/* As much of the text as there is room for, to the first NUL. */
static void
note_text(char *to, size_t room, struct slice text)
{
    text = slice_first(slice_first(text, slice_find(text, '\0')), room - 1);
    if (text.n)
        memcpy(to, text.p, text.n);
    to[text.n] = '\0';
}

/* The first 'digits' hexadecimal digits of the hash of the text; "" on failure. */
static void
hash_text(const EVP_MD *md, const struct buf *text, unsigned digits, char *out)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    out[0] = '\0';
    if (text->failed || EVP_Digest(text->p + text->r, buf_len(text), sum, &n, md, NULL) != 1 ||
        n * 2 < digits)
        return;
    for (unsigned i = 0; i < digits; i++)
        out[i] = hex[i % 2 ? sum[i / 2] & 15 : sum[i / 2] >> 4];
    out[digits] = '\0';
}

static void
note_ja3(struct peer_tls *facts, const struct hello *h)
{
    struct buf text;
    buf_init(&text, JA_MAX);
    hello_ja3_text(h, &text);
    hash_text(EVP_md5(), &text, 32, facts->ja3);
    buf_release(&text);
}

/* One of the hashed parts of JA4. */
static void
ja4_part(void (*print)(const struct hello *, struct buf *), const struct hello *h, char out[13])
{
    struct buf text;
    buf_init(&text, JA_MAX);
    print(h, &text);
    if (buf_len(&text) || text.failed)
        hash_text(EVP_sha256(), &text, 12, out);
    else
        memcpy(out, "000000000000", 13);
    buf_release(&text);
}

static void
note_ja4(struct peer_tls *facts, const struct hello *h)
{
    char b[13], c[13];
    struct buf a;
    buf_init(&a, sizeof(facts->ja4));
    hello_ja4_a(h, &a);
    ja4_part(hello_ja4_b_text, h, b);
    ja4_part(hello_ja4_c_text, h, c);
    if (!a.failed && b[0] && c[0])
        snprintf(facts->ja4, sizeof(facts->ja4), "%.*s_%s_%s", SLICE_ARG(buf_slice(&a)), b, c);
    buf_release(&a);
}

void
tls_facts_hello(struct tls *t, const struct hello *h)
{
    struct peer_tls *facts = peer_need_tls(t->layer.chain->peer);
    if (!facts)
        return;
    peer_set_text(&facts->sni, h->sni);
    note_ja3(facts, h);
    note_ja4(facts, h);
}

static void
note_der(struct peer_tls *facts, struct slice der)
{
    struct block *b = facts->n_certs < PEER_CERTS_MAX ? block_new(der.n) : NULL;
    if (!b)
        return;
    memcpy(b->data, der.p, der.n);
    b->n = der.n;
    facts->certs[facts->n_certs++] = b;
}

static void
note_cert(struct peer_tls *facts, X509 *cert)
{
    unsigned char *der = NULL;
    int n = cert ? i2d_X509(cert, &der) : 0;
    if (n > 0)
        note_der(facts, slice_of(der, (size_t)n));
    OPENSSL_free(der);
}

/* Takes a vector with its length in front off *in; what is cut short is empty. */
static struct slice
take_vector(struct slice *in, unsigned length_bytes)
{
    size_t n = (size_t)slice_be(slice_first(*in, length_bytes));
    struct slice v = slice_first(slice_from(*in, length_bytes), n);
    bool whole = v.n == n && in->n >= length_bytes;
    *in = whole ? slice_from(*in, length_bytes + n) : SLICE_NONE;
    return whole ? v : SLICE_NONE;
}

/* Taken from the message and not from OpenSSL, which drops a chain that it refuses (RFC 8446
 * section 4.4.2, RFC 5246 section 7.4.2). */
void
tls_facts_shown(struct tls *t, struct slice msg)
{
    struct peer_tls *facts = peer_need_tls(t->layer.chain->peer);
    bool modern = SSL_version(t->ssl) == TLS1_3_VERSION;
    struct slice rest = slice_from(msg, SSL3_HM_HEADER_LENGTH);
    if (!facts || t->role != ROLE_CONNECT || facts->n_certs)
        return;
    if (modern)
        take_vector(&rest, 1); /* certificate_request_context */
    struct slice list = take_vector(&rest, 3);
    while (list.n) {
        struct slice der = take_vector(&list, 3);
        if (modern)
            take_vector(&list, 2); /* extensions */
        if (der.n)
            note_der(facts, der);
    }
}

/* A resumed handshake shows no certificates: the session has them. */
static void
note_certs(struct peer_tls *facts, const struct tls *t)
{
    if (facts->n_certs)
        return;
    if (t->role == ROLE_ACCEPT)
        return; /* who made the SSL knows what it shows */
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(t->ssl);
    for (int i = 0; i < sk_X509_num(chain); i++)
        note_cert(facts, sk_X509_value(chain, i));
    if (!facts->n_certs)
        note_cert(facts, SSL_get0_peer_certificate(t->ssl));
}

void
tls_facts_agreed(struct tls *t)
{
    struct peer_tls *facts = peer_need_tls(t->layer.chain->peer);
    const unsigned char *alpn = NULL;
    unsigned n = 0;
    if (!facts)
        return;
    int group = (int)SSL_get_negotiated_group(t->ssl);
    const char *group_name = group ? SSL_group_to_name(t->ssl, group) : NULL;
    note_text(facts->version, sizeof(facts->version), slice_str(SSL_get_version(t->ssl)));
    note_text(facts->cipher, sizeof(facts->cipher), slice_str(SSL_get_cipher_name(t->ssl)));
    note_text(facts->group, sizeof(facts->group), slice_str(group_name ? group_name : ""));
    SSL_get0_alpn_selected(t->ssl, &alpn, &n);
    note_text(facts->alpn, sizeof(facts->alpn), slice_of(alpn, n));
    facts->resumed = SSL_session_reused(t->ssl);
    if (t->role == ROLE_CONNECT) {
        const char *sni = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);
        peer_set_text(&facts->sni, slice_str(sni ? sni : ""));
    }
    note_certs(facts, t);
}
