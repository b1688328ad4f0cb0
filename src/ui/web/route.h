/*
 * The routes of the control API: one row each in ui/web/route_list.h. The OpenAPI document is made
 * from them.
 */
#pragma once

#include "base/slice.h"
#include "ui/web/call.h"

struct route_param {
    const char *name; /* "{name}" in the path, else in the query */
    const char *type; /* of JSON Schema: "string", "integer", "boolean" */
    const char *help;
};

struct route {
    const char *method;
    const char *path; /* a part of it may be "{name}" */
    enum call_state (*run)(struct call *c);
    const char *summary;
    const struct route_param *params; /* ended by a NULL name; may be NULL */
    const char *body;     /* the schema of the content in ui/web/schemas.json; NULL: none */
    const char *takes;    /* of content that is not JSON; NULL: it is */
    const char *response; /* the schema of the answer; NULL: it is not JSON */
    const char *type;     /* of an answer that is not JSON */
    bool open;            /* for everybody who passes gate_site */
};

/* The handlers, each in a file of its own with its like: ui/web/api_*.c. */
#define ROUTE(method, path, handler, ...) enum call_state handler(struct call *c);
#include "ui/web/route_list.h"
#undef ROUTE

extern const struct route routes[];
extern const size_t routes_n;

enum route_found { ROUTE_FOUND, ROUTE_METHOD, ROUTE_MISSING };

/* The route of a path as spelt, without its query; HEAD finds GET. The parts that stand for
 * parameters are given as spelt, in their order, then empty ones. ROUTE_METHOD: the path has other
 * methods. */
enum route_found route_find(struct slice method, struct slice path, const struct route **out,
                            struct slice params[CALL_PARAMS_MAX]);
/* "GET, PUT": what the path takes. */
void route_methods(struct slice path, struct buf *out);
/* Whether the parameter stands in the path. */
bool route_in_path(const struct route *r, const char *name);
