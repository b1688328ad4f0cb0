/* Tests of base/json: commas, escapes, pieces of base64. */
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
commas_and_nesting_are_kept(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 1000};
    struct json j;
    json_init(&j, &b);
    json_begin_object(&j, NULL);
    json_u64(&j, "a", UINT64_MAX);
    json_begin_array(&j, "b");
    json_i64(&j, NULL, INT64_MIN);
    json_begin_object(&j, NULL);
    json_end_object(&j);
    json_bool(&j, NULL, true);
    json_end_array(&j);
    json_bool(&j, "c", false);
    json_put_null(&j, "d");
    json_str(&j, "e", NULL);
    json_str(&j, "f", "x");
    json_end_object(&j);
    assert_int_equal(j.depth, 0);
    assert_string_equal(buf_str(&b), "{\"a\":18446744073709551615,\"b\":[-9223372036854775808,{},"
                                     "true],\"c\":false,\"d\":null,\"e\":null,\"f\":\"x\"}");
}

static const char *
text_of(struct buf *b, struct slice s)
{
    struct json j;
    buf_reset(b);
    json_init(&j, b);
    json_text(&j, NULL, s);
    return buf_str(b);
}

static void
text_is_escaped(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 1000};
    assert_string_equal(text_of(&b, SLICE("")), "\"\"");
    assert_string_equal(text_of(&b, SLICE("a\"b\\c/")), "\"a\\\"b\\\\c/\"");
    assert_string_equal(text_of(&b, SLICE("\b\t\n\f\r")), "\"\\b\\t\\n\\f\\r\"");
    assert_string_equal(text_of(&b, SLICE("\0\x1f\x7f")), "\"\\u0000\\u001f\\u007f\"");
}

static void
text_does_nothing_to_a_terminal(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 1000};
    assert_string_equal(text_of(&b, SLICE("a\xc2\x9b\xe2\x80\xae\xe2\x81\xa6z")),
                        "\"a\\u009b\\u202e\\u2066z\"");
}

static void
text_is_always_utf8(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 1000};
    assert_string_equal(text_of(&b, SLICE("\xc3\xa9\xf0\x9f\x98\x80")),
                        "\"\xc3\xa9\xf0\x9f\x98\x80\"");
    assert_string_equal(text_of(&b, SLICE("a\xff\xc3")), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void
keys_are_escaped_too(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 1000};
    struct json j;
    json_init(&j, &b);
    json_begin_object(&j, NULL);
    json_base64(&j, "\"\n", SLICE("\xff\0"));
    json_end_object(&j);
    assert_string_equal(buf_str(&b), "{\"\\\"\\n\":\"/wA=\"}");
}

static void
base64_in_pieces_is_the_same_as_whole(void **state)
{
    struct slice s = SLICE("0123456789");
    for (size_t step = 1; step <= s.n; step++) {
        AUTO(buf_release) struct buf b = {.max = 1000};
        struct json j;
        struct json_base64_state st;
        json_init(&j, &b);
        json_begin_array(&j, NULL);
        json_base64_begin(&j, NULL, &st);
        for (size_t at = 0; at < s.n; at += step)
            json_base64_add(&j, &st, slice_first(slice_from(s, at), step));
        json_base64_add(&j, &st, SLICE_NONE);
        json_base64_end(&j, &st);
        json_u64(&j, NULL, 1);
        json_end_array(&j);
        assert_string_equal(buf_str(&b), "[\"MDEyMzQ1Njc4OQ==\",1]");
    }
}

static void
a_full_buf_fails_and_stays_within_its_limit(void **state)
{
    for (size_t max = 0; max < 20; max++) {
        AUTO(buf_release) struct buf b = {.max = max};
        struct json j;
        json_init(&j, &b);
        json_begin_object(&j, NULL);
        json_text(&j, "key", SLICE("some text"));
        json_end_object(&j);
        assert_int_equal(b.failed, max < sizeof("{\"key\":\"some text\"}") - 1);
        assert_in_range(buf_len(&b), 0, max);
    }
}

static void
what_is_json_already_stands_as_it_is(void **state)
{
    AUTO(buf_release) struct buf b = {.max = 1000};
    struct json j;
    json_init(&j, &b);
    json_begin_object(&j, NULL);
    json_bool(&j, "a", true);
    json_raw(&j, "b", SLICE("{\"c\": 1}"));
    json_end_object(&j);
    assert_string_equal(buf_str(&b), "{\"a\":true,\"b\":{\"c\": 1}}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_and_nesting_are_kept),
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(text_does_nothing_to_a_terminal),
        cmocka_unit_test(text_is_always_utf8),
        cmocka_unit_test(keys_are_escaped_too),
        cmocka_unit_test(base64_in_pieces_is_the_same_as_whole),
        cmocka_unit_test(what_is_json_already_stands_as_it_is),
        cmocka_unit_test(a_full_buf_fails_and_stays_within_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
