/* Tests of api/rules_import: files of Burp and mitmproxy become rules that do the same, what has no
 * equal is named, and what is damaged gives nothing. */
#include "lib/import_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Burp -------------------------------------------------------------------------------------- */

#define BURP(rules) "{\"proxy\": {\"match_replace_rules\": [" rules "]}}"

/* A file with that rule. */
static void
burp(struct import_rig *x, const char *rule)
{
    char text[1024];
    import_rig_begin(x);
    snprintf(text, sizeof text, "{\"proxy\": {\"match_replace_rules\": [%s]}}", rule);
    import_rig_apply(x, "burp", text);
}

static void
burp_replaces_a_whole_field(void **state)
{
    struct import_rig x;
    burp(&x,
         "{\"comment\": \"agent\", \"enabled\": true, \"is_simple_match\": false, \"rule_type\": "
         "\"request_header\", \"string_match\": \"^User-Agent.*$\", \"string_replace\": "
         "\"User-Agent: \\\\$two\"}");
    import_rig_expect_field(&x.flow->req, "User-Agent", "$two");
    struct rule_info info;
    rule_info(rules_at(x.rules, 0), &info);
    assert_string_equal(info.name, "agent");
    assert_string_equal(info.folder, "burp");
    import_rig_end(&x);
}

static void
burp_removes_a_field(void **state)
{
    struct import_rig x;
    burp(&x, "{\"rule_type\": \"request_header\", \"string_match\": \"^Accept-Encoding.*$\"}");
    import_rig_expect_field(&x.flow->req, "Accept-Encoding", NULL);
    import_rig_expect_field(&x.flow->req, "X-Keep", "1");
    import_rig_end(&x);
}

static void
burp_adds_a_field(void **state)
{
    struct import_rig x;
    burp(&x, "{\"rule_type\": \"response_header\", \"string_match\": \"\", \"string_replace\": "
             "\"X-New: 5\"}");
    import_rig_expect_field(&x.flow->resp, "X-New", "5");
    import_rig_expect_field(&x.flow->req, "X-New", NULL);
    import_rig_end(&x);
}

static void
burp_replaces_a_part_of_a_value(void **state)
{
    struct import_rig x;
    burp(&x, "{\"rule_type\": \"response_header\", \"string_match\": \"Server: ([a-z]+)/\", "
             "\"string_replace\": \"Server: $1-\"}");
    import_rig_expect_field(&x.flow->resp, "Server", "nginx-1.2");
    import_rig_end(&x);
    burp(&x, "{\"rule_type\": \"response_header\", \"is_simple_match\": true, \"string_match\": "
             "\"Server: nginx/1.\", \"string_replace\": \"Server: $\"}");
    import_rig_expect_field(&x.flow->resp, "Server", "$2");
    import_rig_end(&x);
}

static void
burp_replaces_contents(void **state)
{
    struct import_rig x;
    burp(&x, "{\"rule_type\": \"request_body\", \"string_match\": \"h(.)llo\", \"string_replace\": "
             "\"<$1>\"}, {\"rule_type\": \"response_body\", \"category\": \"literal\", "
             "\"string_match\": \"lo h\", \"string_replace\": \"$1\"}");
    import_rig_expect_content(&x.flow->req, "<e> <e>");
    import_rig_expect_content(&x.flow->resp, "hel$1ello");
    import_rig_end(&x);
}

static void
burp_replaces_a_part_of_the_path(void **state)
{
    struct import_rig x;
    burp(&x, "{\"rule_type\": \"request_first_line\", \"is_simple_match\": true, \"string_match\": "
             "\"/old/\", \"string_replace\": \"/new/\"}");
    import_rig_expect_url(&x, "https://example.com/new/a?x=1&y=2");
    import_rig_end(&x);
}

static void
burp_rules_that_are_off_stay_off(void **state)
{
    struct import_rig x;
    burp(&x, "{\"enabled\": false, \"rule_type\": \"request_body\", \"string_match\": \"hello\"}");
    assert_int_equal(x.import.n, 1);
    import_rig_expect_content(&x.flow->req, "hello hello");
    import_rig_end(&x);
}

