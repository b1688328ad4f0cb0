/* Tests of flow/filter_column: what a field says of a flow, and what is no field. */
#include "flow/filter_column.h"

#include "base/mem.h"
#include "lib/flow_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REQUEST                                                                                    \
    "POST https://a.test/p/q?a=1&b=&a=2 HTTP/1.1\r\nHost: a.test\r\nX-A: one\r\nX-A: "             \
    "two\r\nContent-Length: 5\r\n\r\n"

static void
add(void *arg, struct slice value)
{
    struct buf *out = arg;
    buf_append(out, value);
    buf_byte(out, '|');
}

static void
expect(const struct flow *f, const char *field, const char *want)
{
    struct err e = {0};
    AUTO(buf_release) struct buf out = {.max = 10000};
    struct filter *column = filter_column(slice_str(field), &e);
    assert_non_null(column);
    filter_column_values(column, f, add, &out);
    assert_string_equal(buf_str(&out), want);
    filter_unref(column);
}

static void
every_value_of_a_field_is_said(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, REQUEST);
    flow_make_content(&f->req, SLICE("hello"));
    flow_make_response(f, "HTTP/1.1 404 Not Found\r\nServer: x\r\nContent-Type: a/b\r\n\r\n");
    expect(f, "host", "example.com|");
    expect(f, "status", "404|");
    expect(f, "method", "POST|");
    expect(f, "path", "/p/q|");
    expect(f, "req.header[x-a]", "one|two|");
    expect(f, "header[server]", "x|");
    expect(f, "param[a]", "1|2|");
    expect(f, "param[b]", "|");
    expect(f, "req.body", "hello|");
    expect(f, "kind", "http|");
    expect(f, "user", "");
    expect(f, "error", "");
    expect(f, "resp.header[none]", "");
    flow_unref(f);
}

static void
numbers_are_told_from_texts(void **state)
{
    static const struct {
        const char *name;
        bool number;
    } rows[] = {{"id", true},  {"status", true}, {"req.size", true}, {"time", true},
                {"at", false}, {"host", false},  {"kind", false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = {0};
        struct filter *column = filter_column(slice_str(rows[i].name), &e);
        assert_int_equal(filter_column_is_number(column), rows[i].number);
        filter_unref(column);
    }
}

static void
what_is_no_field_is_refused(void **state)
{
    static const char *const names[] = {"",        "nothing", "a b",     "id or host", "-id",
                                        "(id)",    "GET",     "id:1",    "\"id\"",     "cookie[",
                                        "host[a]", "id?",     "@preset", "404"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct err e = {0};
        assert_null(filter_column(slice_str(names[i]), &e));
        assert_int_equal(e.code, ERR_USAGE);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_of_a_field_is_said),
        cmocka_unit_test(numbers_are_told_from_texts),
        cmocka_unit_test(what_is_no_field_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
