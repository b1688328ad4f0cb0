/* The arguments of a rule: checks and conversions by the table of its action. */
#include "rule/params.h"

#include "base/clock.h"
#include "base/nearest.h"
#include "base/scan.h"

#include <inttypes.h>

#define SHOWN        60
#define DURATION_MAX (3600 * NS_PER_S)

static const struct slice own_keys[] = {
    {"name", 4}, {"folder", 6}, {"on", 2}, {"when", 4}, {"do", 2},
};

struct filling {
    const struct params *params;
    const struct rule_param *row;
    void *slot;
};

static bool
set_text(const struct filling *f, struct slice value, struct err *e UNUSED)
{
    *(struct slice *)f->slot = value;
    return true;
}

static bool
in_range(const struct rule_param *row, uint64_t v)
{
    return v >= row->min && (!row->max || v <= row->max);
}

static bool
set_number(const struct filling *f, struct slice value, struct err *e)
{
    uint64_t v, max = f->row->max ? f->row->max : INT64_MAX;
    if (!scan_u64(value, max, &v) || v < f->row->min)
        return err_set(e, ERR_USAGE, "'%.*s' is not a number from %" PRIu64 " to %" PRIu64,
                       SLICE_ARG(slice_first(value, SHOWN)), f->row->min, max);
    *(uint64_t *)f->slot = v;
    return true;
}

static bool
set_bool(const struct filling *f, struct slice value, struct err *e)
{
    return scan_bool(value, f->slot) || err_set(e, ERR_USAGE, "'%.*s' is neither yes nor no",
                                                SLICE_ARG(slice_first(value, SHOWN)));
}

static bool
set_duration(const struct filling *f, struct slice value, struct err *e)
{
    uint64_t v;
    if (!scan_duration(value, &v) || !in_range(f->row, v) || v > DURATION_MAX)
        return err_set(e, ERR_USAGE, "'%.*s' is not a time like 500ms or 10s, of at most one hour",
                       SLICE_ARG(slice_first(value, SHOWN)));
    *(uint64_t *)f->slot = v;
    return true;
}

static bool
set_size(const struct filling *f, struct slice value, struct err *e)
{
    uint64_t v;
    if (!scan_size(value, &v) || !in_range(f->row, v))
        return err_set(e, ERR_USAGE, "'%.*s' is not a size like 4096 or 64k that can be here",
                       SLICE_ARG(slice_first(value, SHOWN)));
    *(uint64_t *)f->slot = v;
    return true;
}

static bool
set_side(const struct filling *f, struct slice value, struct err *e)
{
    bool response = slice_eq(value, SLICE("response"));
    if (!response && !slice_eq(value, SLICE("request")))
        return err_set(e, ERR_USAGE, "'%.*s' is neither request nor response",
                       SLICE_ARG(slice_first(value, SHOWN)));
    *(enum rule_side *)f->slot = response ? RULE_RESPONSE : RULE_REQUEST;
    return true;
}

static bool
set_choice(const struct filling *f, struct slice value, struct err *e)
{
    for (struct slice rest = slice_str(f->row->choices); rest.n;)
        if (slice_eq(slice_cut(&rest, '|'), value))
            return set_text(f, value, e);
    return err_set(e, ERR_USAGE, "'%.*s' is not one of %s", SLICE_ARG(slice_first(value, SHOWN)),
                   f->row->choices);
}

static bool
set_file(const struct filling *f, struct slice value, struct err *e)
{
    const char *folder = f->params->folder;
    struct buf path;
    buf_init(&path, 4096);
    if (!value.n || slice_find(value, '\0') < value.n)
        return err_set(e, ERR_USAGE, "this is no name of a file");
    if (slice_starts(value, SLICE("~/"))) {
        folder = getenv("HOME");
        value = slice_from(value, 2);
    }
    if (value.p[0] != '/')
        buf_printf(&path, "%s/", folder ? folder : ".");
    buf_append(&path, value);
    bool long_name = path.failed;
    struct slice kept = long_name ? SLICE_NONE : arena_dup(f->params->arena, buf_slice(&path));
    buf_release(&path);
    if (!kept.p)
        return long_name ? err_set(e, ERR_USAGE, "this name is too long") : err_memory(e);
    *(const char **)f->slot = kept.p;
    return true;
}

