/* Tests of api/rules_mitm: options of mitmproxy become rules that do the same. */
#include "api/rules_mitm.h"

#include "api/option.h"
#include "lib/flow_make.h"
#include "lib/folder.h"
#include "lib/rule_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REQUEST                                                                                    \
    "GET /a/b?q=$1 HTTP/1.1\r\nHost: example.com\r\nX: 1\r\nX: 2\r\nAuthorization: secret\r\n"     \
    "If-None-Match: t\r\n\r\n"

struct setting {
    const char *option, *value;
};

/* The rules of the settings, which are ended by a NULL option. */
static struct rules *
make_rules(const struct setting *s)
{
    struct err e = {0};
    struct config *c = config_new();
    struct arena *a = arena_new(1024, 1 << 20);
    struct rules_mitm made;
    struct rule *list[64];
    option_for(o) assert_true(option_reset(o, c, NULL));
    for (; s->option; s++) {
        struct option_name name;
        assert_true(option_find(slice_str(s->option), &name));
        if (!option_set(&name, c, slice_str(s->value), &e))
            fail_msg("%s", e.text);
    }
    assert_true(rules_mitm_make(c, a, &made, &e));
    for (size_t i = 0; i < made.n; i++)
        if (!(list[i] = rule_new(&made.specs[i], 0, NULL, &e)))
            fail_msg("%s", e.text);
    struct rules *rs = rules_new(list, made.n, &e);
    for (size_t i = 0; i < made.n; i++)
        rule_unref(list[i]);
    arena_free(a);
    config_unref(c);
    return rs;
}

static struct flow *
make_flow(void)
{
    struct flow *f = flow_make(FLOW_HTTP, REQUEST);
    flow_make_response(f, "HTTP/1.1 200 OK\r\nX: 3\r\nContent-Length: 5\r\n\r\n");
    flow_make_content(&f->resp, SLICE("he\nlo"));
    return f;
}

static struct decision
run_option(struct flow *f, const char *option, const char *value)
{
    struct setting s[] = {{option, value}, {0}};
    struct decision d = {0};
    struct rules *rs = make_rules(s);
    for (enum stage stage = 0; stage < STAGES_N && d.end == END_GO; stage++)
        rule_run_all(rs, stage, f, &d);
    rules_unref(rs);
    return d;
}

static void
without_options_there_are_no_rules(void **state)
{
    struct setting none[] = {{0}};
    struct rules *rs = make_rules(none);
    assert_int_equal(rules_count(rs), 0);
    rules_unref(rs);
}

