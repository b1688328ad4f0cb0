/* Two TLS layers back to back. */
#include "lib/tls_pair.h"

#include "codec/hello.h"
#include "layer/tls.h"
#include "lib/chain_make.h"
#include "lib/heap.h"

#include <assert.h>
#include <stdio.h>

/* The top ------------------------------------------------------------------------------------- */

static void
top_pump(struct tls_end *e)
{
    char bytes[5000];
    while (e->sent < e->to_send && !chain_full(e->chain)) {
        size_t n = MIN(sizeof(bytes), e->to_send - e->sent);
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)((e->sent + i) * 7);
        e->sent += n;
        layer_send(e->chain->top, slice_of(bytes, n));
    }
}

static size_t
top_on_data(struct tls_end *e, struct slice data)
{
    size_t n = MIN(data.n, e->take - MIN(e->take, e->got_n));
    e->offered = data.n;
    if (!n)
        return 0;
    if (e->got_n + n > e->got_cap) {
        e->got_cap = 2 * (e->got_n + n);
        e->got = heap_grow(e->got, e->got_cap);
    }
    memcpy(e->got + e->got_n, data.p, n);
    e->got_n += n;
    return n;
}

static size_t
top_on_event(struct layer *l, const struct event *ev)
{
    struct tls_end *e = ((struct tls_top *)l)->end;
    assert(!e->closes);
    switch (ev->type) {
    case EV_START:
        e->starts++;
        if (e->greeting)
            layer_send(l, slice_str(e->greeting));
        top_pump(e);
        break;
    case EV_DATA: return top_on_data(e, ev->data);
    case EV_ROOM: top_pump(e); break;
    case EV_EOF:
        e->eofs++;
        e->clean = ev->clean;
        break;
    case EV_CLOSED:
        e->closes++;
        e->closed = *ev->why;
        break;
    case EV_MOVED:
    case EV_PART:
    case EV_TIMER: break;
    }
    return 0;
}

static void
top_on_cmd(struct layer *l, const struct cmd *c)
{
    layer_down(l, c);
}

static void
top_destroy(struct layer *l)
{
    free(l);
}

static const struct layer_ops top_ops = {
    .name = "top", .on_event = top_on_event, .on_cmd = top_on_cmd, .destroy = top_destroy};

static void
top_push(struct tls_end *e)
{
    struct tls_top *top = heap_grow(NULL, sizeof(*top));
    *top = (struct tls_top){.layer = {.ops = &top_ops}, .end = e};
    chain_push(e->chain, &top->layer);
}

/* The host ------------------------------------------------------------------------------------ */

static struct tls_end *
end_of(struct host *h)
{
    return container_of(h, struct tls_end, host);
}

static struct slice
identity_of(const struct tls_pair *p)
{
    return slice_str(p->identity ? p->identity : "a");
}

static void
host_answer(struct tls_pair *p, struct ask *a)
{
    a->tls.way = p->way;
    a->tls.alert = p->alert;
    a->tls.instead = p->instead;
    if (p->no_ssl || p->way != TLS_WAY_SPEAK)
        return;
    SSL *ssl = SSL_new(p->accept_ctx);
    struct slice id = identity_of(p);
    if (!ssl || !SSL_set_session_id_context(ssl, (const unsigned char *)id.p, (unsigned)id.n)) {
        SSL_free(ssl);
        return;
    }
    if (p->no_cert)
        SSL_certs_clear(ssl);
    a->tls.ssl = p->server.ssl = ssl;
}

static enum ask_result
host_ask(struct host *h, struct ask *a)
{
    struct tls_pair *p = end_of(h)->pair;
    assert(a->type == ASK_TLS);
    p->asks++;
    snprintf(p->sni, sizeof(p->sni), "%.*s", SLICE_ARG(a->tls.hello->sni));
    if (p->wait) {
        p->asked = a;
        return ASK_WAIT;
    }
    host_answer(p, a);
    return ASK_DONE;
}

static void
host_cancel(struct host *h, struct ask *a)
{
    struct tls_pair *p = end_of(h)->pair;
    assert(p->asked == a);
    p->asked = NULL;
    p->cancels++;
}

static uint64_t
host_now(struct host *h)
{
    return end_of(h)->pair->now;
}

