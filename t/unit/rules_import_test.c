/* Tests of api/rules_import: rules of other programs become ours, or are named. */
#include "api/rules_import.h"

#include "api/rules_file.h"
#include "lib/flow_make.h"
#include "lib/folder.h"
#include "lib/rule_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RULES                                                                                      \
    "{\"proxy\": {\"match_replace_rules\": ["                                                      \
    "{\"comment\": \"agent\", \"enabled\": true, \"is_simple_match\": false,"                      \
    " \"rule_type\": \"request_header\", \"string_match\": \"^User-Agent.*$\","                    \
    " \"string_replace\": \"User-Agent: ours\"},"                                                  \
    "{\"enabled\": 0, \"rule_type\": \"response_header\", \"string_match\": \"\","                 \
    " \"string_replace\": \"X-A: 1\"},"                                                            \
    "{\"enabled\": 1, \"category\": \"literal\", \"rule_type\": \"response_body\","                \
    " \"string_match\": \"a.b\", \"string_replace\": 0},"                                          \
    "{\"enabled\": true, \"rule_type\": \"request_first_line\", \"string_match\": \"x\"},"         \
    "{\"enabled\": true, \"rule_type\": \"request_body\", \"string_match\": \"(\"}]}}"

static void
rules_of_burp_become_ours_or_are_named(void **state)
{
    struct err e = {0};
    struct buf said, out;
    buf_init(&said, 4096);
    buf_init(&out, 4096);
    struct rules *rs = rules_import_burp(SLICE(RULES), &said, &e);
    assert_non_null(rs);
    assert_true(rules_file_print(rs, &out, &e));
    assert_string_equal(buf_str(&out), "- name: agent\n"
                                       "  folder: Burp\n"
                                       "  do: replace-line\n"
                                       "  side: request\n"
                                       "  pattern: ^User-Agent.*$\n"
                                       "  with: 'User-Agent: ours'\n"
                                       "- folder: Burp\n"
                                       "  on: no\n"
                                       "  do: add-field\n"
                                       "  side: response\n"
                                       "  field: X-A\n"
                                       "  value: 1\n"
                                       "- folder: Burp\n"
                                       "  do: replace-body\n"
                                       "  side: response\n"
                                       "  pattern: a.b\n"
                                       "  literal: yes\n");
    assert_string_equal(buf_str(&said),
                        "rule 4 of the type 'request_first_line' has no likeness here\n"
                        "rule 5: '(', column 2: missing closing parenthesis\n");
    rules_unref(rs);
    buf_release(&said);
    buf_release(&out);
}

#define PLACE(protocol, host, port, path)                                                          \
    "<protocol>" protocol "</protocol><host>" host "</host><port>" port "</port><path>" path       \
    "</path>"

static const char mappings[] =
    "<?xml version='1.0' encoding='UTF-8' ?>\n<?charles serialisation-version='2.0' ?>\n"
    "<map><toolEnabled>true</toolEnabled><mappings>"
    "<mapMapping><sourceLocation>" PLACE(
        "https", "*.a.test", "443",
        "/x/*") "</sourceLocation>"
                "<destLocation>" PLACE(
                    "http", "127.0.0.1", "3000",
                    "/y/") "</destLocation>"
                           "<preserveHostHeader>true</preserveHostHeader><enabled>true</enabled></"
                           "mapMapping>"
                           "<mapMapping><sourceLocation><host>b.test</host></sourceLocation>"
                           "<destLocation><host>c.test</host></destLocation><enabled>false</"
                           "enabled></mapMapping>"
                           "<mapMapping><sourceLocation><host>b.test</host><query>a=1</query></"
                           "sourceLocation>"
                           "<destLocation><host>c.test</host></destLocation><enabled>true</"
                           "enabled></mapMapping>"
                           "</mappings></map>";

static void
mappings_of_charles_become_ours_or_are_named(void **state)
{
    struct err e = {0};
    struct buf said, out;
    buf_init(&said, 4096);
    buf_init(&out, 4096);
    struct rules *rs = rules_import_charles(slice_str(mappings), &said, &e);
    if (!rs)
        fail_msg("%s", e.text);
    assert_true(rules_file_print(rs, &out, &e));
    assert_string_equal(
        buf_str(&out),
        "- folder: Charles\n"
        "  do: map-remote\n"
        "  pattern: ^(?<p>https)://(?<h>(?i)[^/:]*\\.a\\.test)(?<o>(?::[0-9]+)?)/x/(?<t>.*)$\n"
        "  to: http://127.0.0.1:3000/y/${t}\n"
        "  keep-host: yes\n"
        "- folder: Charles\n"
        "  on: no\n"
        "  do: map-remote\n"
        "  pattern: ^(?<p>[a-z]+)://(?<h>(?i)b\\.test)(?<o>(?::[0-9]+)?)/(?<t>.*)$\n"
        "  to: ${p}://c.test/${t}\n");
    assert_string_equal(buf_str(&said), "mapping 3: it asks for a query\n");
    rules_unref(rs);
    buf_release(&said);
    buf_release(&out);
}

