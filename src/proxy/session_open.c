/* A connection to the server of a flow. */
#include "base/mem.h"
#include "codec/url.h"
#include "io/stream.h"
#include "proxy/pool.h"
#include "proxy/session.h"

/* An exchange that waits for its connection. */
struct open_wait {
    struct waiter waiter;
    struct session *session;
    struct ask *ask;
};

static void
open_give(struct ask *a, struct upstream *u)
{
    a->open.server = u->fan;
    a->open.reused = u->fan->served > 0;
}

static void
open_done(struct waiter *w, struct upstream *u, const struct failure *why)
{
    struct open_wait *o = container_of(w, struct open_wait, waiter);
    struct ask *a = o->ask;
    a->host_data = NULL;
    mem_free(o);
    if (!why) {
        open_give(a, u);
    } else {
        a->open.why = *why;
        a->open.peer = u ? u->peer : NULL;
    }
    ask_answer(a);
}

void
session_cancel_open(struct ask *a)
{
    struct open_wait *o = a->host_data;
    if (!o)
        return;
    pool_forget(&o->waiter);
    a->host_data = NULL;
    mem_free(o);
}

/* Whether it goes where the client's TLS was to go. */
static bool
open_is_own(const struct session *s, const struct flow *f)
{
    return s->tls && !(f->req.versions && !slice_eq(f->host, slice_str(s->target)));
}

/* The name that the client said is for where it wanted to go. */
static bool
open_is_named(const struct session *s, const struct flow *f)
{
    return open_is_own(s, f) && !s->fixed.host[0];
}

struct slice
session_to(const struct session *s)
{
    return slice_str(s->to ? s->to : "");
}

/* Where a rule wants this request to go, or the whole connection; empty: where its target is. */
static struct slice
open_to(const struct session *s, const struct ask *a)
{
    const struct flow *f = a->open.flow;
    if (a->open.to.n || !s->to)
        return a->open.to;
    return open_is_own(s, f) && f->port == s->port ? session_to(s) : SLICE_NONE;
}

static struct upstream_spec
open_spec(struct session *s, const struct ask *a)
{
    const struct flow *f = a->open.flow;
    struct authority to;
    bool tls = f->scheme[0] && f->scheme[4] == 's';
    struct upstream_spec spec = {.setup = s->setup, .host = f->host, .port = f->port, .tls = tls};
    if (tls && open_is_named(s, f))
        spec.sni = slice_str(s->sni);
    if (!url_parse_authority(open_to(s, a), &to))
        return spec;
    if (tls && !spec.sni.n)
        spec.sni = f->host;
    spec.host = to.host;
    spec.port = to.port ? to.port : f->port;
    return spec;
}

/* A connection that this client alone may use, when it is the right one. */
static struct upstream *
open_take_bound(struct session *s, const struct upstream_spec *spec)
{
    char key[UPSTREAM_KEY_MAX];
    struct upstream *u = s->bound;
    upstream_key(spec, key);
    s->bound = NULL;
    if (!u->fan->broken && slice_eq(slice_str(key), slice_str(u->key)))
        return u;
    upstream_close(u);
    return NULL;
}

enum ask_result
session_ask_open(struct session *s, struct ask *a)
{
    struct upstream_spec spec = open_spec(s, a);
    a->host_data = NULL;
    if (s->failed) {
        /* What happened when we asked for its certificate. The next request tries again. */
        s->failed = false;
        a->open.why = *failure_kept(s->why);
        a->open.peer = s->failed_peer;
        return ASK_DONE;
    }
    struct upstream *u = NULL;
    if (!a->open.fresh)
        u = s->bound ? open_take_bound(s, &spec) : NULL;
    if (!a->open.fresh && !u)
        u = pool_take(s->worker->pool, &spec);
    if (u) {
        open_give(a, u);
        return ASK_DONE;
    }
    struct open_wait *o = mem_zalloc(sizeof(*o));
    if (!o) {
        failure_set(&a->open.why, REASON_MEMORY, NULL);
        return ASK_DONE;
    }
    *o = (struct open_wait){.waiter = {.spec = spec, .done = open_done}, .session = s, .ask = a};
    if (pool_wait(s->worker->pool, &o->waiter)) {
        a->host_data = o;
        return ASK_WAIT;
    }
    failure_set(&a->open.why, REASON_MEMORY, NULL);
    mem_free(o);
    return ASK_DONE;
}

/* NTLM and Negotiate authenticate the connection and not the request: whoever got it keeps it. */
static bool
leave_is_bound(const struct flow *f)
{
    static const struct slice schemes[] = {{"ntlm", 4}, {"negotiate", 9}};
    struct slice asked = head_value(&f->resp.head, FIELD_WWW_AUTHENTICATE);
    struct slice given = head_value(&f->req.head, FIELD_AUTHORIZATION);
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (slice_eq_nocase(slice_first(asked, schemes[i].n), schemes[i]) ||
            slice_eq_nocase(slice_first(given, schemes[i].n), schemes[i]))
            return true;
    return false;
}

void
session_leave(struct host *h, struct fan *server, struct flow *f, bool reusable)
{
    struct session *s = session_of(h);
    struct upstream *u = upstream_of(server);
    if (!reusable || u->fan->broken) {
        upstream_close(u);
        return;
    }
    if (u->bound || leave_is_bound(f)) {
        if (s->bound)
            upstream_close(s->bound);
        u->bound = s;
        s->bound = u;
        return;
    }
    pool_put(s->worker->pool, u);
}
