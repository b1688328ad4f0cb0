/* Connections to servers, shared by the clients of a worker. */
#include "proxy/pool.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "proxy/worker.h"

#include <string.h>

#define SWEEP_EVERY (5 * NS_PER_S)

struct pool {
    struct worker *worker;
    struct map *hosts; /* key to struct pool_host */
    struct timer *sweeper;
};

static struct upstream *
upstream_at(struct list *node)
{
    return container_of(node, struct upstream, node);
}

static void
pool_on_sweep(void *arg)
{
    struct pool *p = arg;
    pool_sweep(p, false);
    if (map_len(p->hosts))
        timer_set(p->sweeper, loop_now(p->worker->loop) + SWEEP_EVERY);
}

struct pool *
pool_new(struct worker *w)
{
    struct pool *p = mem_zalloc(sizeof(*p));
    if (!p)
        return NULL;
    p->worker = w;
    p->hosts = map_new();
    p->sweeper = p->hosts ? timer_new(w->loop, pool_on_sweep, p) : NULL;
    if (p->sweeper)
        return p;
    map_free(p->hosts);
    mem_free(p);
    return NULL;
}

/* The rows are gathered first: closing a connection takes its row out of the map. */
struct row_list {
    struct pool_host *rows[64];
    size_t n;
    uint64_t before; /* idle since */
};

static void
pool_gather(void *arg, struct slice key UNUSED, void *value)
{
    struct row_list *l = arg;
    struct pool_host *row = value;
    if (l->n == ARRAY_LEN(l->rows) || list_empty(&row->idle))
        return;
    if (upstream_at(row->idle.prev)->idle_since <= l->before)
        l->rows[l->n++] = row;
}

void
pool_sweep(struct pool *p, bool all)
{
    uint64_t now = loop_now(p->worker->loop);
    uint64_t keep = p->worker->setup->config->upstream_idle_time;
    struct row_list l = {.before = all ? UINT64_MAX : now > keep ? now - keep : 0};
    do {
        l.n = 0;
        map_each(p->hosts, pool_gather, &l);
        for (size_t i = 0; i < l.n; i++) { /* one per row and round: the row may go with its last */
            struct upstream *u = upstream_at(l.rows[i]->idle.prev);
            chain_ends(u->chain, all ? "weir" : "idle");
            upstream_close(u);
        }
    } while (l.n);
}

static void
pool_find_opening(void *arg, struct slice key UNUSED, void *value)
{
    struct upstream **out = arg;
    struct pool_host *row = value;
    if (!list_empty(&row->opening))
        *out = upstream_at(row->opening.next);
}

void
pool_free(struct pool *p)
{
    if (!p)
        return;
    pool_sweep(p, true);
    for (struct upstream *u = NULL; map_each(p->hosts, pool_find_opening, &u), u; u = NULL)
        upstream_close(u);
    timer_free(p->sweeper);
    map_free(p->hosts);
    mem_free(p);
}

static struct pool_host *
pool_row(struct pool *p, const struct upstream_spec *s)
{
    char key[UPSTREAM_KEY_MAX];
    upstream_key(s, key);
    struct pool_host *row = map_get(p->hosts, slice_str(key));
    if (row)
        return row;
    void *old;
    row = mem_zalloc(sizeof(*row));
    if (!row || !map_put(p->hosts, slice_str(key), row, &old)) {
        mem_free(row);
        return NULL;
    }
    list_init(&row->idle);
    list_init(&row->opening);
    list_init(&row->waiting);
    list_init(&row->shared);
    memcpy(row->key, key, sizeof(key));
    if (map_len(p->hosts) == 1)
        timer_set(p->sweeper, loop_now(p->worker->loop) + SWEEP_EVERY);
    return row;
}

static void
pool_drop_row(struct pool *p, struct pool_host *row)
{
    if (row->open || !list_empty(&row->waiting))
        return;
    map_take(p->hosts, slice_str(row->key));
    mem_free(row);
}

/* The last used that still works. */
struct upstream *
pool_take(struct pool *p, const struct upstream_spec *s)
{
    char key[UPSTREAM_KEY_MAX];
    upstream_key(s, key);
    struct pool_host *row = map_get(p->hosts, slice_str(key));
    struct upstream *found = NULL;
    if (!row)
        return NULL;
    row->open++; /* the row stays while we look */
    while (!found && !list_empty(&row->idle)) {
        struct upstream *u = upstream_at(row->idle.next);
        if (u->fan->broken)
            upstream_close(u);
        else
            found = u;
    }
    row->open--;
    if (!found) {
        pool_drop_row(p, row);
        return NULL;
    }
    list_remove(&found->node);
    list_push(&found->worker->away, &found->node);
    row->n_idle--;
    found->state = UPSTREAM_LEASED;
    return found;
}

