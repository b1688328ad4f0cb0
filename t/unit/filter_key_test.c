/* Tests of flow/filter_key: what a query needs, and the literal that is in all it matches. */
#include "flow/filter.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REQ_BODY  FILTER_NEEDS_REQUEST_BODY
#define RESP      FILTER_NEEDS_RESPONSE
#define RESP_BODY (FILTER_NEEDS_RESPONSE | FILTER_NEEDS_RESPONSE_BODY)
#define END       FILTER_NEEDS_END

static struct filter *
parse(const char *text)
{
    struct err e = {0};
    struct filter *f = filter_parse(slice_str(text), NULL, NULL, &e);
    if (!f)
        fail_msg("%s: %s", text, e.text);
    return f;
}

static void
needs_are_those_of_all_tests(void **state)
{
    static const struct {
        const char *text;
        unsigned needs;
    } rows[] = {
        {"", 0},
        {"host:x /a GET ext:js param[a]? client::1", 0},
        {"req.header[a]:x cookie[b]? req.type:json", 0},
        {"foo", RESP},
        {"404", RESP},
        {"-404", RESP},
        {"host:x -status?", RESP},
        {"host:x or type:json", RESP},
        {"req.body:x", REQ_BODY},
        {"req.size>1", REQ_BODY},
        {"resp.body:x", RESP_BODY},
        {"body:x", REQ_BODY | RESP_BODY},
        {"time>1s", END},
        {"is:error", END},
        {"is:h1", 0},
        {"is:(h1,ws)", RESP},
        {"is:any", 0},
        {"kind:http", 0},
        {"kind:ws", RESP},
        {"kind!=ws", RESP},
        {"mark:red note:x tag:y", 0},
        {"~q", RESP},
        {"~b x | ~e", REQ_BODY | RESP_BODY | END},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct filter *f = parse(rows[i].text);
        if (filter_needs(f) != rows[i].needs)
            fail_msg("%s: %u", rows[i].text, filter_needs(f));
        filter_unref(f);
    }
}

static void
the_longest_literal_is_the_key(void **state)
{
    static const struct {
        const char *text, *key;
        bool in_path;
    } rows[] = {
        {"", "", false},
        {"host:Example", "example", false},
        {"host=A.test 404", "a.test", false},
        {"host^=api. /x", "api.", false},
        {"host$=.test", ".test", false},
        {"host:*.example.com", ".example.com", false},
        {"host:a*bcd*e", "bcd", false},
        {"host:a /API/v1", "/api/v1", true},
        {"path:x", "x", true},
        {"path=/A/b", "/a/b", true},
        {"path$=.JS", ".js", true},
        {"host:(a,b)", "", false},
        {"host!=a", "", false},
        {"-host:a", "", false},
        {"host:a or host:b", "", false},
        {"(host:a or host:b) /x", "/x", true},
        {"host~a", "", false},
        {"host?", "", false},
        {"host:\"\"", "", false},
        {"url:https://a.test/x", "", false},
        {"url^=https://A.test/xyz-long?q", "/xyz-long", true},
        {"url^=https://a.test:8443/x", "a.test", false},
        {"url=http://a.test", "a.test", false},
        {"url:https://a.te*t/x", "a.te", false},
        {"url^=https://[::1]/abcdef", "", false},
        {"url$=https://a.test", "", false},
        {"url^=ftp://a", "", false},
        {"foo", "", false},
        {"header[host]:a", "", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct filter *f = parse(rows[i].text);
        struct filter_key key = filter_key(f);
        if (!slice_eq(key.literal, slice_str(rows[i].key)) ||
            (key.literal.n && key.in_path != rows[i].in_path))
            fail_msg("%s: '%.*s'", rows[i].text, SLICE_ARG(key.literal));
        filter_unref(f);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs_are_those_of_all_tests),
        cmocka_unit_test(the_longest_literal_is_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
