/* The references of a configuration. */
#include "proxy/config.h"

#include "base/mem.h"

#define TEXTS_FIRST 2048
#define TEXTS_MAX   (4u << 20)

struct config *
config_new(void)
{
    struct config *c = mem_zalloc(sizeof(*c));
    if (!c)
        return NULL;
    c->arena = arena_new(TEXTS_FIRST, TEXTS_MAX);
    if (!c->arena) {
        mem_free(c);
        return NULL;
    }
    atomic_init(&c->refs, 1);
    return c;
}

/* Only the count of references is written to, which is not part of what the snapshot says. */
static struct config *
writable(const struct config *c)
{
    union {
        const struct config *read;
        struct config *write;
    } u = {.read = c};
    return u.write;
}

struct config *
config_ref(const struct config *c)
{
    struct config *w = writable(c);
    atomic_fetch_add_explicit(&w->refs, 1, memory_order_relaxed);
    return w;
}

void
config_unref(const struct config *c)
{
    if (!c)
        return;
    struct config *w = writable(c);
    if (atomic_fetch_sub_explicit(&w->refs, 1, memory_order_acq_rel) != 1)
        return;
    arena_free(w->arena);
    mem_free(w);
}
