/* The feed of lists of flows. */
#include "ui/web/feed.h"

#include "api/json_in.h"
#include "base/clock.h"
#include "base/mem.h"
#include "proxy/proxy.h"
#include "store/writer.h"
#include "ui/web/errand.h"
#include "ui/web/flow_row.h"
#include "ui/web/hearing.h"
#include "ui/web/lookup.h"
#include "ui/web/orphans.h"
#include "ui/web/route.h"
#include "ui/web/server.h"
#include "ui/web/websocket.h"

#include <jansson.h>

#define TICK      (100 * NS_PER_MS)
#define ROWS_MAX  200
#define OUT_MAX   ((size_t)8 << 20)
#define LISTS_MAX 6 /* of different queries: fewer than the library keeps */
#define NAME_MAX  ((size_t)64 << 10)

/* A row as the client has it. */
struct shown {
    uint64_t id;
    const struct marks *marks; /* only compared */
};

struct feed {
    struct websocket socket;
    struct list node; /* in the control's feeds */
    struct control *control;
    struct feed_ask *asking;    /* on its way, or NULL */
    struct library_query query; /* its filter is a reference; NULL: nothing is watched */
    struct buf name;            /* the query as it is printed */
    bool stale;                 /* something may have changed since it was asked */
    uint64_t asked_at;          /* monotonic */
    unsigned long skipped;
    struct shown rows[ROWS_MAX];
    size_t n_rows;
    uint64_t from;                  /* of rows[0] */
    uint64_t list, seq;             /* as last told; list is 0 before */
    unsigned long held, held_total; /* of the engine, as last told */
    struct hearing *hearing;        /* NULL until asked for */
};

/* Goes to the writer's thread and comes back; outlives the feed. */
struct feed_ask {
    struct control_work work;
    struct control *control;
    struct feed *feed; /* NULL: it has gone, or watches something else */
    struct library_query query;
    struct library_window window;
    bool failed;
    struct err e;
};

static struct feed *
of_socket(struct websocket *w)
{
    return container_of(w, struct feed, socket);
}

static struct feed *
of_node(struct list *node)
{
    return container_of(node, struct feed, node);
}

static uint64_t
now_of(const struct feed *f)
{
    return loop_now(f->control->loop);
}

/* Telling ------------------------------------------------------------------------------------ */

static void
begin(struct json *j, struct buf *out, const char *type)
{
    buf_reset(out);
    json_init(j, out);
    json_begin_object(j, NULL);
    json_str(j, "type", type);
}

/* Without memory the client is told nothing, and asks again when it is connected again. */
static void
end(struct feed *f, struct json *j)
{
    json_end_object(j);
    if (j->out->failed)
        websocket_close(&f->socket, 1011, SLICE("there is no memory"));
    else
        websocket_send(&f->socket, buf_slice(j->out));
}

static void
tell_error(struct feed *f, const char *code, const char *text)
{
    struct buf out = {.max = OUT_MAX};
    struct json j;
    begin(&j, &out, "error");
    json_str(&j, "code", code);
    json_str(&j, "text", text);
    end(f, &j);
    buf_release(&out);
}

static void
tell_skipped(struct feed *f, struct buf *out)
{
    struct json j;
    begin(&j, out, "skipped");
    json_u64(&j, "times", f->skipped);
    end(f, &j);
    f->skipped = 0;
}

static void
tell_count(struct feed *f, const struct library_window *w, struct buf *out)
{
    struct json j;
    begin(&j, out, "count");
    json_u64(&j, "list", w->list);
    json_u64(&j, "seq", w->seq);
    json_u64(&j, "first", w->first);
    json_u64(&j, "end", w->end);
    end(f, &j);
}

/* Who wants to know which ones asks the API. */
static void
tell_held(struct feed *f)
{
    const struct proxy_counters *n = proxy_counters(f->control->given.proxy);
    unsigned long held = atomic_load(&n->held), total = atomic_load(&n->held_total);
    struct buf out = {.max = OUT_MAX};
    struct json j;
    if ((held == f->held && total == f->held_total) || f->socket.gone || websocket_full(&f->socket))
        return;
    f->held = held;
    f->held_total = total;
    begin(&j, &out, "held");
    json_u64(&j, "count", held);
    end(f, &j);
    buf_release(&out);
}

static void
tell_rows(struct feed *f, const struct library_window *w, size_t i, size_t n)
{
    struct buf out = {.max = OUT_MAX};
    struct json j;
    begin(&j, &out, "rows");
    json_u64(&j, "from", w->from + i);
    json_begin_array(&j, "rows");
    for (size_t at = i; at < i + n; at++)
        flow_row(&j, w->flows[at]);
    json_end_array(&j);
    end(f, &j);
    buf_release(&out);
}

static struct shown
shown_of(const struct flow *f)
{
    return (struct shown){f->id, atomic_load(&f->marks)};
}

