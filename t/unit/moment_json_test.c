/* Moments as JSON: only what belongs to them. */
#include "ui/web/moment_json.h"

#include "flow/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
assert_json(const struct moment *m, size_t content, const char *want)
{
    struct json j;
    struct buf out;
    buf_init(&out, 10000);
    json_init(&j, &out);
    moment_json(&j, m, content);
    assert_string_equal(buf_str(&out), want);
    buf_release(&out);
}

static void
nothing_but_the_time(void **state)
{
    assert_json(&(struct moment){.id = HOOK_DONE, .at = 5000}, 10,
                "{\"type\":\"hook\",\"hook\":\"done\",\"at_us\":5}");
}

static void
words_and_sizes(void **state)
{
    struct moment m = {.id = HOOK_LOG, .word = "info", .text = SLICE("hello"), .size = 3};
    assert_json(&m, 0,
                "{\"type\":\"hook\",\"hook\":\"log\",\"at_us\":0,\"word\":\"info\","
                "\"text\":\"hello\",\"size\":3}");
}

static void
content_is_for_who_asks_and_cut(void **state)
{
    struct moment m = {.id = HOOK_TUNNEL_CHUNK, .data = SLICE("abc")};
    assert_json(&m, 0, "{\"type\":\"hook\",\"hook\":\"tunnel-chunk\",\"at_us\":0,\"size\":3}");
    assert_json(&m, 3,
                "{\"type\":\"hook\",\"hook\":\"tunnel-chunk\",\"at_us\":0,\"size\":3,"
                "\"content_base64\":\"YWJj\",\"cut\":false}");
    assert_json(&m, 1,
                "{\"type\":\"hook\",\"hook\":\"tunnel-chunk\",\"at_us\":0,\"size\":3,"
                "\"content_base64\":\"YQ==\",\"cut\":true}");
}

static void
connection_is_whole_when_it_is_told(void **state)
{
    struct peer p = {.id = 7, .local = "a:1", .remote = "b:2", .port = 2};
    assert_json(&(struct moment){.id = HOOK_CLIENT_CONNECTED, .client = &p}, 0,
                "{\"type\":\"hook\",\"hook\":\"client-connected\",\"at_us\":0,\"client\":{\"id\":7,"
                "\"local\":\"a:1\",\"remote\":\"b:2\",\"host\":\"\",\"port\":2,\"opened_us\":null,"
                "\"resolved_us\":null,\"connected_us\":null,\"secured_us\":null,\"ended_us\":null,"
                "\"ended_by\":null,\"tls\":null}}");
}

static void
flow_has_its_connections_by_number(void **state)
{
    struct peer *p = peer_new();
    struct flow *f = flow_new(FLOW_HTTP, p, NULL);
    char want[500];
    assert_non_null(f);
    f->scheme = "http";
    f->host = SLICE("a");
    f->port = 80;
    f->req.head.method = SLICE("GET");
    f->req.head.target = SLICE("/x");
    struct field fields[] = {{.name = SLICE("A"), .value = SLICE("1")}};
    struct http_head head = {.status = 103, .fields = fields, .n = 1};
    snprintf(want, sizeof(want),
             "{\"type\":\"hook\",\"hook\":\"interim\",\"at_us\":0,\"flow\":{\"id\":%llu,\"kind\":"
             "\"http\",\"method\":\"GET\",\"url\":\"http://a/x\",\"status\":0,\"request_size\":0,"
             "\"response_size\":0},\"client\":{\"id\":%llu},\"status\":103,\"fields\":[[\"A\","
             "\"1\"]]}",
             (unsigned long long)f->id, (unsigned long long)p->id);
    assert_json(&(struct moment){.id = HOOK_INTERIM, .flow = f, .head = &head}, 0, want);
    flow_unref(f);
    peer_unref(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_but_the_time),
        cmocka_unit_test(words_and_sizes),
        cmocka_unit_test(content_is_for_who_asks_and_cut),
        cmocka_unit_test(connection_is_whole_when_it_is_told),
        cmocka_unit_test(flow_has_its_connections_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
