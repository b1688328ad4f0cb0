/* What the flows know about a handshake. */
#include "base/base64.h"
#include "lib/hello_samples.h"
#include "lib/tls_pair.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct tls_pair p;

static int
set_up(void **state)
{
    tls_pair_init(&p);
    return 0;
}

static int
tear_down(void **state)
{
    tls_pair_release(&p);
    return 0;
}

static const struct peer_tls *
facts(const struct tls_end *e)
{
    assert_non_null(e->chain->peer->tls);
    return e->chain->peer->tls;
}

/* The end of a server that has got the hello of this client. */
static const struct peer_tls *
facts_of(const char *client)
{
    struct buf hello;
    buf_init(&hello, 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(hello_samples); i++)
        if (strcmp(hello_samples[i].client, client) == 0)
            assert_true(base64_decode(&hello, slice_str(hello_samples[i].base64)));
    tls_pair_open(&p);
    tls_pair_input(&p.server, buf_slice(&hello));
    buf_release(&hello);
    return facts(&p.server);
}

static void
assert_leaf(const struct peer_tls *t)
{
    assert_int_equal(t->n_certs, 1);
    assert_true(slice_eq(block_slice(t->certs[0]), tls_pair_leaf()));
}

static void
both_sides_know_what_was_agreed_on(void **state)
{
    const struct tls_end *ends[] = {&p.server, &p.client};
    tls_pair_connect(&p);
    for (size_t i = 0; i < 2; i++) {
        const struct peer_tls *t = facts(ends[i]);
        assert_string_equal(t->version, "TLSv1.3");
        assert_string_equal(t->cipher, "TLS_AES_256_GCM_SHA384");
        assert_string_equal(t->group, "x25519");
        assert_string_equal(t->alpn, "http/1.1");
        assert_string_equal(t->sni, "weir.test");
        assert_false(t->resumed);
    }
    assert_leaf(facts(&p.client));
}

static void
so_they_do_with_tls_12(void **state)
{
    SSL_CTX_set_max_proto_version(p.connect_ctx, TLS1_2_VERSION);
    tls_pair_connect(&p);
    assert_string_equal(facts(&p.client)->version, "TLSv1.2");
    assert_string_equal(facts(&p.server)->cipher, "ECDHE-ECDSA-AES256-GCM-SHA384");
    assert_string_equal(facts(&p.server)->group, "x25519");
    assert_leaf(facts(&p.client));
}

static void
what_was_not_there_is_empty(void **state)
{
    p.name = NULL;
    SSL_CTX_set_alpn_protos(p.connect_ctx, NULL, 0);
    tls_pair_connect(&p);
    assert_null(facts(&p.server)->sni);
    assert_null(facts(&p.client)->sni);
    assert_string_equal(facts(&p.server)->alpn, "");
    assert_string_equal(facts(&p.client)->ja3, "");
    assert_string_equal(facts(&p.client)->ja4, "");
}

static void
a_resumed_handshake_has_the_certificate_of_the_first(void **state)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX_set_max_proto_version(p.connect_ctx, version);
        p.resume = false;
        tls_pair_connect(&p);
        tls_pair_close(&p);
        p.resume = true;
        tls_pair_connect(&p);
        assert_true(facts(&p.client)->resumed);
        assert_leaf(facts(&p.client));
        tls_pair_close(&p);
    }
}

static void
a_certificate_that_is_refused_is_kept(void **state)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX_set_max_proto_version(p.connect_ctx, version);
        p.verify_error = X509_V_ERR_CERT_HAS_EXPIRED;
        tls_pair_connect(&p);
        assert_int_equal(p.client.bad, 1);
        assert_leaf(facts(&p.client));
        tls_pair_close(&p);
    }
}

static void
a_long_chain_is_cut(void **state)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *leaf = SSL_CTX_get0_certificate(p.accept_ctx);
    for (int i = 0; i < 20; i++)
        sk_X509_push(chain, leaf);
    assert_int_equal(SSL_CTX_set1_chain(p.accept_ctx, chain), 1);
    sk_X509_free(chain);
    tls_pair_connect(&p);
    assert_int_equal(facts(&p.client)->n_certs, PEER_CERTS_MAX);
    assert_true(
        slice_eq(block_slice(facts(&p.client)->certs[PEER_CERTS_MAX - 1]), tls_pair_leaf()));
}

static void
fingerprints_are_those_that_others_publish(void **state)
{
    const struct peer_tls *t = facts_of("curl");
    assert_string_equal(t->ja3, "0149f47eabf9a20d0893e2a44e5a6323");
    assert_string_equal(t->ja4, "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6");
    assert_string_equal(t->sni, "client.test.example");
    tls_pair_close(&p);
    t = facts_of("chromium");
    assert_string_equal(t->ja3, "820f5bcf8c342eb6920e757bc866d1fc");
    assert_string_equal(t->ja4, "t13d1517h2_8daaf6152771_cb7bf5808d99");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(both_sides_know_what_was_agreed_on),
        TEST(so_they_do_with_tls_12),
        TEST(what_was_not_there_is_empty),
        TEST(a_resumed_handshake_has_the_certificate_of_the_first),
        TEST(a_certificate_that_is_refused_is_kept),
        TEST(a_long_chain_is_cut),
        TEST(fingerprints_are_those_that_others_publish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