static void
what_burp_alone_can_do_is_named(void **state)
{
    static const char *const rules[][2] = {
        {"{\"rule_type\": \"request_param_value\", \"string_match\": \"a\"}",
         "request_param_value"},
        {"{\"rule_type\": \"request_header\", \"string_match\": \"^GET\"}", "one field"},
        {"{\"rule_type\": \"request_header\", \"string_match\": \"^A: x|^B: y\"}", "one field"},
        {"{\"rule_type\": \"request_header\", \"string_match\": \"^A: x$\", \"string_replace\": "
         "\"B: y\"}",
         "one field"},
        {"{\"rule_type\": \"request_header\", \"is_simple_match\": true, \"string_match\": "
         "\"gzip\"}",
         "one field"},
        {"{\"rule_type\": \"request_header\", \"string_match\": \"\", \"string_replace\": \"new\"}",
         "no field"},
        {"{\"rule_type\": \"request_body\", \"string_match\": \"\"}", "nothing"},
        {"{\"rule_type\": \"request_body\", \"string_match\": \"(\"}", "column"},
        {"{\"rule_type\": \"request_body\", \"string_match\": \"a\", \"string_replace\": 0}",
         "texts"},
        {"{\"rule_type\": \"request_first_line\", \"string_match\": \"/a\"}", "plain text"},
        {"5", "object"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        struct import_rig x;
        burp(&x, rules[i][0]);
        assert_int_equal(x.import.n, 0);
        import_rig_expect_left(&x, "proxy.match_replace_rules[0]", rules[i][1]);
        import_rig_end(&x);
    }
}

static void
options_of_a_user_are_found_too(void **state)
{
    struct import_rig x;
    import_rig_begin(&x);
    assert_true(import_rig_read(&x, "",
                                "{\"user_options\": {\"proxy\": {\"match_replace_rules\": "
                                "[{\"rule_type\": \"request_body\", \"string_match\": \"a\"}]}}}"));
    assert_int_equal(x.import.n, 1);
    import_rig_end(&x);
}

/* mitmproxy --------------------------------------------------------------------------------- */

static void
options_of_mitmproxy_that_make_rules_are_taken(void **state)
{
    struct import_rig x;
    import_rig_begin(&x);
    import_rig_apply(&x, "",
                     "listen_port: 9000\nmodify_body:\n- /hello/you\n- /x\nmap_remote:\n"
                     "- '|example.com/old|b.test/new'\n");
    assert_int_equal(x.import.n_left, 2);
    assert_string_equal(x.import.left[0].where.p, "line 1");
    assert_string_equal(x.import.left[1].where.p, "line 4");
    import_rig_expect_url(&x, "https://b.test/new/a?x=1&y=2");
    import_rig_expect_content(&x.flow->req, "you you");
    struct rule_info info;
    rule_info(rules_at(x.rules, 0), &info);
    assert_string_equal(info.name, "map-remote |example.com/old|b.test/new");
    assert_string_equal(info.folder, "mitmproxy");
    import_rig_end(&x);
}

static void
an_option_may_be_one_value(void **state)
{
    struct import_rig x;
    import_rig_begin(&x);
    import_rig_apply(&x, "mitmproxy",
                     "block_list: :~d example.com:444\nanticache: true\nmap_local: null\n");
    assert_int_equal(x.import.n, 2);
    assert_int_equal(x.decision.end, END_CLOSE);
    import_rig_end(&x);
}

#define HEAD "<?xml version='1.0' encoding='UTF-8' ?>\n<?charles serialisation-version='2.0' ?>\n"

#define MAP(from, to)                                                                              \
    "<map><toolEnabled>true</toolEnabled><mappings><mapMapping><sourceLocation>" from              \
    "</sourceLocation><destLocation>" to "</destLocation>"                                         \
    "<preserveHostHeader>false</preserveHostHeader><enabled>true</enabled>"                        \
    "</mapMapping></mappings></map>"

/* Damage ------------------------------------------------------------------------------------ */

static void
damaged_files_give_nothing_and_say_where(void **state)
{
    static const char *const rows[][3] = {
        {"burp", BURP("{\"rule_type\": \"request_body\", \"string_match\": \"a\"},"), "line 1"},
        {"burp", "{\"proxy\": {}}", "match_replace_rules"},
        {"burp", "", "line 1"},
        {"charles", HEAD MAP("", "<host>a</host>") "x", "line 3"},
        {"charles", "<map>\n<mappings>\n</map>", "line 3"},
        {"charles", "<!DOCTYPE a [<!ENTITY b \"c\">]><map>&b;</map>", "document type"},
        {"charles", "<html/>", "html"},
        {"charles", "", "line 1"},
        {"mitmproxy", "modify_body: ['/a/b'\n", "line 2"},
        {"mitmproxy", "- a\n", "line 1"},
        {"other", "{}", "no format 'other'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct import_rig x;
        import_rig_begin(&x);
        assert_false(import_rig_read(&x, rows[i][0], rows[i][1]));
        if (!strstr(x.e.text, rows[i][2]))
            fail_msg("%s: %s", rows[i][1], x.e.text);
        assert_int_equal(x.import.n, 0);
        import_rig_end(&x);
    }
}

static void
what_is_too_large_is_refused(void **state)
{
    struct err e = {0};
    struct rules_import out;
    struct arena *small = arena_new(256, 2048);
    struct slice text = SLICE(HEAD MAP("<host>a</host>", "<host>b</host>"));
    assert_false(rules_import_read(text, SLICE("charles"), &out, small, &e));
    assert_int_equal(out.n, 0);
    arena_free(small);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burp_replaces_a_whole_field),
        cmocka_unit_test(burp_removes_a_field),
        cmocka_unit_test(burp_adds_a_field),
        cmocka_unit_test(burp_replaces_a_part_of_a_value),
        cmocka_unit_test(burp_replaces_contents),
        cmocka_unit_test(burp_replaces_a_part_of_the_path),
        cmocka_unit_test(burp_rules_that_are_off_stay_off),
        cmocka_unit_test(what_burp_alone_can_do_is_named),
        cmocka_unit_test(options_of_a_user_are_found_too),
        cmocka_unit_test(options_of_mitmproxy_that_make_rules_are_taken),
        cmocka_unit_test(an_option_may_be_one_value),
        cmocka_unit_test(damaged_files_give_nothing_and_say_where),
        cmocka_unit_test(what_is_too_large_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
