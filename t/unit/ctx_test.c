/* Tests of pki/ctx.c: handshakes between our two roles, in memory. */
#include "lib/chain_make.h"
#include "lib/folder.h"
#include "pki/client_cert.h"
#include "pki/ctx.h"
#include "pki/leaf.h"
#include "pki/sessions.h"
#include "pki/trust.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct made root;
static struct trust *trust;

static int
make_root(void **state)
{
    struct made_spec spec = made_root("Root");
    root = made_cert(&spec, NULL);
    struct trust_options o = {
        .ca = made_pem("root.pem", NULL, made_chain(root.cert, NULL, NULL, NULL), 0600)};
    trust = trust_new(&o, NULL);
    return trust ? 0 : -1;
}

static int
free_root(void **state)
{
    trust_unref(trust);
    return 0;
}

/* Two ends with a pipe between them. The leaf stands for the server's certificate. */
struct pair {
    struct ctx_policy accept_policy, connect_policy;
    SSL_CTX *accept_ctx, *connect_ctx;
    SSL *accept, *connect;
    struct leaf leaf;
    struct slice protos, staple;
    struct ctx_target target;
    bool up;
};

static struct pair
pair_new(void)
{
    struct made_spec spec = made_leaf("www.example.com");
    struct made made = made_cert(&spec, &root);
    return (struct pair){
        .accept_policy = CTX_POLICY_DEFAULT,
        .connect_policy = CTX_POLICY_DEFAULT,
        .leaf = {.cert = made.cert, .key = made.key},
        .target = {.host = SLICE("www.example.com"),
                   .sni = SLICE("www.example.com"),
                   .trust = trust},
    };
}

static int
give_staple(SSL *ssl, void *arg)
{
    struct pair *p = arg;
    if (p->staple.n == 0)
        return SSL_TLSEXT_ERR_NOACK;
    void *copy = OPENSSL_memdup(p->staple.p, p->staple.n);
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)p->staple.n);
    return SSL_TLSEXT_ERR_OK;
}

static void
pair_connect(struct pair *p)
{
    struct err err = {0};
    BIO *a, *b;
    if (!p->accept_ctx)
        p->accept_ctx = ctx_accept_new(&p->accept_policy, &err);
    if (!p->connect_ctx)
        p->connect_ctx = ctx_connect_new(&p->connect_policy, &err);
    assert_non_null(p->accept_ctx);
    assert_non_null(p->connect_ctx);
    SSL_CTX_set_tlsext_status_cb(p->accept_ctx, give_staple);
    SSL_CTX_set_tlsext_status_arg(p->accept_ctx, p);
    p->accept = ctx_accept_ssl(p->accept_ctx, &err);
    p->connect = ctx_connect_ssl(p->connect_ctx, &p->target, &err);
    assert_non_null(p->accept);
    assert_non_null(p->connect);
    assert_true(ctx_apply_leaf(p->accept, &p->leaf, &err));
    assert_true(ctx_bind_session(p->accept, p->target.sni));
    ctx_set_alpn(p->accept, &p->protos);
    assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
    SSL_set_bio(p->accept, a, a);
    SSL_set_bio(p->connect, b, b);
}

/* Lets both ends work until nothing moves; then a byte from the server brings the tickets. */
static void
pair_run(struct pair *p)
{
    char byte;
    p->up = false;
    for (int i = 0; i < 20; i++) {
        int x = SSL_do_handshake(p->connect), y = SSL_do_handshake(p->accept);
        p->up = x == 1 && y == 1;
    }
    if (p->up) {
        assert_int_equal(SSL_write(p->accept, "x", 1), 1);
        /* A call that has read a ticket returns without data. */
        int n = -1;
        for (int i = 0; i < 4 && n != 1; i++)
            n = SSL_read(p->connect, &byte, 1);
        assert_int_equal(n, 1);
    }
}

static void
pair_close(struct pair *p)
{
    ctx_ssl_free(p->accept);
    ctx_ssl_free(p->connect);
    p->accept = p->connect = NULL;
    ERR_clear_error();
}

static void
pair_free(struct pair *p)
{
    pair_close(p);
    ctx_free(p->accept_ctx);
    ctx_free(p->connect_ctx);
}

static bool
comes_up(struct pair *p)
{
    pair_connect(p);
    pair_run(p);
    return p->up;
}

