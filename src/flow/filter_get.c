/* Fields of a query that are facts of the flow and its connections. */
#include "flow/filter_get.h"

#include "base/clock.h"
#include "codec/cert.h"

#include <stdio.h>

static bool
say(struct filter_view *v, struct slice s)
{
    return s.n && view_text(v, s);
}

static bool
say_str(struct filter_view *v, const char *z)
{
    return say(v, slice_str(z));
}

static const struct peer_tls *
tls_of(const struct peer *p)
{
    static const struct peer_tls none;
    return p && p->tls ? p->tls : &none;
}

bool
get_client(struct filter_view *v, unsigned side)
{
    (void)side;
    return v->flow->client && say_str(v, v->flow->client->remote);
}

bool
get_listener(struct filter_view *v, unsigned side)
{
    (void)side;
    return v->flow->client && say_str(v, v->flow->client->local);
}

bool
get_host(struct filter_view *v, unsigned side)
{
    (void)side;
    return say(v, view_target(v->flow).host);
}

bool
get_scheme(struct filter_view *v, unsigned side)
{
    (void)side;
    return say(v, view_target(v->flow).scheme);
}

/* By address, and by name as it was asked for. */
bool
get_server(struct filter_view *v, unsigned side)
{
    (void)side;
    const struct peer *p = v->flow->server;
    if (!p)
        return false;
    if (say_str(v, p->remote))
        return true;
    char name[300];
    int n = snprintf(name, sizeof(name), "%s:%u", p->host ? p->host : "", (unsigned)p->port);
    return p->host && n > 0 && (size_t)n < sizeof(name) && view_text(v, slice_of(name, (size_t)n));
}

bool
get_sni(struct filter_view *v, unsigned side)
{
    (void)side;
    return say_str(v, tls_of(v->flow->client)->sni);
}

bool
get_alpn(struct filter_view *v, unsigned side)
{
    (void)side;
    return say_str(v, tls_of(v->flow->client)->alpn);
}

bool
get_tls_version(struct filter_view *v, unsigned side)
{
    (void)side;
    return say_str(v, tls_of(v->flow->client)->version) ||
           say_str(v, tls_of(v->flow->server)->version);
}

bool
get_tls_cipher(struct filter_view *v, unsigned side)
{
    (void)side;
    return say_str(v, tls_of(v->flow->client)->cipher) ||
           say_str(v, tls_of(v->flow->server)->cipher);
}

bool
get_ja3(struct filter_view *v, unsigned side)
{
    (void)side;
    return say_str(v, tls_of(v->flow->client)->ja3);
}

bool
get_ja4(struct filter_view *v, unsigned side)
{
    (void)side;
    return say_str(v, tls_of(v->flow->client)->ja4);
}

/* That of the server itself, not of those above it. */
static bool
server_cert(const struct flow *f, struct cert *out)
{
    const struct peer_tls *tls = tls_of(f->server);
    return tls->n_certs && cert_read(block_slice(tls->certs[0]), out);
}

static bool
say_name(void *arg, struct slice name)
{
    return say(arg, name);
}

bool
get_cert_cn(struct filter_view *v, unsigned side)
{
    (void)side;
    struct cert c;
    return server_cert(v->flow, &c) && cert_each_attribute(c.subject, true, say_name, v);
}

bool
get_cert_san(struct filter_view *v, unsigned side)
{
    (void)side;
    struct cert c;
    return server_cert(v->flow, &c) && cert_each_alt_name(&c, say_name, v);
}

bool
get_cert_issuer(struct filter_view *v, unsigned side)
{
    (void)side;
    struct cert c;
    return server_cert(v->flow, &c) && cert_each_attribute(c.issuer, false, say_name, v);
}

/* By its word, and by its sentence. */
bool
get_error(struct filter_view *v, unsigned side)
{
    (void)side;
    return say_str(v, v->flow->error) || (v->flow->error && say(v, v->flow->error_text));
}

