/* TLS over a chain: its life, from the first byte to the last. */
#include "layer/tls.h"

#include "base/clock.h"
#include "base/mem.h"
#include "layer/tls_state.h"

#include <openssl/err.h>

/* A client that goes away later than this after the handshake did not need the connection. */
#define REFUSAL_TIME (5 * NS_PER_S)

/* Records of a handshake: OpenSSL passes over any number of requests for another hello. */
#define HANDSHAKE_RECORDS_MAX 1024

/* Ends ---------------------------------------------------------------------------------------- */

static void
say_closed(struct tls *t, const struct failure *why)
{
    if (t->closed_up)
        return;
    t->closed_up = true;
    layer_up(&t->layer, &(struct event){.type = EV_CLOSED, .why = why});
}

static void
say_failed(struct tls *t, const struct failure *why)
{
    struct chain *c = t->layer.chain;
    c->host->ops->secured(c->host, c, t->ssl, why);
}

/* Dead, with nothing owed to it. Whether the host is to hear of the failure. */
static bool
die(struct tls *t)
{
    bool early = t->state < TLS_OPEN || (t->state == TLS_OPEN && t->role == ROLE_ACCEPT &&
                                         !t->got_data && !t->layer.ended);
    t->state = TLS_DEAD;
    t->layer.deadline = 0;
    tls_withdraw(t);
    return early;
}

void
tls_fail(struct tls *t, const struct failure *why)
{
    bool news = die(t);
    if (!t->eof)
        tls_last_alert(t);
    /* The host may free the chain: then there is nothing above and below us any more. */
    if (news)
        say_failed(t, why);
    say_closed(t, why);
    layer_tell(&t->layer, CMD_CLOSE);
}

void
tls_judge_silence(struct tls *t)
{
    struct host *host = t->layer.chain->host;
    struct failure why;
    if (t->role != ROLE_ACCEPT || t->state != TLS_OPEN || t->got_data || !t->shown)
        return;
    if (host->ops->now(host) > t->opened + REFUSAL_TIME)
        return;
    t->shown = false; /* once */
    tls_explain_silence(&why);
    say_failed(t, &why);
}

static void
on_closed(struct tls *t, const struct failure *lost)
{
    struct failure why = *lost;
    bool by_us = lost->reason == REASON_NONE || lost->reason == REASON_SHUTDOWN;
    if (!by_us)
        tls_judge_silence(t);
    bool news = t->state < TLS_OPEN && !by_us;
    if (news && lost->reason != REASON_MEMORY)
        tls_explain_lost(t, lost, &why);
    die(t);
    if (news)
        say_failed(t, &why);
    say_closed(t, &why);
}

static void
on_timer(struct tls *t)
{
    struct failure why;
    tls_explain_timeout(t, &why);
    tls_fail(t, &why);
}

/* Handshake ----------------------------------------------------------------------------------- */

static void
set_deadline(struct tls *t)
{
    struct host *host = t->layer.chain->host;
    uint64_t time = host->limits->handshake_time;
    t->layer.deadline = time ? host->ops->now(host) + time : 0;
}

static void
tell_start(struct tls *t)
{
    struct chain *c = t->layer.chain;
    bool client = t->role == ROLE_ACCEPT;
    enum hook_id id = client ? HOOK_TLS_CLIENT_START : HOOK_TLS_SERVER_START;
    if (host_wants(c->host, id))
        host_say(c->host, &(struct moment){.id = id,
                                           .client = client ? c->peer : NULL,
                                           .server = client ? NULL : c->peer});
}

bool
tls_begin(struct tls *t)
{
    if (!tls_bio_attach(t))
        return false;
    tell_start(t);
    if (t->role == ROLE_ACCEPT)
        SSL_set_accept_state(t->ssl);
    else
        SSL_set_connect_state(t->ssl);
    t->state = TLS_HANDSHAKE;
    set_deadline(t);
    return true;
}

static void
established(struct tls *t)
{
    struct chain *c = t->layer.chain;
    t->state = TLS_OPEN;
    t->layer.deadline = 0;
    t->opened = c->host->ops->now(c->host);
    t->idle_records = 0;
    tls_facts_agreed(t);
    /* What was sent before waits for the end of the turn. */
    chain_touch(c);
    c->host->ops->secured(c->host, c, t->ssl, NULL);
    if (t->state != TLS_OPEN)
        return;
    layer_up(&t->layer, &(struct event){.type = EV_START});
    if (t->shut) {
        tls_goodbye(t);
        layer_tell(&t->layer, CMD_SHUT);
    }
}

static void
handshake(struct tls *t)
{
    struct failure why;
    tls_forget_errors();
    int r = SSL_do_handshake(t->ssl);
    if (r == 1) {
        established(t);
        return;
    }
    if (SSL_get_error(t->ssl, r) != SSL_ERROR_WANT_READ)
        tls_explain(t, &why);
    else if (t->eof)
        tls_explain_eof(t, &why);
    else if (t->idle_records > HANDSHAKE_RECORDS_MAX)
        tls_explain_flood(t, &why);
    else
        return;
    tls_fail(t, &why);
}

