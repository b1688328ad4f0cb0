/* The engine: start, reload, stop. */
#include "proxy/proxy.h"

#include "base/clock.h"
#include "base/mem.h"
#include "io/fd.h"
#include "io/sock.h"
#include "pki/keylog.h"
#include "pki/leaf_cache.h"
#include "proxy/confine.h"
#include "proxy/engine.h"
#include "proxy/learnt.h"
#include "proxy/ports.h"
#include "proxy/worker.h"

static bool
proxy_make_workers(struct proxy *p, const struct config *c, struct err *e)
{
    p->n_workers = c->threads ? (unsigned)c->threads : thread_cores();
    p->workers = mem_zalloc(p->n_workers * sizeof(struct worker *));
    if (!p->workers)
        return err_memory(e);
    for (unsigned i = 0; i < p->n_workers; i++)
        TRY(p->workers[i] = worker_new(p, p->setup, e));
    return true;
}

static bool
proxy_open(struct proxy *p, const struct config *c, struct err *e)
{
    return proxy_make_workers(p, c, e) && ports_apply(p, p->setup, e);
}

static bool
proxy_fill(struct proxy *p, const struct config *c, struct err *e)
{
    fd_raise_limit();
    /* Contexts look for it when they are made. */
    TRY(keylog_open(getenv("SSLKEYLOGFILE"), e));
    p->setup = setup_new(c, NULL, e);
    TRY(p->setup);
    p->leaves = leaf_cache_new((size_t)c->cert_cache, (unsigned)c->mint_limit);
    p->learnt = learnt_new();
    return p->leaves && p->learnt ? proxy_open(p, c, e) : err_memory(e);
}

struct learnt *
proxy_learnt(const struct proxy *p)
{
    return p->learnt;
}

struct proxy *
proxy_new(const struct config *c, struct budget *budget, struct err *e)
{
    struct proxy *p = mem_zalloc(sizeof(*p));
    if (!p) {
        err_memory(e);
        return NULL;
    }
    p->budget = budget;
    pthread_mutex_init(&p->lock, NULL);
    if (proxy_fill(p, c, e))
        return p;
    proxy_free(p);
    return NULL;
}

bool
proxy_shun(struct proxy *p, const struct sockaddr *a, struct err *e)
{
    if (p->n_shunned == SHUNNED_MAX)
        return err_set(e, ERR_START, "more than %d addresses to keep clients from", SHUNNED_MAX);
    memcpy(&p->shunned[p->n_shunned++], a, sock_len(a));
    return true;
}

struct setup *
proxy_setup(const struct proxy *p)
{
    return setup_ref(p->setup);
}

bool
proxy_confine(const struct proxy *p, struct err *e)
{
    return confine(p->setup->config, p->rules, e);
}

bool
proxy_start(struct proxy *p, struct writer *w, struct err *e)
{
    p->writer = w;
    for (unsigned i = 0; i < p->n_workers; i++)
        TRY(worker_start(p->workers[i], i, e));
    return ports_announce(p, p->setup->config, e);
}

static void
proxy_adopt(struct worker *w, void *arg)
{
    struct setup *s = arg;
    setup_unref(w->setup);
    w->setup = setup_ref(s);
}

/* Of the engine as a whole. */
static void
proxy_tell(struct proxy *p, enum hook_id id, uint64_t size)
{
    audience_tell(&p->audience, &(struct moment){.id = id, .at = clock_wall(), .size = size});
}

bool
proxy_reload(struct proxy *p, const struct config *c, struct err *e)
{
    struct setup *s = setup_new(c, p->setup, e);
    TRY(s);
    if (!ports_apply(p, s, e)) {
        setup_unref(s);
        return false;
    }
    for (unsigned i = 0; i < p->n_workers; i++)
        worker_call(p->workers[i], proxy_adopt, s);
    setup_unref(p->setup);
    p->setup = s;
    proxy_tell(p, HOOK_RELOADED, 0);
    return ports_announce(p, c, e);
}

struct audience *
proxy_audience(struct proxy *p)
{
    return &p->audience;
}

static void
proxy_stop_worker(void *arg)
{
    worker_stop(arg);
}

void
proxy_stop(struct proxy *p)
{
    if (!p->stopping)
        proxy_tell(p, HOOK_DONE, 0);
    p->stopping = true;
    for (unsigned i = 0; p->workers && i < p->n_workers; i++)
        if (p->workers[i] && p->workers[i]->started &&
            !loop_post(p->workers[i]->loop, proxy_stop_worker, p->workers[i]))
            loop_stop(p->workers[i]->loop);
}

static void
proxy_adopt_rules(struct worker *w, void *arg)
{
    struct rules *rules = arg;
    rules_unref(w->rules);
    w->rules = rules ? rules_ref(rules) : NULL;
}

void
proxy_set_rules(struct proxy *p, struct rules *rules)
{
    pthread_mutex_lock(&p->lock);
    struct rules *old = p->rules;
    p->rules = rules ? rules_ref(rules) : NULL;
    pthread_mutex_unlock(&p->lock);
    rules_unref(old);
    for (unsigned i = 0; i < p->n_workers; i++)
        worker_call(p->workers[i], proxy_adopt_rules, rules);
    proxy_tell(p, HOOK_RULES_CHANGED, rules ? rules_count(rules) : 0);
}

void
proxy_watch(struct proxy *p, void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&p->lock);
    p->watch = fn;
    p->watch_arg = arg;
    pthread_mutex_unlock(&p->lock);
}

void
proxy_wait(struct proxy *p)
{
    for (unsigned i = 0; p->workers && i < p->n_workers; i++) {
        struct worker *w = p->workers[i];
        if (!w || !w->started || w->joined)
            continue;
        thread_join(&w->thread);
        w->joined = true;
    }
}

void
proxy_free(struct proxy *p)
{
    for (unsigned i = 0; p->workers && i < p->n_workers; i++)
        worker_free(p->workers[i]);
    mem_free(p->workers);
    leaf_cache_free(p->leaves);
    learnt_free(p->learnt);
    setup_unref(p->setup);
    rules_unref(p->rules);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

const struct proxy_counters *
proxy_counters(const struct proxy *p)
{
    return &p->counters;
}
