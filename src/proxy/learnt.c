/* What clients have taught. */
#include "proxy/learnt.h"

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>

struct learnt {
    pthread_mutex_t lock; /* guards all below */
    struct map *by_key;
    struct list order; /* the oldest first */
    uint64_t last_id;
};

struct entry {
    struct list node;
    struct lesson lesson;
};

static struct entry *
entry_at(struct list *node)
{
    return container_of(node, struct entry, node);
}

/* The bytes of the number and the host. */
struct key {
    char bytes[sizeof(uint64_t) + sizeof(((struct lesson *)0)->host)];
    size_t n;
};

static struct slice
key_make(struct key *k, uint64_t client, struct slice host)
{
    host = slice_first(host, sizeof(k->bytes) - sizeof(client));
    memcpy(k->bytes, &client, sizeof(client));
    if (host.n)
        memcpy(k->bytes + sizeof(client), host.p, host.n);
    return slice_of(k->bytes, sizeof(client) + host.n);
}

struct learnt *
learnt_new(void)
{
    struct learnt *l = mem_zalloc(sizeof(*l));
    if (!l)
        return NULL;
    list_init(&l->order);
    l->by_key = map_new();
    if (l->by_key && pthread_mutex_init(&l->lock, NULL) == 0)
        return l;
    map_free(l->by_key);
    mem_free(l);
    return NULL;
}

static void
entry_drop(struct learnt *l, struct entry *en)
{
    struct key k;
    map_take(l->by_key, key_make(&k, en->lesson.client, slice_str(en->lesson.host)));
    list_remove(&en->node);
    mem_free(en);
}

/* Under the lock. */
static size_t
drop_all(struct learnt *l)
{
    size_t n = map_len(l->by_key);
    while (!list_empty(&l->order))
        entry_drop(l, entry_at(l->order.next));
    return n;
}

void
learnt_free(struct learnt *l)
{
    if (!l)
        return;
    drop_all(l);
    map_free(l->by_key);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

void
learnt_put(struct learnt *l, const struct lesson *lesson)
{
    struct key k;
    void *old = NULL;
    struct slice key = key_make(&k, lesson->client, slice_str(lesson->host));
    struct entry *en = mem_zalloc(sizeof(*en));
    if (!en)
        return;
    en->lesson = *lesson;
    pthread_mutex_lock(&l->lock);
    struct entry *before = map_get(l->by_key, key);
    if (before)
        entry_drop(l, before);
    else if (map_len(l->by_key) >= LEARNT_MAX)
        entry_drop(l, entry_at(l->order.next));
    en->lesson.id = ++l->last_id;
    if (map_put(l->by_key, key, en, &old))
        list_push(&l->order, &en->node);
    else
        mem_free(en);
    pthread_mutex_unlock(&l->lock);
}

bool
learnt_get(struct learnt *l, uint64_t client, struct slice host, uint64_t now, struct lesson *out)
{
    struct key k;
    pthread_mutex_lock(&l->lock);
    struct entry *en = map_get(l->by_key, key_make(&k, client, host));
    if (en && en->lesson.until <= now) {
        entry_drop(l, en);
        en = NULL;
    }
    if (en) {
        en->lesson.times++;
        *out = en->lesson;
    }
    pthread_mutex_unlock(&l->lock);
    return en;
}

void
learnt_each(struct learnt *l, uint64_t now, void (*fn)(void *arg, const struct lesson *lesson),
            void *arg)
{
    pthread_mutex_lock(&l->lock);
    list_for_safe (it, &l->order) {
        struct entry *en = entry_at(it);
        if (en->lesson.until <= now)
            entry_drop(l, en);
        else
            fn(arg, &en->lesson);
    }
    pthread_mutex_unlock(&l->lock);
}

size_t
learnt_forget(struct learnt *l, uint64_t id)
{
    size_t n = 0;
    pthread_mutex_lock(&l->lock);
    if (!id)
        n = drop_all(l);
    list_for_safe (it, &l->order) {
        struct entry *en = entry_at(it);
        if (en->lesson.id != id)
            continue;
        entry_drop(l, en);
        n = 1;
        break;
    }
    pthread_mutex_unlock(&l->lock);
    return n;
}
