/* Tests of pki/leaf_cache.c. */
#include "base/mem.h"
#include "lib/chain_make.h"
#include "lib/folder.h"
#include "pki/ca.h"
#include "pki/leaf_cache.h"

#include <pthread.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct ca *ca;

static int
open_ca(void **state)
{
    struct ca_options o = {.dir = folder_file("ca"), .key_type = "ecdsa:p256"};
    ca = ca_open(&o, NULL, NULL);
    return ca ? 0 : -1;
}

static int
close_ca(void **state)
{
    ca_unref(ca);
    return 0;
}

static struct leaf *
get(struct leaf_cache *c, const char *host)
{
    struct leaf_spec spec = {.host = slice_str(host)};
    struct leaf *leaf = leaf_cache_get(c, ca, &spec, NULL);
    assert_non_null(leaf);
    return leaf;
}

static void
the_second_question_is_answered_from_the_cache(void **state)
{
    struct leaf_cache *c = leaf_cache_new(100, 0);
    struct leaf *a = get(c, "a.example"), *b = get(c, "a.example");
    struct leaf_cache_stats stats = leaf_cache_stats(c);
    assert_ptr_equal(a->der, b->der);
    assert_true(b->parsed);
    assert_int_equal(stats.misses, 1);
    assert_int_equal(stats.hits, 1);
    assert_int_equal(stats.count, 1);
    leaf_unref(a);
    leaf_unref(b);
    leaf_cache_free(c);
}

static void
everything_in_the_key_makes_another_leaf(void **state)
{
    struct err err = {0};
    struct made_spec up = made_leaf("a.example");
    made_set(&up, "authorityKeyIdentifier", NULL);
    struct ca *other = ca_new_untrusted(&err);
    struct leaf_cache *c = leaf_cache_new(100, 0);
    struct leaf_spec plain = {.host = SLICE("a.example")}, sni = plain, upstream = plain,
                     key = plain, fault = plain;
    sni.sni = SLICE("b.example");
    upstream.upstream = made_cert(&up, NULL).cert;
    key.key = LEAF_RSA;
    fault.fault = LEAF_EXPIRED;
    const struct leaf_spec *specs[] = {&plain, &sni, &upstream, &key, &fault};
    for (size_t i = 0; i < ARRAY_LEN(specs); i++)
        leaf_unref(leaf_cache_get(c, ca, specs[i], &err));
    leaf_unref(leaf_cache_get(c, other, &plain, &err));
    assert_int_equal(leaf_cache_stats(c).misses, 6);
    leaf_cache_free(c);
    ca_unref(other);
}

static void
it_holds_no_more_than_its_bound(void **state)
{
    struct leaf_cache *c = leaf_cache_new(32, 0);
    for (int i = 0; i < 200; i++) {
        char host[32];
        snprintf(host, sizeof host, "h%d.example", i);
        leaf_unref(get(c, host));
    }
    assert_int_equal(leaf_cache_stats(c).misses, 200);
    assert_in_range(leaf_cache_stats(c).count, 16, 32);
    leaf_cache_free(c);
}

static void
what_is_used_stays(void **state)
{
    struct leaf_cache *c = leaf_cache_new(32, 0);
    struct leaf *first = get(c, "often.example");
    for (int i = 0; i < 200; i++) {
        char host[32];
        snprintf(host, sizeof host, "h%d.example", i);
        leaf_unref(get(c, host));
        struct leaf *again = get(c, "often.example");
        assert_ptr_equal(again->der, first->der);
        leaf_unref(again);
    }
    leaf_unref(first);
    leaf_cache_free(c);
}

static void
a_leaf_past_its_time_is_made_again(void **state)
{
    struct leaf_cache *c = leaf_cache_new(16, 0);
    struct leaf *old = get(c, "a.example");
    old->renew = 1;
    struct leaf *fresh = get(c, "a.example");
    assert_ptr_not_equal(old, fresh);
    leaf_unref(old);
    leaf_unref(fresh);
    leaf_cache_free(c);
}

static void
a_client_that_asks_too_fast_is_refused_what_is_new(void **state)
{
    struct leaf_cache *c = leaf_cache_new(100, 1);
    struct leaf_spec spec = {.client = 1};
    struct err err = {0};
    char name[32];
    unsigned made = 0;
    for (unsigned i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "host%u.example", i);
        spec.host = slice_str(name);
        struct leaf *leaf = leaf_cache_get(c, ca, &spec, &err);
        made += leaf != NULL;
        leaf_unref(leaf);
    }
    assert_in_range(made, 10, 100);
    assert_int_equal(leaf_cache_stats(c).refused, 200 - made);
    assert_string_equal(err.text, "this client asks for new certificates too fast");
    spec.host = SLICE("host0.example");
    struct leaf *known = leaf_cache_get(c, ca, &spec, &err);
    assert_non_null(known);
    leaf_unref(known);
    leaf_cache_free(c);
}

