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

enum call_state
api_flows_delete(struct call *c)
{
    struct lookup *k = lookup_new(c);
    if (!k || !lookup_named(k))
        return CALL_DONE;
    return lookup_start(k, run_drop_matching, answer_dropped);
}

/* Copying ----------------------------------------------------------------------------------- */

/* On the writer's thread. From the first copy on they match themselves. */
static bool
duplicate(void *arg, struct flow *f)
{
    struct lookup *k = arg;
    if (k->id && f->id >= k->id)
        return true;
    struct flow *copy = flow_copy(f);
    k->failed = !copy && !err_memory(&k->e);
    if (!copy)
        return false;
    k->id = k->id ? k->id : copy->id;
    k->n++;
    library_flow(k->library, copy);
    library_flush(k->library);
    flow_unref(copy);
    return true;
}

enum call_state
api_flows_duplicate(struct call *c)
{
    struct lookup *k = lookup_new(c);
    if (!k || !lookup_named(k))
        return CALL_DONE;
    return lookup_each(k, duplicate, lookup_counted);
}