typedef bool (*setter)(const struct filling *f, struct slice value, struct err *e);
static const setter setters[] = {
    [RULE_TEXT] = set_text, [RULE_NUMBER] = set_number,     [RULE_BOOL] = set_bool,
    [RULE_SIZE] = set_size, [RULE_DURATION] = set_duration, [RULE_SIDE] = set_side,
    [RULE_FILE] = set_file, [RULE_CHOICE] = set_choice,
};

static bool
set_one(const struct filling *f, const struct rule_arg *arg, struct err *e)
{
    if (arg->n != 1)
        return err_set(e, ERR_USAGE, "one value is expected, not a list");
    return setters[f->row->type](f, arg->values[0], e);
}

static bool
fill_row(const struct filling *f, const struct rule_arg *arg, struct err *e)
{
    if (!arg && f->row->required)
        return err_set(e, ERR_USAGE, "it is missing");
    if (!arg)
        return !f->row->def || setters[f->row->type](f, slice_str(f->row->def), e);
    if (f->row->type != RULE_LIST)
        return set_one(f, arg, e);
    *(struct rule_list *)f->slot = (struct rule_list){arg->values, arg->n};
    return true;
}

static const struct rule_param *
find_row(const struct rule_ops *ops, struct slice key)
{
    for (const struct rule_param *p = ops->params; p && p->key; p++)
        if (slice_eq(slice_str(p->key), key))
            return p;
    return NULL;
}

static bool
is_own(struct slice key)
{
    for (size_t i = 0; i < ARRAY_LEN(own_keys); i++)
        if (slice_eq(own_keys[i], key))
            return true;
    return false;
}

static bool
unknown_key(const struct rule_ops *ops, struct slice key, struct err *e)
{
    struct nearest n;
    nearest_init(&n, key);
    for (size_t i = 0; i < ARRAY_LEN(own_keys); i++)
        nearest_try(&n, own_keys[i]);
    for (const struct rule_param *p = ops->params; p && p->key; p++)
        nearest_try(&n, slice_str(p->key));
    key = slice_first(key, SHOWN);
    if (!n.found.n)
        return err_set(e, ERR_USAGE, "'%s' has no '%.*s'", ops->name, SLICE_ARG(key));
    return err_set(e, ERR_USAGE, "'%s' has no '%.*s', did you mean '%.*s'?", ops->name,
                   SLICE_ARG(key), SLICE_ARG(n.found));
}

static bool
check_keys(const struct rule_ops *ops, const struct rule_spec *spec, struct err *e)
{
    for (size_t i = 0; i < spec->n; i++) {
        struct slice key = spec->args[i].key;
        if (!is_own(key) && !find_row(ops, key))
            return unknown_key(ops, key, e);
        if (rule_spec_find(spec, key) != &spec->args[i])
            return err_set(e, ERR_USAGE, "'%.*s' is there twice",
                           SLICE_ARG(slice_first(key, SHOWN)));
    }
    return true;
}

bool
params_fill(const struct params *p, const struct rule_spec *spec, struct err *e)
{
    TRY(check_keys(p->ops, spec, e));
    for (const struct rule_param *row = p->ops->params; row && row->key; row++) {
        struct filling f = {p, row, (char *)p->action + row->offset};
        if (fill_row(&f, rule_spec_find(spec, slice_str(row->key)), e))
            continue;
        err_prefix(e, "'%s'", row->key);
        return false;
    }
    return true;
}

const char *
rule_param_type_name(enum rule_param_type type)
{
    static const char *const names[] = {
        [RULE_TEXT] = "text", [RULE_LIST] = "list",         [RULE_NUMBER] = "number",
        [RULE_BOOL] = "bool", [RULE_DURATION] = "duration", [RULE_SIZE] = "size",
        [RULE_SIDE] = "side", [RULE_FILE] = "file",         [RULE_CHOICE] = "choice",
    };
    return names[type];
}
