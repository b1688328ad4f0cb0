/* Tests of flow/flow: life, errors, URLs, memory. */
#include "flow/flow.h"

#include "base/mem.h"
#include "lib/flow_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
expect_url(const struct flow *f, const char *want)
{
    struct buf out;
    buf_init(&out, 4096);
    flow_url(f, &out);
    assert_string_equal(buf_str(&out), want);
    buf_release(&out);
}

static void
expect_target(const char *scheme, const char *host, uint16_t port, const char *target,
              const char *want)
{
    struct flow *f = flow_make(FLOW_HTTP, NULL);
    f->scheme = scheme;
    f->host = slice_str(host);
    f->port = port;
    f->req.head.target = slice_str(target);
    expect_url(f, want);
    flow_unref(f);
}

static void
a_url_leaves_the_default_port_out(void **state)
{
    expect_target("https", "a.test", 443, "/x?y=1", "https://a.test/x?y=1");
    expect_target("http", "a.test", 80, "/", "http://a.test/");
    expect_target("http", "a.test", 443, "/", "http://a.test:443/");
    expect_target("https", "a.test", 8443, "/", "https://a.test:8443/");
}

static void
an_address_of_ipv6_gets_brackets(void **state)
{
    expect_target("https", "::1", 443, "/", "https://[::1]/");
    expect_target("https", "::1", 8443, "/", "https://[::1]:8443/");
}

static void
an_absolute_target_counts_by_its_path(void **state)
{
    expect_target("http", "a.test", 80, "http://a.test/x?y", "http://a.test/x?y");
    expect_target("http", "a.test", 80, "http://a.test", "http://a.test/");
}

static void
the_asterisk_of_options_is_no_path(void **state)
{
    expect_target("http", "a.test", 80, "*", "http://a.test");
}

static void
without_a_host_the_target_must_do(void **state)
{
    expect_target("http", "", 80, "/x", "/x");
    expect_target("", "", 0, "", "");
}

static void
a_connect_and_a_tunnel_give_host_and_port(void **state)
{
    struct flow *f =
        flow_make(FLOW_CONNECT, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n");
    expect_url(f, "example.com:443");
    flow_unref(f);
    f = flow_make(FLOW_TUNNEL, NULL);
    f->host = SLICE("::1");
    expect_url(f, "[::1]:443");
    flow_unref(f);
}

static void
ids_ascend_and_the_client_is_kept(void **state)
{
    struct peer *client = peer_new();
    struct flow *a = flow_new(FLOW_HTTP, client, NULL);
    struct flow *b = flow_new(FLOW_HTTP, client, NULL);
    assert_true(b->id > a->id);
    assert_ptr_equal(a->client, client);
    assert_int_equal(atomic_load(&client->refs), 3);
    flow_unref(flow_ref(a));
    flow_unref(a);
    flow_unref(b);
    flow_unref(NULL);
    assert_int_equal(atomic_load(&client->refs), 1);
    peer_unref(client);
}

static void
the_first_error_counts(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, NULL);
    char text[] = "it broke";
    flow_fail(f, "first", slice_str(text));
    text[0] = 'X';
    flow_fail(f, "second", SLICE("it broke again"));
    assert_string_equal(f->error, "first");
    assert_true(slice_eq(f->error_text, SLICE("it broke")));
    flow_unref(f);
}

static void
another_server_takes_the_place_of_the_first(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, NULL);
    struct peer *a = peer_new(), *b = peer_new();
    flow_set_server(f, a);
    flow_set_server(f, a);
    assert_int_equal(atomic_load(&a->refs), 2);
    flow_set_server(f, b);
    assert_int_equal(atomic_load(&a->refs), 1);
    flow_unref(f);
    assert_int_equal(atomic_load(&b->refs), 1);
    peer_unref(a);
    peer_unref(b);
}

static void
contents_count_as_memory_and_go_with_the_flow(void **state)
{
    struct budget budget = {.max = 1 << 20};
    struct flow *f = flow_make_get("a.test", "/", "", &budget);
    size_t before = flow_memory(f);
    assert_true(before >= sizeof(*f));
    char content[5000] = {0};
    flow_make_content(&f->req, slice_of(content, sizeof(content)));
    flow_make_content(&f->resp, slice_of(content, sizeof(content)));
    assert_true(flow_memory(f) >= before + 10000);
    assert_true(flow_memory(f) <= before + 10500);
    flow_unref(f);
    assert_int_equal(atomic_load(&budget.used), 0);
}

static void
a_flow_needs_all_of_its_memory(void **state)
{
    struct peer *client = peer_new();
    struct flow *f = NULL;
    for (unsigned long nth = 1; !f; nth++) {
        assert_true(nth < 10);
        mem_fail_at(nth);
        f = flow_new(FLOW_HTTP, client, NULL);
        assert_int_equal(atomic_load(&client->refs), f ? 2 : 1);
    }
    mem_fail_at(1);
    flow_fail(f, "memory", SLICE("a text for which there may be no room"));
    mem_fail_at(0);
    assert_string_equal(f->error, "memory");
    flow_unref(f);
    peer_unref(client);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_leaves_the_default_port_out),
        cmocka_unit_test(an_address_of_ipv6_gets_brackets),
        cmocka_unit_test(an_absolute_target_counts_by_its_path),
        cmocka_unit_test(the_asterisk_of_options_is_no_path),
        cmocka_unit_test(without_a_host_the_target_must_do),
        cmocka_unit_test(a_connect_and_a_tunnel_give_host_and_port),
        cmocka_unit_test(ids_ascend_and_the_client_is_kept),
        cmocka_unit_test(the_first_error_counts),
        cmocka_unit_test(another_server_takes_the_place_of_the_first),
        cmocka_unit_test(contents_count_as_memory_and_go_with_the_flow),
        cmocka_unit_test(a_flow_needs_all_of_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