static struct upstream *
pool_open(struct pool *p, struct pool_host *row, const struct upstream_spec *s)
{
    struct upstream *u = upstream_open(p->worker, s, row);
    if (!u)
        return NULL;
    row->open++;
    list_push(&row->opening, &u->node);
    return u;
}

static void
pool_attach(struct waiter *w, struct upstream *u)
{
    w->up = u;
    u->waiter = w;
}

static struct upstream *
pool_unclaimed(struct pool_host *row)
{
    list_for (it, &row->opening)
        if (!upstream_at(it)->waiter)
            return upstream_at(it);
    return NULL;
}

struct list *
pool_shared(struct pool *p, const struct upstream_spec *s)
{
    char key[UPSTREAM_KEY_MAX];
    upstream_key(s, key);
    struct pool_host *row = map_get(p->hosts, slice_str(key));
    return row ? &row->shared : NULL;
}

bool
pool_is_wanted(const struct pool *p UNUSED, const struct upstream *u)
{
    return u->at && !list_empty(&u->at->waiting);
}

/* One that belongs to a session which does not use it now gives its place up. */
static void
pool_reclaim(struct pool *p, struct pool_host *row)
{
    list_for (it, &p->worker->away) {
        struct upstream *u = upstream_at(it);
        if (u->at != row || !u->h2 || list_empty(&u->owned) || !list_empty(&u->fan->seats))
            continue;
        row->open++; /* the row stays */
        upstream_close(u);
        row->open--;
        return;
    }
}

bool
pool_wait(struct pool *p, struct waiter *w)
{
    struct pool_host *row = pool_row(p, &w->spec);
    w->up = NULL;
    list_init(&w->node);
    if (!row)
        return false;
    struct upstream *u = pool_unclaimed(row);
    unsigned max = (unsigned)w->spec.setup->config->upstream_per_host;
    if (!u && row->open >= max)
        pool_reclaim(p, row);
    if (!u && row->open >= max) {
        list_push(&row->waiting, &w->node);
        return true;
    }
    if (!u)
        u = pool_open(p, row, &w->spec);
    if (u)
        pool_attach(w, u);
    else
        pool_drop_row(p, row);
    return u;
}

struct upstream *
pool_look(struct pool *p, const struct upstream_spec *s)
{
    char key[UPSTREAM_KEY_MAX];
    upstream_key(s, key);
    struct pool_host *row = map_get(p->hosts, slice_str(key));
    return row && !list_empty(&row->idle) ? upstream_at(row->idle.next) : NULL;
}

void
pool_prepare(struct pool *p, const struct upstream_spec *s)
{
    struct pool_host *row = pool_row(p, s);
    if (!row || !list_empty(&row->idle) || pool_unclaimed(row))
        return;
    if (row->open < (unsigned)s->setup->config->upstream_per_host && !pool_open(p, row, s))
        pool_drop_row(p, row);
}

void
pool_put(struct pool *p, struct upstream *u)
{
    struct pool_host *row = u->at;
    if (u->raw || u->fan->broken || p->worker->stopping) {
        upstream_close(u);
        return;
    }
    if (!list_empty(&row->waiting)) {
        struct waiter *w = container_of(row->waiting.next, struct waiter, node);
        list_remove(&w->node);
        u->state = UPSTREAM_LEASED;
        w->done(w, u, NULL);
        return;
    }
    u->state = UPSTREAM_IDLE;
    u->idle_since = loop_now(p->worker->loop);
    list_remove(&u->node);
    list_push_front(&row->idle, &u->node);
    row->n_idle++;
    if (row->n_idle > (unsigned)u->setup->config->upstream_idle)
        upstream_close(upstream_at(row->idle.prev));
}

/* There is room again: the next who waits gets a connection of its own. */
static void
pool_serve(struct pool *p, struct pool_host *row)
{
    if (list_empty(&row->waiting) || p->worker->stopping)
        return;
    struct waiter *w = container_of(row->waiting.next, struct waiter, node);
    list_remove(&w->node);
    struct upstream *u = pool_open(p, row, &w->spec);
    if (u) {
        pool_attach(w, u);
        return;
    }
    struct failure why;
    failure_set(&why, REASON_MEMORY, NULL);
    w->done(w, NULL, &why);
}

void
pool_gone(struct pool *p, struct upstream *u)
{
    struct pool_host *row = u->at;
    if (u->state == UPSTREAM_IDLE)
        row->n_idle--;
    list_remove(&u->node);
    row->open--;
    pool_serve(p, row);
    pool_drop_row(p, row);
}

void
pool_forget(struct waiter *w)
{
    if (w->up)
        w->up->waiter = NULL;
    w->up = NULL;
    list_remove(&w->node);
}
