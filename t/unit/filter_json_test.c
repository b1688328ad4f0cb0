/* Tests of flow/filter_json: values at a path, damage, depth. */
#include "flow/filter_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool
note(void *arg, struct slice value)
{
    struct buf *out = arg;
    buf_append(out, buf_len(out) ? SLICE("|") : SLICE_NONE);
    buf_append(out, value);
    return false;
}

static void
expect(const char *text, const char *path, const char *want)
{
    struct buf out;
    buf_init(&out, 65536);
    assert_false(filter_json_find(slice_str(text), slice_str(path), note, &out));
    if (!slice_eq(buf_slice(&out), slice_str(want)))
        fail_msg("%s at '%s': '%s', not '%s'", text, path, buf_str(&out), want);
    buf_release(&out);
}

static void
values_are_found_by_their_path(void **state)
{
    static const char all[] = " {\"a\": {\"b\": [1, -2.5e3, \"x\", true, null, {\"c\": "
                              "\"deep\"}]}, \"e\": {}, \"f\":[] } ";
    expect(all, "a.b.0", "1");
    expect(all, "a.b.1", "-2.5e3");
    expect(all, "a.b.2", "x");
    expect(all, "a.b.3", "true");
    expect(all, "a.b.4", "null");
    expect(all, "a.b.5.c", "deep");
    expect(all, "a.b.5", "{\"c\": \"deep\"}");
    expect(all, "e", "{}");
    expect(all, "f", "[]");
    expect(all, "a.*.0", "1");
    expect(all, "*.b.2", "x");
    expect(all, "a.b.6", "");
    expect(all, "a.b.x", "");
    expect(all, "a.c", "");
    expect(all, "b", "");
    expect(all, "a.b.0.z", "");
    expect("[[1,2],[3]]", "*.*", "1|2|3");
    expect("5", "", "5");
    expect("\"x\"", "", "x");
    expect("{\"a\":1,\"a\":2}", "a", "1|2");
}

static void
escapes_are_read(void **state)
{
    expect("{\"a\":\"q\\\"b\\\\s\\/n\\n\\t\\b\\f\\r\"}", "a", "q\"b\\s/n\n\t\b\f\r");
    expect("{\"a\":\"\\u0041\\u00fc\\u20ac\\ud83d\\ude00\"}", "a",
           "A\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80");
    expect("{\"a\":\"\\ud83d|\\ude00\\ud83dx\"}", "a", "\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbdx");
    expect("{\"\\u0061b\":1}", "ab", "1");
    expect("{\"a\":\"\\uzz\"}", "a", "\\uzz");
}

static void
damage_ends_it(void **state)
{
    static const char *const bad[] = {
        "",   " ",    "{", "{\"a\"",    "{\"a\":",           "{\"a\" 1}", "{a:1}",
        "[1", "[,1]", "}", "{\"b\":]}", "{\"x\":1 \"a\":2}", "\"abc",     "\"abc\\"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        expect(bad[i], "a", "");
        expect(bad[i], "0.0", "");
    }
    expect("{\"a\":1,", "a", "1");
    expect("{\"a\":{\"b\":1", "a.b", "1");
    expect("{\"a\":{\"b\":1", "a", "");
}

static void
depth_is_limited(void **state)
{
    struct buf text, path;
    buf_init(&text, 65536);
    buf_init(&path, 65536);
    for (int depth = FILTER_JSON_DEPTH; depth <= FILTER_JSON_DEPTH + 1; depth++) {
        buf_reset(&text);
        buf_reset(&path);
        for (int i = 0; i < depth; i++) {
            buf_byte(&text, '[');
            buf_append(&path, i ? SLICE(".0") : SLICE("0"));
        }
        buf_byte(&text, '7');
        expect(buf_str(&text), buf_str(&path), depth > FILTER_JSON_DEPTH ? "" : "7");
    }
    buf_release(&text);
    buf_release(&path);
}

static bool
stop(void *arg, struct slice value)
{
    ++*(int *)arg;
    return true;
}

static void
the_first_that_is_wanted_ends_it(void **state)
{
    int calls = 0;
    assert_true(filter_json_find(SLICE("[[1,2],3]"), SLICE("*.*"), stop, &calls));
    assert_int_equal(calls, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_by_their_path),
        cmocka_unit_test(escapes_are_read),
        cmocka_unit_test(damage_ends_it),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(the_first_that_is_wanted_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
