/* Tests of flow/filter_parse: what a text is taken for, and where it is wrong. */
#include "flow/filter_tree.h"

#include "base/mem.h"
#include "lib/filter_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define EXPECT_PRINT(...)                                                                          \
    do {                                                                                           \
        static const char *const rows[][2] = {__VA_ARGS__};                                        \
        for (size_t r = 0; r < ARRAY_LEN(rows); r++)                                               \
            filter_expect_print(rows[r][0], rows[r][1]);                                           \
    } while (0)

static void
words_keep_their_shortest_form(void **state)
{
    EXPECT_PRINT(
        {"", ""}, {" \t\n", ""}, {"foo", "foo"}, {"text:foo", "foo"}, {"\"foo\"", "foo"},
        {"\"foo bar\"", "\"foo bar\""}, {"method=GET", "GET"}, {"GET", "GET"},
        {"\"GET\"", "\"GET\""}, {"method:GET", "method:GET"}, {"method=get", "method=get"},
        {"status:404", "404"}, {"status=404", "404"}, {"\"404\"", "\"404\""}, {"099", "\"099\""},
        {"path^=/api", "/api"}, {"/api?x=1", "/api?x=1"}, {"path^=api", "path^=api"},
        {"\"/api\"", "\"/api\""}, {"4xx", "4xx"}, {"http://a.test/b", "\"http://a.test/b\""},
        {"a.test:80", "\"a.test:80\""}, {"localhost:80/x", "\"localhost:80/x\""},
        {"*.png", "*.png"}, {"\"*.png\"", "\"*.png\""}, {"a*b/c", "text:a*b/c"},
        {"x[1]", "\"x[1]\""}, {"f(x)", "\"f(x)\""}, {"\"or\"", "\"or\""}, {"organ", "organ"},
        {"\"-x\"", "\"-x\""}, {"a-b", "a-b"}, {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"});
}

static void
groups_keep_only_the_parentheses_that_matter(void **state)
{
    EXPECT_PRINT({"a b c", "a b c"}, {"(a b) c", "a b c"}, {"a and (b and (c))", "a b c"},
                 {"a or b c", "a or b c"}, {"(a or b) c", "(a or b) c"},
                 {"a (b or c)", "a (b or c)"}, {"a or (b or c)", "a or b or c"}, {"-a", "-a"},
                 {"not a", "-a"}, {"! a", "-a"}, {"-(a b)", "-(a b)"},
                 {"-(a or b) c", "-(a or b) c"}, {"--a", "--a"}, {"-(a)", "-a"},
                 {"not not a", "--a"}, {"not(a b)", "-(a b)"}, {"a||b&&c", "\"a||b&&c\""},
                 {"a || b && c", "a or b c"}, {"a OR b AND NOT c", "a or b -c"}, {"(((a)))", "a"},
                 {"a|b", "\"a|b\""}, {"a | b & c", "a or b c"});
}

static void
tests_keep_what_was_meant(void **state)
{
    EXPECT_PRINT(
        {"host:x", "host:x"}, {"host:\"x\"", "host:x"}, {"host:\"a b\"", "host:\"a b\""},
        {"host:\"a\\\"b\\\\c\\d\"", "host:\"a\\\"b\\\\c\\\\d\""}, {"host:\"\"", "host:\"\""},
        {"url~a/b", "url~/a\\/b/"}, {"url~/a\\/b/i", "url~/a\\/b/"}, {"url~/a b/c", "url~/a b/c"},
        {"url~\"\\d+\"", "url~/\\d+/"}, {"url~(a|b)", "url~/(a|b)/"},
        {"url~/api/v1", "url~/\\/api\\/v1/"}, {"host:/x/", "host~/x/"}, {"host:/x/c", "host~/x/c"},
        {"host:/x", "host:\"/x\""}, {"path:/x/", "path:/x/"}, {"url!~/x/", "url!~/x/"},
        {"host:(a,b , \"c d\")", "host:(a,b,\"c d\")"}, {"host:(/a/,b)", "host:(/a/,b)"},
        {"host:(a)", "host:a"}, {"host=*", "host=\"*\""}, {"host:a,b", "host:\"a,b\""},
        {"host:a*,b", "host:a*,b"}, {"host^=a", "host^=a"}, {"host$=(a,b)", "host$=(a,b)"},
        {"header[x-a]:y", "header[x-a]:y"}, {"header[x-a]", "header[x-a]?"}, {"status?", "status?"},
        {"-status?", "-status?"}, {"host!=a", "host!=a"}, {"is=ws", "is:ws"},
        {"is:(WS,h1)", "is:(ws,h1)"}, {"is!=ws", "is!=ws"},
        {"client:10.0.0.0/8", "client:10.0.0.0/8"}, {"client::80", "client::80"},
        {"client:\"10.0.0.1\"", "client:10.0.0.1"}, {"req.json[a.b]=1", "req.json[a.b]=1"});
}

static void
numbers_have_their_largest_unit(void **state)
{
    EXPECT_PRINT({"status:200..299", "status:2xx"}, {"status:4XX", "status:4xx"},
                 {"status=4xx", "status:4xx"},
                 {"status:(404,5xx,300..302)", "status:(404,5xx,300..302)"},
                 {"status!=404", "status!=404"}, {"status:42", "status:42"},
                 {"status>=400", "status>=400"}, {"resp.size>1024", "resp.size>1k"},
                 {"resp.size>1025", "resp.size>1025"}, {"size:1M..2g", "size:1M..2G"},
                 {"size:0", "size:0"}, {"time>1500ms", "time>1500ms"}, {"time>1", "time>1s"},
                 {"time<120s", "time<2m"}, {"age<24h", "age<1d"}, {"time:0", "time:0"},
                 {"at:2026-01-31", "at:2026-01-31"}, {"at>2026-01-31T10:00", "at>2026-01-31T10:00"},
                 {"at<\"2026-01-31 10:00:01\"", "at<2026-01-31T10:00:01"},
                 {"at:2026-01-31T10:00:00Z", "at:2026-01-31T10:00:00"},
                 {"at:2026-01-31T10:00:00+0100", "at:2026-01-31T09:00:00"},
                 {"at:\"Sat, 31 Jan 2026 10:00:00 GMT\"", "at:2026-01-31T10:00:00"},
                 {"at:2026-01-01..2026-01-31", "at:2026-01-01T00:00:00..2026-01-31T23:59:59"});
}

static void
presets_stand_for_their_text(void **state)
{
    EXPECT_PRINT({"@api", "/api or /v1"}, {"@api 404", "(/api or /v1) 404"},
                 {"-@api", "-(/api or /v1)"}, {"@blank", "is:any"},
                 {"404 or @blank", "404 or is:any"});
}

/* A text, the byte that is wrong, and a part of the sentence. */
struct wrong {
    const char *query;
    unsigned at;
    const char *says;
};

static void
errors_name_the_thing_and_the_place(void **state)
{
    static const struct wrong rows[] = {
        {"stauts:404", 0, "did you mean 'status'"},
        {"a frobnicate:1", 2, "no field 'frobnicate'"},
        {"req.sise:12", 0, "did you mean 'req.size'"},
        {"host:", 5, "expected a value behind ':'"},
        {"a host>b", 6, "there is no '>' for it"},
        {"status^=4", 6, "'status' is a number"},
        {"status:abc", 7, "'abc' is not a number"},
        {"status:300..200", 7, "is not a number"},
        {"status>4xx", 7, "needs one number"},
        {"at>2026-01-01..2026-01-31", 3, "needs one number"},
        {"size>1x", 5, "'1x' is not a size"},
        {"time>5y", 5, "is not a duration"},
        {"at>yesterday", 3, "is not a time"},
        {"at:1969-12-31", 3, "is not a time"},
        {"at:9999-01-01", 3, "is not a time"},
        {"is:helt", 3, "did you mean 'held'"},
        {"is:frobnicate", 3, "has no word 'frobnicate'"},
        {"is:/x/", 3, "has no word"},
        {"(a", 2, "expected ')'"},
        {"a)", 1, "a ')' without its '('"},
        {"()", 1, "expected a test"},
        {"a or", 4, "expected a test"},
        {"or a", 0, "expected a test"},
        {"and", 0, "expected a test"},
        {"a -", 3, "expected a test"},
        {"not", 3, "expected a test"},
        {"\"abc", 4, "expected '\"'"},
        {"\"a\"b", 3, "expected a blank"},
        {"host:\"a\"b", 8, "expected a blank"},
        {"host:(a,b", 9, "expected ',' or ')'"},
        {"host:(a b)", 8, "expected ',' or ')'"},
        {"host:(,)", 6, "expected a value"},
        {"host:a(b", 6, "without its ')'"},
        {"host[x]:y", 4, "takes no name"},
        {"header[x:y", 10, "expected a name and ']'"},
        {"header[]:y", 7, "expected a name"},
        {"header[x]y", 9, "expected one of"},
        {"req.json:x", 8, "expected '['"},
        {"url~/a(/", 7, "regular expression"},
        {"url~a[", 6, "regular expression"},
        {"url~\"(\"", 5, "regular expression"},
        {"@none", 0, "no preset '@none'"},
        {"a @bad", 2, "in the preset '@bad'"},
        {"@loop", 0, "groups in each other"},
        {"@", 0, "no preset"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        filter_expect_wrong(rows[i].query, rows[i].at, rows[i].says);
}

/* n times the piece, then the end. */
static struct slice
repeat(struct buf *out, const char *piece, size_t n, const char *end)
{
    buf_reset(out);
    for (size_t i = 0; i < n; i++)
        buf_append(out, slice_str(piece));
    buf_append(out, slice_str(end));
    return buf_slice(out);
}

static bool
is_taken(struct slice text)
{
    struct err e = {0};
    struct filter *f = filter_parse(text, NULL, NULL, &e);
    assert_true(f || e.text[0]);
    filter_unref(f);
    return f;
}

static void
everything_that_can_grow_is_limited(void **state)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_true(is_taken(repeat(
        &out, "(", 64, "a))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))")));
    assert_false(is_taken(repeat(&out, "(", 65, "a")));
    assert_true(is_taken(repeat(&out, "-", 64, "a")));
    assert_false(is_taken(repeat(&out, "-", 65, "a")));
    assert_false(is_taken(repeat(&out, "!", 100, "~q")));
    assert_true(is_taken(repeat(&out, "a ", 500, "")));
    assert_false(is_taken(repeat(&out, "a ", 501, "")));
    assert_true(is_taken(repeat(&out, "url~a ", 100, "")));
    assert_false(is_taken(repeat(&out, "url~a ", 101, "")));
    assert_true(is_taken(repeat(&out, "a", FILTER_TEXT_MAX, "")));
    assert_false(is_taken(repeat(&out, "a", FILTER_TEXT_MAX + 1, "")));
    buf_release(&out);
}

static void
without_memory_there_is_no_query_and_no_leak(void **state)
{
    static const char *const texts[] = {
        "host:(*.a,b) url~/x/ -(404 or \"a b\") req.json[a]=1",
        "~u foo & !~m 'POST' | ~c 404 ~q ~d x",
        "req.ext.like:\"%.js\" AND resp.body.ncont:\"x\" OR \"raw\" AND resp.len.gt:1",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct filter *f = NULL;
        for (unsigned long nth = 1; !f; nth++) {
            struct err e = {0};
            assert_true(nth < 500);
            mem_fail_at(nth);
            f = filter_parse(slice_str(texts[i]), NULL, NULL, &e);
            mem_fail_at(0);
            assert_true(f || e.text[0]);
        }
        filter_unref(f);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_keep_their_shortest_form),
        cmocka_unit_test(groups_keep_only_the_parentheses_that_matter),
        cmocka_unit_test(tests_keep_what_was_meant),
        cmocka_unit_test(numbers_have_their_largest_unit),
        cmocka_unit_test(presets_stand_for_their_text),
        cmocka_unit_test(errors_name_the_thing_and_the_place),
        cmocka_unit_test(everything_that_can_grow_is_limited),
        cmocka_unit_test(without_memory_there_is_no_query_and_no_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
