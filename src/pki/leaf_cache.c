/* Forged certificates by host, SNI, upstream certificate, key type and fault. */
#include "pki/leaf_cache.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "pki/ca.h"
#include "pki/cert_print.h"
#include "pki/host.h"
#include "pki/mint_limit.h"

#include <pthread.h>
#include <stdio.h>

#define SHARDS 16

/* Lives as long as 'refs' says: the map's share, and one for each caller that waits for it. */
struct entry {
    struct list lru;
    unsigned refs;
    bool done;         /* 'leaf' or 'err' is set */
    struct leaf *leaf; /* owned */
    struct err err;
    size_t key_n;
    char key[];
};

struct shard {
    pthread_mutex_t
        lock; /* guards everything in this struct and all entries of it; no call out under it */
    pthread_cond_t made; /* some entry became done */
    struct map *map;     /* key to struct entry */
    struct list lru;     /* least recently used first; entries that are done only */
    size_t count, max;
    uint64_t hits, misses;
};

struct leaf_cache {
    struct shard shards[SHARDS];
    struct mint_limit *limit;
};

/* Under the lock. */
static void
entry_unref(struct entry *entry)
{
    if (--entry->refs > 0)
        return;
    leaf_unref(entry->leaf);
    mem_free(entry);
}

/* Under the lock: out of the map and the list. */
static void
entry_drop(struct shard *s, struct entry *entry)
{
    list_remove(&entry->lru);
    map_take(s->map, slice_of(entry->key, entry->key_n));
    s->count--;
    entry_unref(entry);
}

struct leaf_cache *
leaf_cache_new(size_t max, unsigned rate)
{
    struct leaf_cache *c = mem_zalloc(sizeof *c);
    if (!c)
        return NULL;
    c->limit = mint_limit_new(rate);
    bool ok = c->limit != NULL;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &c->shards[i];
        pthread_mutex_init(&s->lock, NULL);
        pthread_cond_init(&s->made, NULL);
        list_init(&s->lru);
        s->max = MAX(max / SHARDS, 1u);
        s->map = map_new();
        ok = ok && s->map;
    }
    if (ok)
        return c;
    leaf_cache_free(c);
    return NULL;
}

void
leaf_cache_free(struct leaf_cache *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &c->shards[i];
        while (!list_empty(&s->lru))
            entry_drop(s, container_of(s->lru.next, struct entry, lru));
        if (s->map)
            map_free(s->map);
        pthread_cond_destroy(&s->made);
        pthread_mutex_destroy(&s->lock);
    }
    mint_limit_free(c->limit);
    mem_free(c);
}

/* What must be equal for the same leaf. NULs cannot be in a host that is valid. */
static bool
make_key(struct buf *key, const struct ca *ca, const struct leaf_spec *spec)
{
    unsigned char hash[32] = {0};
    uint8_t ip[16];
    if (spec->upstream && !cert_sha256(spec->upstream, hash))
        return false;
    buf_append(key, spec->host);
    buf_byte(key, '\0');
    /* An SNI that is neither makes no difference to the leaf, and may be long. */
    if (host_ip(spec->sni, ip) || host_name_valid(host_trim(spec->sni)))
        buf_append(key, spec->sni);
    buf_byte(key, '\0');
    buf_append(key, slice_of(hash, sizeof hash));
    buf_byte(key, (char)spec->key);
    buf_byte(key, (char)spec->fault);
    buf_append(key, slice_str(ca_serial(ca)));
    return !key->failed;
}

/* Under the lock. A new entry that is not done, which the caller must make; NULL: no memory. */
static struct entry *
entry_start(struct shard *s, struct slice key)
{
    struct entry *entry = mem_zalloc(sizeof *entry + key.n);
    void *old = NULL;
    if (!entry)
        return NULL;
    memcpy(entry->key, key.p, key.n);
    entry->key_n = key.n;
    entry->refs = 2; /* the map and the maker */
    list_init(&entry->lru);
    if (!map_put(s->map, key, entry, &old)) {
        mem_free(entry);
        return NULL;
    }
    s->count++;
    s->misses++;
    return entry;
}

/* Under the lock: the leaf of an entry that is done, or the error. */
static struct leaf *
entry_result(const struct entry *entry, struct err *e)
{
    if (entry->leaf)
        return leaf_ref(entry->leaf);
    if (e)
        *e = entry->err;
    return NULL;
}

