/* TLS contexts and connections by policy. */
#include "pki/ctx.h"
#include "pki/chain_shown.h"
#include "pki/client_cert.h"
#include "pki/keylog.h"
#include "pki/leaf.h"
#include "pki/ossl.h"
#include "pki/sessions.h"
#include "pki/trust.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <time.h>

/* TLS 1.2 and below. Static RSA, finite-field DH, CBC and everything older stays off. */
#define CIPHERS_MODERN                                                                             \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                   \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                   \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
/* As browsers order them. OpenSSL has AES-256 first: more work for each byte, and a
 * handshake under SHA-384, which processors do not help with. */
#define CIPHERS_13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
/* TLS 1.1 and below know only CBC, and SHA-1 inside. */
#define CIPHERS_OLD CIPHERS_MODERN ":ECDHE+AES:RSA+AES:@SECLEVEL=0"

/* Finite-field groups are off in every version: with those of TLS 1.3 a client makes us raise 8192
 * bit numbers to powers for next to nothing (CVE-2002-20001). */
#define GROUPS "X25519:P-256:X448:P-521:P-384"

/* OpenSSL's list without DSA and SHA-224. */
#define SIGNATURES                                                                                 \
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:"                                        \
    "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"                                 \
    "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"                                    \
    "RSA+SHA256:RSA+SHA384:RSA+SHA512"

/* Certificates of a chain and more; OpenSSL's default is smaller than what trust_verify would look
 * at. */
#define MAX_CERT_LIST TRUST_MAX_CHAIN_BYTES

/* What is kept of a session: the server chooses how large its tickets (64 KiB) and certificates
 * are, and there are thousands of sessions. */
#define KEPT_TICKET_MAX ((size_t)8 << 10)
#define KEPT_CHAIN_MAX  (32 << 10)

static int alpn_index = -1, target_index = -1;
static pthread_once_t index_once = PTHREAD_ONCE_INIT;

static void
make_indexes(void)
{
    alpn_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    target_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static const struct version_row {
    const char *name, *shown;
    uint16_t version;
} versions[] = {
    {"UNBOUNDED", "any", 0},
    {"SSL3", "SSLv3", SSL3_VERSION},
    {"TLS1", "TLSv1", TLS1_VERSION},
    {"TLS1_1", "TLSv1.1", TLS1_1_VERSION},
    {"TLS1_2", "TLSv1.2", TLS1_2_VERSION},
    {"TLS1_3", "TLSv1.3", TLS1_3_VERSION},
};

bool
ctx_version_parse(struct slice name, uint16_t *version, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(versions); i++)
        if (slice_eq_nocase(name, slice_str(versions[i].name))) {
            *version = versions[i].version;
            return true;
        }
    return err_set(e, ERR_USAGE,
                   "unknown TLS version '%.*s': one of UNBOUNDED, SSL3, TLS1, TLS1_1, TLS1_2, "
                   "TLS1_3",
                   SLICE_ARG(slice_first(name, 40)));
}

const char *
ctx_version_name(int version)
{
    for (size_t i = 1; i < ARRAY_LEN(versions); i++)
        if (versions[i].version == version)
            return versions[i].shown;
    return "unknown";
}

/* Splits one list into what OpenSSL wants as two: names that begin with TLS_ are for TLS 1.3. */
static bool
split_ciphers(const char *list, char old[2048], char new[2048])
{
    struct slice rest = slice_str(list);
    old[0] = new[0] = '\0';
    if (rest.n >= 2048)
        return false;
    while (rest.n) {
        struct slice item = slice_trim(slice_cut(&rest, ':'));
        char *to = slice_starts(item, SLICE("TLS_")) ? new : old;
        size_t at = strlen(to);
        if (item.n)
            snprintf(to + at, 2048 - at, "%s%.*s", at ? ":" : "", SLICE_ARG(item));
    }
    return true;
}

static bool
set_ciphers(SSL_CTX *ctx, const struct ctx_policy *p, struct err *e)
{
    bool old_versions = p->min < TLS1_2_VERSION;
    const char *list = old_versions ? CIPHERS_OLD : CIPHERS_MODERN;
    char for_12[2048], for_13[2048];
    if (SSL_CTX_set_ciphersuites(ctx, CIPHERS_13) != 1)
        return ossl_fail(e, "cannot set ciphers");
    if (!p->ciphers)
        return SSL_CTX_set_cipher_list(ctx, list) == 1 || ossl_fail(e, "cannot set ciphers");
    if (!split_ciphers(p->ciphers, for_12, for_13) ||
        SSL_CTX_set_cipher_list(ctx, for_12[0] ? for_12 : list) != 1)
        return ossl_fail(e, "cannot use the cipher list '%.100s'", p->ciphers);
    return !for_13[0] || SSL_CTX_set_ciphersuites(ctx, for_13) == 1 ||
           ossl_fail(e, "cannot use the cipher list '%.100s'", p->ciphers);
}