/* The alert that the server got from the client, as in "SSLV3_ALERT_BAD_CERTIFICATE". */
static int
alert_of(struct pair *p)
{
    ERR_clear_error();
    assert_false(comes_up(p));
    unsigned long code;
    while ((code = ERR_get_error()) != 0)
        if (ERR_GET_REASON(code) > SSL_AD_REASON_OFFSET)
            return ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET;
    return -1;
}

static void
use_leaf(struct pair *p, const struct made_spec *spec)
{
    struct made made = made_cert(spec, &root);
    p->leaf.cert = made.cert;
    p->leaf.key = made.key;
}

static void
a_good_server_is_accepted(void **state)
{
    struct pair p = pair_new();
    assert_true(comes_up(&p));
    assert_int_equal(p.target.verdict.reason, VERDICT_OK);
    assert_int_equal(SSL_version(p.connect), TLS1_3_VERSION);
    assert_string_equal(ctx_version_name(SSL_version(p.connect)), "TLSv1.3");
    pair_free(&p);
}

static void
each_fault_sends_its_alert(void **state)
{
    struct made_spec expired = made_leaf("www.example.com"), other = made_leaf("other.example.com"),
                     ca = made_leaf("www.example.com");
    expired.to_days = -1;
    made_set(&ca, "basicConstraints", "critical,CA:TRUE");
    struct pair p = pair_new(), q = pair_new(), r = pair_new(), s = pair_new();
    use_leaf(&p, &expired);
    assert_int_equal(alert_of(&p), SSL_AD_CERTIFICATE_EXPIRED);
    assert_int_equal(p.target.verdict.reason, VERDICT_EXPIRED);
    use_leaf(&q, &other);
    assert_int_equal(alert_of(&q), SSL_AD_BAD_CERTIFICATE);
    use_leaf(&r, &ca);
    assert_int_equal(alert_of(&r), SSL_AD_UNSUPPORTED_CERTIFICATE);
    made_set(&other, "authorityKeyIdentifier", NULL);
    s.leaf.cert = made_cert(&other, NULL).cert;
    assert_int_equal(alert_of(&s), SSL_AD_UNKNOWN_CA);
    assert_int_equal(s.target.verdict.reason, VERDICT_SELF_SIGNED);
    pair_free(&p);
    pair_free(&q);
    pair_free(&r);
    pair_free(&s);
}

static void
a_bad_verdict_can_be_allowed(void **state)
{
    struct made_spec other = made_leaf("other.example.com");
    struct pair p = pair_new();
    use_leaf(&p, &other);
    p.target.allow = true;
    p.target.sessions = sessions_new(10);
    p.target.session_key = SLICE("key");
    assert_true(comes_up(&p));
    assert_int_equal(p.target.verdict.reason, VERDICT_WRONG_HOST);
    /* Its session would let a later connection skip the verification. */
    assert_int_equal(sessions_len(p.target.sessions), 0);
    pair_free(&p);
    sessions_free(p.target.sessions);
}

static void
resumes(uint16_t version)
{
    struct pair p = pair_new();
    p.accept_policy.max = version;
    p.target.sessions = sessions_new(10);
    p.target.session_key = SLICE("key");
    assert_true(comes_up(&p));
    assert_int_equal(SSL_version(p.connect), version);
    assert_int_equal(sessions_len(p.target.sessions), 1);
    pair_close(&p);
    for (int i = 0; i < 3; i++) {
        assert_true(comes_up(&p));
        assert_true(SSL_session_reused(p.connect));
        assert_int_equal(p.target.verdict.reason, VERDICT_NONE);
        assert_non_null(SSL_get0_peer_certificate(p.connect));
        pair_close(&p);
        /* The ticket of TLS 1.2 is not always renewed. */
        if (version == TLS1_2_VERSION)
            break;
    }
    pair_free(&p);
    sessions_free(p.target.sessions);
}

static void
sessions_are_resumed(void **state)
{
    resumes(TLS1_2_VERSION);
    resumes(TLS1_3_VERSION);
}

