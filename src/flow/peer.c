/* Connections as flows see them. */
#include "flow/peer.h"

#include "base/base.h"
#include "base/mem.h"

static atomic_uint_fast64_t last_id;

struct peer *
peer_new(void)
{
    struct peer *p = mem_zalloc(sizeof *p);
    if (!p)
        return NULL;
    atomic_init(&p->refs, 1);
    p->id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
    return p;
}

struct peer *
peer_copy(const struct peer *p)
{
    struct peer *copy = mem_alloc(sizeof *copy);
    if (!copy)
        return NULL;
    *copy = *p;
    copy->tls = NULL;
    atomic_init(&copy->refs, 1);
    return copy;
}

struct peer *
peer_ref(struct peer *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void
peer_unref(struct peer *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (p->tls)
        for (unsigned i = 0; i < p->tls->n_certs; i++)
            block_unref(p->tls->certs[i]);
    mem_free(p->tls);
    mem_free(p);
}

struct peer_tls *
peer_need_tls(struct peer *p)
{
    if (!p->tls)
        p->tls = mem_zalloc(sizeof *p->tls);
    return p->tls;
}
