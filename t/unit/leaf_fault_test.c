/* Tests of pki/leaf_fault.c and pki/leaf_issuer.c: each fault is the only thing wrong with its
 * leaf, and the leaf can be shown all the same. */
#include "pki/leaf_fault.h"

#include "lib/chain_make.h"
#include "lib/folder.h"
#include "pki/ca.h"
#include "pki/ctx.h"
#include "pki/leaf.h"
#include "pki/leaf_cache.h"
#include "pki/trust.h"
#include "pki/trust_checks.h"
#include "pki/trust_error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HOST "www.shop.example.com"

static struct ca *ca;
static struct trust *trust;

static int
open_ca(void **state)
{
    struct ca_options o = {.dir = folder_file("ca")};
    struct trust_options t = {.ca = folder_file("ca/weir-ca-cert.pem")};
    ca = ca_open(&o, NULL, NULL);
    trust = ca ? trust_new(&t, NULL) : NULL;
    return trust ? 0 : -1;
}

static int
close_ca(void **state)
{
    trust_unref(trust);
    ca_unref(ca);
    return 0;
}

static struct leaf *
mint(const struct leaf_spec *spec)
{
    struct err err = {0};
    struct leaf *leaf = leaf_mint(ca, spec, &err);
    if (!leaf)
        fail_msg("%s: %s", leaf_fault_word(spec->fault), err.text);
    assert_int_equal(ERR_peek_error(), 0);
    return leaf;
}

/* As a client gets it: the leaf in front. */
static STACK_OF(X509) * sent(const struct leaf *leaf)
{
    STACK_OF(X509) *chain = X509_chain_up_ref(leaf->chain);
    X509_up_ref(leaf->cert);
    assert_true(sk_X509_unshift(chain, leaf->cert) > 0);
    return chain;
}

/* Which reasons there are to refuse a leaf. */
struct reasons {
    bool has[VERDICT_COUNT];
};

static void
note(struct reasons *r, const struct verdict *v)
{
    r->has[v->reason] = true;
}

/* Notes the error and goes on, so that the next one is found, too. */
static int
on_error(int ok, X509_STORE_CTX *ctx)
{
    struct verdict v;
    if (!ok && !trust_error_verdict(ctx, &v))
        note(X509_STORE_CTX_get_app_data(ctx), &v);
    return 1;
}

/* Everything that OpenSSL and our own checks have against it. */
static struct reasons
all_reasons(const struct leaf *leaf, const char *host)
{
    struct reasons r = {0};
    struct verdict v;
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_STORE_add_cert(store, ca_cert(ca));
    assert_true(X509_STORE_CTX_init(ctx, store, leaf->cert, leaf->chain));
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_TRUSTED_FIRST);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_auth_level(param, 2);
    X509_STORE_CTX_set_app_data(ctx, &r);
    X509_STORE_CTX_set_verify_cb(ctx, on_error);
    X509_verify_cert(ctx);
    const STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(ctx);
    if (!trust_check_chain(built, &v))
        note(&r, &v);
    if (!trust_check_name(leaf->cert, slice_str(host), &v))
        note(&r, &v);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return r;
}

static struct verdict
judge(const struct leaf *leaf, const char *host)
{
    struct verdict v;
    STACK_OF(X509) *chain = sent(leaf);
    struct trust_query q = {.chain = chain, .host = slice_str(host)};
    bool ok = trust_verify(trust, &q, &v);
    assert_int_equal(ok, v.reason == VERDICT_OK);
    sk_X509_pop_free(chain, X509_free);
    return v;
}

