/* Tests of io/sock.c. */
#include "io/sock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct sockaddr *
addr(const char *host, uint16_t port)
{
    static struct sockaddr_storage a[4];
    static unsigned next;
    struct sockaddr_storage *out = &a[next++ % ARRAY_LEN(a)];
    assert_true(sock_parse(host, port, out));
    return (struct sockaddr *)out;
}

static void
test_text_has_brackets_around_ipv6(void **state)
{
    char out[64];
    sock_text(addr("127.0.0.1", 80), out, sizeof(out));
    assert_string_equal(out, "127.0.0.1:80");
    sock_text(addr("::1", 65535), out, sizeof(out));
    assert_string_equal(out, "[::1]:65535");
    sock_text(&(struct sockaddr){.sa_family = AF_UNIX}, out, sizeof(out));
    assert_string_equal(out, "?");
}

static void
test_text_is_cut_to_the_room_there_is(void **state)
{
    char out[6];
    sock_text(addr("127.0.0.1", 80), out, sizeof(out));
    assert_string_equal(out, "127.0");
}

static void
test_parse_takes_numeric_addresses_only(void **state)
{
    static const char *const good[] = {
        "0.0.0.0", "255.255.255.255", "::", "[::]", "[fe80::1]", "::ffff:1.2.3.4"};
    static const char *const bad[] = {"",
                                      "localhost",
                                      "127.1",
                                      "1.2.3.4.5",
                                      "0x7f.0.0.1",
                                      "[::1",
                                      "::1]",
                                      "[127.0.0.1]",
                                      "[]",
                                      "1.2.3.256",
                                      "2130706433",
                                      " 1.2.3.4",
                                      "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21"};
    struct sockaddr_storage a;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(sock_parse(good[i], 1, &a));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(sock_parse(bad[i], 1, &a));
}

enum class { LOOPBACK, LINK_LOCAL, PRIVATE, GLOBAL };

