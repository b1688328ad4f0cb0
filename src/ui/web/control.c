/* The thread of the control API. */
#include "ui/web/control.h"

#include "api/option.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/listen.h"
#include "io/probe.h"
#include "io/sock.h"
#include "pki/ctx.h"
#include "proxy/proxy.h"
#include "proxy/setup.h"
#include "ui/web/feed.h"
#include "ui/web/gate.h"
#include "ui/web/hearing.h"
#include "ui/web/journal.h"
#include "ui/web/orphans.h"
#include "ui/web/replay.h"
#include "ui/web/server.h"

#include <stdio.h>

#define JOURNAL_LINES 1000
#define SOCKET_NAME   "api.sock"

/* The log has one tap, and a process one control. */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER; /* guards 'log_control' */
static struct control *log_control;

void
control_tell(struct control *c, struct moment *m)
{
    m->at = clock_wall();
    hub_tell(c->hub, m);
}

static void
control_tap(enum log_level level, const char *line)
{
    static const char *const kinds[] = {"error", "warn", "info", "debug"};
    struct moment m = {.id = HOOK_LOG, .word = kinds[level], .text = slice_str(line)};
    pthread_mutex_lock(&log_lock);
    if (log_control) {
        journal_add(log_control->events, kinds[level], "", slice_str(line));
        control_tell(log_control, &m);
    }
    pthread_mutex_unlock(&log_lock);
}

/* NULL: nobody hears of the log any more, not even of lines that are under way. */
static void
control_hear(struct control *c)
{
    log_set_tap(c ? control_tap : NULL);
    pthread_mutex_lock(&log_lock);
    log_control = c;
    pthread_mutex_unlock(&log_lock);
}

static void
control_on_client(void *arg, int fd, const struct sockaddr *from)
{
    server_accept(arg, fd, from);
}

static void
control_on_neighbour(void *arg, int fd, const struct sockaddr *from UNUSED)
{
    server_accept(arg, fd, NULL);
}

static bool
control_keep(struct control *c, struct listener *l)
{
    if (l)
        c->listeners[c->n_listeners++] = l;
    return l;
}

/* Others of the network may come in: then it is TLS, with a certificate for our address. */
static bool
control_secure(struct control *c, const struct sockaddr *at, struct err *e)
{
    struct ctx_policy policy = CTX_POLICY_DEFAULT;
    if (sock_is_loopback(at) && !sock_is_unspecified(at))
        return true;
    c->tls = ctx_accept_new(&policy, e);
    return c->tls;
}

static bool
control_listen_tcp(struct control *c, struct err *e)
{
    char host[64];
    uint16_t port;
    if (!sock_split(c->config->web_listen, host, &port))
        return err_set(e, ERR_USAGE, "'%s' is not an address", c->config->web_listen);
    TRY(!port || probe_port(host, port, e));
    TRY(control_keep(c, listen_open(c->loop, host, port, control_on_client, c, e)));
    const struct sockaddr *at = listen_addr(c->listeners[0]);
    sock_text(at, c->address, sizeof(c->address));
    return control_secure(c, at, e) && proxy_shun(c->given.proxy, at, e);
}

static bool
control_listen(struct control *c, struct err *e)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/" SOCKET_NAME, c->config->confdir);
    if (n < 0 || (size_t)n >= sizeof(path))
        return err_set(e, ERR_USAGE, "the name of '%s' is too long", c->config->confdir);
    return control_listen_tcp(c, e) &&
           control_keep(c, listen_open_unix(c->loop, path, control_on_neighbour, c, e));
}

static bool
control_fill(struct control *c, struct err *e)
{
    c->started = clock_wall();
    c->setup = proxy_setup(c->given.proxy);
    c->audit = journal_new(JOURNAL_LINES);
    c->events = journal_new(JOURNAL_LINES);
    if (!c->audit || !c->events)
        return err_memory(e);
    TRY(c->gate = gate_new(c->config->web_password, e));
    TRY(c->loop = loop_new(e));
    c->hub = hub_new(proxy_audience(c->given.proxy), c->loop);
    if (!c->hub)
        return err_memory(e);
    return control_listen(c, e);
}