static bool
set_groups(SSL_CTX *ctx, const char *groups, struct err *e)
{
    /* OpenSSL's macro wants a text that is not const. */
    char text[1024];
    snprintf(text, sizeof text, "%s", groups ? groups : GROUPS);
    return SSL_CTX_set1_groups_list(ctx, text) == 1 ||
           ossl_fail(e, "cannot use the groups '%.100s'", text);
}

/* Who wants the old versions gets the signatures that go with them. */
static bool
set_signatures(SSL_CTX *ctx, const struct ctx_policy *p, struct err *e)
{
    char list[] = SIGNATURES; /* OpenSSL's macro wants a text that is not const */
    return p->min < TLS1_2_VERSION || SSL_CTX_set1_sigalgs_list(ctx, list) == 1 ||
           ossl_fail(e, "cannot set signature algorithms");
}

/* What both roles have in common. */
static bool
apply_policy(SSL_CTX *ctx, const struct ctx_policy *p, struct err *e)
{
    if (p->min && p->max && p->min > p->max)
        return err_set(e, ERR_USAGE, "the lowest TLS version is above the highest");
    /* Whatever the system's configuration of OpenSSL says, the policy decides. */
    SSL_CTX_set_security_level(ctx, p->min < TLS1_2_VERSION ? 0 : 2);
    if (SSL_CTX_set_min_proto_version(ctx, p->min) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, p->max) != 1)
        return ossl_fail(e, "cannot use TLS versions %s to %s", ctx_version_name(p->min),
                         ctx_version_name(p->max));
    TRY(set_ciphers(ctx, p, e));
    TRY(set_groups(ctx, p->groups, e));
    TRY(set_signatures(ctx, p, e));
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_ENABLE_PARTIAL_WRITE);
    /* With it, SSL_read would swallow session tickets and then wait for more. */
    SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
    keylog_attach(ctx);
    return true;
}

static SSL_CTX *
new_ctx(const SSL_METHOD *method, const struct ctx_policy *p, struct err *e)
{
    pthread_once(&index_once, make_indexes);
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(method);
    if (ctx && apply_policy(ctx, p, e))
        return ctx;
    if (!ctx)
        ossl_fail(e, "cannot make a TLS context");
    SSL_CTX_free(ctx);
    return NULL;
}

/* Accepting. */

/* Our order decides. No protocol at all is chosen when we have nothing to offer; no overlap is an
 * alert (RFC 7301 section 3.2). */
static int /* NOLINTNEXTLINE(readability-function-size): the parameters are OpenSSL's */
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *offered,
        unsigned offered_n, void *arg)
{
    (void)arg;
    const struct slice *protos = SSL_get_ex_data(ssl, alpn_index);
    unsigned char *chosen = NULL;
    if (!protos || protos->n == 0)
        return SSL_TLSEXT_ERR_NOACK;
    if (SSL_select_next_proto(&chosen, out_n, (const unsigned char *)protos->p, (unsigned)protos->n,
                              offered, offered_n) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *
ctx_accept_new(const struct ctx_policy *p, struct err *e)
{
    SSL_CTX *ctx = new_ctx(TLS_server_method(), p, e);
    if (!ctx)
        return NULL;
    /* ChaCha20 goes to clients that put it first: they have no AES in hardware. */
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    /* The chain comes with the leaf; OpenSSL must not look for one in its store. */
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_dh_auto(ctx, 0);
    /* Tickets carry all state, under keys of this process. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    return ctx;
}

SSL *
ctx_accept_ssl(SSL_CTX *ctx, struct err *e)
{
    SSL *ssl = SSL_new(ctx);
    if (ssl)
        SSL_set_accept_state(ssl);
    else
        ossl_fail(e, "cannot make a TLS connection");
    return ssl;
}

bool
ctx_apply_leaf(SSL *ssl, const struct leaf *leaf, struct err *e)
{
    /* For this connection only; its versions, ciphers, groups and signatures are the policy's. */
    if (leaf->weak)
        SSL_set_security_level(ssl, 0);
    return SSL_use_cert_and_key(ssl, leaf->cert, leaf->key, leaf->chain, 1) == 1 ||
           ossl_fail(e, "cannot use the certificate");
}

void
ctx_set_alpn(SSL *ssl, const struct slice *protos)
{
    /* OpenSSL's slot is not const, but on_alpn only reads. */
    union {
        const struct slice *in;
        void *out;
    } pointer = {.in = protos};
    SSL_set_ex_data(ssl, alpn_index, pointer.out);
}

bool
ctx_bind_session(SSL *ssl, struct slice identity)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    return EVP_Digest(identity.n ? identity.p : "", identity.n, hash, &n, EVP_sha256(), NULL) ==
               1 &&
           SSL_set_session_id_context(ssl, hash, SSL_MAX_SID_CTX_LENGTH) == 1;
}

/* Connecting. */

static bool
judge(SSL *ssl, struct ctx_target *target, STACK_OF(X509) * chain, bool staple_later)
{
    const unsigned char *staple = NULL;
    long n = SSL_get_tlsext_status_ocsp_resp(ssl, &staple);
    struct trust_query query = {
        .chain = chain,
        .host = target->host,
        .staple = slice_of(staple, staple && n > 0 ? (size_t)n : 0),
        .staple_later = staple_later,
        .own = target->own,
    };
    if (trust_verify(target->trust, &query, &target->verdict))
        return true;
    if (target->facts)
        chain_shown_fill(target->facts, chain);
    return target->allow;
}

/* In place of OpenSSL's verification. In TLS 1.3 the staple is here already; in 1.2 it comes after.
 */
static int
on_verify(X509_STORE_CTX *store, void *arg)
{
    (void)arg;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct ctx_target *target = SSL_get_ex_data(ssl, target_index);
    bool later = SSL_version(ssl) < TLS1_3_VERSION;
    if (judge(ssl, target, X509_STORE_CTX_get0_untrusted(store), later)) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    X509_STORE_CTX_set_error(store, verdict_x509_error(target->verdict.reason));
    return 0;
}

/* After the first flight of the server. The staple of TLS 1.2 is judged here, by going through
 * everything again: few servers speak 1.2 and staple. */
static int
on_status(SSL *ssl, void *arg)
{
    (void)arg;
    struct ctx_target *target = SSL_get_ex_data(ssl, target_index);
    if (SSL_version(ssl) >= TLS1_3_VERSION || target->verdict.reason != VERDICT_OK)
        return 1;
    return judge(ssl, target, SSL_get_peer_cert_chain(ssl), false) ? 1 : 0;
}

static bool
is_small(SSL *ssl, const SSL_SESSION *session)
{
    const STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    const unsigned char *ticket;
    size_t n = 0;
    int bytes = 0;
    SSL_SESSION_get0_ticket(session, &ticket, &n);
    for (int i = 0; i < sk_X509_num(chain); i++)
        bytes += i2d_X509(sk_X509_value(chain, i), NULL);
    return n <= KEPT_TICKET_MAX && bytes <= KEPT_CHAIN_MAX;
}

/* Takes the session when it returns 1. Only a connection with a good verdict, or one resumed from
 * such, may be resumed: otherwise a later one would skip the verification. */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
    struct ctx_target *target = SSL_get_ex_data(ssl, target_index);
    bool good = target->verdict.reason == VERDICT_OK || SSL_session_reused(ssl);
    if (!target->sessions || !good || !is_small(ssl, session))
        return 0;
    sessions_put(target->sessions, target->session_key, session);
    return 1;
}

