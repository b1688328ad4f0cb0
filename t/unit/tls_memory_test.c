/* OpenSSL without memory: the connection ends, and nobody takes it for something else. */
#include "lib/tls_pair.h"

#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A handshake allocates some thousand times; the step is prime, so that runs fail in different
 * places. */
#define STEP 61

static struct tls_pair p;
static unsigned long count, fail_at;

static void *
gated_malloc(size_t n, const char *file, int line)
{
    return ++count == fail_at ? NULL : malloc(n);
}

static void *
gated_realloc(void *old, size_t n, const char *file, int line)
{
    if (n)
        return ++count == fail_at ? NULL : realloc(old, n);
    free(old);
    return NULL;
}

static void
gated_free(void *old, const char *file, int line)
{
    free(old);
}

/* Allocations that the connection took. 0: none fails. */
static unsigned long
run_with_failure(unsigned long nth, int version)
{
    SSL_CTX_set_max_proto_version(p.connect_ctx, version);
    tls_pair_open(&p);
    count = 0;
    fail_at = nth;
    tls_pair_run(&p);
    tls_pair_send(&p.client, SLICE("question"));
    tls_pair_run(&p);
    tls_pair_send(&p.server, SLICE("answer"));
    tls_pair_run(&p);
    fail_at = 0;
    return count;
}

static bool
end_failed(const struct tls_end *e)
{
    return e->bad || e->closes || e->chain->closed;
}

static void
assert_done_or_failed(unsigned long nth)
{
    bool whole = p.client.got_n == 6 && p.server.got_n == 8;
    if (!whole && !end_failed(&p.client) && !end_failed(&p.server))
        fail_msg("allocation %lu: neither done nor failed", nth);
    if (strstr(p.server.failed.text, "unknown_alert"))
        fail_msg("allocation %lu: '%s'", nth, p.server.failed.text);
}

static void
openssl_may_have_no_memory(void **state)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        unsigned long all = run_with_failure(0, version);
        tls_pair_close(&p);
        assert_true(all > 1000);
        for (unsigned long nth = 1; nth <= all; nth += STEP) {
            run_with_failure(nth, version);
            assert_done_or_failed(nth);
            tls_pair_close(&p);
        }
    }
}

static void
want_of_memory_is_our_fault(void **state)
{
    bool seen = false;
    for (unsigned long nth = 1; nth < 20; nth++) {
        run_with_failure(nth, TLS1_3_VERSION);
        seen |= strncmp(p.server.failed.text, "handshake-failed:proxy: ", 24) == 0;
        tls_pair_close(&p);
    }
    assert_true(seen);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_may_have_no_memory),
        cmocka_unit_test(want_of_memory_is_our_fault),
    };
    if (!CRYPTO_set_mem_functions(gated_malloc, gated_realloc, gated_free))
        return 1;
    tls_pair_init(&p);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tls_pair_release(&p);
    return failed;
}
