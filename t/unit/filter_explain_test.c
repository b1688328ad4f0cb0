/* Tests of flow/filter_explain: sentences and plans. */
#include "flow/filter.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
expect(const char *query, void (*say)(const struct filter *f, struct buf *out), const char *want)
{
    struct buf out;
    struct filter *f = filter_parse(slice_str(query), NULL, NULL, NULL);
    assert_non_null(f);
    buf_init(&out, 1 << 20);
    say(f, &out);
    assert_string_equal(buf_str(&out), want);
    buf_release(&out);
    filter_unref(f);
}

static void
a_query_is_a_sentence(void **state)
{
    static const char *const rows[][2] = {
        {"", "All flows."},
        {"foo", "Flows where the URL, a header or the note contains foo."},
        {"host:*.a.test status>=400",
         "Flows where the host is like *.a.test, and the status is at least 400."},
        {"-status?", "Flows where the status is not there."},
        {"status:(404,5xx)", "Flows where the status is 404 or 5xx."},
        {"is:(ws,held)", "Flows where it is a WebSocket or it was held."},
        {"-is:asset", "Flows where not: it is a picture, a style, a font or a script."},
        {"a (b or c)",
         "Flows where the URL, a header or the note contains a, and (the URL, a header or the note "
         "contains b, or the URL, a header or the note contains c)."},
        {"-(GET or POST)", "Flows where not (the method is GET, or the method is POST)."},
        {"req.header[x]!=y", "Flows where the request header 'x' is there and is not y."},
        {"client:10.0.0.0/8", "Flows where the client's address is in 10.0.0.0/8."},
        {"note:\"\x1b[2J\"", "Flows where the note contains \"\\x1b[2J\"."},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect(rows[i][0], filter_explain, rows[i][1]);
}

static void
the_plan_has_the_cheapest_first(void **state)
{
    expect("body:x header[a]:b host:abc pid:1", filter_plan,
           "facts at hand:\n  host:abc\n  pid:1  (no flow has it yet)\nheads:\n  header[a]:b\n"
           "contents, decoded:\n  body:x\nonly where the host has \"abc\"\n");
    expect("", filter_plan, "");
}

static void
the_tree_has_a_node_a_line(void **state)
{
    expect("a -(b or 404)", filter_print_tree, "and\n  a\n  not\n    or\n      b\n      404\n");
    expect("", filter_print_tree, "everything\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_is_a_sentence),
        cmocka_unit_test(the_plan_has_the_cheapest_first),
        cmocka_unit_test(the_tree_has_a_node_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
