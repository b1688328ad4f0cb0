/* Presets: the snapshot and its file. */
#include "api/presets.h"

#include "api/yaml_in.h"
#include "base/arena.h"
#include "pki/ca_dir.h"

#include <stdatomic.h>
#include <stdio.h>

#define FILE_MAX    ((size_t)16 << 20)
#define ARENA_FIRST 4096u
#define ARENA_MAX   ((size_t)32 << 20)

struct preset {
    struct slice name, query;
};

struct presets {
    atomic_uint refs;
    struct arena *arena;
    size_t n;
    struct preset list[PRESETS_MAX]; /* by name */
};

static struct presets *
presets_new(struct err *e)
{
    struct arena *a = arena_new(ARENA_FIRST, ARENA_MAX);
    struct presets *p = a ? arena_alloc(a, sizeof(*p)) : NULL;
    if (!p) {
        if (a)
            arena_free(a);
        err_memory(e);
        return NULL;
    }
    p->arena = a;
    atomic_init(&p->refs, 1);
    return p;
}

struct presets *
presets_ref(struct presets *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void
presets_unref(struct presets *p)
{
    if (p && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1)
        arena_free(p->arena);
}

static int
compare(struct slice a, struct slice b)
{
    int order = memcmp(a.p, b.p, MIN(a.n, b.n));
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* Its place, or where it would be. */
static size_t
place(const struct presets *p, struct slice name)
{
    size_t i = 0;
    while (i < p->n && compare(p->list[i].name, name) < 0)
        i++;
    return i;
}

struct slice
presets_find(const struct presets *p, struct slice name)
{
    size_t i = p && name.n ? place(p, name) : 0;
    return p && name.n && i < p->n && slice_eq(p->list[i].name, name) ? p->list[i].query
                                                                      : SLICE_NONE;
}

static struct slice
find(void *arg, struct slice name)
{
    return presets_find(arg, name);
}

struct filter_presets
presets_lookup(const struct presets *p)
{
    return (struct filter_presets){find, (void *)(uintptr_t)p};
}

static bool
is_name(struct slice name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || c == '.'))
            return false;
    }
    return name.n && name.n <= PRESETS_NAME_MAX;
}

/* Puts a copy where it belongs, in place of one with the name. */
static bool
put(struct presets *p, struct slice name, struct slice query, struct err *e)
{
    if (!is_name(name))
        return err_set(e, ERR_USAGE,
                       "'%.*s' is no name for a preset: letters, digits, '.', '-' and '_', at "
                       "most %d",
                       SLICE_ARG(slice_first(name, 80)), PRESETS_NAME_MAX);
    if (!query.n)
        return err_set(e, ERR_USAGE, "the preset '%.*s' has no query", SLICE_ARG(name));
    size_t i = place(p, name);
    bool there = i < p->n && slice_eq(p->list[i].name, name);
    if (!there && p->n == PRESETS_MAX)
        return err_set(e, ERR_USAGE, "more than %d presets", PRESETS_MAX);
    struct preset made = {arena_dup(p->arena, name), arena_dup(p->arena, query)};
    if (!made.name.p || !made.query.p)
        return err_memory(e);
    if (!there) {
        memmove(&p->list[i + 1], &p->list[i], (p->n - i) * sizeof(made));
        p->n++;
    }
    p->list[i] = made;
    return true;
}

/* Each can be used, with those that it names. */
static bool
check(const struct presets *p, struct err *e)
{
    struct filter_presets lookup = presets_lookup(p);
    for (size_t i = 0; i < p->n; i++) {
        size_t at = 0;
        struct filter *f = filter_parse(p->list[i].query, &lookup, &at, e);
        if (!f)
            err_prefix(e, "the preset '%.*s', column %zu", SLICE_ARG(p->list[i].name), at + 1);
        TRY(f);
        filter_unref(f);
    }
    return true;
}

static bool
copy_but(struct presets *to, const struct presets *from, struct slice left_out, struct err *e)
{
    for (size_t i = 0; i < from->n; i++)
        TRY(slice_eq(from->list[i].name, left_out) ||
            put(to, from->list[i].name, from->list[i].query, e));
    return true;
}