SSL_CTX *
ctx_connect_new(const struct ctx_policy *p, struct err *e)
{
    SSL_CTX *ctx = new_ctx(TLS_client_method(), p, e);
    if (!ctx)
        return NULL;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, on_verify, NULL);
    SSL_CTX_set_tlsext_status_type(ctx, TLSEXT_STATUSTYPE_ocsp);
    SSL_CTX_set_tlsext_status_cb(ctx, on_status);
    SSL_CTX_set_max_cert_list(ctx, MAX_CERT_LIST);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_session);
    return ctx;
}

static bool
set_sni(SSL *ssl, struct slice sni)
{
    char name[256];
    if (sni.n == 0)
        return true;
    if (sni.n >= sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", SLICE_ARG(sni));
    return SSL_set_tlsext_host_name(ssl, name) == 1;
}

static bool
set_client_cert(SSL *ssl, const struct client_cert *cert)
{
    return !cert || SSL_use_cert_and_key(ssl, client_cert_x509(cert), client_cert_key(cert),
                                         client_cert_chain(cert), 1) == 1;
}

static void
set_session(SSL *ssl, const struct ctx_target *t)
{
    if (!t->sessions)
        return;
    SSL_SESSION *session = sessions_take(t->sessions, t->session_key, time(NULL));
    if (session)
        SSL_set_session(ssl, session);
    SSL_SESSION_free(session);
}

/* SSL_set_alpn_protos is odd: 0 is success. */
static bool
set_target(SSL *ssl, struct ctx_target *t)
{
    return SSL_set_ex_data(ssl, target_index, t) == 1 && set_sni(ssl, t->sni) &&
           (t->alpn.n == 0 ||
            SSL_set_alpn_protos(ssl, (const unsigned char *)t->alpn.p, (unsigned)t->alpn.n) == 0) &&
           set_client_cert(ssl, t->cert);
}

SSL *
ctx_connect_ssl(SSL_CTX *ctx, struct ctx_target *target, struct err *e)
{
    target->verdict = (struct verdict){0};
    SSL *ssl = SSL_new(ctx);
    if (!ssl || !set_target(ssl, target)) {
        SSL_free(ssl);
        ossl_fail(e, "cannot make a TLS connection");
        return NULL;
    }
    SSL_set_connect_state(ssl);
    set_session(ssl, target);
    return ssl;
}

void
ctx_ssl_free(SSL *ssl)
{
    if (!ssl)
        return;
    /* OpenSSL takes a connection that was not shut down for an attack, and spoils its session. */
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
}

void
ctx_free(SSL_CTX *ctx)
{
    SSL_CTX_free(ctx);
}
