/* Listeners by configuration. */
#include "proxy/ports.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/probe.h"
#include "io/sock.h"
#include "proxy/mode.h"
#include "proxy/session.h"
#include "proxy/worker.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#define PORTS_MAX 24
/* Tries to find one free port for IPv4 and IPv6 alike. */
#define PORTS_TRIES 20

struct plan {
    struct port_spec specs[PORTS_MAX];
    size_t n;
};

static bool
plan_add(struct plan *plan, const struct mode *m, const char *host, int port, struct err *e)
{
    if (plan->n == PORTS_MAX)
        return err_set(e, ERR_USAGE, "more than %d addresses to listen on", PORTS_MAX);
    struct port_spec *s = &plan->specs[plan->n];
    s->mode = m->ops;
    s->server = m->server;
    s->port = (uint16_t)port;
    snprintf(s->host, sizeof(s->host), "%s", host);
    snprintf(s->name, sizeof(s->name), "%s:%.*s@%s:%d", m->ops->name, SLICE_ARG(m->data), host,
             port);
    for (size_t i = 0; i < plan->n; i++)
        if (port && plan->specs[i].port == port &&
            slice_eq(slice_str(plan->specs[i].host), slice_str(host)))
            return err_set(e, ERR_USAGE, "two modes want to listen on '%s', port %d", host, port);
    plan->n++;
    return true;
}

static bool /* NOLINTNEXTLINE(readability-function-cognitive-complexity): TRY counts as a branch */
plan_mode(struct plan *plan, const char *spec, const struct config *c, struct err *e)
{
    struct mode m;
    char host[64];
    TRY(mode_parse(spec, &m, e));
    if (c->proxyauth && m.server.host[0])
        return err_set(e, ERR_USAGE,
                       "'proxyauth' protects nothing in mode '%s', whose clients know of no proxy",
                       spec);
    int usual = c->listen_port >= 0 ? (int)c->listen_port : m.ops->port;
    int port = m.port >= 0 ? m.port : usual;
    snprintf(host, sizeof(host), "%.*s", SLICE_ARG(m.host.n ? m.host : slice_str(c->listen_host)));
    if (host[0])
        return plan_add(plan, &m, host, port, e);
    return plan_add(plan, &m, "127.0.0.1", port, e) &&
           (!probe_address("::1") || plan_add(plan, &m, "::1", port, e));
}

static bool
plan_make(struct plan *plan, const struct config *c, struct err *e)
{
    plan->n = 0;
    for (const char **spec = c->mode; spec && *spec; spec++)
        TRY(plan_mode(plan, *spec, c, e));
    return true;
}

/* What a worker is to open. */
struct job {
    struct plan *plan;
    struct err *e;
    bool good;
};

/* The port that a spec with port 0 got on the first worker, or on its IPv4 twin. */
static void
job_note_port(struct plan *plan, size_t i, uint16_t port)
{
    plan->specs[i].port = port;
    if (i + 1 < plan->n && !plan->specs[i + 1].port &&
        plan->specs[i + 1].mode == plan->specs[i].mode &&
        slice_eq(slice_str(plan->specs[i].host), SLICE("127.0.0.1")) &&
        slice_eq(slice_str(plan->specs[i + 1].host), SLICE("::1")))
        plan->specs[i + 1].port = port;
}

static void
job_open(struct worker *w, void *arg)
{
    struct job *job = arg;
    struct plan *plan = job->plan;
    list_for (it, &w->ports)
        container_of(it, struct port, node)->wanted = false;
    for (size_t i = 0; i < plan->n; i++) {
        struct port *p = worker_find_port(w, &plan->specs[i]);
        if (!p && w == w->proxy->workers[0] &&
            !probe_port(plan->specs[i].host, plan->specs[i].port, job->e)) {
            job->good = false;
            return;
        }
        if (!p)
            p = worker_open_port(w, &plan->specs[i], job->e);
        if (!p) {
            job->good = false;
            return;
        }
        p->wanted = true;
        job_note_port(plan, i, listen_port(p->listener));
    }
}

/* What listens there already may do so for another mode or server from now on. */
static void
job_sweep(struct worker *w, void *arg)
{
    const struct plan *plan = arg;
    for (size_t i = 0; i < plan->n; i++) {
        struct port *p = worker_find_port(w, &plan->specs[i]);
        if (!p)
            continue;
        p->announced &= p->mode == plan->specs[i].mode;
        p->mode = plan->specs[i].mode;
        p->server = plan->specs[i].server;
        snprintf(p->name, sizeof(p->name), "%s", plan->specs[i].name);
    }
    worker_sweep_ports(w);
}

/* Back to what was: the new ones go, the old ones stay. */
static void
job_undo(struct worker *w, void *arg)
{
    const struct plan *before = arg;
    list_for (it, &w->ports) {
        struct port *p = container_of(it, struct port, node);
        p->wanted = false;
        for (size_t i = 0; i < before->n; i++)
            p->wanted |= slice_eq(slice_str(before->specs[i].name), slice_str(p->name));
    }
    worker_sweep_ports(w);
}