static void
host_secured(struct host *h, struct chain *c, SSL *ssl, const struct failure *why)
{
    struct tls_end *e = end_of(h);
    if (why) {
        e->bad++;
        e->failed = *why;
        if (e->freed_by_host) {
            e->chain = NULL;
            chain_free(c);
        }
        return;
    }
    assert(ssl == e->ssl);
    e->good++;
    if (c->role == ROLE_ACCEPT)
        top_push(e);
}

static const struct host_ops host_ops = {.ask = host_ask,
                                         .cancel = host_cancel,
                                         .now = host_now,
                                         .wall = host_now,
                                         .secured = host_secured};

/* Contexts ------------------------------------------------------------------------------------ */

static struct made root, leaf;

static int
on_verify(X509_STORE_CTX *store, void *arg)
{
    struct tls_pair *p = arg;
    X509_STORE_CTX_set_error(store, p->verify_error);
    return p->verify_error == X509_V_OK;
}

static int
on_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_pair *p = SSL_get_app_data(ssl);
    SSL_SESSION_free(p->session);
    p->session = session;
    return 1;
}

static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
        unsigned n, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;
    int r = SSL_select_next_proto(&chosen, out_n, ours, sizeof(ours) - 1, in, n);
    *out = chosen;
    return r == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static SSL_CTX *
make_ctx(const SSL_METHOD *method)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    assert(ctx);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
    return ctx;
}

static void
make_certs(void)
{
    struct made_spec r = made_root("Root"), l = made_leaf("weir.test");
    root = made_cert(&r, NULL);
    l.key = MADE_P256_OTHER;
    leaf = made_cert(&l, &root);
}

struct slice
tls_pair_leaf(void)
{
    static unsigned char der[4096];
    unsigned char *p = der;
    return slice_of(der, (size_t)i2d_X509(leaf.cert, &p));
}

static void
no_flush(struct chain *c)
{
}

