/* Asking the library. */
#include "ui/web/lookup.h"

#include "api/presets.h"
#include "api/rulebook.h"
#include "base/mem.h"
#include "base/scan.h"
#include "rule/rule.h"
#include "store/writer.h"

#include <inttypes.h>

struct filter *
lookup_parse(const struct control *c, struct slice text, size_t *at, struct err *e)
{
    struct presets *presets = rulebook_presets(c->given.rulebook);
    struct filter_presets lookup = presets_lookup(presets);
    struct filter *f = filter_parse(text, &lookup, at, e);
    presets_unref(presets);
    return f;
}

struct lookup *
lookup_new(struct call *c)
{
    struct lookup *k = arena_alloc(c->arena, sizeof *k);
    if (!k) {
        call_fail(c, 500, "no-memory", "there is no memory for the answer");
        return NULL;
    }
    k->call = c;
    k->library = c->control->given.library;
    return k;
}

bool
lookup_query(struct lookup *k)
{
    struct err e = {0};
    size_t at = 0;
    k->filter = lookup_parse(k->call->control, call_query(k->call, "query"), &at, &e);
    if (k->filter)
        return true;
    call_fail(k->call, 400, "bad-query", "%s (at byte %zu of the query)", e.text, at);
    return false;
}

bool
lookup_named(struct lookup *k)
{
    if (call_query(k->call, "query").p)
        return lookup_query(k);
    call_fail(k->call, 400, "bad-parameter",
              "the parameter 'query' is missing: an empty one is for all flows");
    return false;
}

bool
lookup_id(struct lookup *k)
{
    if (scan_u64(k->call->params[0], UINT64_MAX, &k->id))
        return true;
    call_missing(k->call, "flow");
    return false;
}

bool
lookup_order(struct lookup *k, bool newest_first)
{
    struct slice order = call_query(k->call, "order");
    bool newest = slice_eq(order, SLICE("newest"));
    k->query.newest_first = order.p ? newest : newest_first;
    if (!order.p || newest || slice_eq(order, SLICE("oldest")))
        return true;
    call_fail(k->call, 400, "bad-parameter", "'order' must be 'oldest' or 'newest'");
    return false;
}

static void
lookup_release(struct lookup *k)
{
    library_window_release(&k->window);
    for (size_t i = 0; k->flows && i < k->n; i++)
        flow_unref(k->flows[i]);
    mem_free(k->flows);
    flow_unref(k->flow);
    filter_unref(k->filter);
    rule_unref(k->rule);
    if (k->release)
        k->release(k);
}

static void
lookup_run(void *arg)
{
    struct lookup *k = arg;
    k->again = false;
    k->run(k);
    if (k->again && writer_run(k->call->control->writer, lookup_run, k))
        return;
    if (k->again)
        k->failed = !err_set(&k->e, ERR_FAILED, "too much is asked at the same time");
    control_answer(k->call->control, &k->work);
}

void
lookup_end(struct lookup *k)
{
    struct call *c = k->call;
    lookup_release(k);
    call_done(c);
}

static void
lookup_fail(struct lookup *k)
{
    call_fail(k->call, k->e.code == ERR_MEMORY ? 500 : 409, "failed", "%s", k->e.text);
}

static void
lookup_done(void *arg)
{
    struct lookup *k = arg;
    if (k->failed)
        lookup_fail(k);
    else
        k->answer(k);
    if (!k->later)
        lookup_end(k);
}

enum call_state
lookup_start(struct lookup *k, void (*run)(struct lookup *k), void (*answer)(struct lookup *k))
{
    struct call *c = k->call;
    k->run = run;
    k->answer = answer;
    k->work = (struct control_work){.done = lookup_done, .arg = k};
    call_ref(c);
    if (writer_run(c->control->writer, lookup_run, k))
        return CALL_WAIT;
    lookup_release(k);
    call_fail(c, 503, "busy", "too much is asked at the same time");
    call_done(c);
    return CALL_WAIT;
}

void
lookup_look(struct lookup *k)
{
    k->query.filter = k->filter;
    k->failed = !library_look(k->library, &k->query, &k->window, &k->e);
    k->again = !k->failed && !k->window.ready;
}

static void
run_get(struct lookup *k)
{
    k->flow = library_get(k->library, k->id);
}

static void
answer_flow(struct lookup *k)
{
    if (k->flow)
        k->next(k);
    else
        call_missing(k->call, "flow");
}

enum call_state
lookup_get(struct lookup *k, void (*answer)(struct lookup *k))
{
    k->next = answer;
    return lookup_start(k, run_get, answer_flow);
}

enum call_state
lookup_flow(struct call *c, void (*answer)(struct lookup *k))
{
    struct lookup *k = lookup_new(c);
    return k && lookup_id(k) ? lookup_get(k, answer) : CALL_DONE;
}

/* Many ---------------------------------------------------------------------------------------- */

static void
run_walk(struct lookup *k)
{
    bool no_memory = false;
    k->again = !library_walk(k->library, &k->walk, &no_memory) && !k->failed;
    if (no_memory)
        k->failed = !err_memory(&k->e);
}

enum call_state
lookup_each(struct lookup *k, bool (*each)(void *k, struct flow *f),
            void (*answer)(struct lookup *k))
{
    k->walk = (struct library_walk){.filter = k->filter, .each = each, .arg = k};
    return lookup_start(k, run_walk, answer);
}

void
lookup_counted(struct lookup *k)
{
    json_begin_object(&k->call->json, NULL);
    json_u64(&k->call->json, "done", k->n);
    json_end_object(&k->call->json);
}

static bool
add_flow(void *arg, struct flow *f)
{
    struct lookup *k = arg;
    if (k->n == k->cap) {
        size_t cap = k->cap ? k->cap * 2 : 256;
        struct flow **flows = mem_realloc(k->flows, cap * sizeof(struct flow *));
        k->failed = !flows && !err_memory(&k->e);
        if (!flows)
            return false;
        k->flows = flows;
        k->cap = cap;
    }
    k->flows[k->n++] = flow_ref(f);
    return true;
}

static void
many_done(void *arg)
{
    struct lookup *k = arg;
    if (k->failed)
        lookup_fail(k);
    lookup_end(k);
}

static void
answer_many(struct lookup *k)
{
    k->later = loop_work(k->call->control->loop, k->pool, many_done, k);
    if (!k->later)
        call_fail(k->call, 503, "memory", "out of memory");
}

enum call_state
lookup_collect(struct lookup *k, void (*answer)(struct lookup *k))
{
    return lookup_each(k, add_flow, answer);
}

enum call_state
lookup_many(struct lookup *k, void (*work)(void *k))
{
    k->pool = work;
    return lookup_collect(k, answer_many);
}
