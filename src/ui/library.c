/* The library: a store, and lists of what is in it. */
#include "ui/library.h"

#include "base/log.h"
#include "base/mem.h"
#include "ui/rows.h"

/* A query in its printed form. */
#define TEXT_MAX ((size_t)64 << 10)
/* Flows that are matched at once for a new list: some milliseconds. */
#define STEP 4096

/* A list that is free has no filter. */
struct shelf {
    struct filter *filter;
    char *text; /* by which it is found again */
    struct rows rows;
    uint64_t number;
    uint64_t used;    /* the newest is the largest */
    uint64_t matched; /* the last flow that was looked at, while it is being made */
    bool whole;       /* it has been made */
};

struct library {
    const struct store_ops *ops;
    void *store;
    struct shelf shelves[LIBRARY_LISTS_MAX];
    uint64_t clock; /* of 'used' and 'number' */
    unsigned long made, dropped;
    bool changed;         /* since the last flush */
    pthread_mutex_t lock; /* guards these two, so that nobody is called who has gone */
    void (*on_change)(void *arg);
    void *arg;
};

static void
shelf_release(struct shelf *s)
{
    filter_unref(s->filter);
    mem_free(s->text);
    rows_release(&s->rows);
    *s = (struct shelf){0};
}

/* What has no room any more is made again when it is asked for. */
static void
shelf_add(struct library *l, struct shelf *s, uint64_t id)
{
    if (rows_add(&s->rows, id))
        return;
    log_line(LOG_WARN, "a list of flows is given up: no memory");
    l->dropped++;
    shelf_release(s);
}

static void
library_forget(struct library *l, uint64_t id)
{
    for (unsigned i = 0; i < LIBRARY_LISTS_MAX; i++)
        rows_remove(&l->shelves[i].rows, id);
    l->changed = true;
}

static void
on_gone(void *arg, uint64_t id)
{
    library_forget(arg, id);
}

struct library *
library_new(const struct store_ops *ops, size_t max, struct err *e)
{
    struct library *l = mem_zalloc(sizeof *l);
    if (!l) {
        err_memory(e);
        return NULL;
    }
    pthread_mutex_init(&l->lock, NULL);
    l->ops = ops;
    l->store = ops->open(&(struct store_options){.max = max, .gone = on_gone, .arg = l}, e);
    if (l->store)
        return l;
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
    return NULL;
}

void
library_free(struct library *l)
{
    if (!l)
        return;
    for (unsigned i = 0; i < LIBRARY_LISTS_MAX; i++)
        shelf_release(&l->shelves[i]);
    l->ops->close(l->store);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

void
library_on_change(struct library *l, void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&l->lock);
    l->on_change = fn;
    l->arg = arg;
    pthread_mutex_unlock(&l->lock);
}

static void
library_list(struct library *l, const struct flow *f)
{
    for (unsigned i = 0; i < LIBRARY_LISTS_MAX; i++) {
        struct shelf *s = &l->shelves[i];
        if (s->filter && filter_match(s->filter, f))
            shelf_add(l, s, f->id);
    }
    l->changed = true;
}

/* One that is too large for the store is gone before it is listed. */
void
library_flow(void *arg, struct flow *f)
{
    struct library *l = arg;
    struct err e = {0};
    if (!l->ops->put(l->store, f, &e)) {
        log_line(LOG_WARN, "a flow is not kept: %s", e.text);
        return;
    }
    struct flow *kept = l->ops->get(l->store, f->id);
    if (kept)
        library_list(l, f);
    flow_unref(kept);
}

void
library_flush(void *arg)
{
    struct library *l = arg;
    if (!l->changed)
        return;
    l->changed = false;
    pthread_mutex_lock(&l->lock);
    if (l->on_change)
        l->on_change(l->arg);
    pthread_mutex_unlock(&l->lock);
}

struct flow *
library_get(struct library *l, uint64_t id)
{
    return l->ops->get(l->store, id);
}

void
library_touch(struct library *l, struct flow *f)
{
    for (unsigned i = 0; i < LIBRARY_LISTS_MAX; i++) {
        struct shelf *s = &l->shelves[i];
        if (!s->filter)
            continue;
        if (filter_match(s->filter, f))
            shelf_add(l, s, f->id);
        else
            rows_remove(&s->rows, f->id);
    }
    l->changed = true;
    library_flush(l);
}

bool
library_drop(struct library *l, uint64_t id)
{
    if (!l->ops->drop(l->store, id))
        return false;
    library_forget(l, id);
    library_flush(l);
    return true;
}

/* Deleting many, step by step: what matches is collected, dropped, then taken out of all lists. */

struct culling {
    struct library_cull *cull;
    struct rows rows; /* that match */
    unsigned left;
    bool failed;
};

/* The walk goes on behind the last flow that stays: what came after it in this step is not there
 * any more. */
static bool
cull_match(void *arg, const struct flow *f)
{
    struct culling *c = arg;
    if (!filter_match(c->cull->filter, f))
        c->cull->at = f->id;
    else
        c->failed = !rows_add(&c->rows, f->id);
    return !c->failed && --c->left;
}

bool
library_drop_matching(struct library *l, struct library_cull *cull)
{
    struct culling c = {.cull = cull, .left = STEP};
    l->ops->each_after(l->store, cull->at, cull_match, &c);
    for (size_t i = 0; i < c.rows.n; i++)
        l->ops->drop(l->store, rows_at(&c.rows, i));
    for (unsigned i = 0; i < LIBRARY_LISTS_MAX; i++)
        rows_remove_all(&l->shelves[i].rows, &c.rows);
    cull->dropped += c.rows.n;
    l->changed |= c.rows.n > 0;
    rows_release(&c.rows);
    library_flush(l);
    return c.left || c.failed;
}