static const struct marks *
marks_of(const struct flow *f)
{
    static const struct marks none;
    const struct marks *m = atomic_load(&f->marks);
    return m ? m : &none;
}

bool
get_mark(struct filter_view *v, unsigned side)
{
    (void)side;
    return say(v, marks_of(v->flow)->mark);
}

bool
get_note(struct filter_view *v, unsigned side)
{
    (void)side;
    return say(v, marks_of(v->flow)->note);
}

bool
get_tag(struct filter_view *v, unsigned side)
{
    (void)side;
    const struct marks *m = marks_of(v->flow);
    for (size_t i = 0; i < m->n_tags; i++)
        if (say(v, m->tags[i]))
            return true;
    return false;
}

bool
get_rule(struct filter_view *v, unsigned side)
{
    (void)side;
    for (const struct trace *t = v->flow->trace; t; t = t->next)
        if (say(v, t->name))
            return true;
    return false;
}

bool
get_id(const struct flow *f, unsigned side, uint64_t *out)
{
    (void)side;
    *out = f->id;
    return true;
}

bool
get_conn(const struct flow *f, unsigned side, uint64_t *out)
{
    (void)side;
    *out = f->client ? f->client->id : 0;
    return f->client;
}

bool
get_port(const struct flow *f, unsigned side, uint64_t *out)
{
    (void)side;
    *out = view_target(f).port;
    return *out;
}

bool
get_status(const struct flow *f, unsigned side, uint64_t *out)
{
    (void)side;
    const struct http_head *h = view_head(f, FILTER_RESPONSE);
    *out = h ? h->status : 0;
    return *out;
}

static uint64_t
content_size(const struct http_msg *m)
{
    return edit_body(m)->size;
}

bool
get_size(const struct flow *f, unsigned side, uint64_t *out)
{
    bool request = side & FILTER_REQUEST && view_head(f, FILTER_REQUEST);
    bool response = side & FILTER_RESPONSE && view_head(f, FILTER_RESPONSE);
    *out = (request ? content_size(&f->req) : 0) + (response ? content_size(&f->resp) : 0);
    return request || response;
}

bool
get_len(const struct flow *f, unsigned side, uint64_t *out)
{
    const struct http_msg *m = side == FILTER_REQUEST ? &f->req : &f->resp;
    *out = m->head.raw.n + m->wire_bytes;
    return m->head.raw.n;
}

/* false when either of them has not happened. */
static bool
between(uint64_t from, uint64_t to, uint64_t *out)
{
    *out = to > from ? to - from : 0;
    return from && to;
}

bool
get_time(const struct flow *f, unsigned side, uint64_t *out)
{
    (void)side;
    return between(f->started, f->ended, out);
}

bool
get_ttfb(const struct flow *f, unsigned side, uint64_t *out)
{
    (void)side;
    return between(f->started, f->resp.head_at, out);
}

bool
get_connect(const struct flow *f, unsigned side, uint64_t *out)
{
    (void)side;
    const struct peer *p = f->server;
    return p && between(p->resolved ? p->resolved : p->opened, p->connected, out);
}

bool
get_handshake(const struct flow *f, unsigned side, uint64_t *out)
{
    (void)side;
    const struct peer *p = f->server;
    return p && between(p->connected, p->secured, out);
}

/* These two ask a clock: what they say is another thing at any time. */
bool
get_cert_expires(const struct flow *f, unsigned side, uint64_t *out)
{
    (void)side;
    struct cert c;
    if (!server_cert(f, &c))
        return false;
    uint64_t now = clock_wall(), end = MIN(c.not_after, UINT64_MAX / NS_PER_S) * NS_PER_S;
    *out = end > now ? end - now : 0;
    return true;
}

bool
get_age(const struct flow *f, unsigned side, uint64_t *out)
{
    (void)side;
    return between(f->started, clock_wall(), out);
}

bool
get_at(const struct flow *f, unsigned side, uint64_t *out)
{
    (void)side;
    *out = f->started;
    return f->started;
}