/* That there is this one reason, and no other; none when it is VERDICT_OK. */
static void
assert_only(const struct leaf_spec *spec, enum verdict_reason want, const char *host)
{
    struct leaf *leaf = mint(spec);
    struct reasons all = all_reasons(leaf, host);
    struct verdict v = judge(leaf, host);
    const char *word = leaf_fault_word(spec->fault);
    if (v.reason != want)
        fail_msg("%s: for %s wanted %s, got '%s'", word, host, verdict_word(want), v.text);
    for (int i = VERDICT_OK + 1; i < VERDICT_COUNT; i++)
        if (all.has[i] != ((enum verdict_reason)i == want))
            fail_msg("%s: for %s is %s%s", word, host, all.has[i] ? "" : "not ",
                     verdict_word((enum verdict_reason)i));
    leaf_unref(leaf);
}

static void
each_fault_is_the_only_thing_wrong(void **state)
{
    struct leaf_spec spec = {.host = SLICE(HOST), .sni = SLICE(HOST)};
    assert_only(&spec, VERDICT_OK, HOST);
    for (int i = LEAF_GOOD + 1; i < LEAF_FAULTS; i++) {
        spec.fault = (enum leaf_fault)i;
        assert_int_not_equal(leaf_fault_verdict(spec.fault), VERDICT_OK);
        for (int key = LEAF_ECDSA; key <= LEAF_RSA; key++) {
            spec.key = (enum leaf_key)key;
            assert_only(&spec, leaf_fault_verdict(spec.fault), HOST);
        }
    }
}

static void
an_upstreams_certificate_makes_no_difference(void **state)
{
    struct made_spec up = made_leaf(HOST);
    made_set(&up, "authorityKeyIdentifier", NULL);
    struct leaf_spec spec = {.host = SLICE("127.0.0.1"), .sni = SLICE(HOST)};
    spec.upstream = made_cert(&up, NULL).cert;
    for (int i = LEAF_GOOD; i < LEAF_FAULTS; i++) {
        spec.fault = (enum leaf_fault)i;
        assert_only(&spec, leaf_fault_verdict(spec.fault), HOST);
    }
}

static void
an_address_has_the_faults_that_it_can_have(void **state)
{
    struct leaf_spec spec = {.host = SLICE("192.0.2.7")};
    for (int i = LEAF_GOOD; i < LEAF_FAULTS; i++) {
        struct err err = {0};
        spec.fault = (enum leaf_fault)i;
        bool wildcard = strstr(leaf_fault_word(spec.fault), "wildcard");
        assert_int_equal(leaf_fault_check(&spec, &err), !wildcard);
        if (!wildcard)
            assert_only(&spec, leaf_fault_verdict(spec.fault), "192.0.2.7");
    }
}

/* The only name that is in it, or "": none, or more than one. */
static const char *
only_name(enum leaf_fault fault, const char *host)
{
    static char text[300];
    struct leaf_spec spec = {.host = slice_str(host), .fault = fault};
    struct leaf *leaf = mint(&spec);
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf->cert, NID_subject_alt_name, NULL, NULL);
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, 0);
    text[0] = '\0';
    if (sk_GENERAL_NAME_num(names) == 1 && name->type == GEN_DNS)
        snprintf(text, sizeof text, "DNS:%s", ASN1_STRING_get0_data(name->d.dNSName));
    else if (sk_GENERAL_NAME_num(names) == 1 && name->type == GEN_IPADD)
        snprintf(text, sizeof text, "IP:%u.%u.%u.%u", name->d.iPAddress->data[0],
                 name->d.iPAddress->data[1], name->d.iPAddress->data[2],
                 name->d.iPAddress->data[3]);
    GENERAL_NAMES_free(names);
    leaf_unref(leaf);
    return text;
}