/* Whether the client has the i-th row of the window: since before it came, or told by us. */
static bool
is_known(const struct feed *f, const struct library_window *w, size_t i)
{
    uint64_t row = w->from + i;
    if (f->list == 0)
        return row < w->unchanged;
    if (f->list != w->list || row < f->from || row - f->from >= f->n_rows)
        return false;
    struct shown now = shown_of(w->flows[i]), then = f->rows[row - f->from];
    return now.id == then.id && now.marks == then.marks;
}

static void
tell_changed(struct feed *f, const struct library_window *w)
{
    for (size_t i = 0, n; i < w->n; i += n) {
        bool known = is_known(f, w, i);
        for (n = 1; i + n < w->n && is_known(f, w, i + n) == known;)
            n++;
        if (!known)
            tell_rows(f, w, i, n);
    }
}

static void
keep_shown(struct feed *f, const struct library_window *w)
{
    for (size_t i = 0; i < w->n; i++)
        f->rows[i] = shown_of(w->flows[i]);
    f->n_rows = w->n;
    f->from = w->from;
    f->list = w->list;
    f->seq = w->seq;
}

static void
feed_tell(struct feed *f, const struct library_window *w)
{
    struct buf out = {.max = OUT_MAX};
    bool same = f->list == w->list && f->seq == w->seq;
    if (f->skipped)
        tell_skipped(f, &out);
    tell_changed(f, w);
    if (!same)
        tell_count(f, w, &out);
    keep_shown(f, w);
    buf_release(&out);
}

/* Asking ------------------------------------------------------------------------------------- */

static void feed_plan(struct feed *f);

static void
ask_free(struct feed_ask *a)
{
    library_window_release(&a->window);
    filter_unref(a->query.filter);
    mem_free(a);
}

static void
ask_run(void *arg)
{
    struct feed_ask *a = arg;
    struct control *c = a->control;
    a->failed = !library_look(c->given.library, &a->query, &a->window, &a->e);
    if (!a->failed && !a->window.ready && writer_run(c->writer, ask_run, a))
        return;
    if (!a->failed && !a->window.ready)
        a->failed = !err_set(&a->e, ERR_FAILED, "too much is asked at the same time");
    control_answer(c, &a->work);
}

static void
ask_done(void *arg)
{
    struct feed_ask *a = arg;
    struct feed *f = a->feed;
    struct turn *t = loop_turn(a->control->loop);
    if (f) {
        turn_begin(t);
        f->asking = NULL;
        if (a->failed)
            tell_error(f, "failed", a->e.text);
        else
            feed_tell(f, &a->window);
        feed_plan(f);
        turn_end(t);
    }
    ask_free(a);
}

/* Without memory it is tried again at the next tick. */
static void
feed_ask(struct feed *f)
{
    struct feed_ask *a = mem_zalloc(sizeof *a);
    f->asked_at = now_of(f);
    if (!a)
        return;
    a->control = f->control;
    a->query = f->query;
    filter_ref(a->query.filter);
    a->work = (struct control_work){.done = ask_done, .arg = a};
    if (!writer_run(f->control->writer, ask_run, a)) {
        ask_free(a);
        return;
    }
    a->feed = f;
    f->asking = a;
    f->stale = false;
}

static void
feed_plan(struct feed *f)
{
    if (!f->query.filter || !f->stale || f->asking || f->socket.gone)
        return;
    f->socket.layer.deadline = MAX(f->asked_at + TICK, now_of(f));
    chain_touch(f->socket.layer.chain);
}

static void
feed_on_timer(struct websocket *w)
{
    struct feed *f = of_socket(w);
    w->layer.deadline = 0;
    if (f->asking || !f->stale || !f->query.filter)
        return;
    if (websocket_full(w)) {
        f->skipped++;
        return;
    }
    feed_ask(f);
    feed_plan(f);
}

static void
feed_on_room(struct websocket *w)
{
    tell_held(of_socket(w));
    hearing_send(of_socket(w)->hearing);
    feed_plan(of_socket(w));
}

/* On the control thread. */
static void
feed_wake(void *arg)
{
    struct control *c = arg;
    struct turn *t = loop_turn(c->loop);
    atomic_store(&c->feeds_woken, false);
    turn_begin(t);
    list_for (it, &c->feeds) {
        of_node(it)->stale = true;
        tell_held(of_node(it));
        feed_plan(of_node(it));
    }
    turn_end(t);
}

/* Any thread. One message at a time is under way. */
static void
feed_on_change(void *arg)
{
    struct control *c = arg;
    if (!atomic_exchange(&c->feeds_woken, true) && !loop_post(c->loop, feed_wake, c))
        atomic_store(&c->feeds_woken, false);
}

void
feed_start(struct control *c)
{
    library_on_change(c->given.library, feed_on_change, c);
    proxy_watch(c->given.proxy, feed_on_change, c);
}

void
feed_stop(struct control *c)
{
    library_on_change(c->given.library, NULL, NULL);
    proxy_watch(c->given.proxy, NULL, NULL);
}

/* Watching ----------------------------------------------------------------------------------- */

