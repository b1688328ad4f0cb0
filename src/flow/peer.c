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
    copy->h2 = NULL;
    copy->host = NULL;
    peer_set_text(&copy->host, slice_str(p->host ? p->host : ""));
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
peer_end(struct peer *p, uint64_t wall, const char *by)
{
    if (atomic_load_explicit(&p->ended_by, memory_order_relaxed))
        return;
    atomic_store_explicit(&p->ended, wall, memory_order_relaxed);
    atomic_store_explicit(&p->ended_by, by, memory_order_release);
}

static void
peer_tls_free(struct peer_tls *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < t->n_certs; i++)
        block_unref(t->certs[i]);
    mem_free(t->sni);
    mem_free(t->verdict_text);
    mem_free(t);
}

void
peer_set_text(char **text, struct slice s)
{
    mem_free(*text);
    s = slice_first(s, slice_find(s, '\0'));
    *text = s.n ? mem_strndup(s.p, s.n) : NULL;
}

void
peer_unref(struct peer *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    peer_tls_free(p->tls);
    mem_free(p->h2);
    mem_free(p->host);
    mem_free(p);
}

struct peer_tls *
peer_need_tls(struct peer *p)
{
    if (!p->tls)
        p->tls = mem_zalloc(sizeof *p->tls);
    return p->tls;
}

struct peer_h2 *
peer_need_h2(struct peer *p)
{
    if (!p->h2)
        p->h2 = mem_zalloc(sizeof *p->h2);
    return p->h2;
}