static bool
ports_try(struct proxy *p, struct plan *plan, const struct plan *before, struct err *e)
{
    struct job job = {.plan = plan, .e = e, .good = true};
    for (unsigned i = 0; i < p->n_workers && job.good; i++)
        worker_call(p->workers[i], job_open, &job);
    for (unsigned i = 0; i < p->n_workers; i++)
        worker_call(p->workers[i], job.good ? job_sweep : job_undo,
                    job.good ? plan : (void *)(uintptr_t)before);
    return job.good;
}

/* The plan as it was, and the one to be made. */
struct plans {
    struct plan before, now;
};

static bool
plans_carry_out(struct proxy *p, struct plans *plans, const struct config *c, struct err *e)
{
    struct plan *plan = &plans->now;
    for (int tries = 0; tries < PORTS_TRIES; tries++) {
        TRY(plan_make(plan, c, e));
        bool chosen = true; /* all ports were named: a second try would end alike */
        for (size_t i = 0; i < plan->n; i++)
            chosen &= plan->specs[i].port != 0;
        if (ports_try(p, plan, &plans->before, e))
            return true;
        if (chosen)
            return false;
    }
    return false;
}

bool
ports_apply(struct proxy *p, const struct setup *s, struct err *e)
{
    struct err ignored;
    struct plans *plans = mem_zalloc(sizeof(*plans));
    if (!plans)
        return err_memory(e);
    if (p->setup && p->setup != s && !plan_make(&plans->before, p->setup->config, &ignored))
        plans->before.n = 0;
    bool good = plans_carry_out(p, plans, s->config, e);
    mem_free(plans);
    return good;
}

struct port_list {
    struct buf *lines;
    bool fresh; /* only those that were not announced */
};

static void
ports_list(struct worker *w, void *arg)
{
    struct port_list *list = arg;
    char text[64];
    list_for (it, &w->ports) {
        struct port *p = container_of(it, struct port, node);
        if (list->fresh && p->announced)
            continue;
        p->announced |= list->fresh;
        sock_text(listen_addr(p->listener), text, sizeof(text));
        buf_printf(list->lines, "listening %s %s\n", p->mode->name, text);
    }
}

static bool
ports_write(const char *path, FILE *f, struct slice lines, struct err *e)
{
    bool good = f && fwrite(lines.p ? lines.p : "", 1, lines.n, f) == lines.n;
    if (f)
        good = (f == stdout || f == stderr ? fflush(f) : fclose(f)) == 0 && good;
    return good || err_errno(e, ERR_START, errno, "cannot write '%s'", path);
}

static void
ports_lines(const struct proxy *p, bool fresh, struct buf *out)
{
    struct port_list list = {.lines = out, .fresh = fresh};
    worker_call(p->workers[0], ports_list, &list);
}

bool
ports_announce(struct proxy *p, const struct config *c, struct err *e)
{
    struct buf fresh, all;
    buf_init(&fresh, 64u << 10);
    buf_init(&all, 64u << 10);
    ports_lines(p, true, &fresh);
    ports_lines(p, false, &all);
    /* Standard output belongs to the JSON where there is some. */
    FILE *out = c->json ? stderr : stdout;
    bool good = ports_write("standard output", out, buf_slice(&fresh), e);
    if (good && c->port_file)
        good = ports_write(c->port_file, fopen(c->port_file, "we"), buf_slice(&all), e);
    buf_release(&fresh);
    buf_release(&all);
    return good;
}

/* One listener on all workers. */
struct port_sum {
    const char *name;
    unsigned long accepted, open;
};

static unsigned long
count_sessions(const struct worker *w, const struct port *p)
{
    unsigned long n = 0;
    list_for (it, &w->sessions)
        n += container_of(it, struct session, node)->port_number == p->number;
    return n;
}

static void
sum_port(struct worker *w, void *arg)
{
    struct port_sum *sum = arg;
    list_for (it, &w->ports) {
        struct port *p = container_of(it, struct port, node);
        if (!slice_eq(slice_str(p->name), slice_str(sum->name)))
            continue;
        sum->accepted += p->accepted;
        sum->open += count_sessions(w, p);
    }
}

struct port_lines {
    struct {
        char name[sizeof(((struct port *)NULL)->name)], address[64];
        const char *mode;
    } lines[PORTS_MAX];
    size_t n;
};

static void
list_ports(struct worker *w, void *arg)
{
    struct port_lines *all = arg;
    list_for (it, &w->ports) {
        struct port *p = container_of(it, struct port, node);
        if (all->n == PORTS_MAX)
            return;
        snprintf(all->lines[all->n].name, sizeof(all->lines[0].name), "%s", p->name);
        sock_text(listen_addr(p->listener), all->lines[all->n].address,
                  sizeof(all->lines[0].address));
        all->lines[all->n++].mode = p->mode->name;
    }
}

void
proxy_listeners(struct proxy *p, struct json *j, const char *key)
{
    struct port_lines all = {.n = 0};
    worker_call(p->workers[0], list_ports, &all);
    json_begin_array(j, key);
    for (size_t i = 0; i < all.n; i++) {
        struct port_sum sum = {.name = all.lines[i].name};
        for (unsigned k = 0; k < p->n_workers; k++)
            worker_call(p->workers[k], sum_port, &sum);
        json_begin_object(j, NULL);
        json_str(j, "mode", all.lines[i].mode);
        json_str(j, "address", all.lines[i].address);
        json_u64(j, "open", sum.open);
        json_u64(j, "accepted", sum.accepted);
        json_end_object(j);
    }
    json_end_array(j);
}