struct presets *
presets_with(const struct presets *old, struct slice name, struct slice query, struct err *e)
{
    struct presets *p = presets_new(e);
    if (!p)
        return NULL;
    bool good = query.p || presets_find(old, name).n ||
                err_set(e, ERR_USAGE, "there is no preset '@%.*s'",
                        SLICE_ARG(slice_first(name, PRESETS_NAME_MAX)));
    if (good && copy_but(p, old, name, e) && (!query.p || put(p, name, query, e)) && check(p, e))
        return p;
    presets_unref(p);
    return NULL;
}

void
presets_json(const struct presets *p, struct json *j, const char *key)
{
    json_begin_array(j, key);
    for (size_t i = 0; p && i < p->n; i++) {
        json_begin_object(j, NULL);
        json_text(j, "name", p->list[i].name);
        json_text(j, "query", p->list[i].query);
        json_end_object(j);
    }
    json_end_array(j);
}

/* The file ------------------------------------------------------------------------------------ */

struct reader {
    struct yaml_in in;
    struct presets *presets;
};

static bool
read_preset(struct reader *r, struct err *e)
{
    char name[PRESETS_NAME_MAX + 2];
    struct yaml_in *in = &r->in;
    if (in->event.type != YAML_SCALAR_EVENT)
        return yaml_in_fail(in, "the name of a preset is expected here", e);
    snprintf(name, sizeof(name), "%.*s", SLICE_ARG(slice_first(yaml_in_scalar(in), sizeof(name))));
    if (presets_find(r->presets, slice_str(name)).n)
        return yaml_in_fail(in, "this preset is there already", e);
    TRY(yaml_in_next(in, e));
    if (in->event.type != YAML_SCALAR_EVENT)
        return yaml_in_fail(in, "a preset is one query, as text", e);
    return put(r->presets, slice_str(name), yaml_in_scalar(in), e) || yaml_in_prefix(in, e);
}

static bool /* NOLINTNEXTLINE(readability-function-cognitive-complexity): TRY counts as a branch */
read_root(struct yaml_in *in, struct err *e)
{
    struct reader *r = container_of(in, struct reader, in);
    if (in->event.type == YAML_SCALAR_EVENT && yaml_in_null(in))
        return true;
    if (in->event.type != YAML_MAPPING_START_EVENT)
        return yaml_in_fail(in, "lines of 'name: query' are expected", e);
    for (;;) {
        TRY(yaml_in_next(in, e));
        if (in->event.type == YAML_MAPPING_END_EVENT)
            return true;
        TRY(read_preset(r, e));
    }
}

struct presets *
presets_load(const char *folder, struct err *e)
{
    bool there;
    struct buf path = {.max = 8192}, text = {.max = FILE_MAX};
    buf_printf(&path, "%s/" PRESETS_FILE, folder);
    struct reader r = {.in = {.path = buf_str(&path)}, .presets = presets_new(e)};
    bool good = r.presets && yaml_in_load(r.in.path, &text, &there, e) &&
                yaml_in_read(&r.in, buf_slice(&text), read_root, e);
    if (good && !check(r.presets, e)) {
        err_prefix(e, "%s", r.in.path);
        good = false;
    }
    buf_release(&path);
    buf_release(&text);
    if (good)
        return r.presets;
    presets_unref(r.presets);
    return NULL;
}

/* JSON is YAML. */
static void
print(const struct presets *p, struct buf *out)
{
    for (size_t i = 0; i < p->n; i++) {
        struct json j;
        json_init(&j, out);
        json_text(&j, NULL, p->list[i].name);
        buf_append(out, SLICE(": "));
        json_init(&j, out);
        json_text(&j, NULL, p->list[i].query);
        buf_byte(out, '\n');
    }
}

bool
presets_save(const struct presets *p, const char *folder, struct err *e)
{
    struct ca_dir d;
    struct buf text = {.max = FILE_MAX};
    print(p, &text);
    bool good =
        !text.failed || err_set(e, ERR_USAGE, "the presets are more than %zu bytes", FILE_MAX);
    if (good && ca_dir_enter(&d, folder, e)) {
        good = ca_dir_put(&d, PRESETS_FILE, buf_slice(&text), 0600, e);
        ca_dir_leave(&d);
    } else {
        good = false;
    }
    buf_release(&text);
    return good;
}
