/* Tests of flow/filter_dialect_httpql: clauses, operators and values of HTTPQL. */
#include "base/base.h"
#include "lib/filter_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
every_clause_has_one_of_ours(void **state)
{
    static const char *const rows[][2] = {
        {"row.id.eq:7", "id:7"},
        {"req.body.cont:\"x\"", "req.body:x"},
        {"req.ext.eq:\".js\"", "ext=js"},
        {"req.ext.cont:\"js\"", "ext:js"},
        {"req.ext.like:\"%.js\"", "ext~/(?s)\\Ajs\\z/"},
        {"req.ext.regex:/^\\.js$/", "ext~/^js$/c"},
        {"req.host.eq:\"x\"", "host=x"},
        {"req.method.eq:\"POST\"", "POST"},
        {"req.path.cont:\"/x\"", "path:/x"},
        {"req.query.cont:\"x\"", "query:x"},
        {"req.raw.cont:\"x\"", "req.raw:x"},
        {"req.len.gt:10", "req.len>10"},
        {"req.port.ne:80", "port!=80"},
        {"req.created_at.lt:\"2026-01-31T10:00:00Z\"", "at<2026-01-31T10:00:00"},
        {"req.tls.eq:true", "scheme=https"},
        {"req.tls.ne:true", "scheme!=https"},
        {"req.header.name.eq:\"x\"", "req.header.name=x"},
        {"req.header.value.cont:\"x\"", "req.header.value:x"},
        {"req.header[\"X-A\"].eq:\"y\"", "req.header[X-A]=y"},
        {"resp.body.cont:\"x\"", "resp.body:x"},
        {"resp.raw.regex:/x/", "resp.raw~/x/c"},
        {"resp.code.gte:400", "status>=400"},
        {"resp.code.eq:404", "404"},
        {"resp.len.lte:5", "resp.len<=5"},
        {"resp.roundtrip.gt:1500", "time>1500ms"},
        {"resp.header[\"A\"].cont:\"b\"", "resp.header[A]:b"},
        {"source:\"automate\"", "tool:fuzz"},
        {"source:\"replay\"", "tool:send"},
        {"\"x\" AND resp.code.eq:200", "raw:x 200"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        filter_expect_print(rows[i][0], rows[i][1]);
}

static void
negative_twins_want_something_to_compare(void **state)
{
    filter_expect_print("resp.body.ncont:\"x\"", "resp.body? -resp.body:x");
    filter_expect_print("req.path.nlike:\"a%b_c.d\"", "path!~/(?s)\\Aa.*b.c\\.d\\z/");
    filter_expect_print("req.path.nregex:/x\\/y/", "path!~/x\\/y/c");
    filter_expect_print("req.header[\"A\"].ncont:\"x\"", "req.header[A]? -req.header[A]:x");
}

static void
and_binds_tighter_than_or(void **state)
{
    static const char *const rows[][2] = {
        {"req.port.eq:1 OR req.port.eq:2 AND req.port.eq:3", "port:1 or port:2 port:3"},
        {"(req.port.eq:1 or req.port.eq:2) and req.port.eq:3", "(port:1 or port:2) port:3"},
        {"req.port.eq:1 // a comment\nAND /* more */ req.port.eq:2", "port:1 port:2"},
        {"req.port.eq:1 // the end", "port:1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        filter_expect_print(rows[i][0], rows[i][1]);
}

static void
text_has_the_escapes_of_json(void **state)
{
    filter_expect_print("req.path.cont:\"a\\\"b\\\\c\\u00e9\\/\"", "path:\"a\\\"b\\\\c\xc3\xa9/\"");
    filter_expect_print("req.path.eq:\"\"", "path=\"\"");
    filter_expect_print("req.path.regex:\"a/b\"", "path~/a\\/b/c");
}

static void
what_is_wrong_is_said(void **state)
{
    filter_expect_wrong("req.path.eq:5", 12, "double quotes");
    filter_expect_wrong("resp.code.eq:\"5\"", 13, "expected a number");
    filter_expect_wrong("resp.code.cont:\"5\"", 10, "no operator 'cont'");
    filter_expect_wrong("req.frob.eq:\"5\"", 0, "clause of HTTPQL");
    filter_expect_wrong("req.created_at.eq:\"2026-01-01\"", 15, "no operator 'eq'");
    filter_expect_wrong("req.created_at.gt:\"soon\"", 18, "is not a time");
    filter_expect_wrong("req.tls.eq:yes", 11, "true or false");
    filter_expect_wrong("req.path.regex:/a", 15, "between '/'");
    filter_expect_wrong("req.port.eq:1 req.port.eq:2", 14, "AND or OR");
    filter_expect_wrong("(req.port.eq:1", 14, "expected ')'");
    filter_expect_wrong("source:\"nowhere\"", 7, "expected automate");
    filter_expect_wrong("preset:\"x\"", 7, "no preset '@x'");
    filter_expect_wrong("preset:x-y", 7, "no preset '@x-y'");
    filter_expect_wrong("req.header[\"\"].eq:\"x\"", 13, "expected a name");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_clause_has_one_of_ours),
        cmocka_unit_test(negative_twins_want_something_to_compare),
        cmocka_unit_test(and_binds_tighter_than_or),
        cmocka_unit_test(text_has_the_escapes_of_json),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