static void
urls_are_rewritten(void **state)
{
    static const struct {
        const char *value, *target, *host;
    } rows[] = {
        {"|example.com|b.test", "/a/b?q=$1", "b.test"},
        {"|~m GET|/a/(.)|/\\1\\g<1>", "/bb?q=$1", "example.com"},
        {"|~m POST|/a/(.)|/x", "/a/b?q=$1", "example.com"},
        {":/a/(?P<n>.)[?]:/$\\g<n>?", "/$b?q=$1", "example.com"},
        {"|//example.com/|//b.test/x/", "/x/a/b?q=$1", "b.test"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct flow *f = make_flow();
        run_option(f, "map-remote", rows[i].value);
        const struct http_head *h = edit_head(&f->req);
        assert_int_equal(h->target.n, strlen(rows[i].target));
        assert_memory_equal(h->target.p, rows[i].target, h->target.n);
        assert_true(slice_eq(head_value(h, FIELD_HOST), slice_str(rows[i].host)));
        flow_unref(f);
    }
}

static void
fields_are_removed_first_and_added_at_the_end(void **state)
{
    struct flow *f = make_flow();
    struct setting s[] = {
        {"modify-headers", "/X/new"},          {"modify-headers", "/~m GET/X/two"},
        {"modify-headers", "/~s/Y/answered"},  {"modify-headers", "/Authorization/"},
        {"modify-headers", "/If-None-Match/"}, {0},
    };
    struct decision d = {0};
    struct rules *rs = make_rules(s);
    rule_run_all(rs, STAGE_REQUEST_HEAD, f, &d);
    assert_string_equal(rule_head_text(&f->req),
                        "GET /a/b?q=$1\nHost: example.com\nX: new\nX: two\nY: answered\n");
    rule_run_all(rs, STAGE_RESPONSE_HEAD, f, &d);
    assert_string_equal(rule_head_text(&f->resp),
                        "200 OK\nContent-Length: 5\nX: new\nX: two\nY: answered\n");
    rules_unref(rs);
    flow_unref(f);
}

static void
a_value_may_be_in_a_file(void **state)
{
    char value[600];
    struct flow *f = make_flow();
    snprintf(value, sizeof value, "!X!@%s", folder_write("value", SLICE("from a file\n"), 0600));
    run_option(f, "modify-headers", value);
    assert_string_equal(rule_head_text(&f->resp), "200 OK\nContent-Length: 5\nX: from a file\n");
    flow_unref(f);
}

static void
contents_are_replaced_by_what_is_meant_literally(void **state)
{
    static const struct {
        const char *value, *content;
    } rows[] = {
        {"/h.\\n/x", "xlo"},
        {"/e.l/$1\\t\\x41\\\\", "h$1\tA\\o"},
        {"/~c 200/lo/\\d", "he\n\\d"},
        {"/~c 404/lo/\\d", "he\nlo"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct flow *f = make_flow();
        struct buf room;
        struct slice content;
        buf_init(&room, 4096);
        run_option(f, "modify-body", rows[i].value);
        assert_true(edit_content(&f->resp, &room, &content));
        assert_true(slice_eq(content, slice_str(rows[i].content)));
        buf_release(&room);
        flow_unref(f);
    }
}

static void
requests_are_blocked_and_mapped_to_files(void **state)
{
    char value[600];
    struct flow *f = make_flow();
    assert_int_equal(run_option(f, "block-list", ":~m GET:404").end, END_ANSWER);
    assert_int_equal(edit_head(&f->resp)->status, 404);
    assert_int_equal(run_option(f, "block-list", ":example:444").end, END_CLOSE);
    assert_int_equal(run_option(f, "block-list", ":~m POST:444").end, END_GO);
    flow_unref(f);
    f = make_flow();
    folder_write("b", SLICE("file"), 0600);
    snprintf(value, sizeof value, "|example.com/a/|%s", folder_path());
    assert_int_equal(run_option(f, "map-local", value).end, END_ANSWER);
    assert_int_equal(edit_body(&f->resp)->size, 4);
    flow_unref(f);
}

static void
caches_and_codings_are_turned_off(void **state)
{
    struct flow *f = make_flow();
    run_option(f, "anticache", "yes");
    assert_null(head_find_name(edit_head(&f->req), SLICE("If-None-Match")));
    run_option(f, "anticomp", "yes");
    assert_true(slice_eq(head_value(edit_head(&f->req), FIELD_ACCEPT_ENCODING), SLICE("identity")));
    flow_unref(f);
}

/* Two exchanges, one after the other, the second without what the first had. */
static struct flow *
run_two(const char *option, const char *second)
{
    struct setting s[] = {{option, "~d example"}, {0}};
    struct rules *rs = make_rules(s);
    struct decision d = {0};
    struct flow *f = flow_make(FLOW_HTTP, REQUEST);
    rule_run_all(rs, STAGE_REQUEST_HEAD, f, &d);
    flow_make_response(f, "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n\r\n");
    rule_run_all(rs, STAGE_RESPONSE_HEAD, f, &d);
    flow_unref(f);
    f = flow_make(FLOW_HTTP, second);
    rule_run_all(rs, STAGE_REQUEST_HEAD, f, &d);
    rules_unref(rs);
    return f;
}

static void
cookies_and_credentials_stick(void **state)
{
    struct flow *f = run_two("stickycookie", "GET /a/c HTTP/1.1\r\nCookie: old\r\n"
                                             "Host: example.com\r\n\r\n");
    assert_string_equal(rule_head_text(&f->req), "GET /a/c\nCookie: b=2; a=1\nHost: example.com\n");
    flow_unref(f);
    f = run_two("stickyauth", "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
    assert_string_equal(rule_head_text(&f->req),
                        "GET /\nHost: example.com\nAuthorization: secret\n");
    flow_unref(f);
}

static void
what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *option, *value, *error;
    } rows[] = {
        {"map-remote", "|x", "'|x' is neither /QUERY/REGEX/NEW nor /REGEX/NEW"},
        {"map-remote", "||x", "in '||x' there is nothing between the separators"},
        {"map-remote", "|(|x", "missing closing parenthesis"},
        {"map-remote", "|a|\\2", "the pattern has no group '2'"},
        {"map-remote", "|~zz|a|b", "'when', column"},
        {"map-local", "|x|", "the name of a file or a folder is missing"},
        {"modify-headers", "/a b/c", "'a b' is no name of a field"},
        {"modify-body", "/a", "is neither"},
        {"block-list", "/a/b/404", "'/a/b/404' is not /QUERY/STATUS"},
        {"block-list", "/a/x", "'x' is not a number from 200 to 999"},
        {"stickyauth", "~zz", "stickyauth"},
    };
    struct config *c = config_new();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct option_name name;
        struct err e = {0};
        assert_true(option_find(slice_str(rows[i].option), &name));
        assert_false(option_set(&name, c, slice_str(rows[i].value), &e));
        if (!strstr(e.text, rows[i].error))
            fail_msg("%s: %s", rows[i].value, e.text);
    }
    config_unref(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_options_there_are_no_rules),
        cmocka_unit_test(urls_are_rewritten),
        cmocka_unit_test(fields_are_removed_first_and_added_at_the_end),
        cmocka_unit_test(a_value_may_be_in_a_file),
        cmocka_unit_test(contents_are_replaced_by_what_is_meant_literally),
        cmocka_unit_test(requests_are_blocked_and_mapped_to_files),
        cmocka_unit_test(caches_and_codings_are_turned_off),
        cmocka_unit_test(cookies_and_credentials_stick),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
