/* Authorities and URLs. */
#include "codec/url.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
assert_text(struct slice s, const char *text)
{
    if (!slice_eq(s, slice_str(text)))
        fail_msg("'%.*s' is not '%s'", SLICE_ARG(s), text);
}

struct good_authority {
    const char *text, *host;
    uint16_t port;
    bool is_ip, ipv6;
};

static const struct good_authority good[] = {
    {"example.com", "example.com", 0, false, false},
    {"Example.COM.:8080", "Example.COM.", 8080, false, false},
    {"a_b-c.d:65535", "a_b-c.d", 65535, false, false},
    {"1.2.3.4:1", "1.2.3.4", 1, true, false},
    {"[::1]", "::1", 0, true, true},
    {"[2001:DB8::1.2.3.4]:443", "2001:DB8::1.2.3.4", 443, true, true},
    {"4chan.org", "4chan.org", 0, false, false},
    {"1.2.3.4.example", "1.2.3.4.example", 0, false, false},
    {"localhost", "localhost", 0, false, false},
};

static void
authorities_come_apart(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct authority at;
        if (!url_parse_authority(slice_str(good[i].text), &at))
            fail_msg("%s", good[i].text);
        assert_text(at.host, good[i].host);
        assert_int_equal(at.port, good[i].port);
        assert_int_equal(at.is_ip, good[i].is_ip);
        assert_int_equal(at.ipv6, good[i].ipv6);
    }
}

static const char *const bad[] = {
    "",           ":80",       "a:",       "a:0",       "a:65536",   "a:080",    "a:+1",
    "a:8 0",      "a:80x",     "u@a",      "u:p@a",     "a/b",       "a?b",      "a#b",
    "a,b",        "a b",       " a",       "a ",        "a%20b",     "\xc3\xa4", "a..b",
    ".a",         ".",         "a:1:2",    "::1",       "[::1",      "[::1]80",  "[::1]:",
    "[::1%eth0]", "[1.2.3.4]", "[a]",      "[]",        "[v1.x]",    "1.2.3",    "1",
    "0x7f000001", "1.2.3.256", "01.2.3.4", "1.2.3.0x4", "127.1",     "1.2.3.4.", "a.123",
    "a;b",        "a!b",       "a*",       "[:::1]",    "[1::2::3]", "a\tb",     "a\x7f",
};

static void
what_is_unusual_is_refused(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct authority at;
        if (url_parse_authority(slice_str(bad[i]), &at))
            fail_msg("'%s' was taken", bad[i]);
    }
    struct authority at;
    assert_false(url_parse_authority(SLICE("a\0b"), &at));
    assert_false(url_parse_authority(SLICE("1.2.3.4\0"), &at));
    assert_false(url_parse_authority(SLICE("[::1\0]"), &at));
}

static void
names_and_labels_have_their_limits(void **state)
{
    char name[256];
    struct authority at;
    memset(name, 'a', sizeof(name));
    assert_true(url_parse_authority(slice_of(name, 63), &at));
    assert_false(url_parse_authority(slice_of(name, 64), &at));
    for (size_t i = 49; i < sizeof(name); i += 50)
        name[i] = '.';
    assert_true(url_parse_authority(slice_of(name, 255), &at));
    assert_false(url_parse_authority(slice_of(name, 256), &at));
}

static void
an_absolute_url_comes_apart(void **state)
{
    struct url u;
    assert_true(url_parse_absolute(SLICE("HTTPS://a.example:8443/p/%2f/../q?x=/&y=?"), &u));
    assert_text(u.scheme, "HTTPS");
    assert_true(u.https);
    assert_text(u.authority, "a.example:8443");
    assert_text(u.at.host, "a.example");
    assert_int_equal(u.port, 8443);
    assert_text(u.path, "/p/%2f/../q");
    assert_text(u.query, "?x=/&y=?");
}

static void
ports_and_paths_have_their_defaults(void **state)
{
    struct url u;
    assert_true(url_parse_absolute(SLICE("http://[::1]"), &u));
    assert_int_equal(u.port, 80);
    assert_int_equal(u.at.port, 0);
    assert_text(u.path, "/");
    assert_int_equal(u.query.n, 0);
    assert_true(url_parse_absolute(SLICE("https://a/"), &u));
    assert_int_equal(u.port, 443);
}

