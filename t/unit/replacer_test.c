/* Tests of rule/replacer: the same as of the whole, however a text is cut; and its limits. */
#include "rule/replacer.h"

#include "base/mem.h"
#include "lib/replace_cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define OUT_MAX ((size_t)8 << 20)

static struct buf out = {.max = OUT_MAX}, want = {.max = OUT_MAX}, text = {.max = OUT_MAX};
static char said[200];

static int
release_all(void **state)
{
    buf_release(&out);
    buf_release(&want);
    buf_release(&text);
    return 0;
}

static struct pattern *
make(const struct pattern_spec *spec)
{
    struct err e = {0};
    struct pattern *p = pattern_new(spec, &e);
    if (!p)
        fail_msg("%s", e.text);
    return p;
}

static struct pattern *
make_text(const char *pattern)
{
    return make(&(struct pattern_spec){.text = slice_str(pattern)});
}

static void
expect_same(const char *pattern, struct slice got, struct slice wanted)
{
    if (!slice_eq(got, wanted))
        fail_msg("'%s' in '%.*s': '%.*s' in pieces, '%.*s' of the whole", pattern,
                 SLICE_ARG(buf_slice(&text)), SLICE_ARG(got), SLICE_ARG(wanted));
}

/* Against what is made of the whole. */
static void
compare(const struct pattern *p, const char *pattern, const char *with, struct cuts cuts)
{
    buf_reset(&want);
    if (!pattern_replace(p, buf_slice(&text), slice_str(with), &want))
        buf_append(&want, buf_slice(&text));
    assert_true(replace_cut(p, buf_slice(&text), slice_str(with), cuts, &out, said));
    expect_same(pattern, buf_slice(&out), buf_slice(&want));
}

static void
make_text_of(uint64_t seed, const char *letters, size_t n)
{
    buf_reset(&text);
    for (size_t i = 0; i < n; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        buf_byte(&text, letters[(seed >> 33) % strlen(letters)]);
    }
}

static const char *const patterns[] = {
    "a",
    "ab",
    "a+",
    "a*",
    "a*?",
    "a+?b",
    "x*",
    "^",
    "$",
    "^a",
    "a$",
    "\\Aab",
    "b\\z",
    "b\\Z",
    "(?m)^a",
    "(?m)b$",
    "(?m)^",
    "(?m)$",
    "\\b",
    "\\bab?\\b",
    "\\Ba",
    "(?<=a)b",
    "(?<!a)b",
    "(?<=a(?<=aa))b",
    "(?<=(?<!b)a)b",
    "(?<=\\bab)a",
    "a(?=b)",
    "a(?!b)",
    "a(?=.*b)",
    "(a)(b)?(a)",
    "(?<one>a|b)\\1",
    "(a|ab)(c|bcd)",
    "abcabc|bc",
    "ca|a.c|a.{3}c",
    "a.*b",
    "a.*?b",
    ".*b",
    ".+",
    "(?-s).*b",
    "(?-s)a.*$",
    "(?s:.)a",
    "[^a]+",
    "(?>a+)b",
    "a++b?",
    "(?:ab|c)*",
    "(?:ab|c)*?a",
    "foo\\Kb|a\\Kb",
    "\\s+",
    "\\R",
    "(?i)AB",
    "(a(?:b|(?1))c)",
    "a||b",
    "(?=a)",
    "(?<=a)",
    "(?<=a|bc)(?=b)",
    "(?(?=a)ab|b)",
    "\\n?b\\n?",
};

static void
however_a_text_is_cut_the_result_is_that_of_the_whole(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        struct pattern *p = make_text(patterns[i]);
        assert_true(replacer_can(p));
        for (uint64_t seed = 0; seed < 150; seed++) {
            make_text_of(seed * 31 + i, seed % 3 ? "abc \n" : "ab", seed % 40);
            compare(p, patterns[i], "<$0>", (struct cuts){seed, 1 + seed % 7});
        }
        pattern_free(p);
    }
}

static void
literals_are_found_across_pieces(void **state)
{
    const struct pattern_spec specs[] = {
        {SLICE("aab"), true, false}, {SLICE("a.b"), true, false}, {SLICE("ABA"), true, true}};
    for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
        struct pattern *p = make(&specs[i]);
        for (uint64_t seed = 0; seed < 300; seed++) {
            make_text_of(seed, "ab.", seed % 60);
            compare(p, specs[i].text.p, "$1", (struct cuts){seed, 1 + seed % 5});
        }
        pattern_free(p);
    }
}

static void
long_texts_are_cut_as_well(void **state)
{
    static const char *const some[] = {"ab+c", "(?<=c)a|\\bb", "[ab]{3,}", "c.{0,9}?c",
                                       "\\n.*?\\n"};
    for (size_t i = 0; i < ARRAY_LEN(some); i++) {
        struct pattern *p = make_text(some[i]);
        make_text_of(i, "abc \n", 300000);
        for (size_t most = 3000; most < 400000; most *= 5)
            compare(p, some[i], "[$0]", (struct cuts){i, most});
        pattern_free(p);
    }
}

