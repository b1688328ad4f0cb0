/* What becomes of a request: where it goes, or what we answer ourselves. */
#include "base/mem.h"
#include "codec/url.h"
#include "proxy/auth.h"
#include "proxy/hooks.h"
#include "proxy/onboard.h"
#include "proxy/page.h"
#include "proxy/session.h"

/* A password that takes its time, on another thread. */
struct auth_work {
    struct session *session;
    struct ask *ask; /* NULL: withdrawn */
    struct setup *setup;
    char *credentials;
    bool good;
};

static void
request_refuse(struct session *s, struct ask *a, const struct failure *why)
{
    struct flow *f = a->request.flow;
    flow_fail(f, reason_word(why->reason), arena_dup(f->arena, slice_str(why->text)));
    a->request.answer = true;
    if (!page_failure(s->setup->config, f, why, &a->request.content))
        a->request.content = SLICE_NONE;
}

/* The host has no bytes when there is no memory for them. */
static bool
request_set_target(struct flow *f, const char *scheme, struct slice host, uint16_t port)
{
    char normal[URL_HOST_MAX + 1];
    if (!url_host_normal(host, normal))
        return false;
    f->scheme = scheme;
    f->host = arena_dup(f->arena, slice_str(normal));
    f->port = port;
    return true;
}

/* Where a request that could not be parsed wants to go, as far as it can be told: absolute target,
 * tunnel, Host. */
static bool /* NOLINTNEXTLINE(readability-*): one form below the other */
request_find_target(struct session *s, struct flow *f)
{
    const struct http_head *h = &f->req.head;
    struct authority at;
    struct url u;
    if (s->fixed.host[0])
        return f->kind != FLOW_CONNECT && request_set_target(f, s->fixed.tls ? "https" : "http",
                                                             slice_str(s->target), s->port);
    if (f->kind == FLOW_CONNECT)
        return url_parse_authority(h->target, &at) && at.port &&
               request_set_target(f, "", at.host, at.port);
    if (url_parse_absolute(h->target, &u))
        return request_set_target(f, u.https ? "https" : "http", u.at.host, u.port);
    const char *scheme = s->tls ? "https" : "http";
    if (h->version == 20 && !s->tunnelled && h->scheme.n == 5)
        scheme = "https";
    if (s->tunnelled)
        return request_set_target(f, scheme, slice_str(s->target), s->port);
    bool named = h->malformed || h->version == 20;
    uint16_t usual = slice_eq(slice_str(scheme), SLICE("https")) ? 443 : 80;
    return named && url_parse_authority(head_value(h, FIELD_HOST), &at) &&
           request_set_target(f, scheme, at.host, at.port ? at.port : usual);
}

static bool
request_is_ours(struct session *s, const struct flow *f)
{
    return f->kind != FLOW_CONNECT && onboard_is_host(s->setup->config, f->host);
}

/* Asked of us in clear, for a host that is left alone: no rule and no person touches it. */
static bool
request_is_private(const struct session *s, struct flow *f)
{
    if (s->tunnelled || s->fixed.host[0] || f->kind == FLOW_CONNECT)
        return false;
    const char *by = session_leaves(s, f->host, f->port);
    f->passed = slice_str(by ? by : "");
    return by;
}

/* After the client has been found good: forward, or answer. */
static void
request_decide(struct session *s, struct ask *a)
{
    struct flow *f = a->request.flow;
    struct failure why;
    if (!request_find_target(s, f)) {
        failure_set(&why, REASON_BAD_TARGET, "'%.*s'",
                    SLICE_ARG(slice_first(f->req.head.target, 200)));
        request_refuse(s, a, &why);
        return;
    }
    if (!f->host.p) {
        failure_set(&why, REASON_MEMORY, NULL);
        request_refuse(s, a, &why);
        return;
    }
    a->request.set_host = s->fixed.host[0] && !s->setup->config->keep_host_header;
    if (!request_is_ours(s, f)) {
        if (f->kind == FLOW_CONNECT || request_is_private(s, f) || hooks_begin(s, a))
            return;
        failure_set(&why, REASON_MEMORY, NULL);
        request_refuse(s, a, &why);
        return;
    }
    a->request.answer = true;
    if (onboard_answer(s->setup, f, &a->request.content))
        return;
    failure_set(&why, REASON_INTERNAL, NULL);
    request_refuse(s, a, &why);
}

static void
request_ask_password(struct session *s, struct ask *a)
{
    struct failure why;
    failure_set(&why, REASON_PROXY_AUTH, NULL);
    request_refuse(s, a, &why);
}

static void
auth_work_run(void *arg)
{
    struct auth_work *w = arg;
    w->good = auth_check_slow(w->setup->auth, slice_str(w->credentials));
}

static void
auth_work_done(void *arg)
{
    struct auth_work *w = arg;
    if (w->ask) {
        w->ask->host_data = NULL;
        if (w->good)
            request_decide(w->session, w->ask);
        else
            request_ask_password(w->session, w->ask);
        ask_answer(w->ask);
    }
    setup_unref(w->setup);
    mem_free(w->credentials);
    mem_free(w);
}

static bool
request_check_slowly(struct session *s, struct ask *a, struct slice credentials)
{
    struct auth_work *w = mem_zalloc(sizeof(*w));
    if (!w)
        return false;
    *w = (struct auth_work){.session = s, .ask = a, .setup = setup_ref(s->setup)};
    w->credentials = mem_strndup(credentials.p, credentials.n);
    if (w->credentials && loop_work(s->worker->loop, auth_work_run, auth_work_done, w)) {
        a->host_data = w;
        return true;
    }
    setup_unref(w->setup);
    mem_free(w->credentials);
    mem_free(w);
    return false;
}

void
session_cancel_request(struct ask *a)
{
    struct auth_work *w = a->host_data;
    if (w)
        w->ask = NULL;
    a->host_data = NULL;
}

enum ask_result
session_ask_request(struct session *s, struct ask *a)
{
    a->host_data = NULL;
    if (s->blocked) {
        request_refuse(s, a, failure_kept(s->why));
        return ASK_DONE;
    }
    struct auth *auth = s->setup->auth;
    if (auth && !s->tunnelled) {
        struct slice credentials =
            head_value(&a->request.flow->req.head, FIELD_PROXY_AUTHORIZATION);
        enum auth_result r = credentials.n ? auth_check(auth, credentials) : AUTH_NO;
        if (r == AUTH_SLOW && request_check_slowly(s, a, credentials))
            return ASK_WAIT;
        if (r != AUTH_YES) {
            request_ask_password(s, a);
            return ASK_DONE;
        }
    }
    request_decide(s, a);
    return ASK_DONE;
}
