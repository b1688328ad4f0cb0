/* Tests of rule/pattern: matches, groups, limits. */
#include "rule/pattern.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct pattern *
make(const char *text)
{
    struct pattern_spec spec = {.text = slice_str(text)};
    struct err e = {0};
    struct pattern *p = pattern_new(&spec, &e);
    if (!p)
        fail_msg("%s", e.text);
    return p;
}

static void
matches_are_replaced(void **state)
{
    static const struct {
        const char *pattern, *subject, *with, *want; /* NULL: no match */
    } rows[] = {
        {"b", "abcb", "x", "axcx"},
        {"b+", "abbbc", "", "ac"},
        {"(a)(b)?", "ab a", "[$1$2]", "[ab] [a]"},
        {"(?<one>a)", "ab", "${one}${1}$0", "aaab"},
        {"a", "a", "$$1 costs $", "$1 costs $"},
        {"a.b", "a\nb", "x", "x"},
        {"^", "abc", "x", "xabc"},
        {"$", "abc", "x", "abcx"},
        {"x*", "ab", "-", "-a-b-"},
        {"(?<=a)b", "abab", "x", "axax"},
        {"z", "abc", "x", NULL},
        {"a", "", "x", NULL},
        {"", NULL, NULL, NULL},
    };
    for (size_t i = 0; rows[i].subject; i++) {
        struct pattern *p = make(rows[i].pattern);
        struct buf out;
        buf_init(&out, 4096);
        buf_append(&out, SLICE("before "));
        size_t n = pattern_replace(p, slice_str(rows[i].subject), slice_str(rows[i].with), &out);
        assert_int_equal(n > 0, rows[i].want != NULL);
        assert_string_equal(buf_str(&out) + 7, rows[i].want ? rows[i].want : "");
        buf_release(&out);
        pattern_free(p);
    }
}

static void
a_literal_has_neither_signs_nor_groups(void **state)
{
    struct pattern_spec spec = {.text = SLICE("a.(b)"), .literal = true, .ignore_case = true};
    struct pattern *p = pattern_new(&spec, NULL);
    struct buf out;
    buf_init(&out, 100);
    assert_true(pattern_check(p, SLICE("$1"), NULL));
    assert_int_equal(pattern_replace(p, SLICE("xA.(B)y axb"), SLICE("$1"), &out), 1);
    assert_string_equal(buf_str(&out), "x$1y axb");
    buf_release(&out);
    pattern_free(p);
}

static void
groups_that_are_not_there_are_named(void **state)
{
    static const struct {
        const char *with, *error; /* NULL: good */
    } rows[] = {
        {"$1 $0 ${1} ${n} $$2 $ x", NULL},          {"$2", "the pattern has no group '2'"},
        {"${m}", "the pattern has no group 'm'"},   {"${}", "the pattern has no group ''"},
        {"${1x}", "the pattern has no group '1x'"},
    };
    struct pattern *p = make("(?<n>a)");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = {0};
        assert_int_equal(pattern_check(p, slice_str(rows[i].with), &e), !rows[i].error);
        assert_string_equal(e.text, rows[i].error ? rows[i].error : "");
    }
    pattern_free(p);
}

static void
a_wrong_expression_is_named_with_its_place(void **state)
{
    struct err e = {0};
    struct pattern_spec spec = {.text = SLICE("a(b")}, none = {0};
    assert_null(pattern_new(&spec, &e));
    assert_string_equal(e.text, "'a(b', column 4: missing closing parenthesis");
    assert_null(pattern_new(&none, &e));
    assert_string_equal(e.text, "it is empty");
    pattern_free(NULL);
}

static bool
found(const struct pattern *p, struct slice subject)
{
    struct slice tail;
    return pattern_tail(p, subject, &tail);
}

static void
a_match_that_takes_too_long_is_none(void **state)
{
    char text[4000];
    struct buf out;
    memset(text, 'a', sizeof text);
    buf_init(&out, 1 << 20);
    struct pattern *p = make("(a+)+$x|(a|aa)+b");
    assert_false(found(p, slice_of(text, sizeof text)));
    assert_int_equal(pattern_replace(p, slice_of(text, sizeof text), SLICE("x"), &out), 0);
    buf_release(&out);
    pattern_free(p);
}

/* No place costs much, but there are as many as the text has bytes. */
static void
a_long_text_does_not_multiply_the_time(void **state)
{
    size_t n = (size_t)8 << 20;
    char *text = mem_need(mem_alloc(n));
    struct buf out;
    for (size_t i = 0; i < n; i++)
        text[i] = i % 15 ? 'x' : ' ';
    buf_init(&out, 1 << 20);
    struct pattern *p = make("(x+x+)+\\d|[x ]\\z");
    assert_false(found(p, slice_of(text, n)));
    assert_int_equal(pattern_replace(p, slice_of(text, n), SLICE("y"), &out), 0);
    assert_true(found(p, slice_of(text, 100)));
    buf_release(&out);
    pattern_free(p);
    mem_free(text);
}

static void
what_must_be_first_stays_first(void **state)
{
    static const char *const rows[] = {"(*UTF)(*UCP)^\\w$", "(*LIMIT_MATCH=1000)(*pla:\xc3).",
                                       "(*COMMIT).", "(?x) [^ab] | c"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct pattern *p = make(rows[i]);
        assert_true(found(p, SLICE("\xc3\xa9")));
        pattern_free(p);
    }
}

static void
a_result_beyond_the_limit_is_none(void **state)
{
    struct pattern *p = make("a");
    struct buf out;
    buf_init(&out, 10);
    assert_int_equal(pattern_replace(p, SLICE("aaaa"), SLICE("1234"), &out), 0);
    assert_int_equal(buf_len(&out), 0);
    buf_release(&out);
    pattern_free(p);
}

static void
the_first_match_is_expanded_and_its_tail_found(void **state)
{
    struct pattern *groups = make("//([^/]*)/"), *plain = make("//[^/]*/");
    struct slice url = SLICE("https://a.test/b/c"), tail;
    struct buf out;
    buf_init(&out, 100);
    assert_true(pattern_expand(groups, url, SLICE("<$1>"), &out));
    assert_string_equal(buf_str(&out), "<a.test>");
    assert_true(pattern_tail(groups, url, &tail) && slice_eq(tail, SLICE("a.test")));
    assert_true(pattern_tail(plain, url, &tail) && slice_eq(tail, SLICE("b/c")));
    assert_false(pattern_tail(plain, SLICE("x"), &tail));
    buf_release(&out);
    pattern_free(groups);
    pattern_free(plain);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_are_replaced),
        cmocka_unit_test(a_literal_has_neither_signs_nor_groups),
        cmocka_unit_test(groups_that_are_not_there_are_named),
        cmocka_unit_test(a_wrong_expression_is_named_with_its_place),
        cmocka_unit_test(a_match_that_takes_too_long_is_none),
        cmocka_unit_test(a_long_text_does_not_multiply_the_time),
        cmocka_unit_test(what_must_be_first_stays_first),
        cmocka_unit_test(a_result_beyond_the_limit_is_none),
        cmocka_unit_test(the_first_match_is_expanded_and_its_tail_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
