/* Tests of pki/heap.c: what OpenSSL gets for its records. */
#include "pki/heap.h"

#include "base/base.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define RECORD 16716
#define MANY   40

static void
many_buffers_are_apart(void **state)
{
    char *p[MANY];
    for (int i = 0; i < MANY; i++) {
        p[i] = OPENSSL_malloc(RECORD);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % 16, 0);
        memset(p[i], i, RECORD);
    }
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(p[i][0], i);
        assert_memory_equal(p[i], p[i] + 1, RECORD - 1);
    }
    for (int i = 0; i < MANY; i++)
        OPENSSL_free(p[i]);
}

static void
a_buffer_grows_and_shrinks(void **state)
{
    char *p = OPENSSL_malloc(RECORD);
    memset(p, 'a', RECORD);
    p = OPENSSL_realloc(p, 4L * RECORD);
    assert_int_equal(p[0], 'a');
    assert_int_equal(p[RECORD - 1], 'a');
    p = OPENSSL_realloc(p, 10);
    assert_int_equal(p[9], 'a');
    p = OPENSSL_realloc(p, RECORD);
    assert_int_equal(p[9], 'a');
    OPENSSL_free(p);
}

/* Where the build does not watch its memory: there is no stash in the others. */
#if !SANITIZED
static void
a_buffer_serves_again(void **state)
{
    void *first = OPENSSL_malloc(RECORD), *second = OPENSSL_malloc(RECORD);
    assert_ptr_not_equal(first, second);
    OPENSSL_free(first);
    void *third = OPENSSL_malloc(RECORD);
    assert_ptr_equal(third, first);
    OPENSSL_free(second);
    OPENSSL_free(third);
}

static void
a_buffer_is_wiped_where_keys_are_read(void **state)
{
    static const char zeros[RECORD];
    char *p = OPENSSL_malloc(RECORD);
    memset(p, 'k', RECORD);
    heap_wipe_begin();
    OPENSSL_free(p);
    heap_wipe_end();
    char *again = OPENSSL_malloc(RECORD);
    assert_ptr_equal(again, p);
    assert_memory_equal(again, zeros, RECORD);
    OPENSSL_free(again);
}

static void *
free_it(void *p)
{
    void *own = OPENSSL_malloc(RECORD);
    uintptr_t different = own != p;
    OPENSSL_free(p);
    OPENSSL_free(own);
    return (void *)different;
}

static void
another_thread_may_free_a_buffer(void **state)
{
    void *p = OPENSSL_malloc(RECORD), *different;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, free_it, p), 0);
    assert_int_equal(pthread_join(thread, &different), 0);
    assert_non_null(different);
    void *again = OPENSSL_malloc(RECORD);
    assert_ptr_equal(again, p);
    OPENSSL_free(again);
}

/* More threads than there are places. */
static void
threads_without_a_place_use_the_heap(void **state)
{
    void *p = OPENSSL_malloc(RECORD), *different;
    for (int i = 0; i < MANY; i++) {
        pthread_t thread;
        void *none = NULL;
        assert_int_equal(pthread_create(&thread, NULL, free_it, none), 0);
        assert_int_equal(pthread_join(thread, &different), 0);
        assert_non_null(different);
    }
    OPENSSL_free(p);
}
#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_buffers_are_apart),
        cmocka_unit_test(a_buffer_grows_and_shrinks),
#if !SANITIZED
        cmocka_unit_test(a_buffer_serves_again),
        cmocka_unit_test(a_buffer_is_wiped_where_keys_are_read),
        cmocka_unit_test(another_thread_may_free_a_buffer),
        cmocka_unit_test(threads_without_a_place_use_the_heap),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
