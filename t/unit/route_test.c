/* Tests of ui/web/route: which row a path finds, and that the rows make sense. */
#include "ui/web/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static enum route_found
find(const char *method, const char *path, const struct route **out, struct slice *params)
{
    return route_find(slice_str(method), slice_str(path), out, params);
}

static void
a_path_finds_its_row(void **state)
{
    const struct route *r = NULL;
    struct slice params[CALL_PARAMS_MAX] = {0};
    assert_int_equal(find("GET", "/api/v1/version", &r, params), ROUTE_FOUND);
    assert_string_equal(r->path, "/api/v1/version");
    assert_int_equal(find("GET", "/", &r, params), ROUTE_FOUND);
    assert_string_equal(r->path, "/");
    assert_null(params[0].p);
}

static void
parts_of_a_path_are_given_as_spelt(void **state)
{
    const struct route *r = NULL;
    struct slice params[CALL_PARAMS_MAX] = {0};
    assert_int_equal(find("PUT", "/api/v1/options/a%2Fb", &r, params), ROUTE_FOUND);
    assert_string_equal(r->method, "PUT");
    assert_true(slice_eq(params[0], SLICE("a%2Fb")));
}

static void
head_is_get(void **state)
{
    const struct route *r = NULL;
    struct slice params[CALL_PARAMS_MAX] = {0};
    assert_int_equal(find("HEAD", "/api/v1/version", &r, params), ROUTE_FOUND);
}

static void
another_method_is_told_from_another_path(void **state)
{
    const struct route *r = NULL;
    struct slice params[CALL_PARAMS_MAX] = {0};
    AUTO(buf_release) struct buf methods = {.max = 100};
    assert_int_equal(find("PATCH", "/api/v1/options/x", &r, params), ROUTE_METHOD);
    route_methods(SLICE("/api/v1/options/x"), &methods);
    assert_string_equal(buf_str(&methods), "GET, PUT, DELETE");
    assert_int_equal(find("get", "/api/v1/version", &r, params), ROUTE_METHOD);
}

static void
paths_are_whole(void **state)
{
    static const char *const none[] = {
        "",          "//",        "/api",           "/api/v1",          "/api/v1/version/",
        "/api/v1//", "/metrics/", "/api/v1/ver",    "/api/v1/versions", "/API/v1/version",
        "api",       "*",         "/api/v1/option", "/api/v1/options/", "/api/v1/options/x/y",
    };
    const struct route *r = NULL;
    struct slice params[CALL_PARAMS_MAX] = {0};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        if (find("GET", none[i], &r, params) != ROUTE_MISSING)
            fail_msg("'%s' finds something", none[i]);
}

static void
each_row_says_what_it_takes_and_gives(void **state)
{
    for (const struct route *r = routes; r < routes + routes_n; r++) {
        const struct route *found = NULL;
        struct slice params[CALL_PARAMS_MAX] = {0};
        assert_int_equal(find(r->method, r->path, &found, params), ROUTE_FOUND);
        assert_ptr_equal(found, r);
        assert_non_null(r->summary);
        assert_true(!r->response != !r->type);
        for (const struct route_param *p = r->params; p && p->name; p++)
            assert_true(p->type && p->help);
    }
}

static void
a_parameter_stands_in_the_path_or_in_the_query(void **state)
{
    struct route r = {.path = "/flows/{id}/of/{side}"};
    assert_true(route_in_path(&r, "id"));
    assert_true(route_in_path(&r, "side"));
    assert_false(route_in_path(&r, "flows"));
    assert_false(route_in_path(&r, "i"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_finds_its_row),
        cmocka_unit_test(parts_of_a_path_are_given_as_spelt),
        cmocka_unit_test(head_is_get),
        cmocka_unit_test(another_method_is_told_from_another_path),
        cmocka_unit_test(paths_are_whole),
        cmocka_unit_test(each_row_says_what_it_takes_and_gives),
        cmocka_unit_test(a_parameter_stands_in_the_path_or_in_the_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
