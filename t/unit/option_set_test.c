/* Tests of api/option_set: values of each type, and what is said about wrong ones. */
#include "api/option.h"

#include "base/mem.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct config *c;

static int
setup(void **state)
{
    c = config_new();
    assert_non_null(c);
    option_for(o) assert_true(option_reset(o, c, NULL));
    return 0;
}

static int
teardown(void **state)
{
    config_unref(c);
    return 0;
}

static bool
set(const char *name, struct slice value, struct err *e)
{
    struct option_name found;
    assert_true(option_find(slice_str(name), &found));
    return option_set(&found, c, value, e);
}

static void
must_set(const char *name, const char *value)
{
    struct err e = {0};
    if (!set(name, slice_str(value), &e))
        fail_msg("%s", e.text);
}

static void
wrong_values_are_named_with_what_is_allowed(void **state)
{
    static const struct {
        const char *name, *value, *text;
    } wrong[] = {
        {"onboarding", "maybe", "option 'onboarding': 'maybe' is neither yes nor no"},
        {"onboarding", "", "option 'onboarding': '' is neither yes nor no"},
        {"listen-port", "65536", "option 'listen-port': '65536' is not a number from 0 to 65535"},
        {"listen-port", "-1", "option 'listen-port': '-1' is not a number from 0 to 65535"},
        {"listen-port", "80x", "option 'listen-port': '80x' is not a number from 0 to 65535"},
        {"listen-port", "", "option 'listen-port': '' is not a number from 0 to 65535"},
        {"fields-max", "7", "option 'fields-max': '7' is not a number from 8 to 4096"},
        {"flow-detail", "5", "option 'flow-detail': '5' is not a number from 0 to 4"},
        {"body-limit", "ten", "option 'body-limit': 'ten' is not a size like 4096, 64k, 10m or 1g"},
        {"head-max", "1", "option 'head-max': '1' is less than 1k"},
        {"head-max", "1g", "option 'head-max': '1g' is more than 768k"},
        {"line-max", "255", "option 'line-max': '255' is less than 256"},
        {"memory-limit", "1k", "option 'memory-limit': '1k' is less than 1m"},
        {"head-time", "10y",
         "option 'head-time': '10y' is not a time like 500ms, 10s, 5m or 1h, above 0"},
        {"head-time", "0",
         "option 'head-time': '0' is not a time like 500ms, 10s, 5m or 1h, above 0"},
        {"grace-time", "1001d",
         "option 'grace-time': '1001d' is not a time like 500ms, 10s, 5m or 1h"},
        {"color", "red", "option 'color': 'red' is not one of auto|always|never"},
        {"proxyauth", "", "option 'proxyauth': the value is empty"},
        {"proxyauth", "secret", "option 'proxyauth': the value is neither USER:PASSWORD nor @FILE"},
        {"proxyauth", ":x", "option 'proxyauth': the value is neither USER:PASSWORD nor @FILE"},
        {"listen-host", "localhost",
         "option 'listen-host': 'localhost' is not an address like 127.0.0.1, 0.0.0.0 or ::1"},
        {"onboarding-host", "a b", "option 'onboarding-host': 'a b' is not a host name"},
        {"deny-targets", "private,10.0.0.0/33",
         "option 'deny-targets': '10.0.0.0/33' is neither private, link-local, loopback, nor a "
         "network like 10.0.0.0/8"},
        {"deny-targets", "private,,loopback", "option 'deny-targets': the value is empty"},
        {"mode", "", "option 'mode': the value is empty"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct err e = {0};
        assert_false(set(wrong[i].name, slice_str(wrong[i].value), &e));
        assert_string_equal(e.text, wrong[i].text);
        assert_int_equal(e.code, ERR_USAGE);
    }
}

/* Sentences of other parts, with the option in front. */
static void
checks_of_the_engine_are_asked(void **state)
{
    static const char *const wrong[][2] = {
        {"mode", "reguler"},
        {"mode", "regular@x"},
        {"mode", "regular@1:2:99999"},
        {"resolve", "a:b:c"},
        {"resolve", "a"},
        {"ca-key", "rsa:512"},
        {"ca-name-constraints", "a b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct err e = {0};
        char prefix[80];
        snprintf(prefix, sizeof(prefix), "option '%s': ", wrong[i][0]);
        assert_false(set(wrong[i][0], slice_str(wrong[i][1]), &e));
        assert_true(slice_starts(slice_str(e.text), slice_str(prefix)));
        assert_int_equal(e.code, ERR_USAGE);
    }
}

static void
a_wrong_value_changes_nothing(void **state)
{
    struct err e;
    must_set("deny-targets", "private");
    assert_false(set("deny-targets", SLICE("loopback,nonsense"), &e));
    assert_string_equal(c->deny_targets[0], "private");
    assert_null(c->deny_targets[1]);
    assert_false(set("listen-host", SLICE("nonsense"), &e));
    assert_null(c->listen_host);
}

static void
values_of_every_type_arrive(void **state)
{
    must_set("onboarding", "off");
    must_set("listen-port", "0");
    must_set("body-limit", "3k");
    must_set("head-time", "1500ms");
    must_set("ciphers-client", "ECDHE");
    must_set("color", "NEVER");
    must_set("resolve", "a.test:443:127.0.0.1");
    must_set("resolve", "b.test:443:::1");
    assert_false(c->onboarding);
    assert_int_equal(c->listen_port, 0);
    assert_int_equal(c->body_limit, 3072);
    assert_int_equal(c->head_time, 1500000000);
    assert_string_equal(c->ciphers_client, "ECDHE");
    assert_string_equal(c->color, "never");
    assert_string_equal(c->resolve[0], "a.test:443:127.0.0.1");
    assert_string_equal(c->resolve[1], "b.test:443:::1");
    assert_null(c->resolve[2]);
}

static void
mitmproxy_spells_values_like_this(void **state)
{
    must_set("tls_version_client_min", "TLS1_3");
    must_set("tls_version_server_max", "UNBOUNDED");
    must_set("connection_strategy", "lazy");
    must_set("tcp_timeout", "30");
    must_set("ssl_insecure", "true");
    must_set("validate_inbound_headers", "false");
    assert_string_equal(c->tls_version_client_min, "TLS1_3");
    assert_true(c->idle_time == 30000000000ull);
    assert_true(c->ssl_insecure);
    assert_true(c->allow_malformed);
}

static void
the_home_folder_is_filled_in(void **state)
{
    setenv("HOME", "/home/me", 1);
    must_set("upstream-ca", "~/ca.pem");
    must_set("save-stream-file", "+~/x");
    must_set("client-certs", "~other/x");
    must_set("confdir", "~");
    assert_string_equal(c->upstream_ca, "/home/me/ca.pem");
    assert_string_equal(c->save_stream_file, "+/home/me/x");
    assert_string_equal(c->client_certs, "~other/x");
    assert_string_equal(c->confdir, "/home/me");
}

static void
a_text_cannot_hold_a_nul_or_be_endless(void **state)
{
    struct err e = {0};
    static char large[5000];
    memset(large, 'x', sizeof(large));
    assert_false(set("ciphers-client", SLICE("a\0b"), &e));
    assert_false(set("ciphers-client", slice_of(large, sizeof(large)), &e));
    assert_null(c->ciphers_client);
    assert_false(set("color", slice_of(large, sizeof(large)), &e));
}

static void
a_configuration_cannot_grow_without_end(void **state)
{
    struct err e = {0};
    char entry[3000];
    memset(entry, 'x', sizeof(entry));
    bool good = true;
    for (int i = 0; i < 3000 && good; i++)
        good = set("ciphers-client", slice_of(entry, sizeof(entry)), &e);
    assert_false(good);
    assert_int_equal(e.code, ERR_MEMORY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wrong_values_are_named_with_what_is_allowed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(checks_of_the_engine_are_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_value_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(values_of_every_type_arrive, setup, teardown),
        cmocka_unit_test_setup_teardown(mitmproxy_spells_values_like_this, setup, teardown),
        cmocka_unit_test_setup_teardown(the_home_folder_is_filled_in, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_cannot_hold_a_nul_or_be_endless, setup, teardown),
        cmocka_unit_test_setup_teardown(a_configuration_cannot_grow_without_end, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