static void
other_urls_are_refused(void **state)
{
    static const char *const urls[] = {
        "",           "a",           "http",          "http:",        "http:/a",    "http//a",
        "ftp://a/",   "http://",     "http:///x",     "http://u@a/",  "http://a:/", "http://a/#f",
        "http://a b", "http://a/ b", "http://a/\xff", "http://a\\b/", "ws://a/",    "://a",
        "http://?x"};
    struct url u;
    for (size_t i = 0; i < ARRAY_LEN(urls); i++)
        if (url_parse_absolute(slice_str(urls[i]), &u))
            fail_msg("'%s' was taken", urls[i]);
}

static void
assert_origin(const char *text, const char *origin)
{
    struct arena *a = arena_new(64, 1024);
    struct url u;
    assert_non_null(a);
    assert_true(url_parse_absolute(slice_str(text), &u));
    assert_text(url_origin(&u, a), origin);
    arena_free(a);
}

static void
the_origin_form_is_path_and_query(void **state)
{
    assert_origin("http://a", "/");
    assert_origin("http://a/", "/");
    assert_origin("http://a/x?y", "/x?y");
    assert_origin("http://a/x?", "/x?");
    assert_origin("http://a?y", "/?y");
}

static void
without_memory_there_is_no_origin_form(void **state)
{
    struct arena *a = arena_new(8, 8);
    struct url u;
    assert_non_null(a);
    assert_true(url_parse_absolute(SLICE("http://a?a-query-of-some-length-that-does-not-fit"), &u));
    assert_null(url_origin(&u, a).p);
    arena_free(a);
}

static void
assert_normal(const char *host, const char *normal)
{
    char out[URL_HOST_MAX + 1];
    if (!url_host_normal(slice_str(host), out))
        fail_msg("'%s' was refused", host);
    assert_string_equal(out, normal);
}

static void
hosts_have_one_spelling(void **state)
{
    assert_normal("ExAmple.COM.", "example.com");
    assert_normal("a_B", "a_b");
    assert_normal("127.0.0.1", "127.0.0.1");
    assert_normal("[::1]", "::1");
    assert_normal("0:0:0:0:0:0:0:1", "::1");
    assert_normal("[2001:DB8:0:0:1:0:0:0]", "2001:db8:0:0:1::");
    assert_normal("::FFFF:1.2.3.4", "::ffff:1.2.3.4");
}

static void
what_is_no_host_has_no_spelling(void **state)
{
    static const char *const hosts[] = {"",    ".", "a:80", "[a]", "[1.2.3.4]",
                                        "a/b", "[", "[]",   "1.2"};
    char out[URL_HOST_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
        if (url_host_normal(slice_str(hosts[i]), out))
            fail_msg("'%s' was taken", hosts[i]);
}

static void
ip_literals_become_bytes(void **state)
{
    uint8_t ip[16];
    unsigned len;
    assert_true(url_parse_ip(SLICE("10.0.0.255"), ip, &len));
    assert_int_equal(len, 4);
    assert_memory_equal(ip, "\x0a\0\0\xff", 4);
    assert_true(url_parse_ip(SLICE("fe80::1"), ip, &len));
    assert_int_equal(len, 16);
    assert_memory_equal(ip, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    assert_false(url_parse_ip(SLICE("fe80::1%1"), ip, &len));
    assert_false(url_parse_ip(SLICE("10.0.0"), ip, &len));
    assert_false(url_parse_ip(SLICE_NONE, ip, &len));
    assert_false(url_parse_ip(SLICE("1111:1111:1111:1111:1111:1111:111.111.111.1111"), ip, &len));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authorities_come_apart),
        cmocka_unit_test(what_is_unusual_is_refused),
        cmocka_unit_test(names_and_labels_have_their_limits),
        cmocka_unit_test(an_absolute_url_comes_apart),
        cmocka_unit_test(ports_and_paths_have_their_defaults),
        cmocka_unit_test(other_urls_are_refused),
        cmocka_unit_test(the_origin_form_is_path_and_query),
        cmocka_unit_test(without_memory_there_is_no_origin_form),
        cmocka_unit_test(hosts_have_one_spelling),
        cmocka_unit_test(what_is_no_host_has_no_spelling),
        cmocka_unit_test(ip_literals_become_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
