/* Handlers: what is said of flows: marks, notes, tags. */
#include "api/json_in.h"
#include "ui/web/flow_row.h"
#include "ui/web/lookup.h"
#include "ui/web/route.h"

#include <jansson.h>

#define TAGS_MAX 64
#define TEXT_MAX ((size_t)16 << 10)

/* The parts that are to change; the others stay as they are when it is done. */
struct marking {
    struct marks marks;
    bool mark, note, tags;
    bool toggle; /* the mark goes where there is one */
    struct slice add, remove;
};

static bool
bad_field(struct call *c, const char *name, const char *what)
{
    call_fail(c, 400, "bad-field", "'%s' must be %s", name, what);
    return false;
}

static bool
read_text(struct call *c, const json_t *value, const char *name, struct slice *out)
{
    if (!json_is_string(value) || json_string_length(value) > TEXT_MAX)
        return bad_field(c, name, "a string of at most 16 KiB");
    *out = json_in_text(value);
    return true;
}

static bool
read_tag(struct call *c, const json_t *value, const char *name, struct slice *out)
{
    return read_text(c, value, name, out) && (out->n || bad_field(c, name, "no empty text"));
}

static bool
read_tags(struct call *c, const json_t *value, struct marking *m)
{
    size_t n = json_array_size(value);
    if (!json_is_array(value) || n > TAGS_MAX)
        return bad_field(c, "tags", "an array of at most 64 strings");
    m->marks.tags = arena_alloc(c->arena, MAX(n, (size_t)1) * sizeof *m->marks.tags);
    if (!m->marks.tags)
        return bad_field(c, "tags", "smaller: there is no memory");
    for (size_t i = 0; i < n; i++)
        if (!read_text(c, json_array_get(value, i), "tags", &m->marks.tags[i]))
            return false;
    m->marks.n_tags = n;
    m->tags = true;
    return true;
}

static bool
read_toggle(struct call *c, const json_t *value, struct marking *m)
{
    m->toggle = json_is_true(value);
    return json_is_boolean(value) || bad_field(c, "toggle", "true or false");
}

static bool
bad_name(struct call *c, const char *name)
{
    call_fail(c, 400, "bad-field",
              "there is no field '%.40s': only mark, note, tags, add_tag, remove_tag, toggle",
              name);
    return false;
}

static bool
read_part(struct call *c, const char *key, const json_t *value, struct marking *m)
{
    struct slice name = slice_str(key);
    if (slice_eq(name, SLICE("mark")))
        return m->mark = read_text(c, value, "mark", &m->marks.mark);
    if (slice_eq(name, SLICE("note")))
        return m->note = read_text(c, value, "note", &m->marks.note);
    if (slice_eq(name, SLICE("tags")))
        return read_tags(c, value, m);
    if (slice_eq(name, SLICE("add_tag")))
        return read_tag(c, value, "add_tag", &m->add);
    if (slice_eq(name, SLICE("remove_tag")))
        return read_tag(c, value, "remove_tag", &m->remove);
    if (slice_eq(name, SLICE("toggle")))
        return read_toggle(c, value, m);
    return bad_name(c, key);
}

/* Of the content; NULL: the call has failed. */
static const struct marking *
read_marking(struct call *c)
{
    const char *key;
    json_t *value, *object = call_json(c);
    struct marking *m = object ? arena_alloc(c->arena, sizeof *m) : NULL;
    if (object && !m)
        call_fail(c, 503, "memory", "out of memory");
    if (!m)
        return NULL;
    json_object_foreach(object, key, value)
    {
        if (!read_part(c, key, value, m))
            return NULL;
    }
    return m;
}

/* One tag more and one less, in 'room'. false: they would be too many. */
static bool
change_tags(const struct marking *m, struct marks *now, struct slice room[TAGS_MAX + 1])
{
    size_t n = 0;
    if (!m->add.n && !m->remove.n)
        return true;
    for (size_t i = 0; i < now->n_tags; i++)
        if (!slice_eq(now->tags[i], m->remove) && !slice_eq(now->tags[i], m->add))
            room[n++] = now->tags[i];
    if (m->add.n)
        room[n++] = m->add;
    now->tags = room;
    now->n_tags = n;
    return n <= TAGS_MAX;
}

/* On the writer's thread alone, so that none is lost between two of these. */
static bool
mark_flow(void *arg, struct flow *f)
{
    struct lookup *k = arg;
    const struct marking *m = k->marking;
    struct slice room[TAGS_MAX + 1];
    const struct marks *old = atomic_load(&f->marks);
    struct marks now = old ? *old : (struct marks){0};
    if (m->mark)
        now.mark = m->toggle && now.mark.n ? SLICE_NONE : m->marks.mark;
    if (m->note)
        now.note = m->marks.note;
    if (m->tags) {
        now.tags = m->marks.tags;
        now.n_tags = m->marks.n_tags;
    }
    k->failed = !change_tags(m, &now, room) &&
                !err_set(&k->e, ERR_FAILED, "a flow has at most %d tags", TAGS_MAX);
    k->failed = k->failed || (!flow_mark(f, &now) &&
                              !err_set(&k->e, ERR_FAILED, "the flow has been marked too often"));
    if (!k->failed) {
        library_touch(k->library, f);
        control_tell(k->call->control, &(struct moment){.id = HOOK_FLOW_UPDATED, .flow = f});
    }
    k->n += !k->failed;
    return !k->failed;
}

static void
run_mark(struct lookup *k)
{
    k->flow = library_get(k->library, k->id);
    if (k->flow)
        (void)!mark_flow(k, k->flow);
}

static void
answer_row(struct lookup *k)
{
    if (k->flow)
        flow_row(&k->call->json, k->flow);
    else
        call_missing(k->call, "flow");
}

enum call_state
api_flow_patch(struct call *c)
{
    const struct marking *m = read_marking(c);
    struct lookup *k = m ? lookup_new(c) : NULL;
    if (!k || !lookup_id(k))
        return CALL_DONE;
    k->marking = m;
    return lookup_start(k, run_mark, answer_row);
}

enum call_state
api_flows_patch(struct call *c)
{
    const struct marking *m = read_marking(c);
    struct lookup *k = m ? lookup_new(c) : NULL;
    if (!k || !lookup_named(k))
        return CALL_DONE;
    k->marking = m;
    return lookup_each(k, mark_flow, lookup_counted);
}
