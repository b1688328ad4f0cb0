/* A connection to the server of a flow. */
#include "base/mem.h"
#include "codec/url.h"
#include "flow/edit.h"
#include "io/stream.h"
#include "proxy/pool.h"
#include "proxy/session.h"
#include "proxy/session_h2.h"

/* An exchange that waits for its connection, or for that of another which may be shared. */
struct open_wait {
    struct waiter waiter;
    struct session *session;
    struct ask *ask;
    struct list node;         /* in the session's opens */
    struct open_wait *leader; /* whose connection it waits for; NULL: it asks the pool */
};

static void
open_give(struct session *s, struct ask *a, struct upstream *u)
{
    session_h2_own(s, u);
    a->open.server = u->fan;
    a->open.reused = u->fan->served > 0;
}

static void
open_answer(struct open_wait *o, struct upstream *u, const struct failure *why)
{
    struct ask *a = o->ask;
    struct session *s = o->session;
    a->host_data = NULL;
    list_remove(&o->node);
    mem_free(o);
    if (why) {
        a->open.why = *why;
        a->open.peer = u ? u->peer : NULL;
    } else if (u) {
        open_give(s, a, u);
    }
    ask_answer(a);
}

static void
open_fail(struct open_wait *o)
{
    open_answer(o, NULL, failure_kept(NULL));
}

/* Those that waited with 'o' ask for themselves: the first leads the others. */
static void
open_part(struct open_wait *o)
{
    struct open_wait *first = NULL;
    list_for_safe (it, &o->session->opens) {
        struct open_wait *f = container_of(it, struct open_wait, node);
        if (f->leader != o)
            continue;
        f->leader = first;
        if (first)
            continue;
        if (pool_wait(f->session->worker->pool, &f->waiter))
            first = f;
        else
            open_fail(f);
    }
}

static struct open_wait *
open_follower(struct session *s, const struct open_wait *o)
{
    list_for (it, &s->opens)
        if (container_of(it, struct open_wait, node)->leader == o)
            return container_of(it, struct open_wait, node);
    return NULL;
}

/* Those that waited with 'o' share its connection of HTTP/2, or its failure. One of HTTP/1 serves
 * one, and the others get their own. */
static void
open_share(struct open_wait *o, struct upstream *u, const struct failure *why)
{
    struct open_wait *f;
    while ((f = open_follower(o->session, o)) != NULL) {
        f->leader = NULL;
        if (why || u->h2)
            open_answer(f, u, why);
        else if (!pool_wait(f->session->worker->pool, &f->waiter))
            open_fail(f);
    }
}

static void
open_done(struct waiter *w, struct upstream *u, const struct failure *why)
{
    struct open_wait *o = container_of(w, struct open_wait, waiter);
    struct turn *t = loop_turn(o->session->worker->loop);
    turn_begin(t); /* the session stays until all have heard */
    if (!why)
        session_h2_own(o->session, u);
    open_share(o, u, why);
    open_answer(o, u, why);
    turn_end(t);
}

void
session_cancel_open(struct ask *a)
{
    struct open_wait *o = a->host_data;
    if (!o)
        return;
    if (!o->leader)
        pool_forget(&o->waiter);
    a->host_data = NULL;
    open_part(o);
    list_remove(&o->node);
    mem_free(o);
}

/* Whether it goes where the client's TLS was to go. */
static bool
open_is_own(const struct session *s, const struct flow *f)
{
    return s->tls && !(f->req.versions && !slice_eq(f->host, slice_str(s->target)));
}

/* A connection that is being opened, and can be shared if it turns out to be HTTP/2. */
static struct open_wait *
open_leader(struct session *s, const struct upstream_spec *spec)
{
    char key[UPSTREAM_KEY_MAX], other[UPSTREAM_KEY_MAX];
    if (!spec->h2 || list_empty(&s->opens))
        return NULL;
    upstream_key(spec, key);
    list_for (it, &s->opens) {
        struct open_wait *o = container_of(it, struct open_wait, node);
        upstream_key(&o->waiter.spec, other);
        if (!o->leader && slice_eq(slice_str(key), slice_str(other)))
            return o;
    }
    return NULL;
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

/* Whether the client, who spoke HTTP/2 to it in clear, must know that it speaks that. */
static bool
open_is_known_h2(const struct session *s, const struct flow *f)
{
    bool meant = s->tunnelled || s->fixed.host[0];
    return meant && !s->tls && !s->upgraded && slice_eq(f->host, slice_str(s->target)) &&
           f->port == s->port;
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

/* What becomes a tunnel, or goes out byte for byte. */
static bool
open_needs_h1(const struct flow *f)
{
    const struct version *v = edit_last(&f->req);
    const struct http_head *h = edit_head(&f->req);
    bool websocket = slice_eq(h->protocol, SLICE("websocket"));
    return (v && v->exact) || h->malformed || websocket || head_find(h, FIELD_UPGRADE);
}

static struct upstream_spec
open_spec(struct session *s, const struct ask *a)
{
    const struct flow *f = a->open.flow;
    struct authority to;
    bool tls = f->scheme[0] && f->scheme[4] == 's';
    struct upstream_spec spec = {.setup = s->setup, .host = f->host, .port = f->port, .tls = tls};
    spec.h2 = s->asks_h2 && (tls || open_is_known_h2(s, f)) && !open_needs_h1(f);
    if (tls && open_is_named(s, f))
        spec.sni = slice_str(s->sni);
    struct slice wanted = open_to(s, a);
    if (!wanted.n || !url_parse_authority(wanted, &to))
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

static struct upstream *
open_take(struct session *s, const struct upstream_spec *spec)
{
    struct upstream *u = s->bound ? open_take_bound(s, spec) : NULL;
    if (!u && spec->h2)
        u = session_h2_find(s, spec);
    return u ? u : pool_take(s->worker->pool, spec);
}

static enum ask_result
open_wait(struct session *s, struct ask *a, const struct upstream_spec *spec)
{
    struct open_wait *o = mem_zalloc(sizeof(*o));
    failure_set(&a->open.why, REASON_MEMORY, NULL);
    if (!o)
        return ASK_DONE;
    *o = (struct open_wait){.waiter = {.spec = *spec, .done = open_done},
                            .session = s,
                            .ask = a,
                            .leader = open_leader(s, spec)};
    list_init(&o->node);
    list_init(&o->waiter.node);
    if (!o->leader && !pool_wait(s->worker->pool, &o->waiter)) {
        mem_free(o);
        return ASK_DONE;
    }
    list_push(&s->opens, &o->node);
    a->host_data = o;
    return ASK_WAIT;
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
    struct upstream *u = a->open.fresh ? NULL : open_take(s, &spec);
    if (!u)
        return open_wait(s, a, &spec);
    open_give(s, a, u);
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
    if (u->h2) {
        session_h2_leave(s, u);
        return;
    }
    if (!reusable || u->fan->broken) {
        if (!f->error && !f->resp.head.keep_alive)
            chain_ends(u->chain, "connection-close");
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
