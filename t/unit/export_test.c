/* Tests of api/export: what each form says of a request. That they run is for
 * t/e2e/test_api_flows.py. */
#include "api/export.h"

#include "base/mem.h"
#include "flow/edit.h"
#include "lib/flow_make.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define POST                                                                                       \
    "POST http://example.com/a'b?c=d HTTP/1.1\r\nHost: example.com\r\nX-Empty:\r\n"                \
    "Proxy-Authorization: Basic eA==\r\nContent-Length: 4\r\n\r\n"

/* Returns owned text, NULL when it cannot be exported: then *e says why. */
static char *
print(const struct flow *f, const char *form, struct err *e)
{
    struct buf out = {.max = 1 << 20};
    const struct export *x = export_find(slice_str(form));
    assert_non_null(x);
    if (x->print(f, &out, e))
        return buf_take(&out);
    buf_release(&out);
    return NULL;
}

static struct flow *
make_post(const char *content)
{
    struct flow *f = flow_make(FLOW_HTTP, POST);
    flow_make_content(&f->req, slice_str(content));
    flow_make_response(f, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
    flow_make_content(&f->resp, SLICE("fine"));
    return f;
}

static void
expect(struct flow *f, const char *form, const char *want)
{
    struct err e = {0};
    char *got = print(f, form, &e);
    assert_non_null(got);
    assert_string_equal(got, want);
    mem_free(got);
    flow_unref(f);
}

static void
curl_quotes_whatever_a_shell_would_read(void **state)
{
    expect(
        make_post("it's"), "curl",
        "curl --http1.1 --globoff --path-as-is \\\n  -X 'POST' \\\n"
        "  'https://example.com/a'\\''b?c=d' \\\n  -H 'Host: example.com' \\\n  -H 'X-Empty;' \\\n"
        "  -H 'Accept:' \\\n  -H 'User-Agent:' \\\n  -H 'Content-Type:' \\\n  -H 'Expect:' \\\n"
        "  --data-raw 'it'\\''s'\n");
}

static void
curl_gets_bytes_through_a_pipe(void **state)
{
    struct err e = {0};
    struct flow *f = make_post("");
    flow_make_content(&f->req, SLICE("a\0%\\'"));
    char *got = print(f, "curl", &e);
    assert_true(slice_starts(slice_str(got), SLICE("printf 'a\\000\\045\\134\\047' | curl ")));
    assert_true(slice_ends(slice_str(got), SLICE("--data-binary @-\n")));
    mem_free(got);
    flow_unref(f);
}

static void
python_spells_bytes(void **state)
{
    struct err e = {0};
    struct flow *f = make_post("\"\xff\n");
    char *got = print(f, "python", &e);
    static const char *const lines[] = {
        "connection = http.client.HTTPSConnection(\"example.com\", 443)\n",
        "connection.putrequest(\"POST\", \"/a'b?c=d\", skip_host=True,",
        "connection.putheader(\"X-Empty\", b\"\")\n",
        "connection.putheader(\"Content-Length\", b\"3\")\n",
        "connection.endheaders(b\"\\\"\\xff\\x0a\")\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        assert_non_null(strstr(got, lines[i]));
    assert_null(strstr(got, "Proxy-"));
    mem_free(got);
    flow_unref(f);
}

static void
fetch_leaves_out_what_scripts_may_not_set(void **state)
{
    expect(make_post("\xff"), "fetch",
           "await fetch(\"https://example.com/a'b?c=d\", {\n  method: \"POST\",\n  headers: [\n"
           "    [\"X-Empty\", \"\"],\n  ],\n"
           "  body: Uint8Array.from(atob(\"/w==\"), c => c.charCodeAt(0)),\n"
           "  credentials: \"include\",\n  redirect: \"manual\",\n});\n");
}

static void
raw_is_both_messages(void **state)
{
    expect(make_post("four"), "raw",
           POST "four\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nfine");
}

static void
an_archive_is_json(void **state)
{
    struct err e = {0};
    struct flow *f = make_post("four");
    char *got = print(f, "har", &e);
    json_t *root = json_loads(got, JSON_REJECT_DUPLICATES, NULL);
    json_t *entry = json_array_get(json_object_get(json_object_get(root, "log"), "entries"), 0);
    json_t *response = json_object_get(entry, "response");
    assert_int_equal(json_integer_value(json_object_get(response, "status")), 200);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(response, "content"), "text")), "fine");
    assert_int_equal(json_integer_value(json_object_get(entry, "time")), 34);
    json_decref(root);
    mem_free(got);
    flow_unref(f);
}

static void
the_request_is_the_one_that_was_sent_on(void **state)
{
    struct err e = {0};
    struct flow *f = make_post("four");
    struct decision d = {0};
    struct hook h = {.flow = f, .by = SLICE("rule one"), .decision = &d};
    struct version *v = edit_begin(&h, &f->req);
    assert_true(v && edit_path(&h, v, SLICE("/new")) && edit_replace(&h, v, SLICE("other")));
    char *got = print(f, "curl", &e);
    assert_non_null(strstr(got, "'https://example.com/new'"));
    assert_non_null(strstr(got, "--data-raw 'other'"));
    mem_free(got);
    flow_unref(f);
}

static void
what_cannot_be_made_again_is_refused(void **state)
{
    struct err e = {0};
    struct flow *tunnel = flow_make(FLOW_TUNNEL, NULL), *cut = make_post("four");
    struct flow *bad = make_post("four");
    cut->req.body.cut = true;
    bad->req.head.malformed = true;
    assert_null(print(tunnel, "curl", &e));
    assert_string_equal(e.text, "the flow has no request that could be made again");
    assert_null(print(tunnel, "har", &e));
    assert_null(print(cut, "python", &e));
    assert_string_equal(e.text, "the content of the request was not recorded to its end");
    assert_null(print(bad, "fetch", &e));
    assert_string_equal(e.text, "the request is malformed: only 'raw' can say it");
    flow_unref(tunnel);
    flow_unref(cut);
    flow_unref(bad);
}

static void
forms_are_sorted_and_found(void **state)
{
    assert_null(export_find(SLICE("word")));
    assert_null(export_find(SLICE("")));
    for (size_t i = 0; export_at(i); i++) {
        assert_ptr_equal(export_find(slice_str(export_at(i)->name)), export_at(i));
        assert_true(!i || strcmp(export_at(i - 1)->name, export_at(i)->name) < 0);
    }
}

static void
a_full_buf_is_an_error(void **state)
{
    struct flow *f = make_post("four");
    for (size_t i = 0; export_at(i); i++) {
        struct err e = {0};
        struct buf out = {.max = 20};
        assert_false(export_at(i)->print(f, &out, &e));
        assert_int_equal(e.code, ERR_MEMORY);
        buf_release(&out);
    }
    flow_unref(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curl_quotes_whatever_a_shell_would_read),
        cmocka_unit_test(curl_gets_bytes_through_a_pipe),
        cmocka_unit_test(python_spells_bytes),
        cmocka_unit_test(fetch_leaves_out_what_scripts_may_not_set),
        cmocka_unit_test(raw_is_both_messages),
        cmocka_unit_test(an_archive_is_json),
        cmocka_unit_test(the_request_is_the_one_that_was_sent_on),
        cmocka_unit_test(what_cannot_be_made_again_is_refused),
        cmocka_unit_test(forms_are_sorted_and_found),
        cmocka_unit_test(a_full_buf_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
