/* Tests of ui/web/gate: tokens, cookies, sites, guesses, passwords. */
#include "ui/web/gate.h"

#include "base/clock.h"
#include "codec/http1.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct gate *gate;
static struct arena *arena;
static const struct gate_from near_by = {.host = "127.0.0.1", .slot = 7};

static int
setup(void **state)
{
    struct err e = {0};
    gate = gate_new(NULL, &e);
    arena = arena_new(4096, 1 << 20);
    return gate && arena ? 0 : -1;
}

static int
teardown(void **state)
{
    gate_free(gate);
    arena_free(arena);
    return 0;
}

static struct http_head
parse(const char *method, const char *fields)
{
    char text[4096];
    struct http_head h = {0};
    struct http1_why why;
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    int n = snprintf(text, sizeof(text), "%s / HTTP/1.1\r\n%s\r\n", method, fields);
    struct slice kept = arena_dup(arena, slice_of(text, (size_t)n));
    assert_int_equal(http1_parse_request(kept, &limits, arena, &h, &why), HTTP1_OK);
    return h;
}

static enum gate_result
check(const struct gate_from *from, const char *fields)
{
    struct http_head h = parse("GET", fields);
    return gate_check(gate, from, &h, NS_PER_S);
}

static enum gate_result
check_with_token(const struct gate_from *from, const char *fields)
{
    char all[1024];
    snprintf(all, sizeof(all), "%sAuthorization: Bearer %s\r\n", fields, gate_token(gate));
    return check(from, all);
}

static void
the_token_opens_it_and_nothing_else_does(void **state)
{
    assert_int_equal(strlen(gate_token(gate)), GATE_KEY_HEX);
    assert_int_equal(check_with_token(&near_by, "Host: 127.0.0.1\r\n"), GATE_OPEN);
    assert_int_equal(check(&near_by, "Host: 127.0.0.1\r\n"), GATE_UNKNOWN);
    assert_int_equal(check(&near_by, "Host: 127.0.0.1\r\nAuthorization: Bearer \r\n"),
                     GATE_UNKNOWN);
    assert_int_equal(check(&near_by, "Host: 127.0.0.1\r\nCookie: weir-session=\r\n"), GATE_UNKNOWN);
}

static void
the_local_socket_is_open_whatever_is_said(void **state)
{
    struct gate_from from = {.local = true};
    assert_int_equal(check(&from, "Host: evil.test\r\nOrigin: http://evil.test\r\n"), GATE_OPEN);
}

static void
hosts_of_others_are_refused(void **state)
{
    struct gate_from far = {.host = "192.0.2.1", .tls = true};
    assert_int_equal(check_with_token(&near_by, "Host: evil.test\r\n"), GATE_HOST);
    assert_int_equal(check_with_token(&near_by, "Host: 192.0.2.1\r\n"), GATE_HOST);
    assert_int_equal(check_with_token(&far, "Host: 192.0.2.1:8081\r\n"), GATE_OPEN);
    assert_int_equal(check_with_token(&near_by, "Host: localhost.:8081\r\n"), GATE_OPEN);
    assert_int_equal(check_with_token(&near_by, "Host: [::1]:8081\r\n"), GATE_OPEN);
}

static void
origins_are_those_of_the_host(void **state)
{
    struct gate_from far = {.host = "192.0.2.1", .tls = true};
    assert_int_equal(
        check_with_token(&near_by, "Host: localhost:1\r\nOrigin: http://localhost:1\r\n"),
        GATE_OPEN);
    assert_int_equal(
        check_with_token(&near_by, "Host: localhost:1\r\nOrigin: http://localhost:2\r\n"),
        GATE_ORIGIN);
    assert_int_equal(
        check_with_token(&near_by, "Host: localhost:1\r\nOrigin: https://localhost:1\r\n"),
        GATE_ORIGIN);
    assert_int_equal(
        check_with_token(&near_by, "Host: localhost:1\r\nOrigin: http://127.0.0.1:1\r\n"),
        GATE_ORIGIN);
    assert_int_equal(check_with_token(&far, "Host: 192.0.2.1:1\r\nOrigin: https://192.0.2.1:1\r\n"),
                     GATE_OPEN);
    assert_int_equal(check_with_token(&near_by, "Host: localhost\r\nOrigin: http://localhost\r\n"
                                                "Origin: http://localhost\r\n"),
                     GATE_ORIGIN);
}

static enum gate_result
check_with_cookie(const char *method, const char *key, const char *fields)
{
    char all[1024];
    snprintf(all, sizeof(all), "Host: localhost\r\nCookie: x=y; weir-session=%s\r\n%s", key,
             fields);
    struct http_head h = parse(method, all);
    return gate_check(gate, &near_by, &h, NS_PER_S);
}

static void
a_cookie_lasts_until_the_logout(void **state)
{
    char key[GATE_KEY_HEX + 1], all[200];
    gate_login(gate, key);
    assert_string_not_equal(key, gate_token(gate));
    assert_int_equal(check_with_cookie("GET", key, ""), GATE_OPEN);
    snprintf(all, sizeof(all), "Host: localhost\r\nCookie: weir-session=%s\r\n", key);
    struct http_head h = parse("GET", all);
    gate_logout(gate, &h);
    assert_int_equal(check_with_cookie("GET", key, ""), GATE_UNKNOWN);
}

