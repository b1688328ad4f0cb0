/* The file of rules: reading. */
#include "api/rules_file.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <yaml.h>

#define KEYS_MAX    64u
#define VALUES_MAX  256u
#define ARENA_FIRST 2048u
#define ARENA_MAX   ((size_t)8 << 20)

struct reader {
    yaml_parser_t yaml;
    yaml_event_t event; /* the last one; always in need of a yaml_event_delete */
    const char *path, *folder;
    struct rule **rules;
    size_t n, cap;
    /* The rule that is being read. */
    struct arena *arena;
    struct rule_spec spec;
    struct rule_arg args[KEYS_MAX];
};

static bool
fail_at(struct err *e, const struct reader *r, size_t line, const char *text)
{
    return err_set(e, ERR_USAGE, "%s:%zu: %s", r->path, line + 1, text);
}

static bool
fail_here(const struct reader *r, const char *text, struct err *e)
{
    return fail_at(e, r, r->event.start_mark.line, text);
}

static bool
next_event(struct reader *r, struct err *e)
{
    yaml_event_delete(&r->event);
    if (yaml_parser_parse(&r->yaml, &r->event))
        return r->event.type != YAML_ALIAS_EVENT ||
               fail_here(r, "aliases are not for this file", e);
    const char *problem = r->yaml.problem ? r->yaml.problem : "this is not YAML";
    return fail_at(e, r, r->yaml.problem_mark.line, problem);
}

static bool
keep_scalar(struct reader *r, struct slice *out, struct err *e)
{
    struct slice s = slice_of(r->event.data.scalar.value, r->event.data.scalar.length);
    *out = arena_dup(r->arena, s);
    return out->p || fail_here(r, "this rule is too large, or there is no memory", e);
}

static bool
is_null(const struct reader *r)
{
    struct slice s = slice_of(r->event.data.scalar.value, r->event.data.scalar.length);
    return r->event.data.scalar.plain_implicit &&
           (s.n == 0 || slice_eq(s, SLICE("~")) || slice_eq(s, SLICE("null")));
}

static bool
read_entry(struct reader *r, struct rule_arg *arg, struct err *e)
{
    if (r->event.type != YAML_SCALAR_EVENT)
        return fail_here(r, "a list holds plain values only", e);
    if (arg->n == VALUES_MAX)
        return fail_here(r, "this list is too long", e);
    return keep_scalar(r, &arg->values[arg->n++], e);
}

static bool
read_values(struct reader *r, struct rule_arg *arg, struct err *e)
{
    do {
        TRY(next_event(r, e));
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return true;
    } while (read_entry(r, arg, e));
    return false;
}

/* One value, or a list; a null is as if the key were not there. */
static bool
read_value(struct reader *r, struct rule_arg *arg, struct err *e)
{
    TRY(next_event(r, e));
    bool list = r->event.type == YAML_SEQUENCE_START_EVENT;
    if (!list && r->event.type != YAML_SCALAR_EVENT)
        return fail_here(r, "a value or a list of values is expected", e);
    if (!list && is_null(r)) {
        r->spec.n--;
        return true;
    }
    size_t room = list ? VALUES_MAX : 1;
    arg->values = arena_alloc(r->arena, room * sizeof *arg->values);
    if (!arg->values)
        return fail_here(r, "this rule is too large, or there is no memory", e);
    if (list)
        return read_values(r, arg, e);
    arg->n = 1;
    return keep_scalar(r, &arg->values[0], e);
}

static bool
read_pair(struct reader *r, struct err *e)
{
    if (r->event.type != YAML_SCALAR_EVENT)
        return fail_here(r, "a key is expected here", e);
    if (r->spec.n == KEYS_MAX)
        return fail_here(r, "this rule has too many keys", e);
    struct rule_arg *arg = &r->args[r->spec.n++];
    *arg = (struct rule_arg){0};
    return keep_scalar(r, &arg->key, e) && read_value(r, arg, e);
}

static bool
read_pairs(struct reader *r, struct err *e)
{
    do {
        TRY(next_event(r, e));
        if (r->event.type == YAML_MAPPING_END_EVENT)
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
    size_t line = r->event.start_mark.line;
    if (r->event.type != YAML_MAPPING_START_EVENT)
        return fail_here(r, "a rule is expected here: lines of 'key: value'", e);
    if (r->n == RULES_MAX)
        return fail_here(r, "there are too many rules", e);
    r->spec = (struct rule_spec){r->args, 0};
    TRY(read_pairs(r, e));
    struct rule *made = rule_new(&r->spec, 0, r->folder, e);
    if (made)
        return keep_rule(r, made, e);
    err_prefix(e, "%s:%zu", r->path, line + 1);
    return false;
}

static bool
read_rules(struct reader *r, struct err *e)
{
    for (;;) {
        TRY(next_event(r, e));
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
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
read_root(struct reader *r, struct err *e)
{
    TRY(next_event(r, e));
    if (r->event.type == YAML_SEQUENCE_START_EVENT)
        return read_rules(r, e);
    return (r->event.type == YAML_SCALAR_EVENT && is_null(r)) ||
           fail_here(r, "a list of rules is expected, '-' in front of each", e);
}

static bool
read_document(struct reader *r, struct err *e)
{
    TRY(next_event(r, e) && next_event(r, e));
    if (r->event.type == YAML_STREAM_END_EVENT)
        return true;
    TRY(read_root(r, e) && next_event(r, e) && next_event(r, e));
    return r->event.type == YAML_STREAM_END_EVENT || fail_here(r, "one document is expected", e);
}

struct rules *
rules_file_parse(struct slice text, const char *path, const char *folder, struct err *e)
{
    struct reader r = {.path = path, .folder = folder};
    struct rules *rs = NULL;
    if (!yaml_parser_initialize(&r.yaml)) {
        err_memory(e);
        return NULL;
    }
    yaml_parser_set_input_string(&r.yaml, (const unsigned char *)(text.n ? text.p : ""), text.n);
    if (read_document(&r, e))
        rs = rules_new(r.rules, r.n, e);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.yaml);
    while (r.n)
        rule_unref(r.rules[--r.n]);
    mem_free(r.rules);
    return rs;
}

static bool
read_file(FILE *f, const char *path, struct buf *out, struct err *e)
{
    char part[4096];
    size_t n;
    while (!out->failed && (n = fread(part, 1, sizeof part, f)) > 0)
        buf_append(out, slice_of(part, n));
    if (out->failed)
        return err_set(e, ERR_USAGE, "'%s' is larger than %zu bytes", path, out->max);
    return !ferror(f) || err_errno(e, ERR_USAGE, errno, "cannot read '%s'", path);
}

struct rules *
rules_file_load(const char *folder, struct err *e)
{
    char path[4096];
    struct rules *rs = NULL;
    struct buf text;
    buf_init(&text, RULES_FILE_MAX);
    snprintf(path, sizeof path, "%s/" RULES_FILE, folder);
    FILE *f = fopen(path, "re");
    bool good = f ? read_file(f, path, &text, e)
                  : errno == ENOENT || errno == ENOTDIR ||
                        err_errno(e, ERR_USAGE, errno, "cannot read '%s'", path);
    if (f)
        fclose(f);
    if (good)
        rs = rules_file_parse(buf_slice(&text), path, folder, e);
    buf_release(&text);
    return rs;
}