static void
a_failure_is_told_and_not_kept(void **state)
{
    struct leaf_cache *c = leaf_cache_new(16, 0);
    struct err err = {0};
    struct leaf_spec spec = {.host = SLICE("*.example")};
    assert_null(leaf_cache_get(c, ca, &spec, &err));
    assert_string_equal(err.text, "'*.example' is not a host name");
    assert_int_equal(leaf_cache_stats(c).count, 0);
    leaf_cache_free(c);
}

static void
any_allocation_may_fail(void **state)
{
    struct leaf_spec spec = {.host = SLICE("a.example")};
    for (unsigned long nth = 1; nth < 20; nth++) {
        struct err err = {0};
        mem_fail_at(nth);
        struct leaf_cache *c = leaf_cache_new(16, 0);
        struct leaf *leaf = c ? leaf_cache_get(c, ca, &spec, &err) : NULL;
        bool failed = mem_count() >= nth;
        mem_fail_at(0);
        assert_true(leaf || failed);
        leaf_unref(leaf);
        /* The failure leaves nothing behind that would be in the way. */
        if (c)
            leaf_unref(get(c, "a.example"));
        leaf_cache_free(c);
    }
}

#define THREADS 8

struct burst {
    struct leaf_cache *cache;
    pthread_barrier_t *start;
    struct leaf *leaf[50];
};

static void *
ask_many(void *arg)
{
    struct burst *b = arg;
    pthread_barrier_wait(b->start);
    for (int i = 0; i < 50; i++) {
        char host[32];
        snprintf(host, sizeof host, "h%d.example", i);
        struct leaf_spec spec = {.host = slice_str(host)};
        b->leaf[i] = leaf_cache_get(b->cache, ca, &spec, NULL);
    }
    return NULL;
}

static void
a_burst_for_one_host_makes_one_leaf(void **state)
{
    static struct burst bursts[THREADS];
    pthread_t ids[THREADS];
    pthread_barrier_t start;
    struct leaf_cache *c = leaf_cache_new(1600, 0);
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        bursts[i] = (struct burst){.cache = c, .start = &start};
        pthread_create(&ids[i], NULL, ask_many, &bursts[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(ids[i], NULL);
    assert_int_equal(leaf_cache_stats(c).misses, 50);
    assert_int_equal(leaf_cache_stats(c).hits, 50 * (THREADS - 1));
    for (int i = 0; i < 50; i++)
        for (int k = 0; k < THREADS; k++) {
            assert_non_null(bursts[k].leaf[i]);
            assert_ptr_equal(bursts[k].leaf[i]->der, bursts[0].leaf[i]->der);
        }
    for (int i = 0; i < 50 * THREADS; i++)
        leaf_unref(bursts[i % THREADS].leaf[i / THREADS]);
    pthread_barrier_destroy(&start);
    leaf_cache_free(c);
}

static void *
churn(void *arg)
{
    struct burst *b = arg;
    pthread_barrier_wait(b->start);
    for (unsigned i = 0; i < 300; i++) {
        char host[32];
        snprintf(host, sizeof host, "h%u.example", (i * 7) % 40);
        struct leaf_spec spec = {.host = slice_str(host)};
        leaf_unref(leaf_cache_get(b->cache, ca, &spec, NULL));
    }
    return NULL;
}

static void
threads_that_push_each_other_out_do_no_harm(void **state)
{
    static struct burst bursts[THREADS];
    pthread_t ids[THREADS];
    pthread_barrier_t start;
    struct leaf_cache *c = leaf_cache_new(16, 0);
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        bursts[i] = (struct burst){.cache = c, .start = &start};
        pthread_create(&ids[i], NULL, churn, &bursts[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(ids[i], NULL);
    struct leaf_cache_stats stats = leaf_cache_stats(c);
    assert_int_equal(stats.hits + stats.misses, 300 * THREADS);
    assert_in_range(stats.count, 1, 16);
    pthread_barrier_destroy(&start);
    leaf_cache_free(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_question_is_answered_from_the_cache),
        cmocka_unit_test(everything_in_the_key_makes_another_leaf),
        cmocka_unit_test(it_holds_no_more_than_its_bound),
        cmocka_unit_test(what_is_used_stays),
        cmocka_unit_test(a_leaf_past_its_time_is_made_again),
        cmocka_unit_test(a_client_that_asks_too_fast_is_refused_what_is_new),
        cmocka_unit_test(a_failure_is_told_and_not_kept),
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(a_burst_for_one_host_makes_one_leaf),
        cmocka_unit_test(threads_that_push_each_other_out_do_no_harm),
    };
    return cmocka_run_group_tests(tests, open_ca, close_ca);
}
