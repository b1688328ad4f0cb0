/* The file of rules: reading. */
#include "api/rules_file.h"

#include "api/yaml_in.h"
#include "base/mem.h"

#include <stdio.h>

#define KEYS_MAX    64u
#define VALUES_MAX  256u
#define ARENA_FIRST 2048u
#define ARENA_MAX   ((size_t)8 << 20)

struct reader {
    struct yaml_in in;
    struct rule_origin origin;
    struct rule **rules;
    size_t n, cap;
    /* The rule that is being read. */
    struct arena *arena;
    struct rule_spec spec;
    struct rule_arg args[KEYS_MAX];
};

static bool
keep_scalar(struct reader *r, struct slice *out, struct err *e)
{
    *out = arena_dup(r->arena, yaml_in_scalar(&r->in));
    return out->p || yaml_in_fail(&r->in, "this rule is too large, or there is no memory", e);
}

static bool
read_entry(struct reader *r, struct rule_arg *arg, struct err *e)
{
    if (r->in.event.type != YAML_SCALAR_EVENT)
        return yaml_in_fail(&r->in, "a list holds plain values only", e);
    if (arg->n == VALUES_MAX)
        return yaml_in_fail(&r->in, "this list is too long", e);
    return keep_scalar(r, &arg->values[arg->n++], e);
}

static bool
read_values(struct reader *r, struct rule_arg *arg, struct err *e)
{
    do {
        TRY(yaml_in_next(&r->in, e));
        if (r->in.event.type == YAML_SEQUENCE_END_EVENT)
            return true;
    } while (read_entry(r, arg, e));
    return false;
}

/* One value, or a list; a null is as if the key were not there. */
static bool
read_value(struct reader *r, struct rule_arg *arg, struct err *e)
{
    TRY(yaml_in_next(&r->in, e));
    bool list = r->in.event.type == YAML_SEQUENCE_START_EVENT;
    if (!list && r->in.event.type != YAML_SCALAR_EVENT)
        return yaml_in_fail(&r->in, "a value or a list of values is expected", e);
    if (!list && yaml_in_null(&r->in)) {
        r->spec.n--;
        return true;
    }
    size_t room = list ? VALUES_MAX : 1;
    arg->values = arena_alloc(r->arena, room * sizeof *arg->values);
    if (!arg->values)
        return yaml_in_fail(&r->in, "this rule is too large, or there is no memory", e);
    if (list)
        return read_values(r, arg, e);
    arg->n = 1;
    return keep_scalar(r, &arg->values[0], e);
}

static bool
read_pair(struct reader *r, struct err *e)
{
    if (r->in.event.type != YAML_SCALAR_EVENT)
        return yaml_in_fail(&r->in, "a key is expected here", e);
    if (r->spec.n == KEYS_MAX)
        return yaml_in_fail(&r->in, "this rule has too many keys", e);
    struct rule_arg *arg = &r->args[r->spec.n++];
    *arg = (struct rule_arg){0};
    return keep_scalar(r, &arg->key, e) && read_value(r, arg, e);
}

static bool
read_pairs(struct reader *r, struct err *e)
{
    do {
        TRY(yaml_in_next(&r->in, e));
        if (r->in.event.type == YAML_MAPPING_END_EVENT)
            return true;
    } while (read_pair(r, e));
    return false;
}

static bool
keep_rule(struct reader *r, struct rule *made, struct err *e)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 16;
        struct rule **more = mem_realloc(r->rules, cap * sizeof(struct rule *));
        if (!more) {
            rule_unref(made);
            return err_memory(e);
        }
        r->rules = more;
        r->cap = cap;
    }
    r->rules[r->n++] = made;
    return true;
}

static bool
read_rule(struct reader *r, struct err *e)
{
    size_t line = r->in.event.start_mark.line;
    if (r->in.event.type != YAML_MAPPING_START_EVENT)
        return yaml_in_fail(&r->in, "a rule is expected here: lines of 'key: value'", e);
    if (r->n == RULES_MAX)
        return yaml_in_fail(&r->in, "there are too many rules", e);
    r->spec = (struct rule_spec){r->args, 0};
    TRY(read_pairs(r, e));
    struct rule *made = rule_new_from(&r->spec, &r->origin, e);
    if (made)
        return keep_rule(r, made, e);
    err_prefix(e, "%s:%zu", r->in.path, line + 1);
    return false;
}

static bool
read_rules(struct reader *r, struct err *e)
{
    for (;;) {
        TRY(yaml_in_next(&r->in, e));
        if (r->in.event.type == YAML_SEQUENCE_END_EVENT)
            return true;
        r->arena = arena_new(ARENA_FIRST, ARENA_MAX);
        bool good = r->arena ? read_rule(r, e) : err_memory(e);
        arena_free(r->arena);
        r->arena = NULL;
        TRY(good);
    }
}

/* A sequence, or the null of an empty document. */
static bool
read_root(struct yaml_in *in, struct err *e)
{
    struct reader *r = container_of(in, struct reader, in);
    if (r->in.event.type == YAML_SEQUENCE_START_EVENT)
        return read_rules(r, e);
    return (r->in.event.type == YAML_SCALAR_EVENT && yaml_in_null(&r->in)) ||
           yaml_in_fail(&r->in, "a list of rules is expected, '-' in front of each", e);
}

struct rules *
rules_file_parse(struct slice text, const char *path, const struct rule_origin *origin,
                 struct err *e)
{
    struct reader r = {.in = {.path = path}};
    if (origin)
        r.origin = *origin;
    struct rules *rs = NULL;
    if (yaml_in_read(&r.in, text, read_root, e))
        rs = rules_new(r.rules, r.n, e);
    while (r.n)
        rule_unref(r.rules[--r.n]);
    mem_free(r.rules);
    return rs;
}

struct rules *
rules_file_load(const struct rule_origin *origin, struct err *e)
{
    char path[4096];
    struct rules *rs = NULL;
    bool there;
    struct buf text;
    buf_init(&text, RULES_FILE_MAX);
    snprintf(path, sizeof path, "%s/" RULES_FILE, origin->folder);
    if (yaml_in_load(path, &text, &there, e))
        rs = rules_file_parse(buf_slice(&text), path, origin, e);
    buf_release(&text);
    return rs;
}
