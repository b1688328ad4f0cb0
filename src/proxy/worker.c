/* One thread: its loop, its listeners, its clients. */
#include "proxy/worker.h"

#include "base/clock.h"
#include "base/mem.h"
#include "io/sock.h"
#include "pki/sessions.h"
#include "proxy/engine.h"
#include "proxy/facts.h"
#include "proxy/pool.h"
#include "proxy/session.h"

#include <stdio.h>

#define TLS_SESSION_KEYS 2000
/* To wake the writer costs more than to write a flow: a busy worker does it for hundreds at once,
 * and nobody sees the delay. What is few goes at once: then flows of different workers come in the
 * order in which they ended. */
#define OUTBOX_TIME (5 * NS_PER_MS)
#define OUTBOX_FEW  8
/* Clients that make a flood. When three quarters have gone, what they used is given back. */
#define FLOOD      64
#define TRIM_DELAY NS_PER_S
#define TRIMS      3 /* the heap looks at what was freed more than once before it lets go */

static struct session *
session_at(struct list *node)
{
    return container_of(node, struct session, node);
}

static struct port *
port_at(struct list *node)
{
    return container_of(node, struct port, node);
}

struct budget *
worker_budget(const struct worker *w)
{
    return w->proxy->budget;
}

static void
worker_kill(void *arg)
{
    struct worker *w = arg;
    while (!list_empty(&w->sessions))
        session_close(session_at(w->sessions.next));
    worker_session_gone(w);
}

void
worker_record(struct worker *w, struct flow *f)
{
    bool empty = !w->outbox.first;
    writer_put(w->proxy->writer, &w->outbox, f);
    if (empty)
        timer_set(w->outbox_timer, loop_now(w->loop) + OUTBOX_TIME);
}

static void
worker_send(void *arg)
{
    struct worker *w = arg;
    writer_send(w->proxy->writer, &w->outbox);
}

static void
worker_before_wait(void *arg)
{
    struct worker *w = arg;
    if (w->outbox.n && w->outbox.n < OUTBOX_FEW)
        worker_send(w);
}

static void
worker_trim(void *arg)
{
    struct worker *w = arg;
    turn_trim(loop_turn(w->loop));
    mem_trim();
    if (--w->trims)
        timer_set(w->trim, loop_now(w->loop) + TRIM_DELAY);
}

struct worker *
worker_new(struct proxy *p, struct setup *s, struct err *e)
{
    struct worker *w = mem_zalloc(sizeof(*w));
    if (!w) {
        err_memory(e);
        return NULL;
    }
    w->proxy = p;
    w->setup = setup_ref(s);
    list_init(&w->ports);
    list_init(&w->sessions);
    list_init(&w->away);
    list_init(&w->held);
    w->loop = loop_new(e);
    if (!w->loop) {
        worker_free(w);
        return NULL;
    }
    loop_before_wait(w->loop, worker_before_wait, w);
    w->facts = facts_new();
    w->tls_sessions = sessions_new(TLS_SESSION_KEYS);
    w->pool = pool_new(w);
    w->grace = timer_new(w->loop, worker_kill, w);
    w->outbox_timer = timer_new(w->loop, worker_send, w);
    w->trim = timer_new(w->loop, worker_trim, w);
    if (w->facts && w->tls_sessions && w->pool && w->grace && w->outbox_timer && w->trim)
        return w;
    err_memory(e);
    worker_free(w);
    return NULL;
}

static void
worker_close_port(struct port *p)
{
    listen_close(p->listener);
    list_remove(&p->node);
    mem_free(p);
}

static void
worker_kill_away(struct worker *w)
{
    while (!list_empty(&w->away))
        upstream_kill(container_of(w->away.next, struct upstream, node));
}

void
worker_free(struct worker *w)
{
    if (!w)
        return;
    w->stopping = true;
    while (!list_empty(&w->ports))
        worker_close_port(port_at(w->ports.next));
    while (!list_empty(&w->sessions))
        session_close(session_at(w->sessions.next));
    worker_kill_away(w);
    pool_free(w->pool);
    worker_kill_away(w);
    worker_send(w);
    timer_free(w->grace);
    timer_free(w->outbox_timer);
    timer_free(w->trim);
    if (w->loop)
        loop_free(w->loop);
    sessions_free(w->tls_sessions);
    facts_free(w->facts);
    setup_unref(w->setup);
    rules_unref(w->rules);
    mem_free(w);
}

/* A call that another thread waits for. */
struct call {
    struct worker *worker;
    void (*fn)(struct worker *w, void *arg);
    void *arg;
    pthread_mutex_t lock; /* guards 'done' */
    pthread_cond_t woken;
    bool done;
};

static void
call_run(void *arg)
{
    struct call *c = arg;
    c->fn(c->worker, c->arg);
    pthread_mutex_lock(&c->lock);
    c->done = true;
    pthread_cond_signal(&c->woken);
    pthread_mutex_unlock(&c->lock);
}

