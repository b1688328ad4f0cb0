/* Flows in memory, within a limit of bytes: the oldest go first, and are counted. */
#include "base/list.h"
#include "base/mem.h"
#include "store/store.h"

#define FIRST_CHAINS 1024

/* Ids ascend, so that their last bits spread them evenly over the chains. */
struct memory {
    struct flow **chains;
    size_t n_chains;  /* a power of two */
    struct list kept; /* oldest first */
    struct store_options options;
    struct store_counts counts;
};

static struct flow *
flow_at(struct list *node)
{
    return container_of(node, struct flow, kept.node);
}

static void *
memory_open(const struct store_options *o, struct err *e)
{
    struct memory *m = mem_zalloc(sizeof(*m));
    if (m)
        m->chains = mem_zalloc(FIRST_CHAINS * sizeof(struct flow *));
    if (!m || !m->chains) {
        mem_free(m);
        err_memory(e);
        return NULL;
    }
    m->n_chains = FIRST_CHAINS;
    list_init(&m->kept);
    m->options = *o;
    return m;
}

/* The place that points to the flow, or the end of its chain. */
static struct flow **
memory_find(const struct memory *m, uint64_t id)
{
    struct flow **at = &m->chains[id & (m->n_chains - 1)];
    while (*at && (*at)->id != id)
        at = &(*at)->kept.next;
    return at;
}

/* Without memory the chains just get longer. */
static void
memory_grow(struct memory *m)
{
    size_t n = m->n_chains * 2;
    struct flow **chains = mem_zalloc(n * sizeof(struct flow *));
    if (!chains)
        return;
    list_for (it, &m->kept) {
        struct flow *f = flow_at(it);
        f->kept.next = chains[f->id & (n - 1)];
        chains[f->id & (n - 1)] = f;
    }
    mem_free(m->chains);
    m->chains = chains;
    m->n_chains = n;
}

static bool
memory_drop(void *store, uint64_t id)
{
    struct memory *m = store;
    struct flow **at = memory_find(m, id), *f = *at;
    if (!f)
        return false;
    *at = f->kept.next;
    list_remove(&f->kept.node);
    m->counts.flows--;
    m->counts.bytes -= f->kept.bytes;
    flow_unref(f);
    return true;
}

static void
memory_make_room(struct memory *m, size_t bytes)
{
    while (m->counts.bytes > m->options.max - bytes) {
        uint64_t id = flow_at(m->kept.next)->id;
        memory_drop(m, id);
        m->counts.evicted++;
        if (m->options.gone)
            m->options.gone(m->options.arg, id);
    }
}

static bool
memory_put(void *store, struct flow *f, struct err *e UNUSED)
{
    struct memory *m = store;
    size_t bytes = flow_memory(f);
    memory_drop(m, f->id);
    if (bytes > m->options.max) {
        m->counts.evicted++;
        return true;
    }
    memory_make_room(m, bytes);
    if (m->counts.flows >= m->n_chains)
        memory_grow(m);
    struct flow **at = memory_find(m, f->id);
    *at = flow_ref(f);
    f->kept.next = NULL;
    f->kept.bytes = bytes;
    list_push(&m->kept, &f->kept.node);
    m->counts.flows++;
    m->counts.bytes += bytes;
    return true;
}

static struct flow *
memory_get(void *store, uint64_t id)
{
    struct flow *f = *memory_find(store, id);
    return f ? flow_ref(f) : NULL;
}

static void
memory_each(void *store, bool newest_first, store_each_fn *fn, void *arg)
{
    struct memory *m = store;
    struct list *it = newest_first ? m->kept.prev : m->kept.next;
    while (it != &m->kept && fn(arg, flow_at(it)))
        it = newest_first ? it->prev : it->next;
}

static void
memory_each_after(void *store, uint64_t id, store_each_fn *fn, void *arg)
{
    struct memory *m = store;
    const struct flow *f = *memory_find(m, id);
    struct list *it = f ? f->kept.node.next : m->kept.next;
    while (it != &m->kept && fn(arg, flow_at(it)))
        it = it->next;
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
        memory_drop(m, flow_at(m->kept.next)->id);
    mem_free(m->chains);
    mem_free(m);
}

const struct store_ops store_memory = {
    .name = "memory",
    .open = memory_open,
    .put = memory_put,
    .get = memory_get,
    .each = memory_each,
    .each_after = memory_each_after,
    .drop = memory_drop,
    .counts = memory_counts,
    .close = memory_close,
};