/* What may be sent is not kept back. */
static void
what_cannot_be_part_of_a_match_goes_at_once(void **state)
{
    struct pattern *p = make_text("hello");
    struct replacer *r = replacer_new(p, SLICE("HELLO"));
    struct slice in = SLICE("data: hello\n\ndata: hel");
    buf_reset(&out);
    assert_int_equal(replacer_run(r, &in, false, &out), TRANSFORM_OK);
    assert_int_equal(in.n, 0);
    assert_string_equal(buf_str(&out), "data: HELLO\n\ndata: ");
    in = SLICE("p\n");
    assert_int_equal(replacer_run(r, &in, false, &out), TRANSFORM_OK);
    assert_string_equal(buf_str(&out), "data: HELLO\n\ndata: help\n");
    assert_int_equal(replacer_run(r, &in, true, &out), TRANSFORM_END);
    replacer_free(r);
    pattern_free(p);
}

static void
long_match_is_the_same_in_any_pieces(size_t n, const char *expect_said)
{
    struct pattern *p = make_text("a[^a]*a|cc");
    struct slice first;
    buf_reset(&text);
    buf_append(&text, SLICE("ccacc"));
    for (size_t i = 0; i < n; i++)
        buf_byte(&text, 'b');
    buf_append(&text, SLICE("cca a a"));
    assert_true(
        replace_cut(p, buf_slice(&text), SLICE("X"), (struct cuts){1, 3 << 20}, &want, said));
    first = buf_slice(&want);
    for (size_t most = 777; most < 300000; most *= 9) {
        assert_true(
            replace_cut(p, buf_slice(&text), SLICE("X"), (struct cuts){most, most}, &out, said));
        assert_true(slice_eq(buf_slice(&out), first));
        assert_string_equal(said, expect_said);
    }
    pattern_free(p);
}

static void
a_match_that_is_too_long_is_not_found_and_said(void **state)
{
    long_match_is_the_same_in_any_pieces(60000, "replaced 3 in the content as it went by");
    long_match_is_the_same_in_any_pieces(
        90000, "replaced 4 in the content as it went by; at 1 places a match is longer than 65536 "
               "bytes");
}

static void
what_takes_too_long_stays(void **state)
{
    struct pattern *p = make_text("(a+)+$x|(a|aa)+b");
    buf_reset(&text);
    for (size_t i = 0; i < 4000; i++)
        buf_byte(&text, 'a');
    buf_append(&text, SLICE("cccc"));
    assert_true(replace_cut(p, buf_slice(&text), SLICE("X"), (struct cuts){1, 5000}, &out, said));
    assert_true(slice_eq(buf_slice(&out), buf_slice(&text)));
    assert_string_equal(said, "replaced 0 in the content as it went by; the rest took too many "
                              "steps and stays");
    pattern_free(p);
}

static void
some_patterns_need_the_whole(void **state)
{
    static const char *const whole[] = {"\\Ga", "a(*COMMIT)b", "(*UCP)a"};
    for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
        struct pattern *p = make_text(whole[i]);
        assert_false(replacer_can(p));
        pattern_free(p);
    }
    struct pattern *p = make(&(struct pattern_spec){SLICE("\\G(*"), true, false});
    assert_true(replacer_can(p));
    pattern_free(p);
}

/* Much out of little comes step by step. */
static void
a_step_makes_no_more_than_a_piece_and_a_replacement(void **state)
{
    struct pattern *p = make_text("a");
    struct buf with = {.max = 1 << 20};
    for (size_t i = 0; i < 100000; i++)
        buf_byte(&with, 'w');
    struct replacer *r = replacer_new(p, buf_slice(&with));
    make_text_of(1, "a", 1000);
    struct slice in = buf_slice(&text);
    size_t made = 0;
    enum transform_result got = TRANSFORM_OK;
    while (got == TRANSFORM_OK) {
        buf_reset(&out);
        got = replacer_run(r, &in, true, &out);
        assert_true(buf_len(&out) < TRANSFORM_PIECE + 100000 + 1);
        made += buf_len(&out);
    }
    assert_int_equal(made, 100000000);
    replacer_free(r);
    buf_release(&with);
    pattern_free(p);
}

static void
want_of_room_is_told(void **state)
{
    struct pattern *p = make_text("a");
    struct buf small = {.max = 10};
    assert_false(
        replace_cut(p, SLICE("aaaaaaa"), SLICE("12345"), (struct cuts){1, 9}, &small, said));
    buf_release(&small);
    pattern_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(however_a_text_is_cut_the_result_is_that_of_the_whole),
        cmocka_unit_test(literals_are_found_across_pieces),
        cmocka_unit_test(long_texts_are_cut_as_well),
        cmocka_unit_test(what_cannot_be_part_of_a_match_goes_at_once),
        cmocka_unit_test(a_match_that_is_too_long_is_not_found_and_said),
        cmocka_unit_test(what_takes_too_long_stays),
        cmocka_unit_test(some_patterns_need_the_whole),
        cmocka_unit_test(a_step_makes_no_more_than_a_piece_and_a_replacement),
        cmocka_unit_test(want_of_room_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, release_all);
}