void
worker_call(struct worker *w, void (*fn)(struct worker *w, void *arg), void *arg)
{
    if (!w->started) {
        fn(w, arg);
        return;
    }
    struct call c = {.worker = w, .fn = fn, .arg = arg};
    pthread_mutex_init(&c.lock, NULL);
    pthread_cond_init(&c.woken, NULL);
    if (loop_post(w->loop, call_run, &c)) {
        pthread_mutex_lock(&c.lock);
        while (!c.done)
            pthread_cond_wait(&c.woken, &c.lock);
        pthread_mutex_unlock(&c.lock);
    }
    pthread_mutex_destroy(&c.lock);
    pthread_cond_destroy(&c.woken);
}

static void
worker_run(void *arg)
{
    struct worker *w = arg;
    loop_run(w->loop);
}

bool
worker_start(struct worker *w, unsigned number, struct err *e)
{
    char name[16];
    snprintf(name, sizeof(name), "weir-%u", number);
    w->started = true;
    w->started = thread_start(&w->thread, name, worker_run, w, e);
    return w->started;
}

void
worker_stop(struct worker *w)
{
    if (w->stopping) {
        worker_kill(w);
        return;
    }
    w->stopping = true;
    while (!list_empty(&w->ports))
        worker_close_port(port_at(w->ports.next));
    list_for_safe (it, &w->sessions)
        if (session_idle(session_at(it)) || session_at(it)->h2) /* HTTP/2 finishes what began */
            session_hang_up(session_at(it));
    pool_sweep(w->pool, true);
    timer_set(w->grace, loop_now(w->loop) + w->setup->config->grace_time);
    worker_session_gone(w);
}

static unsigned long
worker_clients(const struct worker *w)
{
    return atomic_load_explicit(&w->proxy->counters.clients, memory_order_relaxed);
}

void
worker_session_came(struct worker *w)
{
    w->clients_max = MAX(w->clients_max, worker_clients(w));
}

void
worker_session_gone(struct worker *w)
{
    if (w->clients_max >= FLOOD && worker_clients(w) <= w->clients_max / 4) {
        w->clients_max = worker_clients(w);
        w->trims = TRIMS;
        timer_set(w->trim, loop_now(w->loop) + TRIM_DELAY);
    }
    if (w->stopping && list_empty(&w->sessions) && w->started)
        loop_stop(w->loop);
}

static void
worker_on_accept(void *arg, int fd, const struct sockaddr *from)
{
    struct port *p = arg;
    session_accept(p, fd, from);
}

struct port *
worker_open_port(struct worker *w, const struct port_spec *spec, struct err *e)
{
    struct port *p = mem_zalloc(sizeof(*p));
    if (!p) {
        err_memory(e);
        return NULL;
    }
    p->worker = w;
    p->number = ++w->last_port;
    p->mode = spec->mode;
    p->server = spec->server;
    p->wanted = true;
    snprintf(p->name, sizeof(p->name), "%s", spec->name);
    p->listener = listen_open(w->loop, spec->host, spec->port, worker_on_accept, p, e);
    if (!p->listener) {
        mem_free(p);
        return NULL;
    }
    list_push(&w->ports, &p->node);
    return p;
}

struct port *
worker_find_port(struct worker *w, const struct port_spec *spec)
{
    struct sockaddr_storage at;
    bool exact = spec->port && sock_parse(spec->host, spec->port, &at);
    list_for (it, &w->ports) {
        struct port *p = port_at(it);
        if (slice_eq(slice_str(p->name), slice_str(spec->name)))
            return p;
        if (exact && sock_same(listen_addr(p->listener), (struct sockaddr *)&at))
            return p;
    }
    return NULL;
}

void
worker_sweep_ports(struct worker *w)
{
    list_for_safe (it, &w->ports) {
        struct port *p = port_at(it);
        if (!p->wanted)
            worker_close_port(p);
    }
}

/* Whether who connects to 'a' ends at a listener that is bound to 'own'. */
static bool
address_covers(const struct sockaddr *own, const struct sockaddr *a)
{
    struct sockaddr_storage any;
    if (sock_same(own, a))
        return true;
    if (sock_port(own) != sock_port(a))
        return false;
    /* A wildcard listener answers at every address of the machine. */
    bool wild =
        (sock_parse("0.0.0.0", sock_port(own), &any) && sock_same(own, (struct sockaddr *)&any)) ||
        (sock_parse("::", sock_port(own), &any) && sock_same(own, (struct sockaddr *)&any));
    return wild ? sock_is_loopback(a) || sock_is_own(a) : sock_is_unspecified(a);
}

bool
worker_is_own(const struct worker *w, const struct sockaddr *a)
{
    const struct proxy *p = w->proxy;
    list_for (it, &w->ports)
        if (address_covers(listen_addr(port_at(it)->listener), a))
            return true;
    for (unsigned i = 0; i < p->n_shunned; i++)
        if (address_covers((const struct sockaddr *)&p->shunned[i], a))
            return true;
    return false;
}