static void
on_start(struct tls *t)
{
    struct failure why;
    if (t->role == ROLE_ACCEPT) {
        set_deadline(t);
    } else if (tls_begin(t)) {
        handshake(t);
    } else {
        failure_set(&why, REASON_MEMORY, NULL);
        tls_fail(t, &why);
    }
}

/* Events and commands ------------------------------------------------------------------------- */

static size_t
on_data(struct tls *t, struct slice data)
{
    /* Another layer may be in our place after this: the bytes are its own. */
    if (t->state == TLS_HELLO)
        tls_greet(t, data);
    if (t->state == TLS_HELLO || t->state == TLS_ASKED || !t->layer.down)
        return 0;
    t->in = data;
    if (t->state == TLS_HANDSHAKE)
        handshake(t);
    if (t->state == TLS_OPEN)
        tls_read(t);
    size_t left = t->state == TLS_DEAD ? 0 : t->in.n;
    t->in = SLICE_NONE;
    return data.n - left;
}

static void
on_eof(struct tls *t)
{
    struct failure why;
    t->eof = true;
    if (t->state == TLS_ASKED && t->ask->ask.tls.half)
        return;
    if (t->state == TLS_HELLO || t->state == TLS_ASKED) {
        tls_explain_eof(t, &why);
        tls_fail(t, &why);
        return;
    }
    /* What is left below comes once more; the end is behind it. */
    layer_tell(&t->layer, CMD_MORE);
}

static size_t
tls_on_event(struct layer *l, const struct event *ev)
{
    struct tls *t = tls_of(l);
    switch (ev->type) {
    case EV_START: on_start(t); break;
    case EV_DATA: return on_data(t, ev->data);
    case EV_TIMER: on_timer(t); break;
    case EV_EOF: on_eof(t); break;
    case EV_CLOSED: on_closed(t, ev->why); break;
    case EV_ROOM:
    case EV_MOVED:
    case EV_PART: return layer_up(l, ev);
    }
    return 0;
}

static void
on_shut(struct tls *t)
{
    bool now = t->state == TLS_OPEN && !t->shut;
    if (now)
        tls_goodbye(t);
    t->shut = true;
    if (now)
        layer_tell(&t->layer, CMD_SHUT);
}

static void
tls_on_cmd(struct layer *l, const struct cmd *c)
{
    struct tls *t = tls_of(l);
    switch (c->type) {
    case CMD_SEND: tls_send(t, c->data); return;
    case CMD_SHUT: on_shut(t); return;
    case CMD_FLUSH: tls_flush(t); break;
    case CMD_MORE: t->more = true; break;
    case CMD_TORN: t->torn = true; break;
    case CMD_CLOSE:
        if (!t->shut)
            tls_goodbye(t);
        die(t);
        break;
    case CMD_ABORT: die(t); break;
    case CMD_WAIT:
    case CMD_PART: break;
    }
    layer_down(l, c);
}

/* Life ---------------------------------------------------------------------------------------- */

static void
tls_destroy(struct layer *l)
{
    struct tls *t = tls_of(l);
    tls_withdraw(t);
    buf_release(&t->held);
    buf_release(&t->out);
    /* OpenSSL takes a connection that was not shut down for an attack, and spoils its session. */
    if (t->ssl)
        SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(t->ssl);
    mem_free(t);
}

/* A handshake record that begins with a ClientHello. */
static int
tls_detect(struct slice first)
{
    static const unsigned char min[] = {SSL3_RT_HANDSHAKE, 3, 0, 0, 0, SSL3_MT_CLIENT_HELLO};
    static const unsigned char max[] = {SSL3_RT_HANDSHAKE, 3, 4, 255, 255, SSL3_MT_CLIENT_HELLO};
    for (size_t i = 0; i < sizeof(min); i++) {
        if (i == first.n)
            return -1;
        unsigned char c = (unsigned char)first.p[i];
        if (c < min[i] || c > max[i])
            return 0;
    }
    return 100;
}

const struct layer_ops tls_accept_ops = {.name = "tls",
                                         .detect = tls_detect,
                                         .on_event = tls_on_event,
                                         .on_cmd = tls_on_cmd,
                                         .destroy = tls_destroy};

static const struct layer_ops tls_connect_ops = {
    .name = "tls", .on_event = tls_on_event, .on_cmd = tls_on_cmd, .destroy = tls_destroy};

static struct tls *
tls_new(enum role role)
{
    struct tls *t = mem_zalloc(sizeof(*t));
    if (!t)
        return NULL;
    t->role = role;
    t->layer.ops = role == ROLE_ACCEPT ? &tls_accept_ops : &tls_connect_ops;
    t->state = role == ROLE_ACCEPT ? TLS_HELLO : TLS_HANDSHAKE;
    buf_init(&t->held, LAYER_HELD_MAX);
    buf_init(&t->out, TLS_OUT_MAX);
    return t;
}

struct layer *
tls_accept_new(void)
{
    struct tls *t = tls_new(ROLE_ACCEPT);
    return t ? &t->layer : NULL;
}

struct layer *
tls_connect_new(struct ssl_st *ssl)
{
    struct tls *t = tls_new(ROLE_CONNECT);
    if (!t)
        return NULL;
    t->ssl = ssl;
    return &t->layer;
}