static void
the_names_are_what_a_careless_client_takes(void **state)
{
    assert_string_equal(only_name(LEAF_WILDCARD_TLD, "example.com"), "DNS:*.com");
    assert_string_equal(only_name(LEAF_WILDCARD_TLD, "a.b.test."), "DNS:*.test");
    assert_string_equal(only_name(LEAF_WILDCARD_DEEP, HOST), "DNS:*.example.com");
    assert_string_equal(only_name(LEAF_WILDCARD_PARTIAL, "www.example.com"), "DNS:w*.example.com");
    assert_string_equal(only_name(LEAF_IP_AS_NAME, HOST), "IP:127.0.0.1");
    assert_string_equal(only_name(LEAF_IP_AS_NAME, "192.0.2.7"), "DNS:192.0.2.7");
    assert_string_equal(only_name(LEAF_NO_SAN, HOST), "");
    assert_string_equal(only_name(LEAF_WRONG_HOST, HOST), "DNS:wrong.host.invalid");
}

/* Nor is the right name the subject's, which some clients look at. */
static void
a_wrong_host_is_wrong_in_the_subject_too(void **state)
{
    static const char *const others[] = {"DNS:other.example.com", "IP:192.0.2.9", ("DNS:" HOST)};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct made_spec up = made_leaf(HOST);
        made_set(&up, "authorityKeyIdentifier", NULL);
        made_set(&up, "subjectAltName", others[i]);
        struct leaf_spec spec = {.host = SLICE(HOST), .fault = LEAF_WRONG_HOST};
        spec.upstream = made_cert(&up, NULL).cert;
        struct leaf *leaf = mint(&spec);
        assert_int_equal(judge(leaf, HOST).reason, VERDICT_WRONG_HOST);
        assert_int_equal(
            X509_check_host(leaf->cert, HOST, 0, X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT, NULL), 0);
        leaf_unref(leaf);
    }
}

static void
a_name_that_cannot_have_the_fault_is_refused(void **state)
{
    static const struct {
        const char *host;
        enum leaf_fault fault;
    } rows[] = {
        {"localhost", LEAF_WILDCARD_TLD},
        {"www.example.com", LEAF_WILDCARD_DEEP},
        {"example.com", LEAF_WILDCARD_PARTIAL},
        {"a2345678901234567890123456789012.b2345678901234567890123456789012.example", LEAF_NO_SAN},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = {0};
        struct leaf_spec spec = {.host = slice_str(rows[i].host), .fault = rows[i].fault};
        assert_null(leaf_mint(ca, &spec, &err));
        assert_non_null(strstr(err.text, leaf_fault_word(rows[i].fault)));
        assert_non_null(strstr(err.text, rows[i].host));
    }
}

static void
words_are_found_and_others_told(void **state)
{
    enum leaf_fault fault = LEAF_GOOD;
    struct err err = {0};
    for (int i = LEAF_GOOD + 1; i < LEAF_FAULTS; i++) {
        assert_true(leaf_fault_find(slice_str(leaf_fault_word((enum leaf_fault)i)), &fault, &err));
        assert_int_equal(fault, i);
    }
    assert_false(leaf_fault_find(SLICE("good"), &fault, &err));
    assert_false(leaf_fault_find(SLICE("selfsigned"), &fault, &err));
    assert_string_equal(err.text,
                        "unknown certificate fault 'selfsigned', did you mean 'self-signed'?");
    assert_false(leaf_fault_find(SLICE("zzzzzzzzzzzz"), &fault, &err));
    assert_non_null(strstr(err.text, "bad-signature"));
    assert_non_null(strstr(err.text, "one of expired not-yet-valid "));
}

/* Authorities between ours and the leaf. */

static int
days_until(const ASN1_TIME *t)
{
    int days = 0, seconds = 0;
    assert_int_equal(ASN1_TIME_diff(&days, &seconds, NULL, t), 1);
    return days;
}

