/* Tests of rule/cookies: which cookies go where, and how many there may be. */
#include "rule/cookies.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct cookie_place
at(const char *host, const char *path)
{
    return (struct cookie_place){slice_str(host), slice_str(path), 443, true};
}

static bool
take(struct cookies *c, const char *host, const char *path, const char *set)
{
    struct cookie_place from = at(host, path);
    return cookies_take(c, &from, slice_str(set));
}

static void
expect(struct cookies *c, struct cookie_place to, const char *want)
{
    struct buf out;
    buf_init(&out, 65536);
    cookies_put(c, &to, &out);
    assert_string_equal(buf_str(&out), want);
    buf_release(&out);
}

static void
a_cookie_goes_where_it_may(void **state)
{
    static const struct {
        const char *host, *path, *set; /* who sets it */
        const char *to, *to_path, *want;
    } rows[] = {
        {"a.test", "/", "n=v", "a.test", "/x", "n=v"},
        {"a.test", "/", "n=v", "A.TEST", "/x", "n=v"},
        {"a.test", "/", "n=v", "b.a.test", "/", ""},
        {"a.test", "/", "n=v; Domain=a.test", "b.a.test", "/", "n=v"},
        {"b.a.test", "/", "n=v; domain=.a.test", "c.a.test", "/", "n=v"},
        {"b.a.test", "/", "n=v; Domain=c.a.test", "c.a.test", "/", ""},
        {"a.test", "/", "n=v; Domain=test", "b.test", "/", ""},
        {"evila.test", "/", "n=v; Domain=a.test", "a.test", "/", ""},
        {"1.2.3.4", "/", "n=v; Domain=3.4", "9.9.3.4", "/", ""},
        {"a.test", "/x/y", "n=v", "a.test", "/x/z", "n=v"},
        {"a.test", "/x/y", "n=v", "a.test", "/", ""},
        {"a.test", "/", "n=v; Path=/p", "a.test", "/p/q", "n=v"},
        {"a.test", "/", "n=v; Path=/p", "a.test", "/pq", ""},
        {"a.test", "/", "n=", "a.test", "/", "n="},
        {"a.test", "/", "=v", "a.test", "/", ""},
        {"a.test", "/", " n = v ; HttpOnly", "a.test", "/", "n=v"},
        {"a.test", "/", "n=v; Max-Age=0", "a.test", "/", ""},
        {"a.test", "/", "n=v; Max-Age=10", "a.test", "/", "n=v"},
        {"a.test", "/", "n=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "a.test", "/", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cookies *c = cookies_new();
        assert_int_equal(take(c, rows[i].host, rows[i].path, rows[i].set) || !rows[i].want[0], 1);
        expect(c, at(rows[i].to, rows[i].to_path), rows[i].want);
        cookies_free(c);
    }
}

static void
the_same_cookie_is_replaced_and_removed(void **state)
{
    struct cookies *c = cookies_new();
    assert_true(take(c, "a.test", "/", "n=1"));
    assert_true(take(c, "a.test", "/", "m=2"));
    assert_true(take(c, "a.test", "/", "n=3"));
    expect(c, at("a.test", "/"), "n=3; m=2");
    assert_true(take(c, "a.test", "/", "n=; Max-Age=-1"));
    assert_false(take(c, "a.test", "/", "n=; Max-Age=-1"));
    expect(c, at("a.test", "/"), "m=2");
    cookies_free(c);
    cookies_free(NULL);
}

static void
a_secure_cookie_needs_tls_and_another_port_is_another_server(void **state)
{
    struct cookies *c = cookies_new();
    struct cookie_place plain = at("a.test", "/"), port = plain;
    assert_true(take(c, "a.test", "/", "s=1; Secure"));
    assert_true(take(c, "a.test", "/", "n=1"));
    plain.secure = false;
    port.port = 8443;
    expect(c, plain, "n=1");
    expect(c, port, "");
    cookies_free(c);
}

static void
when_there_is_no_room_the_oldest_goes(void **state)
{
    struct cookies *c = cookies_new();
    char set[64], large[COOKIE_BYTES_MAX + 10];
    for (unsigned i = 0; i <= COOKIES_MAX; i++) {
        snprintf(set, sizeof set, "n%u=v; Path=/%u", i, i);
        assert_true(take(c, "a.test", "/", set));
    }
    expect(c, at("a.test", "/0"), "");
    expect(c, at("a.test", "/1"), "n1=v");
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    large[1] = '=';
    assert_false(take(c, "a.test", "/", large));
    cookies_free(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cookie_goes_where_it_may),
        cmocka_unit_test(the_same_cookie_is_replaced_and_removed),
        cmocka_unit_test(a_secure_cookie_needs_tls_and_another_port_is_another_server),
        cmocka_unit_test(when_there_is_no_room_the_oldest_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