static void
a_cookie_changes_nothing_for_the_pages_of_others(void **state)
{
    char key[GATE_KEY_HEX + 1];
    gate_login(gate, key);
    assert_int_equal(check_with_cookie("POST", key, ""), GATE_ORIGIN);
    assert_int_equal(check_with_cookie("POST", key, "Origin: http://localhost\r\n"), GATE_OPEN);
    assert_int_equal(check_with_cookie("GET", key, "Sec-Fetch-Site: same-site\r\n"), GATE_ORIGIN);
    assert_int_equal(check_with_cookie("GET", key, "Sec-Fetch-Site: same-origin\r\n"), GATE_OPEN);
}

static void
the_oldest_cookies_make_room(void **state)
{
    char first[GATE_KEY_HEX + 1], key[GATE_KEY_HEX + 1];
    gate_login(gate, first);
    for (int i = 0; i < 63; i++)
        gate_login(gate, key);
    assert_int_equal(check_with_cookie("GET", first, ""), GATE_OPEN);
    gate_login(gate, key);
    assert_int_equal(check_with_cookie("GET", first, ""), GATE_UNKNOWN);
    assert_int_equal(check_with_cookie("GET", key, ""), GATE_OPEN);
}

static void
failures_are_counted_by_client_for_a_minute(void **state)
{
    struct gate_from other = {.host = "127.0.0.1", .slot = 8};
    for (int i = 0; i < GATE_FAILURES_MAX; i++)
        assert_int_equal(check(&near_by, "Host: localhost\r\n"), GATE_UNKNOWN);
    assert_int_equal(check(&near_by, "Host: localhost\r\n"), GATE_LIMITED);
    assert_true(gate_is_limited(gate, &near_by, 60 * NS_PER_S));
    assert_int_equal(check(&other, "Host: localhost\r\n"), GATE_UNKNOWN);
    assert_int_equal(check_with_token(&near_by, "Host: localhost\r\n"), GATE_OPEN);
    assert_false(gate_is_limited(gate, &near_by, 61 * NS_PER_S));
    gate_count(gate, &near_by, 61 * NS_PER_S);
    assert_false(gate_is_limited(gate, &near_by, 61 * NS_PER_S));
}

static void
a_password_is_kept_as_a_hash(void **state)
{
    struct err e = {0};
    struct gate *g = gate_new("open sesame", &e);
    assert_non_null(g);
    assert_true(gate_has_password(g));
    assert_true(gate_is_password(g, "open sesame"));
    assert_false(gate_is_password(g, "open sesam"));
    assert_false(gate_is_password(g, ""));
    gate_free(g);
    assert_false(gate_has_password(gate));
    assert_false(gate_is_password(gate, ""));
}

static void
a_hash_that_is_none_is_refused(void **state)
{
    struct err e = {0};
    assert_null(gate_new("$7$!", &e));
    assert_int_equal(e.code, ERR_USAGE);
}

static void
equal_is_equal_in_all_bytes(void **state)
{
    assert_true(gate_same(SLICE("abc"), SLICE("abc")));
    assert_false(gate_same(SLICE("abcabc"), SLICE("abc")));
    assert_false(gate_same(SLICE("abc"), SLICE("abcabc")));
    assert_false(gate_same(SLICE("abd"), SLICE("abc")));
    assert_false(gate_same(SLICE(""), SLICE("abc")));
    assert_false(gate_same(SLICE("abc"), SLICE("")));
}

static void
the_cookie_is_for_our_pages_alone(void **state)
{
    AUTO(buf_release) struct buf plain = {.max = 500}, secure = {.max = 500};
    struct gate_from far = {.host = "192.0.2.1", .tls = true};
    gate_cookie(&near_by, "k", &plain);
    assert_string_equal(buf_str(&plain), "weir-session=k; HttpOnly; SameSite=Strict; Path=/");
    gate_cookie(&far, "", &secure);
    assert_string_equal(buf_str(&secure),
                        "weir-session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0; Secure");
}

#define GATE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        GATE_TEST(the_token_opens_it_and_nothing_else_does),
        GATE_TEST(the_local_socket_is_open_whatever_is_said),
        GATE_TEST(hosts_of_others_are_refused),
        GATE_TEST(origins_are_those_of_the_host),
        GATE_TEST(a_cookie_lasts_until_the_logout),
        GATE_TEST(a_cookie_changes_nothing_for_the_pages_of_others),
        GATE_TEST(the_oldest_cookies_make_room),
        GATE_TEST(failures_are_counted_by_client_for_a_minute),
        GATE_TEST(a_password_is_kept_as_a_hash),
        GATE_TEST(a_hash_that_is_none_is_refused),
        GATE_TEST(equal_is_equal_in_all_bytes),
        GATE_TEST(the_cookie_is_for_our_pages_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