static void
a_session_ends_with_the_certificate(void **state)
{
    struct made_spec short_lived = made_leaf("www.example.com");
    short_lived.to_days = 1;
    struct pair p = pair_new();
    use_leaf(&p, &short_lived);
    assert_true(comes_up(&p));
    SSL_SESSION *session = SSL_get1_session(p.connect);
    struct sessions *kept = sessions_new(10);
    SSL_SESSION_set_timeout(session, 30 * 86400);
    SSL_SESSION_up_ref(session);
    sessions_put(kept, SLICE("key"), session);
    assert_ptr_equal(sessions_take(kept, SLICE("key"), time(NULL)), session);
    sessions_put(kept, SLICE("key"), session);
    assert_null(sessions_take(kept, SLICE("key"), time(NULL) + 2 * 86400));
    SSL_SESSION_free(session);
    sessions_free(kept);
    pair_free(&p);
}

static void
a_session_is_not_resumed_under_another_name(void **state)
{
    struct made_spec both = made_leaf("www.example.com");
    made_set(&both, "subjectAltName", "DNS:www.example.com,DNS:other.example.com");
    struct pair p = pair_new();
    use_leaf(&p, &both);
    p.target.sessions = sessions_new(10);
    p.target.session_key = SLICE("key");
    assert_true(comes_up(&p));
    pair_close(&p);
    p.target.host = p.target.sni = SLICE("other.example.com");
    assert_true(comes_up(&p));
    assert_false(SSL_session_reused(p.connect));
    assert_int_equal(p.target.verdict.reason, VERDICT_OK);
    pair_free(&p);
    sessions_free(p.target.sessions);
}

static const char *
chosen(struct pair *p)
{
    static char text[32];
    const unsigned char *proto;
    unsigned n;
    SSL_get0_alpn_selected(p->connect, &proto, &n);
    snprintf(text, sizeof text, "%.*s", (int)n, (const char *)proto);
    return text;
}

static void
the_first_protocol_of_ours_that_is_offered_is_chosen(void **state)
{
    struct pair p = pair_new(), q = pair_new();
    p.target.alpn = SLICE("\x08http/1.1\x02h2");
    p.protos = SLICE("\x02h3\x02h2\x08http/1.1");
    assert_true(comes_up(&p));
    assert_string_equal(chosen(&p), "h2");
    q.target.alpn = SLICE("\x02h2");
    assert_true(comes_up(&q));
    assert_string_equal(chosen(&q), "");
    pair_free(&p);
    pair_free(&q);
}

static void
no_common_protocol_is_an_alert(void **state)
{
    struct pair p = pair_new();
    p.target.alpn = SLICE("\x02h2");
    p.protos = SLICE("\x08http/1.1");
    ERR_clear_error();
    assert_false(comes_up(&p));
    bool found = false;
    for (unsigned long code; (code = ERR_get_error()) != 0;)
        found =
            found || ERR_GET_REASON(code) == SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL;
    assert_true(found);
    pair_free(&p);
}

static void
old_versions_are_off_unless_asked_for(void **state)
{
    struct pair p = pair_new(), q = pair_new();
    p.connect_policy.min = TLS1_VERSION;
    p.connect_policy.max = TLS1_1_VERSION;
    assert_false(comes_up(&p));
    q.connect_policy = p.connect_policy;
    q.accept_policy.min = 0;
    assert_true(comes_up(&q));
    assert_int_equal(SSL_version(q.connect), TLS1_1_VERSION);
    pair_free(&p);
    pair_free(&q);
}

static void
ciphers_without_forward_secrecy_or_aead_are_off(void **state)
{
    static const char *const weak[] = {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256",
                                       "ECDHE-ECDSA-AES256-SHA", "DHE-RSA-AES128-GCM-SHA256"};
    for (size_t i = 0; i < ARRAY_LEN(weak); i++) {
        struct pair p = pair_new();
        p.connect_policy.max = TLS1_2_VERSION;
        p.connect_policy.ciphers = weak[i];
        assert_false(comes_up(&p));
        pair_free(&p);
    }
}

static void
finite_field_groups_are_off(void **state)
{
    struct pair p = pair_new(), q = pair_new(), r = pair_new();
    p.connect_policy.groups = "ffdhe2048:ffdhe8192";
    assert_false(comes_up(&p));
    q.accept_policy.groups = "ffdhe2048:ffdhe8192";
    assert_false(comes_up(&q));
    r.accept_policy.groups = r.connect_policy.groups = "ffdhe2048";
    assert_true(comes_up(&r));
    pair_free(&p);
    pair_free(&q);
    pair_free(&r);
}