/* Takes the leaf. A failure is told to those who wait now, and not kept. */
static struct leaf *
entry_finish(struct shard *s, struct entry *entry, struct leaf *leaf, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    entry->done = true;
    entry->leaf = leaf;
    struct leaf *result = entry_result(entry, e);
    if (leaf)
        list_push(&s->lru, &entry->lru);
    else
        entry_drop(s, entry);
    while (s->count > s->max && !list_empty(&s->lru) && s->lru.next != &entry->lru)
        entry_drop(s, container_of(s->lru.next, struct entry, lru));
    entry_unref(entry);
    pthread_cond_broadcast(&s->made);
    pthread_mutex_unlock(&s->lock);
    return result;
}

/* Under the lock: waits while somebody else makes it. */
static struct leaf *
entry_wait(struct shard *s, struct entry *entry, struct err *e)
{
    s->hits++;
    entry->refs++;
    while (!entry->done)
        pthread_cond_wait(&s->made, &s->lock);
    struct leaf *result = entry_result(entry, e);
    if (!list_empty(&entry->lru)) {
        list_remove(&entry->lru);
        list_push(&s->lru, &entry->lru);
    }
    entry_unref(entry);
    return result;
}

/* Under the lock: what there is for the key, unless it is time for another one. */
static struct entry *
entry_find(struct shard *s, struct slice key)
{
    struct entry *entry = map_get(s->map, key);
    if (entry && entry->done && entry->leaf->renew <= time(NULL)) {
        entry_drop(s, entry);
        return NULL;
    }
    return entry;
}

/* For a leaf that is used again: takes it, returns the better one. */
static struct leaf *
cache_improve(struct shard *s, struct slice key, struct leaf *leaf)
{
    struct leaf *parsed = leaf_parsed(leaf);
    if (!parsed)
        return leaf;
    pthread_mutex_lock(&s->lock);
    struct entry *entry = map_get(s->map, key);
    if (entry && entry->leaf == leaf) {
        entry->leaf = leaf_ref(parsed);
        leaf_unref(leaf);
    }
    pthread_mutex_unlock(&s->lock);
    leaf_unref(leaf);
    return parsed;
}

static struct leaf *
mint(struct leaf_cache *c, struct ca *ca, const struct leaf_spec *spec, struct err *e)
{
    if (mint_limit_take(c->limit, spec->client, clock_mono()))
        return leaf_mint(ca, spec, e);
    err_set(e, ERR_FAILED, "this client asks for new certificates too fast");
    return NULL;
}

static struct leaf *
get_by_key(struct leaf_cache *c, struct slice key, struct ca *ca, const struct leaf_spec *spec,
           struct err *e)
{
    struct shard *s = &c->shards[hash_bytes(key) % SHARDS];
    pthread_mutex_lock(&s->lock);
    struct entry *entry = entry_find(s, key);
    if (entry) {
        struct leaf *leaf = entry_wait(s, entry, e);
        pthread_mutex_unlock(&s->lock);
        return leaf && !leaf->parsed ? cache_improve(s, key, leaf) : leaf;
    }
    entry = entry_start(s, key);
    pthread_mutex_unlock(&s->lock);
    if (!entry) {
        err_memory(e);
        return NULL;
    }
    struct leaf *leaf = mint(c, ca, spec, &entry->err);
    return entry_finish(s, entry, leaf, e);
}

struct leaf *
leaf_cache_get(struct leaf_cache *c, struct ca *ca, const struct leaf_spec *spec, struct err *e)
{
    struct buf key;
    struct leaf *leaf = NULL;
    if (!leaf_host_check(spec->host, e))
        return NULL;
    buf_init(&key, 2048);
    if (make_key(&key, ca, spec))
        leaf = get_by_key(c, buf_slice(&key), ca, spec, e);
    else
        err_memory(e);
    buf_release(&key);
    return leaf;
}

struct leaf_cache_stats
leaf_cache_stats(struct leaf_cache *c)
{
    struct leaf_cache_stats sum = {.refused = mint_limit_refused(c->limit)};
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &c->shards[i];
        pthread_mutex_lock(&s->lock);
        sum.hits += s->hits;
        sum.misses += s->misses;
        sum.count += s->count;
        pthread_mutex_unlock(&s->lock);
    }
    return sum;
}
