/* Flows in memory, within a limit of bytes: the oldest go first, and are counted. */
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/store.h"

struct memory {
    struct map *by_id;
    struct list kept; /* oldest first */
    size_t max;
    struct store_counts counts;
};

struct kept {
    struct list node;
    struct flow *flow;
    size_t bytes;
};

static struct kept *
kept_of(struct list *node)
{
    return container_of(node, struct kept, node);
}

static struct slice
id_key(const uint64_t *id)
{
    return slice_of(id, sizeof(*id));
}

static void *
memory_open(const struct store_options *o, struct err *e)
{
    struct memory *m = mem_zalloc(sizeof(*m));
    if (m)
        m->by_id = map_new();
    if (!m || !m->by_id) {
        mem_free(m);
        err_memory(e);
        return NULL;
    }
    list_init(&m->kept);
    m->max = o->max;
    return m;
}

static void
memory_remove(struct memory *m, struct kept *k)
{
    map_take(m->by_id, id_key(&k->flow->id));
    list_remove(&k->node);
    m->counts.flows--;
    m->counts.bytes -= k->bytes;
    flow_unref(k->flow);
    mem_free(k);
}

static bool
memory_drop(void *store, uint64_t id)
{
    struct memory *m = store;
    struct kept *k = map_get(m->by_id, id_key(&id));
    if (!k)
        return false;
    memory_remove(m, k);
    return true;
}

static void
memory_make_room(struct memory *m, size_t bytes)
{
    while (m->counts.bytes > m->max - bytes) {
        memory_remove(m, kept_of(m->kept.next));
        m->counts.evicted++;
    }
}

static bool
memory_put(void *store, struct flow *f, struct err *e)
{
    struct memory *m = store;
    size_t bytes = flow_memory(f) + sizeof(struct kept);
    memory_drop(m, f->id);
    if (bytes > m->max) {
        m->counts.evicted++;
        return true;
    }
    memory_make_room(m, bytes);
    void *old;
    struct kept *k = mem_zalloc(sizeof(*k));
    if (!k || !map_put(m->by_id, id_key(&f->id), k, &old)) {
        mem_free(k);
        return err_memory(e);
    }
    k->flow = flow_ref(f);
    k->bytes = bytes;
    list_push(&m->kept, &k->node);
    m->counts.flows++;
    m->counts.bytes += bytes;
    return true;
}

static struct flow *
memory_get(void *store, uint64_t id)
{
    struct memory *m = store;
    struct kept *k = map_get(m->by_id, id_key(&id));
    return k ? flow_ref(k->flow) : NULL;
}

static void
memory_each(void *store, bool newest_first, store_each_fn *fn, void *arg)
{
    struct memory *m = store;
    struct list *it = newest_first ? m->kept.prev : m->kept.next;
    while (it != &m->kept && fn(arg, kept_of(it)->flow))
        it = newest_first ? it->prev : it->next;
}

static struct store_counts
memory_counts(const void *store)
{
    return ((const struct memory *)store)->counts;
}

static void
memory_close(void *store)
{
    struct memory *m = store;
    if (!m)
        return;
    while (!list_empty(&m->kept))
        memory_remove(m, kept_of(m->kept.next));
    map_free(m->by_id);
    mem_free(m);
}

const struct store_ops store_memory = {
    .name = "memory",
    .open = memory_open,
    .put = memory_put,
    .get = memory_get,
    .each = memory_each,
    .drop = memory_drop,
    .counts = memory_counts,
    .close = memory_close,
};
