/* What servers showed lately. */
#include "proxy/facts.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "pki/peer_cert.h"

#include <string.h>

struct facts {
    struct map *by_key;
    struct list used; /* the most recent first */
};

static struct fact *
fact_of(struct list *node)
{
    return container_of(node, struct fact, node);
}

struct facts *
facts_new(void)
{
    struct facts *f = mem_zalloc(sizeof(*f));
    if (!f)
        return NULL;
    list_init(&f->used);
    f->by_key = map_new();
    if (f->by_key)
        return f;
    mem_free(f);
    return NULL;
}

static void
facts_drop(struct facts *f, struct fact *fact)
{
    map_take(f->by_key, slice_str(fact->key));
    list_remove(&fact->node);
    peer_cert_unref(fact->cert);
    mem_free(fact);
}

void
facts_free(struct facts *f)
{
    if (!f)
        return;
    while (!list_empty(&f->used))
        facts_drop(f, fact_of(f->used.next));
    map_free(f->by_key);
    mem_free(f);
}

void
facts_put(struct facts *f, const struct upstream *u, uint64_t now)
{
    struct fact *fact = map_get(f->by_key, slice_str(u->key));
    if (fact)
        facts_drop(f, fact);
    if (!u->cert)
        return;
    while (map_len(f->by_key) >= FACTS_MAX)
        facts_drop(f, fact_of(f->used.prev));
    void *old;
    fact = mem_zalloc(sizeof(*fact));
    if (!fact || !map_put(f->by_key, slice_str(u->key), fact, &old)) {
        mem_free(fact);
        return;
    }
    fact->cert = peer_cert_ref(u->cert);
    fact->verdict = u->target.verdict.reason;
    fact->h2 = u->h2;
    fact->at = now;
    memcpy(fact->key, u->key, sizeof(fact->key));
    list_push_front(&f->used, &fact->node);
}

const struct fact *
facts_get(struct facts *f, const struct upstream_spec *s, uint64_t now)
{
    char key[UPSTREAM_KEY_MAX];
    upstream_key(s, key);
    struct fact *fact = map_get(f->by_key, slice_str(key));
    if (!fact)
        return NULL;
    if (now - fact->at > FACTS_TIME) {
        facts_drop(f, fact);
        return NULL;
    }
    list_remove(&fact->node);
    list_push_front(&f->used, &fact->node);
    return fact;
}
