/* Tests of pki/sessions.c. */
#include "base/mem.h"
#include "pki/sessions.h"

#include <openssl/ssl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Begun at 1000, good for an hour. */
static SSL_SESSION *
session(unsigned char id)
{
    SSL_SESSION *s = SSL_SESSION_new();
    SSL_SESSION_set1_id(s, &id, 1);
    SSL_SESSION_set_time(s, 1000);
    SSL_SESSION_set_timeout(s, 3600);
    return s;
}

/* The id of what is taken, or 0. */
static unsigned char
taken(struct sessions *s, const char *key, time_t now)
{
    unsigned n = 0;
    SSL_SESSION *session = sessions_take(s, slice_str(key), now);
    unsigned char id = session ? SSL_SESSION_get_id(session, &n)[0] : 0;
    SSL_SESSION_free(session);
    return id;
}

static void
a_session_is_taken_once(void **state)
{
    struct sessions *s = sessions_new(10);
    sessions_put(s, SLICE("a"), session(1));
    assert_int_equal(taken(s, "b", 1000), 0);
    assert_int_equal(taken(s, "a", 1000), 1);
    assert_int_equal(taken(s, "a", 1000), 0);
    assert_int_equal(sessions_len(s), 0);
    sessions_free(s);
}

static void
the_two_newest_of_a_key_are_kept(void **state)
{
    struct sessions *s = sessions_new(10);
    for (unsigned char id = 1; id <= 3; id++)
        sessions_put(s, SLICE("a"), session(id));
    assert_int_equal(sessions_len(s), 1);
    assert_int_equal(taken(s, "a", 1000), 3);
    assert_int_equal(taken(s, "a", 1000), 2);
    assert_int_equal(taken(s, "a", 1000), 0);
    sessions_free(s);
}

static void
what_has_ended_is_not_given(void **state)
{
    struct sessions *s = sessions_new(10);
    sessions_put(s, SLICE("a"), session(1));
    SSL_SESSION *brief = session(2);
    SSL_SESSION_set_timeout(brief, 10);
    sessions_put(s, SLICE("a"), brief);
    assert_int_equal(taken(s, "a", 1011), 1);
    sessions_put(s, SLICE("a"), session(1));
    assert_int_equal(taken(s, "a", 4600), 0);
    assert_int_equal(sessions_len(s), 0);
    sessions_free(s);
}

static void
a_session_of_tls_1_2_is_good_for_many(void **state)
{
    struct sessions *s = sessions_new(10);
    SSL_SESSION *old = session(1);
    SSL_SESSION_set_protocol_version(old, TLS1_2_VERSION);
    sessions_put(s, SLICE("a"), old);
    assert_int_equal(taken(s, "a", 1000), 1);
    assert_int_equal(taken(s, "a", 1000), 1);
    sessions_free(s);
}

static void
the_key_used_longest_ago_goes_first(void **state)
{
    struct sessions *s = sessions_new(2);
    sessions_put(s, SLICE("a"), session(1));
    sessions_put(s, SLICE("b"), session(2));
    sessions_put(s, SLICE("a"), session(3));
    sessions_put(s, SLICE("c"), session(4));
    assert_int_equal(sessions_len(s), 2);
    assert_int_equal(taken(s, "b", 1000), 0);
    assert_int_equal(taken(s, "a", 1000), 3);
    assert_int_equal(taken(s, "c", 1000), 4);
    sessions_free(s);
}

static void
what_is_left_is_freed(void **state)
{
    struct sessions *s = sessions_new(2);
    sessions_put(s, SLICE(""), session(1));
    sessions_put(s, SLICE("b"), session(2));
    assert_int_equal(sessions_len(s), 2);
    sessions_free(s);
    sessions_free(NULL);
}

static void
any_allocation_may_fail(void **state)
{
    for (unsigned long nth = 1; nth < 10; nth++) {
        mem_fail_at(nth);
        struct sessions *s = sessions_new(2);
        if (s)
            sessions_put(s, SLICE("a"), session(1));
        mem_fail_at(0);
        if (s) {
            sessions_put(s, SLICE("a"), session(2));
            assert_int_equal(taken(s, "a", 1000), 2);
        }
        sessions_free(s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_taken_once),
        cmocka_unit_test(the_two_newest_of_a_key_are_kept),
        cmocka_unit_test(what_has_ended_is_not_given),
        cmocka_unit_test(a_session_of_tls_1_2_is_good_for_many),
        cmocka_unit_test(the_key_used_longest_ago_goes_first),
        cmocka_unit_test(what_is_left_is_freed),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
