/* Tests of api/presets: names, queries that name others, the file. */
#include "api/presets.h"

#include "base/mem.h"
#include "lib/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Takes the reference of the old ones. */
static struct presets *
with(struct presets *old, const char *name, const char *query)
{
    struct err e = {0};
    struct presets *p = presets_with(old, slice_str(name), slice_str(query), &e);
    assert_non_null(p);
    presets_unref(old);
    return p;
}

static struct presets *
none(void)
{
    struct err e = {0};
    folder_write(PRESETS_FILE, SLICE(""), 0600);
    struct presets *p = presets_load(folder_path(), &e);
    assert_non_null(p);
    return p;
}

static void
they_are_found_by_name(void **state)
{
    struct presets *p = with(with(with(none(), "b", "GET"), "a", "@b"), "b", "PUT");
    assert_true(slice_eq(presets_find(p, SLICE("b")), SLICE("PUT")));
    assert_int_equal(presets_find(p, SLICE("c")).n, 0);
    assert_int_equal(presets_find(p, SLICE("")).n, 0);
    assert_int_equal(presets_find(NULL, SLICE("a")).n, 0);
    AUTO(buf_release) struct buf out = {.max = 1000};
    struct json j;
    json_init(&j, &out);
    presets_json(p, &j, NULL);
    assert_string_equal(buf_str(&out),
                        "[{\"name\":\"a\",\"query\":\"@b\"},{\"name\":\"b\",\"query\":"
                        "\"PUT\"}]");
    presets_unref(p);
}

static void
what_cannot_be_used_is_refused(void **state)
{
    static const char *const rows[][2] = {
        {"", "GET"}, {"a b", "GET"}, {"a)", "GET"},  {"c", ""},      {"c", "x:("},
        {"c", "@c"}, {"b", "@a"},    {"c", "@none"}, {"a/b", "GET"}, {"b", "GET @b"}};
    struct presets *p = with(with(none(), "b", "GET"), "a", "@b");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = {0};
        assert_null(presets_with(p, slice_str(rows[i][0]), slice_str(rows[i][1]), &e));
        assert_int_equal(e.code, ERR_USAGE);
    }
    struct err e = {0};
    assert_null(presets_with(p, SLICE("b"), SLICE_NONE, &e));
    assert_null(presets_with(p, SLICE("z"), SLICE_NONE, &e));
    struct presets *q = presets_with(p, SLICE("a"), SLICE_NONE, &e);
    assert_int_equal(presets_find(q, SLICE("a")).n, 0);
    presets_unref(q);
    presets_unref(p);
}

static void
what_is_written_is_read_again(void **state)
{
    struct err e = {0};
    struct presets *p = with(with(none(), "a", "url~\"x: \\\"y\\\" # z\""), "true", "404");
    assert_true(presets_save(p, folder_path(), &e));
    struct presets *q = presets_load(folder_path(), &e);
    assert_non_null(q);
    assert_true(slice_eq(presets_find(p, SLICE("a")), presets_find(q, SLICE("a"))));
    assert_true(slice_eq(presets_find(q, SLICE("true")), SLICE("404")));
    presets_unref(p);
    presets_unref(q);
}

static void
a_wrong_file_is_named(void **state)
{
    static const char *const texts[] = {"- a",     "a: [b]",  "a: b\na: c", "a: ''", "a b: GET",
                                        "a: '@b'", "a: '@a'", "{",          "[a]: b"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct err e = {0};
        folder_write(PRESETS_FILE, slice_str(texts[i]), 0600);
        assert_null(presets_load(folder_path(), &e));
        assert_non_null(strstr(e.text, PRESETS_FILE));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_found_by_name),
        cmocka_unit_test(what_cannot_be_used_is_refused),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(a_wrong_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
