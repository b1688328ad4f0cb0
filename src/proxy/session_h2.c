/* The connections of HTTP/2 to servers: each belongs to the connection of one client, whose streams
 * share it. */
#include "proxy/session_h2.h"

#include "base/mem.h"
#include "proxy/pool.h"
#include "proxy/session.h"

static struct upstream *
owned_at(struct list *node)
{
    return container_of(node, struct upstream, owned);
}

struct upstream *
session_h2_find(struct session *s, const struct upstream_spec *spec)
{
    char key[UPSTREAM_KEY_MAX];
    bool share = s->setup->config->share_upstream;
    struct list *from = share ? pool_shared(s->worker->pool, spec) : &s->owned;
    if (!from || list_empty(from))
        return NULL;
    upstream_key(spec, key);
    list_for (it, from) {
        struct upstream *u = owned_at(it);
        if (!u->fan->broken && slice_eq(slice_str(key), slice_str(u->key)))
            return u;
    }
    return NULL;
}

void
session_h2_own(struct session *s, struct upstream *u)
{
    if (!u->h2 || !list_empty(&u->owned))
        return;
    list_push_front(s->setup->config->share_upstream ? &u->at->shared : &s->owned, &u->owned);
}

void
session_h2_leave(struct session *s, struct upstream *u)
{
    if (!list_empty(&u->fan->seats))
        return;
    if (u->fan->broken || pool_is_wanted(s->worker->pool, u))
        upstream_close(u);
}

void
session_h2_close(struct session *s)
{
    while (!list_empty(&s->owned)) {
        struct upstream *u = owned_at(s->owned.next);
        list_remove(&u->owned);
        upstream_close(u);
    }
}