static void
weak_signatures_are_off(void **state)
{
    struct pair p = pair_new();
    int sign, hash, n = 0;
    assert_true(comes_up(&p));
    while (n < SSL_get_sigalgs(p.accept, n, &sign, &hash, NULL, NULL, NULL)) {
        assert_int_not_equal(sign, NID_dsa);
        assert_true(hash != NID_sha1 && hash != NID_sha224);
        n++;
    }
    assert_int_equal(n, 14);
    pair_free(&p);
}

static void
ciphers_and_groups_are_chosen_by_the_policy(void **state)
{
    struct pair p = pair_new();
    p.accept_policy.ciphers = "ECDHE+AESGCM:TLS_CHACHA20_POLY1305_SHA256";
    p.accept_policy.groups = "P-384";
    assert_true(comes_up(&p));
    assert_string_equal(SSL_get_cipher(p.connect), "TLS_CHACHA20_POLY1305_SHA256");
    assert_int_equal(SSL_get_negotiated_group(p.connect), NID_secp384r1);
    pair_free(&p);
}

/* What a client of this list gets. */
static void
assert_chosen(const char *offered, const char *chosen)
{
    struct pair p = pair_new();
    p.connect_policy.ciphers = offered;
    assert_true(comes_up(&p));
    assert_string_equal(SSL_get_cipher(p.connect), chosen);
    pair_free(&p);
}

static void
the_cheapest_cipher_that_is_safe_comes_first(void **state)
{
    assert_chosen(NULL, "TLS_AES_128_GCM_SHA256");
    assert_chosen("TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256");
    assert_chosen("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384");
    /* Who has no AES in hardware. */
    assert_chosen("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
                  "TLS_CHACHA20_POLY1305_SHA256");
}

static void
a_server_is_offered_the_cheapest_first(void **state)
{
    struct pair p = pair_new();
    p.accept_policy.ciphers = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256";
    pair_connect(&p);
    SSL_clear_options(p.accept, SSL_OP_CIPHER_SERVER_PREFERENCE);
    pair_run(&p);
    assert_true(p.up);
    assert_string_equal(SSL_get_cipher(p.accept), "TLS_AES_128_GCM_SHA256");
    pair_free(&p);
}

static void
a_bad_policy_is_refused_with_what_is_wrong(void **state)
{
    struct ctx_policy ciphers = CTX_POLICY_DEFAULT, ciphers13 = ciphers, groups = ciphers,
                      versions = ciphers;
    struct err err = {0};
    ciphers.ciphers = "NO-SUCH-CIPHER";
    assert_null(ctx_accept_new(&ciphers, &err));
    assert_non_null(strstr(err.text, "cannot use the cipher list 'NO-SUCH-CIPHER'"));
    ciphers13.ciphers = "TLS_NO_SUCH";
    assert_null(ctx_connect_new(&ciphers13, &err));
    assert_non_null(strstr(err.text, "cannot use the cipher list 'TLS_NO_SUCH'"));
    groups.groups = "P-999";
    assert_null(ctx_accept_new(&groups, &err));
    assert_non_null(strstr(err.text, "cannot use the groups 'P-999'"));
    versions.max = TLS1_1_VERSION;
    assert_null(ctx_accept_new(&versions, &err));
    assert_string_equal(err.text, "the lowest TLS version is above the highest");
}

static void
versions_have_mitmproxys_names(void **state)
{
    uint16_t v = 1;
    struct err err = {0};
    assert_true(ctx_version_parse(SLICE("UNBOUNDED"), &v, &err));
    assert_int_equal(v, 0);
    assert_true(ctx_version_parse(SLICE("tls1_2"), &v, &err));
    assert_int_equal(v, TLS1_2_VERSION);
    assert_true(ctx_version_parse(SLICE("SSL3"), &v, &err));
    assert_int_equal(v, SSL3_VERSION);
    assert_false(ctx_version_parse(SLICE("TLS1.2"), &v, &err));
    assert_string_equal(err.text, "unknown TLS version 'TLS1.2': one of UNBOUNDED, SSL3, TLS1, "
                                  "TLS1_1, TLS1_2, TLS1_3");
}