static void
intermediates_are_short_lived_and_not_ours(void **state)
{
    for (int i = LEAF_GOOD; i < LEAF_FAULTS; i++) {
        struct leaf_spec spec = {.host = SLICE(HOST), .fault = (enum leaf_fault)i};
        int want = i == LEAF_PATH_LENGTH                                ? 2
                   : i == LEAF_LEAF_AS_CA || i == LEAF_NAME_CONSTRAINTS ? 1
                                                                        : 0;
        struct leaf *leaf = mint(&spec);
        assert_int_equal(sk_X509_num(leaf->chain), want);
        for (int k = 0; k < want; k++) {
            X509 *cert = sk_X509_value(leaf->chain, k);
            assert_in_range(days_until(X509_get0_notAfter(cert)), 1, 2);
            assert_int_not_equal(EVP_PKEY_eq(X509_get0_pubkey(cert), leaf->key), 1);
            assert_int_not_equal(EVP_PKEY_eq(X509_get0_pubkey(cert), X509_get0_pubkey(ca_cert(ca))),
                                 1);
        }
        leaf_unref(leaf);
    }
}

/* Whatever a server shows: no other authority, no weak hash, no weak key. */
static void
no_fault_of_a_server_makes_the_authority_sign_more(void **state)
{
    for (int i = VERDICT_NONE; i < VERDICT_COUNT; i++) {
        struct leaf_spec spec = {.host = SLICE(HOST)};
        spec.fault = leaf_fault_of((enum verdict_reason)i);
        assert_true(spec.fault != LEAF_GOOD || i == VERDICT_OK);
        struct leaf *leaf = mint(&spec);
        assert_int_equal(sk_X509_num(leaf->chain), 0);
        assert_false(leaf->weak);
        leaf_unref(leaf);
    }
}

static void
each_leaf_has_intermediates_of_its_own(void **state)
{
    struct leaf_spec spec = {.host = SLICE(HOST), .fault = LEAF_NAME_CONSTRAINTS};
    struct leaf *a = mint(&spec), *b = mint(&spec);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(a->chain, 0)),
                                 X509_get0_pubkey(sk_X509_value(b->chain, 0))),
                     0);
    leaf_unref(a);
    leaf_unref(b);
}

/* With a key of another kind, or one that allows authorities below itself. */
static void
other_authorities_show_the_same(void **state)
{
    struct ca *usual = ca;
    struct trust *usual_trust = trust;
    struct made_spec root = made_root("Root of somebody");
    struct made made = made_cert(&root, NULL);
    struct ca_options ec = {.dir = folder_file("ec"), .key_type = "ecdsa:p384"};
    struct ca_options wide = {.dir = folder_file("wide")};
    assert_true(ca_import(
        &wide, made_pem("wide.pem", made.key, made_chain(made.cert, NULL, NULL, NULL), 0600),
        NULL));
    const struct ca_options *all[] = {&ec, &wide};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        char cert[300];
        snprintf(cert, sizeof cert, "%s/weir-ca-cert.pem", all[i]->dir);
        ca = ca_open(all[i], NULL, NULL);
        trust = trust_new(&(struct trust_options){.ca = cert}, NULL);
        assert_non_null(trust);
        struct leaf_spec spec = {.host = SLICE(HOST)};
        for (int k = LEAF_GOOD; k < LEAF_FAULTS; k++) {
            spec.fault = (enum leaf_fault)k;
            if (k != LEAF_MD5)
                assert_only(&spec, leaf_fault_verdict(spec.fault), HOST);
        }
        struct err err = {0};
        spec.fault = LEAF_MD5;
        assert_null(leaf_mint(ca, &spec, &err));
        assert_non_null(strstr(err.text, "cannot sign"));
        trust_unref(trust);
        ca_unref(ca);
    }
    ca = usual;
    trust = usual_trust;
}

/* On the wire. */

/* Passes what one wrote to the other, until both are done or one failed. */
static bool
handshake(SSL *client, SSL *server)
{
    BIO *a, *b;
    assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
    SSL_set_bio(client, a, a);
    SSL_set_bio(server, b, b);
    for (int i = 0; i < 20 && !(SSL_is_init_finished(client) && SSL_is_init_finished(server));
         i++) {
        SSL_do_handshake(client);
        SSL_do_handshake(server);
    }
    ERR_clear_error();
    return SSL_is_init_finished(client) && SSL_is_init_finished(server);
}

