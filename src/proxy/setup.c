/* What is made from a configuration, once. */
#include "proxy/setup.h"

#include "base/log.h"
#include "base/mem.h"
#include "codec/url.h"
#include "pki/ca.h"
#include "pki/client_cert.h"
#include "pki/ctx.h"
#include "pki/heap.h"
#include "pki/trust.h"
#include "proxy/auth.h"
#include "proxy/hosts.h"

#include <string.h>

static void
setup_limits(struct layer_limits *l, const struct config *c)
{
    *l = (struct layer_limits){
        .head_max = (size_t)c->head_max,
        .line_max = (size_t)c->line_max,
        .fields_max = (size_t)c->fields_max,
        .trailer_max = 8192,
        .body_limit = c->body_limit,
        .decode_ratio = (unsigned)c->decode_ratio,
        .decode_limit = c->decode_limit,
        .head_time = c->head_time,
        .idle_time = c->idle_time,
        .keepalive_time = c->keepalive_time,
        .handshake_time = c->handshake_time,
        .body_rate = c->body_rate,
        .body_time = c->body_time,
        .allow_malformed = c->allow_malformed,
        .forward_chunk_ext = c->forward_chunk_ext,
        .h2_streams = (uint32_t)c->http2_streams,
        .h2_resets = (uint32_t)c->http2_resets,
        .h2_frames = (uint32_t)c->http2_frames,
    };
}

static bool
setup_policy(struct ctx_policy *p, const char *min, const char *max, struct err *e)
{
    return (!min || ctx_version_parse(slice_str(min), &p->min, e)) &&
           (!max || ctx_version_parse(slice_str(max), &p->max, e));
}

static bool
setup_contexts(struct setup *s, struct err *e)
{
    const struct config *c = s->config;
    struct ctx_policy accept = CTX_POLICY_DEFAULT;
    struct ctx_policy server = CTX_POLICY_DEFAULT;
    TRY(setup_policy(&accept, c->tls_version_client_min, c->tls_version_client_max, e));
    TRY(setup_policy(&server, c->tls_version_server_min, c->tls_version_server_max, e));
    accept.ciphers = c->ciphers_client;
    accept.groups = c->tls_ecdh_curve_client;
    server.ciphers = c->ciphers_server;
    server.groups = c->tls_ecdh_curve_server;
    s->accept = ctx_accept_new(&accept, e);
    s->connect = s->accept ? ctx_connect_new(&server, e) : NULL;
    return s->connect;
}

static bool
same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
setup_trust(struct setup *s, const struct setup *old, struct err *e)
{
    const struct config *c = s->config;
    /* Files may have another content under the same name; the roots of the system are many, and
     * stay. */
    bool system_only = !c->upstream_ca && !c->upstream_crl;
    if (old && system_only && !old->config->upstream_ca && !old->config->upstream_crl)
        s->trust = trust_ref(old->trust);
    else
        s->trust =
            trust_new(&(struct trust_options){.ca = c->upstream_ca, .crl = c->upstream_crl}, e);
    if (!s->trust && e)
        e->code = ERR_USAGE; /* a file of the user's */
    return s->trust;
}

static bool
setup_ca(struct setup *s, const struct setup *old, struct err *e)
{
    const struct config *c = s->config;
    if (old && same(c->confdir, old->config->confdir)) {
        s->ca = ca_ref(old->ca);
        return true;
    }
    struct ca_options o = {.dir = c->confdir,
                           .key_type = c->ca_key,
                           .passphrase = c->ca_passphrase,
                           .name_constraints = c->ca_name_constraints,
                           .lifetime_days = (unsigned)c->ca_lifetime};
    bool made = false;
    s->ca = ca_open(&o, &made, e);
    if (made)
        log_line(LOG_INFO,
                 "made the certificate authority of this installation: %s (clients: weir ca "
                 "install-help)",
                 ca_path(s->ca));
    return s->ca;
}

static void
setup_choices(struct setup *s, const struct config *c)
{
    s->eager = same(c->connection_strategy, "eager") && c->upstream_cert;
    if (same(c->on_invalid_upstream, "mirror"))
        s->on_invalid = ON_INVALID_MIRROR;
    if (same(c->on_invalid_upstream, "allow") || c->ssl_insecure)
        s->on_invalid = ON_INVALID_ALLOW;
}

static bool
setup_excepts(const struct setup *s, struct slice host)
{
    char normal[URL_HOST_MAX + 1];
    for (const char **at = s->config->insecure_hosts; at && *at; at++)
        if (url_host_normal(slice_str(*at), normal) && slice_eq(slice_str(normal), host))
            return true;
    return false;
}

enum on_invalid
setup_on_invalid(const struct setup *s, struct slice host, struct slice name)
{
    return setup_excepts(s, host) && setup_excepts(s, name) ? ON_INVALID_ALLOW : s->on_invalid;
}

static bool /* NOLINTNEXTLINE(readability-function-cognitive-complexity): TRY counts as a branch */
setup_fill(struct setup *s, const struct setup *old, struct err *e)
{
    const struct config *c = s->config;
    setup_limits(&s->limits, c);
    setup_choices(s, c);
    TRY((s->ignore = hosts_new(c->ignore_hosts, e)) && (s->allow = hosts_new(c->allow_hosts, e)) &&
        (s->tcp = hosts_new(c->tcp_hosts, e)));
    TRY(setup_ca(s, old, e));
    TRY(setup_trust(s, old, e));
    TRY(setup_contexts(s, e));
    if (c->client_certs)
        TRY(s->client_certs = client_certs_new(c->client_certs, e));
    if (c->proxyauth)
        TRY(s->auth = auth_new(c->proxyauth, e));
    return true;
}

struct setup *
setup_new(const struct config *c, const struct setup *old, struct err *e)
{
    static atomic_ulong ids;
    struct setup *s = mem_zalloc(sizeof(*s));
    if (!s) {
        err_memory(e);
        return NULL;
    }
    atomic_init(&s->refs, 1);
    s->id = atomic_fetch_add(&ids, 1) + 1;
    s->config = config_ref(c);
    unsigned long refusals = heap_refusals();
    if (setup_fill(s, old, e) && (heap_refusals() == refusals || err_memory(e)))
        return s;
    setup_unref(s);
    return NULL;
}

struct setup *
setup_ref(struct setup *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void
setup_unref(struct setup *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    ctx_free(s->accept);
    ctx_free(s->connect);
    client_certs_free(s->client_certs);
    auth_free(s->auth);
    hosts_free(s->ignore);
    hosts_free(s->allow);
    hosts_free(s->tcp);
    trust_unref(s->trust);
    ca_unref(s->ca);
    config_unref(s->config);
    mem_free(s);
}
