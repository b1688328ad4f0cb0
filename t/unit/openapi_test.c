/* Tests of ui/web/openapi: the document is JSON, names every route, and refers to what is there. */
#include "ui/web/openapi.h"

#include "ui/web/route.h"

#include <jansson.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static json_t *document;

static int
setup(void **state)
{
    struct buf out = {.max = 4 << 20};
    struct json j;
    json_init(&j, &out);
    openapi_json(&j);
    document = out.failed ? NULL : json_loadb(out.p, out.w, JSON_REJECT_DUPLICATES, NULL);
    buf_release(&out);
    return document ? 0 : -1;
}

static int
teardown(void **state)
{
    json_decref(document);
    return 0;
}

static json_t *
operation(const struct route *r)
{
    char method[16];
    snprintf(method, sizeof(method), "%s", r->method);
    for (char *p = method; *p; p++)
        *p |= 0x20;
    json_t *path = json_object_get(json_object_get(document, "paths"), r->path);
    return json_object_get(path, method);
}

static void
every_route_is_in_it(void **state)
{
    for (const struct route *r = routes; r < routes + routes_n; r++) {
        json_t *o = operation(r);
        assert_non_null(o);
        assert_string_equal(json_string_value(json_object_get(o, "summary")), r->summary);
        assert_true(!(r->body || r->takes) == !json_object_get(o, "requestBody"));
        assert_true(!r->open == !json_object_get(o, "security"));
    }
}

static void
every_parameter_of_a_path_is_described(void **state)
{
    for (const struct route *r = routes; r < routes + routes_n; r++) {
        size_t in_path = 0, braces = 0;
        for (const struct route_param *p = r->params; p && p->name; p++)
            in_path += route_in_path(r, p->name);
        for (const char *at = r->path; *at; at++)
            braces += *at == '{';
        assert_int_equal(in_path, braces);
    }
}

static void
check_refs(json_t *value)
{
    const char *key;
    json_t *inner;
    size_t i;
    json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
    json_array_foreach(value, i, inner) check_refs(inner);
    json_object_foreach(value, key, inner)
    {
        if (slice_eq(slice_str(key), SLICE("$ref"))) {
            struct slice name = slice_str(json_string_value(inner)),
                         prefix = SLICE("#/components/schemas/");
            assert_true(slice_starts(name, prefix));
            assert_non_null(json_object_get(schemas, name.p + prefix.n));
        }
        check_refs(inner);
    }
}

static void
every_schema_that_is_named_is_there(void **state)
{
    check_refs(document);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_in_it),
        cmocka_unit_test(every_parameter_of_a_path_is_described),
        cmocka_unit_test(every_schema_that_is_named_is_there),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