struct control *
control_new(const struct control_options *o, struct err *e)
{
    struct control *c = mem_zalloc(sizeof(*c));
    if (!c) {
        err_memory(e);
        return NULL;
    }
    c->given = *o;
    c->config = config_ref(o->config);
    list_init(&c->visits);
    list_init(&c->feeds);
    list_init(&c->answers);
    pthread_mutex_init(&c->lock, NULL);
    if (control_fill(c, e)) {
        control_hear(c);
        return c;
    }
    control_free(c);
    return NULL;
}

static void
control_run(void *arg)
{
    struct control *c = arg;
    loop_run(c->loop);
}

bool
control_start(struct control *c, struct writer *w, struct err *e)
{
    c->writer = w;
    feed_start(c);
    /* The thread looks at it. */
    c->running = true;
    if (thread_start(&c->thread, "weir-control", control_run, c, e))
        return true;
    c->running = false;
    feed_stop(c);
    return false;
}

void
control_url(const struct control *c, struct buf *out)
{
    buf_printf(out, "%s://%s/#token=%s", c->tls ? "https" : "http", c->address,
               gate_token(c->gate));
}

/* Answers ----------------------------------------------------------------------------------- */

static void
control_take_answers(void *arg)
{
    struct control *c = arg;
    for (;;) {
        pthread_mutex_lock(&c->lock);
        struct list *first = list_empty(&c->answers) ? NULL : c->answers.next;
        if (first)
            list_remove(first);
        pthread_mutex_unlock(&c->lock);
        if (!first)
            return;
        struct control_work *w = container_of(first, struct control_work, node);
        w->done(w->arg);
    }
}

void
control_answer(struct control *c, struct control_work *w)
{
    pthread_mutex_lock(&c->lock);
    list_push(&c->answers, &w->node);
    pthread_mutex_unlock(&c->lock);
    /* Without memory it waits for the next one, or for the end. */
    if (!loop_post(c->loop, control_take_answers, c))
        log_line(LOG_WARN, "an answer of the control API comes late: no memory");
}

void
control_work(struct control *c, struct control_work *w)
{
    c->given.post(c->given.host, w);
}

/* The configuration that came last, or NULL when this thread knows it already. */
static struct config *
control_fresh(struct control *c, struct config *next)
{
    pthread_mutex_lock(&c->lock);
    struct config *before = c->fresh;
    c->fresh = next;
    pthread_mutex_unlock(&c->lock);
    return before;
}

static void
control_take_config(void *arg)
{
    struct control *c = arg;
    struct config *config = control_fresh(c, NULL);
    if (!config)
        return;
    option_for(o) if (!option_equal(o, c->config, config))
        control_tell(c, &(struct moment){.id = HOOK_OPTION_CHANGED, .word = o->name});
    config_unref(c->config);
    c->config = config;
}

void
control_adopt(struct control *c, const struct config *config)
{
    config_unref(control_fresh(c, config_ref(config)));
    if (!loop_post(c->loop, control_take_config, c))
        log_line(LOG_WARN, "the control API shows an old configuration: no memory");
}

/* The end ----------------------------------------------------------------------------------- */

void
control_stop(struct control *c)
{
    if (!c)
        return;
    /* Only once: later the engine may be gone. */
    if (c->running) {
        feed_stop(c);
        loop_stop(c->loop);
        thread_join(&c->thread);
    }
    c->running = false;
    server_close(c);
    while (c->n_listeners)
        listen_close(c->listeners[--c->n_listeners]);
    server_close(c);
    orphans_end(c);
}

void
control_free(struct control *c)
{
    if (!c)
        return;
    control_stop(c);
    control_hear(NULL);
    if (c->loop) {
        control_take_answers(c);
        replay_free(c);
        loop_free(c->loop);
    }
    hub_free(c->hub);
    ctx_free(c->tls);
    gate_free(c->gate);
    journal_free(c->audit);
    journal_free(c->events);
    setup_unref(c->setup);
    config_unref(c->config);
    config_unref(c->fresh);
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}
