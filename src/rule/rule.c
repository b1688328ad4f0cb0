/* One rule: made from a spec, tried on a flow, written as JSON. */
#include "rule/rule_run.h"

#include "base/mem.h"
#include "base/scan.h"
#include "flow/message.h"
#include "rule/params.h"

#include <stdatomic.h>

#define ARENA_FIRST 1024u
#define ARENA_MAX   (4u << 20)
#define ARGS_MAX    64
#define NAME_MAX_N  200

struct rule {
    atomic_uint refs;
    struct arena *arena; /* owns all texts and the action */
    uint64_t id;
    struct rule_spec spec;
    struct slice name, folder, when;
    struct slice by; /* "rule NAME" */
    bool on, prepared;
    struct filter *filter;
    const struct rule_ops *ops;
    void *action;
    unsigned stages;
    atomic_ulong hits;
    atomic_uint_fast64_t last_hit;
};

const struct rule_ops *const rule_table[] = {
#define RULE(name) &rule_##name,
#include "rule/list.h"
#undef RULE
    NULL,
};

static atomic_uint_fast64_t last_id;

const struct rule_arg *
rule_spec_find(const struct rule_spec *spec, struct slice key)
{
    for (size_t i = 0; i < spec->n; i++)
        if (slice_eq(spec->args[i].key, key))
            return &spec->args[i];
    return NULL;
}

const struct rule_ops *
rule_ops_find(struct slice name)
{
    for (const struct rule_ops *const *o = rule_table; *o; o++)
        if (slice_eq(slice_str((*o)->name), name))
            return *o;
    return NULL;
}

static bool
copy_arg(struct rule *r, struct rule_arg *to, const struct rule_arg *from)
{
    to->key = arena_dup(r->arena, from->key);
    to->values = arena_alloc(r->arena, (from->n + 1) * sizeof *to->values);
    TRY(to->key.p && to->values);
    for (; to->n < from->n; to->n++) {
        to->values[to->n] = arena_dup(r->arena, from->values[to->n]);
        TRY(to->values[to->n].p);
    }
    return true;
}

static bool
copy_spec(struct rule *r, const struct rule_spec *from, struct err *e)
{
    if (from->n > ARGS_MAX)
        return err_set(e, ERR_USAGE, "a rule has at most %d keys", ARGS_MAX);
    r->spec.args = arena_alloc(r->arena, (from->n + 1) * sizeof *r->spec.args);
    bool good = r->spec.args;
    for (size_t i = 0; good && i < from->n; i++)
        good = copy_arg(r, &r->spec.args[r->spec.n++], &from->args[i]);
    return good ||
           err_set(e, ERR_MEMORY, "it is larger than %u bytes, or there is no memory", ARENA_MAX);
}

/* The one value of a key that every rule has; empty when it is not there. */
static bool
own_value(const struct rule *r, struct slice key, struct slice *out, struct err *e)
{
    const struct rule_arg *arg = rule_spec_find(&r->spec, key);
    *out = SLICE("");
    if (!arg)
        return true;
    if (arg->n != 1)
        return err_set(e, ERR_USAGE, "'%.*s': one value is expected, not a list", SLICE_ARG(key));
    *out = arg->values[0];
    return slice_find(*out, '\0') == out->n ||
           err_set(e, ERR_USAGE, "'%.*s' holds a NUL byte", SLICE_ARG(key));
}

static bool
read_names(struct rule *r, struct err *e)
{
    struct slice on;
    TRY(own_value(r, SLICE("name"), &r->name, e) && own_value(r, SLICE("folder"), &r->folder, e) &&
        own_value(r, SLICE("when"), &r->when, e) && own_value(r, SLICE("on"), &on, e));
    if (r->name.n > NAME_MAX_N || r->folder.n > NAME_MAX_N)
        return err_set(e, ERR_USAGE, "a name is longer than %d bytes", NAME_MAX_N);
    r->on = true;
    if (on.n && !scan_bool(on, &r->on))
        return err_set(e, ERR_USAGE, "'on': '%.*s' is neither yes nor no",
                       SLICE_ARG(slice_first(on, 60)));
    return true;
}

static bool
read_action(struct rule *r, const char *folder, struct err *e)
{
    struct slice name;
    TRY(own_value(r, SLICE("do"), &name, e));
    if (!name.n)
        return err_set(e, ERR_USAGE, "'do' is missing: what it does");
    r->ops = rule_ops_find(name);
    if (!r->ops)
        return err_set(e, ERR_USAGE, "'do': there is no action '%.*s', see docs/rules.md",
                       SLICE_ARG(slice_first(name, 60)));
    r->action = arena_alloc(r->arena, r->ops->size + 1);
    if (!r->action)
        return err_memory(e);
    struct params p = {r->ops, r->action, r->arena, folder};
    return params_fill(&p, &r->spec, e);
}