static bool
comes_up_with_staple(uint16_t version, int status, bool must_staple)
{
    struct made_spec spec = made_leaf("www.example.com");
    struct pair p = pair_new();
    p.accept_policy.max = version;
    if (must_staple)
        made_set(&spec, "tlsfeature", "status_request");
    use_leaf(&p, &spec);
    struct made_ocsp o = {.cert = p.leaf.cert,
                          .issuer = root.cert,
                          .signer = root,
                          .status = status,
                          .from_days = -1,
                          .to_days = 5};
    if (status >= 0)
        p.staple = made_ocsp(&o);
    bool up = comes_up(&p);
    pair_free(&p);
    return up;
}

static void
the_staple_counts_in_both_versions(void **state)
{
    static const uint16_t versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        uint16_t v = versions[i];
        assert_true(comes_up_with_staple(v, -1, false));
        assert_true(comes_up_with_staple(v, V_OCSP_CERTSTATUS_GOOD, true));
        assert_false(comes_up_with_staple(v, V_OCSP_CERTSTATUS_REVOKED, false));
        assert_false(comes_up_with_staple(v, -1, true));
    }
}

static void
a_client_certificate_is_presented(void **state)
{
    struct made_spec spec = made_leaf("client");
    struct made made = made_cert(&spec, &root);
    struct err err = {0};
    const char *file =
        made_pem("client.pem", made.key, made_chain(made.cert, NULL, NULL, NULL), 0600);
    struct client_certs *certs = client_certs_new(file, &err);
    struct pair p = pair_new();
    assert_true(client_certs_get(certs, p.target.host, &p.target.cert, &err));
    p.accept_ctx = ctx_accept_new(&p.accept_policy, &err);
    SSL_CTX_set_verify(p.accept_ctx, SSL_VERIFY_PEER, NULL);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(p.accept_ctx), root.cert);
    X509_VERIFY_PARAM_set_purpose(SSL_CTX_get0_param(p.accept_ctx), X509_PURPOSE_ANY);
    assert_true(comes_up(&p));
    assert_int_equal(X509_cmp(SSL_get0_peer_certificate(p.accept), made.cert), 0);
    pair_free(&p);
    client_cert_unref(p.target.cert);
    client_certs_free(certs);
}

static void
no_sni_is_sent_when_it_is_empty(void **state)
{
    struct pair p = pair_new(), q = pair_new();
    assert_true(comes_up(&p));
    assert_string_equal(SSL_get_servername(p.accept, TLSEXT_NAMETYPE_host_name), "www.example.com");
    q.target.sni = SLICE_NONE;
    assert_true(comes_up(&q));
    assert_null(SSL_get_servername(q.accept, TLSEXT_NAMETYPE_host_name));
    pair_free(&p);
    pair_free(&q);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_server_is_accepted),
        cmocka_unit_test(each_fault_sends_its_alert),
        cmocka_unit_test(a_bad_verdict_can_be_allowed),
        cmocka_unit_test(sessions_are_resumed),
        cmocka_unit_test(a_session_ends_with_the_certificate),
        cmocka_unit_test(a_session_is_not_resumed_under_another_name),
        cmocka_unit_test(the_first_protocol_of_ours_that_is_offered_is_chosen),
        cmocka_unit_test(no_common_protocol_is_an_alert),
        cmocka_unit_test(old_versions_are_off_unless_asked_for),
        cmocka_unit_test(ciphers_without_forward_secrecy_or_aead_are_off),
        cmocka_unit_test(finite_field_groups_are_off),
        cmocka_unit_test(weak_signatures_are_off),
        cmocka_unit_test(ciphers_and_groups_are_chosen_by_the_policy),
        cmocka_unit_test(the_cheapest_cipher_that_is_safe_comes_first),
        cmocka_unit_test(a_server_is_offered_the_cheapest_first),
        cmocka_unit_test(a_bad_policy_is_refused_with_what_is_wrong),
        cmocka_unit_test(versions_have_mitmproxys_names),
        cmocka_unit_test(the_staple_counts_in_both_versions),
        cmocka_unit_test(a_client_certificate_is_presented),
        cmocka_unit_test(no_sni_is_sent_when_it_is_empty),
    };
    return cmocka_run_group_tests(tests, make_root, free_root);
}
