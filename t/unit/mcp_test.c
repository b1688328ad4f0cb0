/* Tests of ui/mcp: messages in, answers out, what is asked of the API, and secrets. */
#include "ui/mcp/mcp.h"

#include "ui/mcp/redact.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct api {
    char asked[2000];
    unsigned status;
    const char *content;
};

static bool
api_ask(void *arg, struct mcp_call *c, struct err *e)
{
    struct api *a = arg;
    snprintf(a->asked, sizeof(a->asked), "%s %.*s %.*s", c->method, SLICE_ARG(c->target),
             SLICE_ARG(c->content));
    if (!a->status)
        return err_set(e, ERR_FAILED, "nobody is there");
    c->status = a->status;
    buf_append(c->out, slice_str(a->content));
    return true;
}

/* The answer as JSON, owned. */
static json_t *
say(struct api *a, bool actions, const char *message)
{
    struct mcp m = {.ask = api_ask, .arg = a, .allow_actions = actions};
    struct buf out;
    buf_init(&out, 1 << 20);
    mcp_handle(&m, slice_str(message), &out);
    json_t *answer = buf_len(&out) ? json_loadb(out.p, buf_len(&out), 0, NULL) : NULL;
    assert_true(answer || !buf_len(&out));
    buf_release(&out);
    return answer;
}

static void
expect_error(const char *message, int code)
{
    struct api a = {.status = 200, .content = "{}"};
    json_t *answer = say(&a, false, message);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(answer, "error"), "code")),
                     code);
    assert_string_equal(a.asked, "");
    json_decref(answer);
}

static void
expect_text(struct api *a, bool actions, const char *message, const char *want)
{
    json_t *answer = say(a, actions, message);
    const json_t *result = json_object_get(answer, "result");
    const json_t *first = json_array_get(json_object_get(result, "content"), 0);
    assert_non_null(json_string_value(json_object_get(first, "text")));
    assert_string_equal(json_string_value(json_object_get(first, "text")), want);
    json_decref(answer);
}