/* What of the exchange is there at a stage, as the needs of a filter. */
static unsigned
there_at(enum stage s)
{
    static const unsigned there[STAGES_N] = {
        [STAGE_CLIENT_HELLO] = 0,
        [STAGE_REQUEST_HEAD] = 0,
        [STAGE_REQUEST] = FILTER_NEEDS_REQUEST_BODY,
        [STAGE_RESPONSE_HEAD] = FILTER_NEEDS_REQUEST_BODY | FILTER_NEEDS_RESPONSE,
        [STAGE_RESPONSE] =
            FILTER_NEEDS_REQUEST_BODY | FILTER_NEEDS_RESPONSE | FILTER_NEEDS_RESPONSE_BODY,
        [STAGE_MESSAGE] = FILTER_NEEDS_REQUEST_BODY | FILTER_NEEDS_RESPONSE |
                          FILTER_NEEDS_RESPONSE_BODY | FILTER_NEEDS_MESSAGE,
    };
    return there[s];
}

/* The stages between which the arguments leave the choice. */
static unsigned
allowed_stages(const struct rule *r)
{
    const unsigned hello = 1u << STAGE_CLIENT_HELLO, message = 1u << STAGE_MESSAGE;
    if (filter_needs(r->filter) & FILTER_NEEDS_MESSAGE && r->ops->stages & message)
        return message;
    enum stage first = r->ops->stage ? r->ops->stage(r->action) : STAGES_N;
    if (first == STAGES_N)
        return r->ops->stages == hello ? hello : r->ops->stages & ~hello;
    if (first == STAGE_CLIENT_HELLO)
        return hello;
    enum stage last = first < STAGE_RESPONSE_HEAD ? STAGE_REQUEST : STAGE_RESPONSE;
    if (first == STAGE_MESSAGE)
        last = first;
    return r->ops->stages & ((2u << last) - (1u << first));
}

/* The first stage where all is there that the query asks for, as far as there is one: a word that
 * would be looked for in the response, too, is looked for in what there is. */
static void
place(struct rule *r)
{
    unsigned allowed = allowed_stages(r), needs = filter_needs(r->filter), there = 0;
    for (enum stage s = 0; s < STAGES_N; s++)
        if (allowed & 1u << s)
            there = there_at(s);
    if (r->ops->each) {
        r->stages = allowed;
        return;
    }
    for (enum stage s = STAGES_N; s-- > 0;)
        if (allowed & 1u << s && !(needs & there & ~there_at(s)))
            r->stages = 1u << s;
}

static bool
read_query(struct rule *r, const struct filter_presets *presets, struct err *e)
{
    size_t at = 0;
    r->filter = filter_parse(r->when, presets, &at, e);
    if (!r->filter)
        err_prefix(e, "'when', column %zu", at + 1);
    return r->filter;
}

static bool
prepare(struct rule *r, struct err *e)
{
    r->prepared = true;
    return !r->ops->prepare || r->ops->prepare(r->action, e);
}

static bool
make_by(struct rule *r, struct err *e)
{
    struct buf by;
    buf_init(&by, NAME_MAX_N + 64);
    buf_printf(&by, "rule %.*s", SLICE_ARG(r->name.n ? r->name : slice_str(r->ops->name)));
    r->by = arena_dup(r->arena, buf_slice(&by));
    buf_release(&by);
    return r->by.p || err_memory(e);
}

static bool
fill(struct rule *r, const struct rule_origin *from, struct err *e)
{
    if (!read_names(r, e) || !read_query(r, from->presets, e) || !read_action(r, from->folder, e) ||
        !prepare(r, e))
        return false;
    place(r);
    return make_by(r, e);
}

struct rule *
rule_new_from(const struct rule_spec *spec, const struct rule_origin *from, struct err *e)
{
    struct rule *r = mem_zalloc(sizeof *r);
    struct arena *arena = r ? arena_new(ARENA_FIRST, ARENA_MAX) : NULL;
    if (!arena) {
        mem_free(r);
        err_memory(e);
        return NULL;
    }
    r->arena = arena;
    r->id = from->id ? from->id : atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
    atomic_init(&r->refs, 1);
    if (copy_spec(r, spec, e) && fill(r, from, e))
        return r;
    if (r->name.n)
        err_prefix(e, "rule '%.*s'", SLICE_ARG(slice_first(r->name, 60)));
    rule_unref(r);
    return NULL;
}

struct rule *
rule_new(const struct rule_spec *spec, uint64_t id, const char *folder, struct err *e)
{
    return rule_new_from(spec, &(struct rule_origin){.id = id, .folder = folder}, e);
}

struct rule *
rule_ref(struct rule *r)
{
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

void
rule_unref(struct rule *r)
{
    if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (r->prepared && r->ops->release)
        r->ops->release(r->action);
    filter_unref(r->filter);
    arena_free(r->arena);
    mem_free(r);
}

static bool
same_values(const struct rule_arg *a, const struct rule_arg *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++)
        same = slice_eq(a->values[i], b->values[i]);
    return same;
}

