/* Handlers: lists of flows, one flow, its marks, its end. */
#include "api/json_in.h"
#include "flow/flow_json.h"
#include "ui/web/flow_row.h"
#include "ui/web/lookup.h"
#include "ui/web/route.h"

#include <jansson.h>

#define PAGE_DEFAULT 100
#define TAGS_MAX     64
#define TEXT_MAX     ((size_t)16 << 10)

/* Lists ------------------------------------------------------------------------------------- */

static void
put_rows(struct json *j, const struct library_window *w)
{
    json_begin_array(j, "rows");
    for (size_t i = 0; i < w->n; i++)
        flow_row(j, w->flows[i]);
    json_end_array(j);
}

static void
answer_page(struct lookup *k)
{
    struct json *j = &k->call->json;
    const struct library_window *w = &k->window;
    bool more = w->n && w->from + w->n < w->end;
    json_begin_object(j, NULL);
    json_u64(j, "total", w->end - w->first);
    put_rows(j, w);
    if (more)
        json_u64(j, "next", w->flows[w->n - 1]->id);
    else
        json_put_null(j, "next");
    json_end_object(j);
}

static void
answer_window(struct lookup *k)
{
    struct json *j = &k->call->json;
    const struct library_window *w = &k->window;
    json_begin_object(j, NULL);
    json_u64(j, "list", w->list);
    json_u64(j, "seq", w->seq);
    json_u64(j, "first", w->first);
    json_u64(j, "end", w->end);
    json_u64(j, "from", w->from);
    put_rows(j, w);
    json_end_object(j);
}

static void
answer_count(struct lookup *k)
{
    struct json *j = &k->call->json;
    json_begin_object(j, NULL);
    json_u64(j, "count", k->window.end - k->window.first);
    json_end_object(j);
}

/* 'name' is the parameter that says how many rows. */
static struct lookup *
list_new(struct call *c, const char *name, bool newest_first)
{
    struct lookup *k = lookup_new(c);
    uint64_t count;
    if (!k || !call_number(c, name, PAGE_DEFAULT, LIBRARY_WINDOW_MAX, &count) ||
        !lookup_order(k, newest_first) || !lookup_query(k))
        return NULL;
    k->query.count = (size_t)count;
    return k;
}

enum call_state
api_flows(struct call *c)
{
    uint64_t cursor;
    if (!call_number(c, "cursor", 0, UINT64_MAX - 1, &cursor))
        return CALL_DONE;
    struct lookup *k = list_new(c, "limit", true);
    if (!k)
        return CALL_DONE;
    k->query.cursor = cursor;
    return lookup_start(k, lookup_look, answer_page);
}

enum call_state
api_flows_window(struct call *c)
{
    uint64_t from;
    if (!call_number(c, "from", 0, UINT64_MAX, &from))
        return CALL_DONE;
    struct lookup *k = list_new(c, "count", false);
    if (!k)
        return CALL_DONE;
    k->query.from = from;
    return lookup_start(k, lookup_look, answer_window);
}

enum call_state
api_flows_count(struct call *c)
{
    struct lookup *k = lookup_new(c);
    if (!k || !lookup_query(k))
        return CALL_DONE;
    return lookup_start(k, lookup_look, answer_count);
}

/* One flow ---------------------------------------------------------------------------------- */

static void
answer_whole(struct lookup *k)
{
    flow_json(&k->call->json, k->flow, false);
}

enum call_state
api_flow(struct call *c)
{
    return lookup_flow(c, answer_whole);
}

/* Deleting ---------------------------------------------------------------------------------- */

static void
run_drop(struct lookup *k)
{
    k->n = library_drop(k->library, k->id);
}

static void
answer_dropped(struct lookup *k)
{
    struct json *j = &k->call->json;
    json_begin_object(j, NULL);
    json_u64(j, "deleted", k->n);
    json_end_object(j);
}

static void
answer_drop(struct lookup *k)
{
    if (k->n)
        answer_dropped(k);
    else
        call_missing(k->call, "flow");
}

enum call_state
api_flow_delete(struct call *c)
{
    struct lookup *k = lookup_new(c);
    if (!k || !lookup_id(k))
        return CALL_DONE;
    return lookup_start(k, run_drop, answer_drop);
}

static void
run_drop_matching(struct lookup *k)
{
    k->cull.filter = k->filter;
    k->again = !library_drop_matching(k->library, &k->cull);
    k->n = k->cull.dropped;
}

/* Not everything goes by mistake. */
enum call_state
api_flows_delete(struct call *c)
{
    if (!call_query(c, "query").p)
        return call_fail(c, 400, "bad-parameter",
                         "the parameter 'query' is missing: an empty one is for all flows");
    struct lookup *k = lookup_new(c);
    if (!k || !lookup_query(k))
        return CALL_DONE;
    return lookup_start(k, run_drop_matching, answer_dropped);
}

/* Marks ------------------------------------------------------------------------------------- */

/* The parts that are to change; the others stay as they are when it is done. */
struct marking {
    struct marks marks;
    bool mark, note, tags;
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
bad_name(struct call *c, const char *name)
{
    call_fail(c, 400, "bad-field", "there is no field '%.40s': only mark, note and tags", name);
    return false;
}

static bool
read_marking(struct call *c, json_t *object, struct marking *m)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        struct slice name = slice_str(key);
        bool good = true;
        if (slice_eq(name, SLICE("mark")))
            good = m->mark = read_text(c, value, "mark", &m->marks.mark);
        else if (slice_eq(name, SLICE("note")))
            good = m->note = read_text(c, value, "note", &m->marks.note);
        else if (slice_eq(name, SLICE("tags")))
            good = read_tags(c, value, m);
        else
            good = bad_name(c, key);
        if (!good)
            return false;
    }
    return true;
}

/* On the writer's thread alone, so that none is lost between two of these. */
static void
run_mark(struct lookup *k)
{
    const struct marking *m = k->marking;
    k->flow = library_get(k->library, k->id);
    if (!k->flow)
        return;
    const struct marks *old = atomic_load(&k->flow->marks);
    struct marks now = old ? *old : (struct marks){0};
    if (m->mark)
        now.mark = m->marks.mark;
    if (m->note)
        now.note = m->marks.note;
    if (m->tags) {
        now.tags = m->marks.tags;
        now.n_tags = m->marks.n_tags;
    }
    if (!flow_mark(k->flow, &now)) {
        k->failed = !err_set(&k->e, ERR_FAILED, "the flow has been marked too often");
        return;
    }
    library_touch(k->library, k->flow);
    control_tell(k->call->control, &(struct moment){.id = HOOK_FLOW_UPDATED, .flow = k->flow});
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
    json_t *object = call_json(c);
    struct marking *m = object ? arena_alloc(c->arena, sizeof *m) : NULL;
    struct lookup *k = m ? lookup_new(c) : NULL;
    if (!k || !lookup_id(k) || !read_marking(c, object, m))
        return CALL_DONE;
    k->marking = m;
    return lookup_start(k, run_mark, answer_row);
}