static void
it_says_hello(void **state)
{
    struct api a = {0};
    json_t *answer = say(
        &a, false, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"initialize\",\"params\":{}}");
    const json_t *result = json_object_get(answer, "result");
    assert_string_equal(json_string_value(json_object_get(answer, "id")), "x");
    assert_string_equal(json_string_value(json_object_get(result, "protocolVersion")),
                        "2025-06-18");
    assert_non_null(json_object_get(json_object_get(result, "capabilities"), "tools"));
    json_decref(answer);
    assert_null(say(&a, false, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"));
}

static void
what_is_no_request_is_an_error(void **state)
{
    expect_error("{", -32700);
    expect_error("[]", -32600);
    expect_error("{\"id\":1}", -32600);
    expect_error("{\"id\":1,\"method\":\"tools/fly\"}", -32601);
    expect_error("{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"fly\"}}", -32602);
    expect_error("{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"get_flow\"}}", -32602);
}

static size_t
tools_listed(bool actions)
{
    struct api a = {0};
    json_t *answer = say(&a, actions, "{\"id\":1,\"method\":\"tools/list\"}");
    size_t n = json_array_size(json_object_get(json_object_get(answer, "result"), "tools"));
    json_decref(answer);
    return n;
}

static void
what_changes_something_has_to_be_allowed(void **state)
{
    static const char remove[] = "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"
                                 "\"remove_rule\",\"arguments\":{\"id\":4}}}";
    struct api a = {.status = 200, .content = "{}"};
    assert_true(tools_listed(false) > 5);
    assert_true(tools_listed(true) > tools_listed(false));
    expect_error(remove, -32602);
    expect_text(&a, true, remove, "{}");
    assert_string_equal(a.asked, "DELETE /api/v1/rules/4 ");
}

static void
arguments_go_where_they_belong(void **state)
{
    struct api a = {.status = 200, .content = "{\"flows\":[]}"};
    expect_text(&a, false,
                "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"search_flows\","
                "\"arguments\":{\"query\":\"host:a&b=c /x\",\"limit\":5}}}",
                "{\"flows\":[]}");
    assert_string_equal(a.asked, "GET /api/v1/flows?query=host%3Aa%26b%3Dc%20%2Fx&limit=5 ");
    expect_text(
        &a, true,
        "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"add_rule\",\"arguments\":"
        "{\"name\":\"n\",\"do\":\"block\",\"args\":{\"status\":403}}}}",
        "{\"flows\":[]}");
    assert_string_equal(a.asked,
                        "POST /api/v1/rules {\"name\":\"n\",\"do\":\"block\",\"status\":403}");
}

static void
failures_are_for_the_assistant_to_read(void **state)
{
    static const char get[] =
        "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"get_flow\","
        "\"arguments\":{\"id\":4}}}";
    struct api a = {0};
    expect_text(&a, false, get, "nobody is there");
    a = (struct api){.status = 404, .content = "no such flow"};
    expect_text(&a, false, get, "no such flow");
}

static void
secrets_are_taken_out(void **state)
{
    static const char get[] =
        "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"get_flow\","
        "\"arguments\":{\"id\":4}}}";
    struct api a = {
        .status = 200,
        .content = "{\"fields\":[[\"Set-Cookie\",\"a=b\"],[\"Date\",\"now\"]],\"api_key\":\"k\","
                   "\"url\":\"https://a/b?x=1&access_token=hidden&y=2\",\"raw\":\"c2VjcmV0\"}"};
    expect_text(&a, false, get,
                "{\"fields\":[[\"Set-Cookie\",\"[redacted]\"],[\"Date\",\"now\"]],"
                "\"api_key\":\"[redacted]\",\"url\":\"https://a/"
                "b?x=1&access_token=[redacted]&y=2\",\"raw\":\"[redacted]\"}");
    a.content = "user=me&password=hunter2";
    expect_text(&a, false, get, "user=me&password=[redacted]");
}

static void
secrets_are_found_in_lists_numbers_and_depths(void **state)
{
    static const char get[] =
        "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"get_content\","
        "\"arguments\":{\"id\":4,\"side\":\"request\"}}}";
    struct api a = {.status = 200,
                    .content = "{\"tokens\":[\"hidden\"],\"otp\":123456,\"session\":{\"n\":1},"
                               "\"list\":[[\"a\",{\"password\":\"hidden\"}]]}"};
    expect_text(&a, false, get,
                "{\"tokens\":\"[redacted]\",\"otp\":\"[redacted]\",\"session\":{\"n\":1},"
                "\"list\":[[\"a\",{\"password\":\"[redacted]\"}]]}");
    a.content =
        "[{\"field\":\"Authorization\",\"value\":\"hidden\"},{\"name\":\"a\",\"value\":\"b\"},"
        "\"Cookie: hidden\",\"Date: now\"]";
    expect_text(&a, false, get,
                "[{\"field\":\"Authorization\",\"value\":\"[redacted]\"},{\"name\":\"a\","
                "\"value\":\"b\"},\"[redacted]\",\"Date: now\"]");
    char deep[1000] = "", *at = deep;
    for (int i = 0; i < 100; i++)
        at = stpcpy(at, i % 2 ? "[" : "{\"a\":");
    at = stpcpy(at, "{\"password\":\"hidden\"}");
    for (int i = 100; i-- > 0;)
        at = stpcpy(at, i % 2 ? "]" : "}");
    a.content = deep;
    json_t *answer = say(&a, false, get);
    char *text = json_dumps(answer, 0);
    assert_non_null(strstr(text, "[redacted]"));
    assert_null(strstr(text, "hidden"));
    free(text);
    json_decref(answer);
}

static void
names_say_what_is_a_secret(void **state)
{
    static const char *const yes[] = {
        "Authorization", "proxy-authorization", "X-Api-Key", "client_secret",
        "SESSIONID",     "csrfToken",           "jwt"};
    static const char *const no[] = {"Host", "Accept", "date", "path", ""};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        assert_true(redact_is_secret(slice_str(yes[i])));
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        assert_false(redact_is_secret(slice_str(no[i])));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_hello),
        cmocka_unit_test(what_is_no_request_is_an_error),
        cmocka_unit_test(what_changes_something_has_to_be_allowed),
        cmocka_unit_test(arguments_go_where_they_belong),
        cmocka_unit_test(failures_are_for_the_assistant_to_read),
        cmocka_unit_test(secrets_are_taken_out),
        cmocka_unit_test(secrets_are_found_in_lists_numbers_and_depths),
        cmocka_unit_test(names_say_what_is_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