/* The order of the keys does not count, nor whether what every rule has stands there. */
bool
rule_same(const struct rule *a, const struct rule *b)
{
    if (a->ops != b->ops || a->on != b->on || !slice_eq(a->name, b->name) ||
        !slice_eq(a->folder, b->folder) || !slice_eq(a->when, b->when))
        return false;
    for (const struct rule_param *p = a->ops->params; p && p->key; p++) {
        const struct rule_arg *x = rule_spec_find(&a->spec, slice_str(p->key));
        const struct rule_arg *y = rule_spec_find(&b->spec, slice_str(p->key));
        if (!x != !y || (x && !same_values(x, y)))
            return false;
    }
    return true;
}

void
rule_succeed(struct rule *r, const struct rule *old)
{
    struct rule_info info;
    rule_info(old, &info);
    r->id = info.id;
    atomic_init(&r->hits, info.hits);
    atomic_init(&r->last_hit, info.last_hit);
}

void
rule_info(const struct rule *r, struct rule_info *out)
{
    *out = (struct rule_info){
        .id = r->id,
        .name = r->name.p,
        .folder = r->folder.p,
        .on = r->on,
        .when = r->when.p,
        .ops = r->ops,
        .stages = r->stages,
        .hits = atomic_load_explicit(&r->hits, memory_order_relaxed),
        .last_hit = atomic_load_explicit(&r->last_hit, memory_order_relaxed),
    };
}

const struct rule_spec *
rule_spec(const struct rule *r)
{
    return &r->spec;
}

static void
json_arg(struct json *j, const struct rule_arg *arg, bool list)
{
    /* The longest key of a table is far shorter than this. */
    char key[64];
    snprintf(key, sizeof key, "%.*s", SLICE_ARG(arg->key));
    if (!list) {
        json_text(j, key, arg->values[0]);
        return;
    }
    json_begin_array(j, key);
    for (size_t i = 0; i < arg->n; i++)
        json_text(j, NULL, arg->values[i]);
    json_end_array(j);
}

void
rule_json(struct json *j, const struct rule *r)
{
    struct rule_info info;
    rule_info(r, &info);
    json_begin_object(j, NULL);
    json_u64(j, "id", info.id);
    json_str(j, "name", info.name);
    json_str(j, "folder", info.folder);
    json_bool(j, "on", info.on);
    json_str(j, "when", info.when);
    json_str(j, "do", info.ops->name);
    for (const struct rule_param *p = info.ops->params; p && p->key; p++) {
        const struct rule_arg *arg = rule_spec_find(&r->spec, slice_str(p->key));
        if (arg)
            json_arg(j, arg, p->type == RULE_LIST);
    }
    json_begin_array(j, "stages");
    for (enum stage s = 0; s < STAGES_N; s++)
        if (info.stages & 1u << s)
            json_str(j, NULL, stage_name(s));
    json_end_array(j);
    json_u64(j, "hits", info.hits);
    json_u64(j, "last_hit_us", info.last_hit / 1000);
    json_end_object(j);
}

void
rule_files(const struct rule *r, void (*fn)(void *arg, const char *path), void *arg)
{
    for (const struct rule_param *p = r->ops->params; p && p->key; p++) {
        if (p->type != RULE_FILE)
            continue;
        const char *path = *(const char *const *)((const char *)r->action + p->offset);
        if (path)
            fn(arg, path);
    }
}

const struct filter *
rule_filter(const struct rule *r)
{
    return r->filter;
}

/* One note for each rule is enough of the many messages that may cross a flow: who changed one is
 * on record with it. */
static bool
is_noted(const struct rule *r, const struct hook *h)
{
    const struct trace *t = h->stage == STAGE_MESSAGE ? h->flow->trace : NULL;
    while (t && (t->rule != r->id || t->stage != stage_name(h->stage)))
        t = t->next;
    return t;
}

/* A trace that cannot be kept fails the exchange: what was done to it must be on record. */
static void
note(struct rule *r, struct hook *h, const char *did)
{
    struct trace t = {
        .rule = r->id,
        .name = r->name.n ? r->name : slice_str(r->ops->name),
        .stage = stage_name(h->stage),
        .did = did,
        .at = h->now,
    };
    if (!is_noted(r, h) && !flow_trace(h->flow, &t))
        h->decision->failed = true;
    atomic_fetch_add_explicit(&r->hits, 1, memory_order_relaxed);
    atomic_store_explicit(&r->last_hit, h->now, memory_order_relaxed);
}

static bool
act(struct rule *r, struct hook *h, const char *(*how)(const void *action, struct hook *h))
{
    if (h->message)
        h->flow->messages->now = h->message;
    if (!how || !filter_match(r->filter, h->flow))
        return false;
    h->by = r->by;
    const char *did = how(r->action, h);
    if (did)
        note(r, h, did);
    return did;
}

bool
rule_run(struct rule *r, struct hook *h)
{
    return act(r, h, r->ops->apply);
}

bool
rule_can_stream(const struct rule *r, const struct hook *h)
{
    return r->ops->can_stream && r->ops->can_stream(r->action, h);
}

void
rule_stream(struct rule *r, struct hook *h)
{
    (void)!act(r, h, r->ops->stream);
}