static void
test_each_address_has_one_class(void **state)
{
    static const struct {
        const char *host;
        enum class class;
    } rows[] = {
        {"127.0.0.1", LOOPBACK},
        {"127.255.255.255", LOOPBACK},
        {"0.0.0.0", LOOPBACK},
        {"::1", LOOPBACK},
        {"::", LOOPBACK},
        {"::ffff:127.0.0.1", LOOPBACK},
        {"::ffff:0.0.0.0", LOOPBACK},
        {"169.254.169.254", LINK_LOCAL},
        {"::ffff:169.254.1.1", LINK_LOCAL},
        {"fe80::1", LINK_LOCAL},
        {"febf::1", LINK_LOCAL},
        {"10.1.2.3", PRIVATE},
        {"172.16.0.1", PRIVATE},
        {"172.31.255.255", PRIVATE},
        {"192.168.255.1", PRIVATE},
        {"100.64.0.1", PRIVATE},
        {"100.127.255.255", PRIVATE},
        {"fc00::1", PRIVATE},
        {"fdff::1", PRIVATE},
        {"::ffff:10.0.0.1", PRIVATE},
        {"128.0.0.1", GLOBAL},
        {"126.255.255.255", GLOBAL},
        {"172.32.0.1", GLOBAL},
        {"172.15.255.255", GLOBAL},
        {"100.128.0.1", GLOBAL},
        {"100.63.255.255", GLOBAL},
        {"169.253.1.1", GLOBAL},
        {"192.169.0.1", GLOBAL},
        {"8.8.8.8", GLOBAL},
        {"2001:db8::1", GLOBAL},
        {"::2", GLOBAL},
        {"fec0::1", GLOBAL},
        {"fe00::1", GLOBAL},
        {"::ffff:8.8.8.8", GLOBAL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sockaddr *a = addr(rows[i].host, 1);
        assert_int_equal(sock_is_loopback(a), rows[i].class == LOOPBACK);
        assert_int_equal(sock_is_link_local(a), rows[i].class == LINK_LOCAL);
        assert_int_equal(sock_is_private(a), rows[i].class == PRIVATE);
        assert_int_equal(sock_is_global(a), rows[i].class == GLOBAL);
    }
}

static void
test_cidr_is_matched_by_its_first_bits(void **state)
{
    static const struct {
        const char *host, *cidr;
        bool in;
    } rows[] = {
        {"10.1.2.3", "10.0.0.0/8", true},
        {"11.1.2.3", "10.0.0.0/8", false},
        {"10.1.2.3", "10.1.2.3", true},
        {"10.1.2.4", "10.1.2.3", false},
        {"10.1.2.3", "10.1.2.2/31", true},
        {"10.1.2.4", "10.1.2.2/31", false},
        {"8.8.8.8", "0.0.0.0/0", true},
        {"::ffff:10.1.2.3", "10.0.0.0/8", true},
        {"10.1.2.3", "::ffff:10.0.0.0/104", true},
        {"fd12::1", "fd00::/8", true},
        {"fd12::1", "[fd12::1]", true},
        {"fe12::1", "fd00::/8", false},
        {"2001:db8:8::1", "2001:db8:8::/47", true},
        {"2001:db8:a::1", "2001:db8:8::/47", false},
        {"10.1.2.3", "::/0", false},
        {"2001:db8::1", "::/0", true},
        {"2001:db8::1", "0.0.0.0/0", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool in = !rows[i].in;
        assert_true(sock_in_cidr(addr(rows[i].host, 1), rows[i].cidr, &in));
        assert_int_equal(in, rows[i].in);
    }
}

static void
test_bad_cidr_is_refused(void **state)
{
    static const char *const bad[] = {
        "",        "/8",          "10.0.0.0/",   "10.0.0.0/33", "::/129",
        "10/8",    "10.0.0.0/8/", "10.0.0.0/-1", "10.0.0.0/8 ", "private",
        "::ffff/x"};
    bool in;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(sock_in_cidr(addr("10.0.0.1", 1), bad[i], &in));
}

static void
test_same_compares_address_and_port(void **state)
{
    assert_true(sock_same(addr("127.0.0.1", 80), addr("127.0.0.1", 80)));
    assert_true(sock_same(addr("127.0.0.1", 80), addr("::ffff:127.0.0.1", 80)));
    assert_false(sock_same(addr("127.0.0.1", 80), addr("127.0.0.1", 81)));
    assert_false(sock_same(addr("127.0.0.1", 80), addr("127.0.0.2", 80)));
    assert_false(sock_same(addr("::1", 80), addr("127.0.0.1", 80)));
    assert_false(sock_same(addr("::1", 80), &(struct sockaddr){.sa_family = AF_UNIX}));
}

static void
test_own_addresses_are_those_of_the_interfaces(void **state)
{
    assert_true(sock_is_own(addr("127.0.0.1", 1)));
    assert_true(sock_is_own(addr("::ffff:127.0.0.1", 1)));
    assert_true(sock_is_own(addr("0.0.0.0", 1)));
    /* Reserved for documentation: RFC 5737, RFC 3849. */
    assert_false(sock_is_own(addr("192.0.2.1", 1)));
    assert_false(sock_is_own(addr("2001:db8::1", 1)));
    assert_false(sock_is_own(&(struct sockaddr){.sa_family = AF_UNIX}));
}

static void
test_a_source_is_an_address_or_a_network_of_ipv6(void **state)
{
    assert_int_equal(sock_source(addr("127.0.0.1", 1)), 0);
    assert_int_equal(sock_source(addr("::1", 1)), 0);
    assert_int_not_equal(sock_source(addr("10.0.0.1", 1)), 0);
    assert_true(sock_source(addr("10.0.0.1", 1)) == sock_source(addr("::ffff:10.0.0.1", 2)));
    assert_true(sock_source(addr("10.0.0.1", 1)) != sock_source(addr("10.0.0.2", 1)));
    assert_true(sock_source(addr("2001:db8::1", 1)) == sock_source(addr("2001:db8::2", 1)));
    assert_true(sock_source(addr("2001:db8::1", 1)) != sock_source(addr("2001:db8:0:1::1", 1)));
}

static void
test_the_port_is_in_host_order(void **state)
{
    assert_int_equal(sock_port(addr("127.0.0.1", 8080)), 8080);
    assert_int_equal(sock_port(addr("::1", 443)), 443);
    assert_int_equal(sock_port(&(struct sockaddr){.sa_family = AF_UNIX}), 0);
}

static void
test_the_unspecified_addresses_are_all_zeros(void **state)
{
    assert_true(sock_is_unspecified(addr("0.0.0.0", 1)));
    assert_true(sock_is_unspecified(addr("::", 1)));
    assert_true(sock_is_unspecified(addr("::ffff:0.0.0.0", 1)));
    assert_false(sock_is_unspecified(addr("127.0.0.1", 1)));
    assert_false(sock_is_unspecified(addr("::1", 1)));
}

static unsigned long
client(const char *text)
{
    struct sockaddr_storage a;
    assert_true(sock_parse(text, 1, &a));
    return sock_hash_client((struct sockaddr *)&a);
}

static void
test_a_client_has_an_ipv4_address_or_a_network_of_ipv6(void **state)
{
    assert_true(client("10.0.0.1") == client("::ffff:10.0.0.1"));
    assert_true(client("10.0.0.1") != client("10.0.0.2"));
    assert_true(client("2001:db8::1") == client("2001:db8::ffff:0:0:1"));
    assert_true(client("2001:db8::1") != client("2001:db8:0:1::1"));
}

static void
test_an_address_is_split_from_its_port(void **state)
{
    static const char *const bad[] = {
        "",    ":80", "127.0.0.1",    "127.0.0.1:",  "127.0.0.1:65536",
        "a:1", "::1", "127.0.0.1:-1", "127.0.0.1:1 "};
    char host[64], long_one[200];
    uint16_t port = 1;
    assert_true(sock_split("127.0.0.1:0", host, &port));
    assert_string_equal(host, "127.0.0.1");
    assert_int_equal(port, 0);
    assert_true(sock_split("[::1]:65535", host, &port));
    assert_string_equal(host, "[::1]");
    assert_int_equal(port, 65535);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (sock_split(bad[i], host, &port))
            fail_msg("'%s' is taken", bad[i]);
    memset(long_one, '1', sizeof(long_one));
    memcpy(long_one + sizeof(long_one) - 3, ":1", 3);
    assert_false(sock_split(long_one, host, &port));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_has_brackets_around_ipv6),
        cmocka_unit_test(test_text_is_cut_to_the_room_there_is),
        cmocka_unit_test(test_parse_takes_numeric_addresses_only),
        cmocka_unit_test(test_an_address_is_split_from_its_port),
        cmocka_unit_test(test_each_address_has_one_class),
        cmocka_unit_test(test_cidr_is_matched_by_its_first_bits),
        cmocka_unit_test(test_bad_cidr_is_refused),
        cmocka_unit_test(test_same_compares_address_and_port),
        cmocka_unit_test(test_a_source_is_an_address_or_a_network_of_ipv6),
        cmocka_unit_test(test_the_port_is_in_host_order),
        cmocka_unit_test(test_the_unspecified_addresses_are_all_zeros),
        cmocka_unit_test(test_own_addresses_are_those_of_the_interfaces),
        cmocka_unit_test(test_a_client_has_an_ipv4_address_or_a_network_of_ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