/* Whether so many other queries are watched that this one would make the library forget one. */
static bool
too_many_lists(const struct feed *f, struct slice name)
{
    unsigned others = 0;
    list_for (it, &f->control->feeds) {
        const struct feed *other = of_node(it);
        if (other == f || !other->query.filter)
            continue;
        if (slice_eq(buf_slice(&other->name), name))
            return false;
        bool again = false;
        for (struct list *before = f->control->feeds.next; before != it; before = before->next)
            again |= of_node(before) != f && of_node(before)->query.filter &&
                     slice_eq(buf_slice(&of_node(before)->name), buf_slice(&other->name));
        others += !again;
    }
    return others >= LISTS_MAX;
}

static void
feed_forget(struct feed *f)
{
    if (f->asking)
        f->asking->feed = NULL;
    f->asking = NULL;
    filter_unref(f->query.filter);
    f->query = (struct library_query){0};
    f->n_rows = 0;
    f->list = 0;
}

static uint64_t
number_at(const json_t *object, const char *key, uint64_t def)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) && json_integer_value(value) >= 0
               ? (uint64_t)json_integer_value(value)
               : def;
}

/* Takes the filter. */
static void
feed_watch(struct feed *f, const json_t *watch, struct filter *filter)
{
    const json_t *have = json_object_get(watch, "have");
    feed_forget(f);
    f->query = (struct library_query){
        .filter = filter,
        .newest_first = slice_eq(json_in_key(watch, "order"), SLICE("newest")),
        .from = number_at(watch, "from", 0),
        .count = MIN((size_t)number_at(watch, "count", ROWS_MAX), (size_t)ROWS_MAX),
        .list = number_at(have, "list", 0),
        .have = number_at(have, "seq", 0),
    };
    buf_reset(&f->name);
    filter_print(filter, &f->name);
    f->stale = true;
    feed_plan(f);
}

static void
feed_want(struct feed *f, const json_t *watch)
{
    struct err e = {0};
    struct buf name = {.max = NAME_MAX};
    if (!json_is_string(json_object_get(watch, "list"))) {
        tell_error(f, "bad-message", "'watch' must be an object with a query as 'list'");
        return;
    }
    struct filter *filter = lookup_parse(f->control, json_in_key(watch, "list"), NULL, &e);
    if (!filter) {
        tell_error(f, "bad-query", e.text);
        return;
    }
    filter_print(filter, &name);
    if (too_many_lists(f, buf_slice(&name))) {
        tell_error(f, "too-many", "too many different lists are watched");
        filter_unref(filter);
    } else {
        feed_watch(f, watch, filter);
    }
    buf_release(&name);
}

static void
feed_hear(struct feed *f, const json_t *hooks)
{
    struct err e = {0};
    if (!hearing_begin(f->control->hub, &f->socket, hooks, &f->hearing, &e))
        tell_error(f, "bad-hooks", e.text);
}

static void
feed_on_message(struct websocket *w, struct slice text)
{
    struct feed *f = of_socket(w);
    json_t *root = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, NULL);
    const json_t *watch = json_object_get(root, "watch"), *hooks = json_object_get(root, "hooks");
    if (watch)
        feed_want(f, watch);
    if (hooks)
        feed_hear(f, hooks);
    if (!watch && !hooks)
        tell_error(f, "bad-message", "a message is an object with 'watch' or 'hooks'");
    json_decref(root);
}

/* Life --------------------------------------------------------------------------------------- */

static void
feed_destroy(struct websocket *w)
{
    struct feed *f = of_socket(w);
    feed_forget(f);
    hearing_end(f->hearing);
    list_remove(&f->node);
    if (list_empty(&f->control->feeds) && f->control->running)
        orphans_begin(f->control);
    buf_release(&f->name);
    websocket_release(w);
    mem_free(f);
}

static const struct websocket_ops feed_ops = {.message = feed_on_message,
                                              .room = feed_on_room,
                                              .timer = feed_on_timer,
                                              .destroy = feed_destroy};

/* Browsers can show the token as a protocol only; others as everywhere. */
static bool
feed_admit(struct call *c)
{
    struct errand *r = errand_of(c);
    struct gate *gate = c->control->gate;
    struct slice token = websocket_offer(c->head, SLICE(WEBSOCKET_TOKEN));
    if (token.n && gate_is_token(gate, token))
        return true;
    return !errand_refuse(r,
                          gate_check(gate, &r->visit->from, c->head, loop_now(c->control->loop)));
}

enum call_state
api_feed(struct call *c)
{
    if (!feed_admit(c))
        return CALL_DONE;
    struct feed *f = mem_zalloc(sizeof *f);
    if (!f)
        return call_fail(c, 500, "no-memory", "there is no memory for the feed");
    f->control = c->control;
    buf_init(&f->name, NAME_MAX);
    list_push(&c->control->feeds, &f->node);
    orphans_cancel(c->control);
    enum call_state s = websocket_accept(c, &f->socket, &feed_ops);
    if (s == CALL_WAIT)
        feed_on_change(c->control);
    return s;
}