/* Walking over many */

struct walking {
    struct library_walk *walk;
    struct rows rows; /* that match */
    unsigned left;
    bool failed;
};

static bool
walk_match(void *arg, const struct flow *f)
{
    struct walking *w = arg;
    w->walk->at = f->id;
    w->failed = filter_match(w->walk->filter, f) && !rows_add(&w->rows, f->id);
    return !w->failed && --w->left;
}

bool
library_walk(struct library *l, struct library_walk *walk, bool *failed)
{
    struct walking w = {.walk = walk, .left = STEP};
    bool go = true;
    l->ops->each_after(l->store, walk->at, walk_match, &w);
    for (size_t i = 0; i < w.rows.n && go; i++) {
        struct flow *f = l->ops->get(l->store, rows_at(&w.rows, i));
        go = !f || walk->each(walk->arg, f);
        flow_unref(f);
    }
    rows_release(&w.rows);
    *failed |= w.failed;
    return w.left || w.failed || !go;
}

/* Lists */

static struct shelf *
library_find(struct library *l, const char *text)
{
    for (unsigned i = 0; i < LIBRARY_LISTS_MAX; i++)
        if (l->shelves[i].filter && slice_eq(slice_str(l->shelves[i].text), slice_str(text)))
            return &l->shelves[i];
    return NULL;
}

/* A free one, or else the one that was not asked for the longest; NULL while all are being made. */
static struct shelf *
library_oldest(struct library *l)
{
    struct shelf *oldest = NULL;
    for (unsigned i = 0; i < LIBRARY_LISTS_MAX; i++) {
        struct shelf *s = &l->shelves[i];
        if ((!s->filter || s->whole) && (!oldest || s->used < oldest->used))
            oldest = s;
    }
    return oldest;
}

struct building {
    struct shelf *shelf;
    unsigned left;
    bool failed;
};

static bool
build_match(void *arg, const struct flow *f)
{
    struct building *b = arg;
    b->failed = filter_match(b->shelf->filter, f) && !rows_add(&b->shelf->rows, f->id);
    b->shelf->matched = f->id;
    return !b->failed && --b->left;
}

/* New flows are put into it as into all others meanwhile. */
static bool
library_build(struct library *l, struct shelf *s, struct err *e)
{
    struct building b = {.shelf = s, .left = STEP};
    l->ops->each_after(l->store, s->matched, build_match, &b);
    if (b.failed) {
        shelf_release(s);
        return err_memory(e);
    }
    s->whole = b.left > 0;
    l->made += s->whole ? 1 : 0;
    return true;
}

/* Takes the text. NULL: there is no place for it yet. */
static struct shelf *
library_begin(struct library *l, struct filter *filter, char *text)
{
    struct shelf *s = library_oldest(l);
    if (!s) {
        mem_free(text);
        return NULL;
    }
    l->dropped += s->filter ? 1 : 0;
    shelf_release(s);
    *s = (struct shelf){.filter = filter_ref(filter), .number = ++l->clock};
    s->text = text;
    return s;
}

/* *out is NULL when there is no place yet. */
static bool
library_need(struct library *l, struct filter *filter, struct shelf **out, struct err *e)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    filter_print(filter, &text);
    char *z = buf_take(&text);
    if (!z)
        return err_memory(e);
    struct shelf *s = library_find(l, z);
    if (s)
        mem_free(z);
    else
        s = library_begin(l, filter, z);
    if (s)
        s->used = ++l->clock;
    *out = s;
    return !s || s->whole || library_build(l, s, e);
}

/* Where in the ids the window begins, as it is counted. */
static uint64_t
look_from(const struct shelf *s, const struct library_query *q)
{
    const struct rows *r = &s->rows;
    if (q->cursor && q->newest_first)
        return r->n - rows_below(r, q->cursor);
    if (q->cursor)
        return r->first + rows_below(r, q->cursor + 1);
    return q->newest_first ? q->from : MAX(q->from, r->first);
}

static void
look_take(struct library *l, const struct shelf *s, const struct library_query *q,
          struct library_window *out)
{
    const struct rows *r = &s->rows;
    size_t count = MIN(q->count, (size_t)LIBRARY_WINDOW_MAX);
    uint64_t i = out->from - out->first;
    for (; out->n < count && i < r->n; i++) {
        size_t at = (size_t)(q->newest_first ? r->n - 1 - i : i);
        struct flow *f = l->ops->get(l->store, rows_at(r, at));
        if (f)
            out->flows[out->n++] = f;
    }
}

bool
library_look(struct library *l, const struct library_query *q, struct library_window *out,
             struct err *e)
{
    struct shelf *s = NULL;
    TRY(library_need(l, q->filter, &s, e));
    *out = (struct library_window){.ready = s && s->whole};
    if (!out->ready)
        return true;
    const struct rows *r = &s->rows;
    out->first = q->newest_first ? 0 : r->first;
    out->end = out->first + r->n;
    out->from = look_from(s, q);
    out->list = s->number;
    out->seq = r->seq;
    if (q->list == s->number && !q->newest_first)
        out->unchanged = rows_changed_from(r, q->have);
    else if (q->list == s->number && q->have == r->seq)
        out->unchanged = out->end;
    look_take(l, s, q, out);
    return true;
}

void
library_window_release(struct library_window *w)
{
    for (size_t i = 0; i < w->n; i++)
        flow_unref(w->flows[i]);
    w->n = 0;
}

struct library_counts
library_counts(const struct library *l)
{
    struct library_counts c = {
        .store = l->ops->counts(l->store), .lists_made = l->made, .lists_dropped = l->dropped};
    for (unsigned i = 0; i < LIBRARY_LISTS_MAX; i++)
        c.lists += l->shelves[i].filter != NULL;
    return c;
}
