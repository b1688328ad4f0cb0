/* Tests of ui/web/command: the rows fit the routes, and arguments are read as what they must be. */
#include "ui/web/command.h"

#include "ui/web/route.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The target with each argument replaced by 'x', without its query. */
static void
spell(const char *target, struct buf *out)
{
    struct slice rest = slice_str(target), path = slice_cut(&rest, '?');
    while (path.n) {
        buf_append(out, slice_cut(&path, '{'));
        if (path.n) {
            slice_cut(&path, '}');
            buf_byte(out, 'x');
        }
    }
}

static const struct route *
route_of(const struct command *cmd)
{
    const struct route *r = NULL;
    struct slice params[CALL_PARAMS_MAX];
    AUTO(buf_release) struct buf path = {.max = 1000};
    spell(cmd->target, &path);
    assert_int_equal(route_find(slice_str(cmd->method), buf_slice(&path), &r, params), ROUTE_FOUND);
    return r;
}

static bool
is_in_target(const struct command *cmd, const char *name)
{
    AUTO(buf_release) struct buf part = {.max = 100};
    buf_printf(&part, "{%s}", name);
    return strstr(cmd->target, buf_str(&part));
}

static void
each_row_fits_its_route(void **state)
{
    for (const struct command *cmd = commands; cmd < commands + commands_n; cmd++) {
        const struct route *r = route_of(cmd);
        struct slice rest = slice_str(cmd->target);
        assert_false(r->open);
        assert_null(strstr(r->path, "/commands"));
        for (slice_cut(&rest, '{'); rest.n; slice_cut(&rest, '{'))
            assert_non_null(command_arg_find(cmd, slice_cut(&rest, '}')));
        for (const struct command_arg *a = cmd->args; a && a->name; a++) {
            assert_true(is_in_target(cmd, a->name) || r->body || r->takes);
            assert_int_equal(a->choices != NULL, a->kind == ARG_CHOICE);
            assert_true(!r->takes || is_in_target(cmd, a->name) || a->kind == ARG_CONTENT);
        }
    }
}

static void
names_are_different(void **state)
{
    struct err e = {0};
    for (size_t i = 0; i < commands_n; i++)
        assert_ptr_equal(command_find(slice_str(commands[i].name), &e), &commands[i]);
    assert_null(command_find(SLICE("flow.shaw"), &e));
    assert_string_equal(e.text, "there is no command 'flow.shaw': did you mean 'flow.show'?");
}

static const struct command_arg every_kind[] = {
    {.name = "text", .kind = ARG_TEXT},
    {.name = "number", .kind = ARG_NUMBER},
    {.name = "bool", .kind = ARG_BOOL},
    {.name = "list", .kind = ARG_LIST},
    {.name = "object", .kind = ARG_OBJECT},
    {.name = "value", .kind = ARG_VALUE},
    {.name = "flows", .kind = ARG_FLOWS},
    {.name = "choice", .kind = ARG_CHOICE, .choices = "a|b"},
    {.name = NULL}};
static const struct command example = {.name = "example", .args = every_kind};

static void
expect(const char *name, const char *given, const char *want)
{
    struct err e = {0};
    json_t *args = json_object();
    json_object_set_new(args, name, json_loads(given, JSON_DECODE_ANY, NULL));
    bool good = command_take(&example, args, &e);
    char *got =
        json_dumps(json_object_get(args, name), JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
    if (want)
        assert_string_equal(got, want);
    assert_int_equal(good, want != NULL);
    assert_true(good || e.text[0]);
    free(got);
    json_decref(args);
}

static void
texts_become_what_is_expected(void **state)
{
    static const char *const rows[][3] = {
        {"text", "\"a\"", "\"a\""},
        {"text", "5", "\"5\""},
        {"text", "[]", NULL},
        {"number", "\"17\"", "17"},
        {"number", "17", "17"},
        {"number", "\"-1\"", NULL},
        {"number", "\"99999999999999999999\"", NULL},
        {"number", "1.5", NULL},
        {"bool", "\"yes\"", "true"},
        {"bool", "false", "false"},
        {"bool", "\"maybe\"", NULL},
        {"list", "\"a, b\"", "[\"a\",\"b\"]"},
        {"list", "\"\"", "[]"},
        {"list", "\"[[1]]\"", "[[1]]"},
        {"list", "\"[1\"", NULL},
        {"list", "7", NULL},
        {"object", "\"{\\\"a\\\":1}\"", "{\"a\":1}"},
        {"object", "\"[]\"", NULL},
        {"value", "null", "null"},
        {"value", "[1]", "[1]"},
        {"flows", "17", "\"id:(17)\""},
        {"flows", "\"17, 18\"", "\"id:(17,18)\""},
        {"flows", "[17,\"18\"]", "\"id:(17,18)\""},
        {"flows", "\"status:404\"", "\"status:404\""},
        {"flows", "\"\"", "\"\""},
        {"flows", "[]", NULL},
        {"flows", "[\"\"]", NULL},
        {"flows", "[\"a\"]", NULL},
        {"flows", "\",\"", "\",\""},
        {"flows", "-1", NULL},
        {"flows", "true", NULL},
        {"choice", "\"b\"", "\"b\""},
        {"choice", "\"c\"", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect(rows[i][0], rows[i][1], rows[i][2]);
}

static void
what_is_too_much_is_refused(void **state)
{
    struct err e = {0};
    json_t *args = json_pack("{s:s}", "txt", "a"), *ids = json_array();
    assert_false(command_take(&example, args, &e));
    assert_string_equal(e.text, "'example' has no argument 'txt': did you mean 'text'?");
    json_object_clear(args);
    for (int i = 0; i < 10000; i++)
        json_array_append_new(ids, json_integer(1000000 + i));
    json_object_set_new(args, "flows", ids);
    assert_false(command_take(&example, args, &e));
    json_object_clear(args);
    json_object_set_new(args, "text", json_null());
    assert_true(command_take(&example, args, &e));
    assert_int_equal(json_object_size(args), 0);
    json_decref(args);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_fits_its_route),
        cmocka_unit_test(names_are_different),
        cmocka_unit_test(texts_become_what_is_expected),
        cmocka_unit_test(what_is_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