void
tls_pair_init(struct tls_pair *p)
{
    static const unsigned char alpn[] = "\x08http/1.1";
    *p = (struct tls_pair){
        .limits = {.handshake_time = 10000000000ull}, .now = 1000000000ull, .name = "weir.test"};
    if (!leaf.cert)
        make_certs();
    turn_init(&p->turn, no_flush);
    p->accept_ctx = make_ctx(TLS_server_method());
    SSL_CTX_set_session_cache_mode(p->accept_ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(p->accept_ctx, on_alpn, NULL);
    assert(SSL_CTX_use_cert_and_key(p->accept_ctx, leaf.cert, leaf.key, NULL, 1) == 1);
    p->connect_ctx = make_ctx(TLS_client_method());
    SSL_CTX_set_verify(p->connect_ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(p->connect_ctx, on_verify, p);
    SSL_CTX_set_session_cache_mode(p->connect_ctx,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(p->connect_ctx, on_session);
    SSL_CTX_set_alpn_protos(p->connect_ctx, alpn, sizeof(alpn) - 1);
    p->server.take = p->client.take = SIZE_MAX;
}

/* Life ---------------------------------------------------------------------------------------- */

/* Puts a layer on the chain, or frees the chain. */
static void
end_open(struct tls_pair *p, struct tls_end *e, enum role role, struct layer *tls)
{
    struct peer *peer = peer_new();
    e->pair = p;
    e->host = (struct host){.ops = &host_ops, .limits = &p->limits};
    e->chain = peer && tls ? chain_new(&p->turn, &e->host, role, peer) : NULL;
    peer_unref(peer);
    if (!e->chain) {
        if (tls)
            tls->ops->destroy(tls);
        return;
    }
    chain_push(e->chain, tls);
    if (role == ROLE_CONNECT)
        top_push(e);
    chain_start(e->chain);
}

static SSL *
client_ssl(struct tls_pair *p)
{
    SSL *ssl = SSL_new(p->connect_ctx);
    assert(ssl);
    SSL_set_app_data(ssl, p);
    /* OpenSSL's macro wants a text that is not const. */
    char name[256];
    snprintf(name, sizeof(name), "%s", p->name ? p->name : "");
    if (p->name)
        SSL_set_tlsext_host_name(ssl, name);
    if (p->resume && p->session)
        SSL_set_session(ssl, p->session);
    return ssl;
}

void
tls_pair_open(struct tls_pair *p)
{
    end_open(p, &p->server, ROLE_ACCEPT, tls_accept_new());
    SSL *ssl = client_ssl(p);
    struct layer *connect = tls_connect_new(ssl);
    if (!connect)
        SSL_free(ssl);
    else
        p->client.ssl = ssl;
    end_open(p, &p->client, ROLE_CONNECT, connect);
}

static void
end_reset(struct tls_end *e)
{
    if (e->chain)
        chain_free(e->chain);
    free(e->got);
    *e = (struct tls_end){.take = SIZE_MAX};
}

void
tls_pair_close(struct tls_pair *p)
{
    end_reset(&p->server);
    end_reset(&p->client);
    p->asks = p->cancels = 0;
    p->asked = NULL;
}

void
tls_pair_release(struct tls_pair *p)
{
    tls_pair_close(p);
    SSL_SESSION_free(p->session);
    SSL_CTX_free(p->accept_ctx);
    SSL_CTX_free(p->connect_ctx);
}

/* The wire ------------------------------------------------------------------------------------ */

void
tls_pair_input(struct tls_end *to, struct slice bytes)
{
    if (!to->chain)
        return;
    /* A copy that ends where its memory ends, and that is gone after the call. */
    char *copy = heap_grow(NULL, bytes.n);
    if (bytes.n)
        memcpy(copy, bytes.p, bytes.n);
    chain_input(to->chain, slice_of(copy, bytes.n));
    free(copy);
}

static void
end_lost(struct tls_end *e, enum reason reason)
{
    struct failure why;
    failure_set(&why, reason, NULL);
    if (e->chain)
        chain_lost(e->chain, &why);
}

/* What is left to say when everything was sent. */
static bool
pass_end(struct tls_end *from, struct tls_end *to)
{
    struct wire *w = &from->chain->wire;
    bool closing = w->close || w->abort;
    if (from->told_end || !(closing || w->shut))
        return false;
    from->told_end = true;
    if (w->abort)
        end_lost(to, to->chain && to->chain->role == ROLE_ACCEPT ? REASON_CLIENT_CLOSED
                                                                 : REASON_SERVER_RESET);
    else if (to->chain)
        chain_eof(to->chain);
    if (closing)
        end_lost(from, REASON_NONE);
    return true;
}

bool
tls_pair_pass(struct tls_pair *p, struct tls_end *from)
{
    struct tls_end *to = from == &p->server ? &p->client : &p->server;
    if (!from->chain)
        return false;
    struct buf *out = &from->chain->wire.out;
    size_t n = p->piece ? MIN(p->piece, buf_len(out)) : buf_len(out);
    if (!n)
        return pass_end(from, to);
    bool deaf = !to->chain || from->cut || to->chain->wire.close || to->chain->wire.lost;
    if (!deaf && !chain_wants_input(to->chain))
        return false;
    char *copy = heap_grow(NULL, n);
    memcpy(copy, out->p + out->r, n);
    buf_consume(out, n);
    if (!deaf)
        tls_pair_input(to, slice_of(copy, n));
    free(copy);
    chain_drained(from->chain);
    return true;
}

void
tls_pair_run(struct tls_pair *p)
{
    bool moved = true;
    while (moved) {
        moved = tls_pair_pass(p, &p->client);
        moved |= tls_pair_pass(p, &p->server);
    }
}

void
tls_pair_connect(struct tls_pair *p)
{
    tls_pair_open(p);
    tls_pair_run(p);
}

void
tls_pair_answer(struct tls_pair *p)
{
    struct ask *a = p->asked;
    assert(a);
    p->asked = NULL;
    host_answer(p, a);
    ask_answer(a);
}

void
tls_pair_send(struct tls_end *e, struct slice bytes)
{
    if (!e->chain)
        return;
    turn_begin(e->chain->turn);
    e->chain->top->ops->on_cmd(e->chain->top, &(struct cmd){.type = CMD_SEND, .data = bytes});
    turn_end(e->chain->turn);
}

void
tls_pair_tell(struct tls_end *e, enum cmd_type type)
{
    if (!e->chain)
        return;
    turn_begin(e->chain->turn);
    e->chain->top->ops->on_cmd(e->chain->top, &(struct cmd){.type = type});
    turn_end(e->chain->turn);
}
