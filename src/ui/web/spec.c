/* Specs of rules out of JSON. */
#include "ui/web/spec.h"
#include "api/json_in.h"

#include <jansson.h>

#define ARGS_MAX   64
#define VALUES_MAX 1000

static struct slice
text_of(struct call *c, const json_t *v)
{
    char number[32];
    if (json_is_string(v))
        return json_in_text(v);
    if (json_is_boolean(v))
        return json_is_true(v) ? SLICE("true") : SLICE("false");
    if (!json_is_integer(v))
        return SLICE_NONE;
    snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
    return arena_dup(c->arena, slice_str(number));
}

static bool
arg_of(struct call *c, struct slice key, const json_t *v, struct rule_arg *out)
{
    size_t n = json_is_array(v) ? json_array_size(v) : 1;
    out->key = key;
    out->n = n;
    out->values = n <= VALUES_MAX ? arena_alloc(c->arena, (n + 1) * sizeof(struct slice)) : NULL;
    if (!out->values)
        return false;
    for (size_t i = 0; i < n; i++) {
        out->values[i] = text_of(c, json_is_array(v) ? json_array_get(v, i) : v);
        if (!out->values[i].p)
            return false;
    }
    return true;
}

/* What the server says of a rule and nobody can set. */
static bool
is_shown_only(struct slice key)
{
    static const struct slice keys[] = {
        {"id", 2}, {"hits", 4}, {"last_hit_us", 11}, {"stages", 6}, {"fixed", 5}};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (slice_eq(key, keys[i]))
            return true;
    return false;
}

bool
spec_read(struct call *c, json_t *o, struct rule_spec *spec)
{
    spec->args = arena_alloc(c->arena, ARGS_MAX * sizeof(struct rule_arg));
    spec->n = 0;
    for (void *it = json_object_iter(o); it; it = json_object_iter_next(o, it)) {
        struct slice key = slice_str(json_object_iter_key(it));
        const json_t *v = json_object_iter_value(it);
        if (is_shown_only(key) || json_is_null(v))
            continue;
        if (!spec->args || spec->n == ARGS_MAX || !arg_of(c, key, v, &spec->args[spec->n++])) {
            call_fail(c, 400, "bad-rule",
                      "'%.*s' must be a text, a number, a bool or a list of them",
                      SLICE_ARG(slice_first(key, 80)));
            return false;
        }
    }
    return true;
}
