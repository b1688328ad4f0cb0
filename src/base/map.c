/* Hash map from bytes to pointer: chained, doubled when there are as many entries as chains. */
#include "base/map.h"

#include "base/mem.h"

#include <stdint.h>

#define FIRST_CHAINS 16

struct entry {
    struct entry *next;
    unsigned long hash;
    void *value;
    size_t n;
    char key[];
};

struct map {
    struct entry **chains;
    size_t n_chains; /* a power of two */
    size_t len;
};

struct map *
map_new(void)
{
    struct map *m = mem_alloc(sizeof(*m));
    if (!m)
        return NULL;
    *m = (struct map){mem_zalloc(FIRST_CHAINS * sizeof(struct entry *)), FIRST_CHAINS, 0};
    if (m->chains)
        return m;
    mem_free(m);
    return NULL;
}

void
map_free(struct map *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n_chains; i++) {
        for (struct entry *e = m->chains[i], *next; e; e = next) {
            next = e->next;
            mem_free(e);
        }
    }
    mem_free(m->chains);
    mem_free(m);
}

size_t
map_len(const struct map *m)
{
    return m->len;
}

/* The place that points to the entry, or the end of its chain. */
static struct entry **
find(const struct map *m, struct slice key, unsigned long hash)
{
    struct entry **at = &m->chains[hash & (m->n_chains - 1)];
    while (*at && !((*at)->hash == hash && slice_eq(slice_of((*at)->key, (*at)->n), key)))
        at = &(*at)->next;
    return at;
}

void *
map_get(const struct map *m, struct slice key)
{
    struct entry *e = *find(m, key, hash_bytes(key));
    return e ? e->value : NULL;
}

/* Without memory the chains just get longer. */
static void
grow(struct map *m)
{
    size_t n = m->n_chains * 2;
    struct entry **chains = n < SIZE_MAX / sizeof(*chains) ? mem_zalloc(n * sizeof(*chains)) : NULL;
    if (!chains)
        return;
    for (size_t i = 0; i < m->n_chains; i++) {
        for (struct entry *e = m->chains[i], *next; e; e = next) {
            next = e->next;
            e->next = chains[e->hash & (n - 1)];
            chains[e->hash & (n - 1)] = e;
        }
    }
    mem_free(m->chains);
    m->chains = chains;
    m->n_chains = n;
}

static struct entry *
entry_new(struct slice key, unsigned long hash, void *value)
{
    struct entry *e = mem_alloc(sizeof(*e) + key.n);
    if (!e)
        return NULL;
    *e = (struct entry){.hash = hash, .value = value, .n = key.n};
    if (key.n)
        memcpy(e->key, key.p, key.n);
    return e;
}

bool
map_put(struct map *m, struct slice key, void *value, void **old)
{
    unsigned long hash = hash_bytes(key);
    struct entry **at = find(m, key, hash);
    if (*at) {
        *old = (*at)->value;
        (*at)->value = value;
        return true;
    }
    struct entry *e = entry_new(key, hash, value);
    if (!e)
        return false;
    *at = e;
    *old = NULL;
    if (++m->len > m->n_chains)
        grow(m);
    return true;
}

void *
map_take(struct map *m, struct slice key)
{
    struct entry **at = find(m, key, hash_bytes(key));
    struct entry *e = *at;
    if (!e)
        return NULL;
    void *value = e->value;
    *at = e->next;
    mem_free(e);
    m->len--;
    return value;
}

void
map_each(struct map *m, void (*fn)(void *arg, struct slice key, void *value), void *arg)
{
    for (size_t i = 0; i < m->n_chains; i++)
        for (struct entry *e = m->chains[i]; e; e = e->next)
            fn(arg, slice_of(e->key, e->n), e->value);
}
