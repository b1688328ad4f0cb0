/* The OpenAPI 3.1 document of the control API. */
#include "ui/web/openapi.h"

#include "ui/web/command.h"
#include "ui/web/route.h"

#include <stdio.h>

/* src/ui/web/schemas.json */
extern const char embed_schemas_json[];
extern const size_t embed_schemas_json_len;

static void
put_ref(struct json *j, const char *schema)
{
    char ref[128];
    snprintf(ref, sizeof(ref), "#/components/schemas/%s", schema);
    json_begin_object(j, "schema");
    json_str(j, "$ref", ref);
    json_end_object(j);
}

/* "content": {TYPE: {"schema": ...}} */
static void
put_content(struct json *j, const char *type, const char *schema)
{
    json_begin_object(j, "content");
    json_begin_object(j, type);
    if (schema)
        put_ref(j, schema);
    json_end_object(j);
    json_end_object(j);
}

static void
put_param(struct json *j, const struct route *r, const struct route_param *p)
{
    bool in_path = route_in_path(r, p->name);
    json_begin_object(j, NULL);
    json_str(j, "name", p->name);
    json_str(j, "in", in_path ? "path" : "query");
    json_bool(j, "required", in_path);
    json_str(j, "description", p->help);
    json_begin_object(j, "schema");
    json_str(j, "type", p->type);
    json_end_object(j);
    json_end_object(j);
}

static void
put_body(struct json *j, const struct route *r)
{
    if (!r->body && !r->takes)
        return;
    json_begin_object(j, "requestBody");
    json_bool(j, "required", true);
    put_content(j, r->takes ? r->takes : "application/json", r->body);
    json_end_object(j);
}

static void
put_responses(struct json *j, const struct route *r)
{
    json_begin_object(j, "responses");
    json_begin_object(j, "200");
    json_str(j, "description", r->summary);
    put_content(j, r->type ? r->type : "application/json", r->response);
    json_end_object(j);
    json_begin_object(j, "default");
    json_str(j, "description", "What went wrong");
    put_content(j, "application/json", "Error");
    json_end_object(j);
    json_end_object(j);
}

static void
put_route(struct json *j, const struct route *r)
{
    static const char *const keys[][2] = {{"GET", "get"},       {"PUT", "put"},
                                          {"POST", "post"},     {"PATCH", "patch"},
                                          {"DELETE", "delete"}, {NULL, NULL}};
    size_t i = 0;
    while (keys[i][0] && !slice_eq(slice_str(keys[i][0]), slice_str(r->method)))
        i++;
    json_begin_object(j, keys[i][1]);
    json_str(j, "summary", r->summary);
    json_begin_array(j, "parameters");
    for (const struct route_param *p = r->params; p && p->name; p++)
        put_param(j, r, p);
    json_end_array(j);
    put_body(j, r);
    put_responses(j, r);
    if (r->open) {
        json_begin_array(j, "security");
        json_end_array(j);
    }
    json_end_object(j);
}

static bool
same_path(const struct route *a, const struct route *b)
{
    return slice_eq(slice_str(a->path), slice_str(b->path));
}

static bool
is_first_of_path(const struct route *r)
{
    for (const struct route *before = routes; before < r; before++)
        if (same_path(before, r))
            return false;
    return true;
}

static void
put_paths(struct json *j)
{
    json_begin_object(j, "paths");
    for (const struct route *r = routes; r < routes + routes_n; r++) {
        if (!is_first_of_path(r))
            continue;
        json_begin_object(j, r->path);
        for (const struct route *same = r; same < routes + routes_n; same++)
            if (same_path(same, r))
                put_route(j, same);
        json_end_object(j);
    }
    json_end_object(j);
}

static void
put_schemes(struct json *j)
{
    json_begin_object(j, "securitySchemes");
    json_begin_object(j, "token");
    json_str(j, "type", "http");
    json_str(j, "scheme", "bearer");
    json_end_object(j);
    json_begin_object(j, "session");
    json_str(j, "type", "apiKey");
    json_str(j, "in", "cookie");
    json_str(j, "name", "weir-session");
    json_end_object(j);
    json_end_object(j);
}

static void
put_security(struct json *j)
{
    static const char *const schemes[] = {"token", "session"};
    json_begin_array(j, "security");
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        json_begin_object(j, NULL);
        json_begin_array(j, schemes[i]);
        json_end_array(j);
        json_end_object(j);
    }
    json_end_array(j);
}

void
openapi_json(struct json *j)
{
    json_begin_object(j, NULL);
    json_str(j, "openapi", "3.1.0");
    json_begin_object(j, "info");
    json_str(j, "title", "Weir");
    json_str(j, "version", WEIR_VERSION);
    json_str(j, "description", "The control API. The local socket needs no token.");
    json_end_object(j);
    put_security(j);
    put_paths(j);
    commands_json(j, "x-commands");
    json_begin_object(j, "components");
    put_schemes(j);
    json_raw(j, "schemas", slice_of(embed_schemas_json, embed_schemas_json_len));
    json_end_object(j);
    json_end_object(j);
}