static SSL_CTX *
careless_client(int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(ctx);
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_min_proto_version(ctx, version);
    SSL_CTX_set_max_proto_version(ctx, version);
    return ctx;
}

static void
show(SSL_CTX *accept, SSL_CTX *connect, struct leaf *leaf, const char *word)
{
    struct err err = {0};
    SSL *server = ctx_accept_ssl(accept, &err), *client = SSL_new(connect);
    SSL_set_connect_state(client);
    if (!ctx_apply_leaf(server, leaf, &err) || !handshake(client, server))
        fail_msg("%s cannot be shown: %s", word, err.text);
    X509 *got = SSL_get1_peer_certificate(client);
    assert_int_equal(X509_cmp(got, leaf->cert), 0);
    assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(client)), 1 + sk_X509_num(leaf->chain));
    X509_free(got);
    ctx_ssl_free(server);
    ctx_ssl_free(client);
}

static void
each_can_be_shown_to_a_client(void **state)
{
    struct ctx_policy policy = CTX_POLICY_DEFAULT;
    SSL_CTX *accept = ctx_accept_new(&policy, NULL);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX *connect = careless_client(version);
        for (int i = LEAF_GOOD; i < LEAF_FAULTS; i++) {
            struct leaf_spec spec = {.host = SLICE(HOST), .fault = (enum leaf_fault)i};
            struct leaf *leaf = mint(&spec), *parsed = leaf_parsed(leaf);
            show(accept, connect, leaf, leaf_fault_word(spec.fault));
            show(accept, connect, parsed, leaf_fault_word(spec.fault));
            leaf_unref(leaf);
            leaf_unref(parsed);
        }
        SSL_CTX_free(connect);
    }
    ctx_free(accept);
}

static void
the_cache_gives_each_its_own(void **state)
{
    struct leaf_cache *c = leaf_cache_new(1000, 0);
    struct leaf *first[LEAF_FAULTS];
    for (int round = 0; round < 2; round++)
        for (int i = LEAF_GOOD; i < LEAF_FAULTS; i++) {
            struct leaf_spec spec = {.host = SLICE(HOST), .fault = (enum leaf_fault)i};
            struct leaf *leaf = leaf_cache_get(c, ca, &spec, NULL);
            assert_non_null(leaf);
            assert_int_equal(judge(leaf, HOST).reason, leaf_fault_verdict(spec.fault));
            if (round == 0)
                first[i] = leaf;
            else
                assert_ptr_equal(leaf->der, first[i]->der);
            if (round == 1) {
                leaf_unref(first[i]);
                leaf_unref(leaf);
            }
        }
    assert_int_equal(leaf_cache_stats(c).misses, LEAF_FAULTS);
    leaf_cache_free(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_is_the_only_thing_wrong),
        cmocka_unit_test(an_upstreams_certificate_makes_no_difference),
        cmocka_unit_test(an_address_has_the_faults_that_it_can_have),
        cmocka_unit_test(the_names_are_what_a_careless_client_takes),
        cmocka_unit_test(a_wrong_host_is_wrong_in_the_subject_too),
        cmocka_unit_test(a_name_that_cannot_have_the_fault_is_refused),
        cmocka_unit_test(words_are_found_and_others_told),
        cmocka_unit_test(intermediates_are_short_lived_and_not_ours),
        cmocka_unit_test(no_fault_of_a_server_makes_the_authority_sign_more),
        cmocka_unit_test(each_leaf_has_intermediates_of_its_own),
        cmocka_unit_test(other_authorities_show_the_same),
        cmocka_unit_test(each_can_be_shown_to_a_client),
        cmocka_unit_test(the_cache_gives_each_its_own),
    };
    return cmocka_run_group_tests(tests, open_ca, close_ca);
}
