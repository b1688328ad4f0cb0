/* The routes of the control API: the table, and finding a row. */
#include "ui/web/route.h"

#define PARAMS(...)                                                                                \
    (const struct route_param[])                                                                   \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            NULL, NULL, NULL                                                                       \
        }                                                                                          \
    }

const struct route routes[] = {
#define ROUTE(method, path, handler, ...) {method, path, handler, __VA_ARGS__},
#include "ui/web/route_list.h"
#undef ROUTE
};
const size_t routes_n = ARRAY_LEN(routes);

static bool
is_param(struct slice part)
{
    return part.n > 2 && part.p[0] == '{';
}

static bool
path_fits(const struct route *r, struct slice path, struct slice params[CALL_PARAMS_MAX])
{
    struct slice pattern = slice_str(r->path);
    size_t n = 0;
    memset(params, 0, CALL_PARAMS_MAX * sizeof(*params));
    while (pattern.n && path.n) {
        struct slice want = slice_cut(&pattern, '/'), got = slice_cut(&path, '/');
        if (is_param(want) && got.n && n < CALL_PARAMS_MAX)
            params[n++] = got;
        else if (!slice_eq(want, got))
            return false;
    }
    return !pattern.n && !path.n;
}

enum route_found
route_find(struct slice method, struct slice path, const struct route **out,
           struct slice params[CALL_PARAMS_MAX])
{
    enum route_found found = ROUTE_MISSING;
    if (slice_eq(method, SLICE("HEAD")))
        method = SLICE("GET");
    /* "/flows/" is not "/flows". */
    if (path.n > 1 && slice_ends(path, SLICE("/")))
        return ROUTE_MISSING;
    for (const struct route *r = routes; r < routes + routes_n; r++) {
        if (!path_fits(r, path, params))
            continue;
        *out = r; /* of ROUTE_METHOD, any */
        if (slice_eq(method, slice_str(r->method)))
            return ROUTE_FOUND;
        found = ROUTE_METHOD;
    }
    return found;
}

void
route_methods(struct slice path, struct buf *out)
{
    struct slice ignored[CALL_PARAMS_MAX];
    for (const struct route *r = routes; r < routes + routes_n; r++)
        if (path_fits(r, path, ignored))
            buf_printf(out, "%s%s", buf_len(out) ? ", " : "", r->method);
}

bool
route_in_path(const struct route *r, const char *name)
{
    struct slice pattern = slice_str(r->path);
    while (pattern.n) {
        struct slice part = slice_cut(&pattern, '/');
        if (is_param(part) &&
            slice_eq(slice_first(slice_from(part, 1), part.n - 2), slice_str(name)))
            return true;
    }
    return false;
}