/* Where the first mapping takes a URL, and whether it does. */
static void
expect_mapped(const char *xml, const char *host, const char *target, const char *want)
{
    struct err e = {0};
    struct buf said;
    struct decision d = {0};
    buf_init(&said, 4096);
    struct rules *rs = rules_import_charles(slice_str(xml), &said, &e);
    assert_non_null(rs);
    struct flow *f = flow_make_get(host, target, "", NULL);
    rule_run_all(rs, STAGE_REQUEST_HEAD, f, &d);
    assert_string_equal(rule_head_text(&f->req), want);
    flow_unref(f);
    rules_unref(rs);
    buf_release(&said);
}

static void
mappings_of_charles_do_what_they_say(void **state)
{
    expect_mapped(mappings, "www.A.test", "/x/1?q=2", "GET /y/1?q=2\nHost: www.A.test\n");
    expect_mapped(mappings, "www.a.test", "/other", "GET /other\nHost: www.a.test\n");
    static const char exact[] = "<map><toolEnabled>true</toolEnabled><mapMapping><sourceLocation>"
                                "<path>/one</path></sourceLocation><destLocation>"
                                "<path>/two</path></destLocation><enabled>true</enabled>"
                                "</mapMapping></map>";
    expect_mapped(exact, "a.test", "/one?q", "GET /two?q\nHost: a.test\n");
    expect_mapped(exact, "a.test", "/one/more", "GET /one/more\nHost: a.test\n");
}

static void
files_of_charles_are_mapped(void **state)
{
    struct err e = {0};
    struct buf said;
    buf_init(&said, 4096);
    folder_write("one.txt", SLICE("1"), 0600);
    char xml[1000];
    snprintf(xml, sizeof xml,
             "<mapLocal><toolEnabled>true</toolEnabled><mappings><mapLocalMapping><sourceLocation>"
             "<host>a.test</host><path>/files/*</path></sourceLocation><dest>%s</dest>"
             "<enabled>true</enabled></mapLocalMapping></mappings></mapLocal>",
             folder_path());
    struct rules *rs = rules_import_charles(slice_str(xml), &said, &e);
    struct flow *f = flow_make(FLOW_HTTP, "GET /files/one.txt HTTP/1.1\r\nHost: a.test\r\n\r\n");
    struct decision d = {0};
    f->host = SLICE("a.test");
    rule_run_all(rs, STAGE_REQUEST_HEAD, f, &d);
    assert_int_equal(edit_head(&f->resp)->status, 200);
    flow_unref(f);
    rules_unref(rs);
    buf_release(&said);
}

static void
what_is_no_xml_or_has_no_mappings_is_refused(void **state)
{
    static const char *const texts[] = {"", "<a>", "<map></map>", "text", "<rewriteRule/>"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct err e = {0};
        struct buf said;
        buf_init(&said, 4096);
        assert_null(rules_import_charles(slice_str(texts[i]), &said, &e));
        assert_int_equal(e.code, ERR_USAGE);
        buf_release(&said);
    }
}

static void
what_is_none_is_refused(void **state)
{
    static const char *const texts[] = {
        "", "[]", "{}", "{\"proxy\": 1}", "{", "null", "{\"proxy\": {\"match_replace_rules\": 1}}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct err e = {0};
        struct buf said;
        buf_init(&said, 4096);
        assert_null(rules_import_burp(slice_str(texts[i]), &said, &e));
        assert_int_equal(e.code, ERR_USAGE);
        buf_release(&said);
    }
}

static void
odd_rules_are_left_out(void **state)
{
    struct err e = {0};
    struct buf said;
    buf_init(&said, 4096);
    struct rules *rs = rules_import_burp(
        SLICE("{\"user_options\": {\"proxy\": {\"match_replace_rules\": [1, null, {}, []]}}}"),
        &said, &e);
    assert_non_null(rs);
    assert_int_equal(rules_count(rs), 0);
    assert_true(buf_len(&said) > 0);
    rules_unref(rs);
    buf_release(&said);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_of_burp_become_ours_or_are_named),
        cmocka_unit_test(mappings_of_charles_become_ours_or_are_named),
        cmocka_unit_test(mappings_of_charles_do_what_they_say),
        cmocka_unit_test(files_of_charles_are_mapped),
        cmocka_unit_test(what_is_no_xml_or_has_no_mappings_is_refused),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(odd_rules_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
