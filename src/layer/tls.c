/* TLS over a chain: handshake and records. */
#include "base/mem.h"
#include "layer/tls_state.h"

#include <openssl/err.h>

#define TLS_RECORD 16384
/* Plaintext that may wait for the end of the handshake. */
#define TLS_OUT_MAX (128u << 10)
#define TLS_SCRATCH (64u << 10)
/* KeyUpdate messages without data between them: a flood is work for nothing. */
#define TLS_KEY_UPDATES_MAX 32

/* Where records are decrypted to: bytes live here for one event only, so one per thread will do. */
static _Thread_local char tls_scratch[TLS_SCRATCH];

static void
tls_drop_hello(struct tls *t)
{
    if (!t->hello)
        return;
    buf_release(&t->hello->raw);
    buf_release(&t->hello->scratch);
    mem_free(t->hello);
    t->hello = NULL;
}

static void
tls_say_closed(struct tls *t, const struct failure *why)
{
    t->state = TLS_DEAD;
    t->layer.deadline = 0;
    layer_up(&t->layer, &(struct event){.type = EV_CLOSED, .why = why});
}

static void
tls_fail(struct tls *t, const struct failure *why)
{
    struct host *host = t->layer.chain->host;
    bool secured = t->state == TLS_OPEN;
    tls_say_closed(t, why);
    if (!secured)
        host->ops->secured(host, t->layer.chain, t->ssl, why);
    tls_drop_hello(t);
    layer_tell(&t->layer, CMD_CLOSE);
}

/* The client is gone, the handshake was good, and not a byte came: many clients refuse like this. */
static void
tls_judge_silence(struct tls *t)
{
    struct host *host = t->layer.chain->host;
    struct failure why;
    if (t->role != ROLE_ACCEPT || t->state != TLS_OPEN || t->got_data)
        return;
    failure_set(&why, REASON_TLS_CLIENT,
                "refused:closed-after-handshake: the client sent nothing: it may not trust Weir's CA or pin another "
                "certificate, or it did not need the connection");
    t->got_data = true;
    host->ops->secured(host, t->layer.chain, t->ssl, &why);
}

static void
tls_on_message(int write, int version, int type, const void *p, size_t n, SSL *ssl, void *arg)
{
    struct tls *t = arg;
    (void)version;
    (void)ssl;
    if (!write && type == SSL3_RT_HANDSHAKE && n && *(const unsigned char *)p == SSL3_MT_KEY_UPDATE)
        t->key_updates++;
}

static bool
tls_begin(struct tls *t)
{
    struct host *host = t->layer.chain->host;
    if (!tls_bio_attach(t))
        return false;
    SSL_set_msg_callback(t->ssl, tls_on_message);
    SSL_set_msg_callback_arg(t->ssl, t);
    t->state = TLS_HANDSHAKE;
    if (host->limits->handshake_time)
        t->layer.deadline = host->ops->now(host) + host->limits->handshake_time;
    return true;
}

static void
tls_close_quietly(struct tls *t)
{
    struct failure why;
    failure_set(&why, t->role == ROLE_ACCEPT ? REASON_TLS_CLIENT : REASON_TLS_SERVER,
                "there is no certificate for this name");
    tls_fail(t, &why);
}

static void
tls_answered(struct ask *a)
{
    struct tls *t = container_of(a, struct tls, ask);
    t->ssl = a->tls.ssl;
    if (!t->ssl || !tls_begin(t))
        tls_close_quietly(t);
    else
        layer_tell(&t->layer, CMD_MORE);
}

/* Keeps the ClientHello with its bytes, for as long as the answer takes. */
static bool
tls_keep_hello(struct tls *t, struct slice in)
{
    t->hello = mem_zalloc(sizeof(*t->hello));
    if (!t->hello)
        return false;
    buf_init(&t->hello->raw, HELLO_MAX * 2);
    buf_init(&t->hello->scratch, HELLO_MAX);
    buf_append(&t->hello->raw, in);
    return !t->hello->raw.failed &&
           hello_parse(buf_slice(&t->hello->raw), &t->hello->scratch, &t->hello->hello) == HELLO_OK;
}

/* true: the handshake may run on the bytes. */
static bool
tls_read_hello(struct tls *t, struct slice in)
{
    struct buf scratch;
    struct hello h;
    buf_init(&scratch, HELLO_MAX);
    enum hello_result r = in.n ? hello_parse(in, &scratch, &h) : HELLO_MORE;
    buf_release(&scratch);
    if (r == HELLO_MORE) {
        if (t->eof) {
            t->state = TLS_DEAD;
            layer_tell(&t->layer, CMD_CLOSE);
        }
        return false;
    }
    if (r == HELLO_OK && tls_keep_hello(t, slice_first(in, h.size)))
        tls_facts_hello(t);
    else
        tls_drop_hello(t);
    t->state = TLS_ASKED;
    t->layer.deadline = 0;
    t->ask.type = ASK_TLS;
    t->ask.answered = tls_answered;
    t->ask.tls.hello = t->hello ? &t->hello->hello : NULL;
    t->ask.tls.ssl = NULL;
    if (chain_ask(t->layer.chain, &t->ask) == ASK_WAIT)
        return false;
    t->ssl = t->ask.tls.ssl;
    if (t->ssl && tls_begin(t))
        return true;
    tls_close_quietly(t);
    return false;
}

static void
tls_established(struct tls *t)
{
    struct host *host = t->layer.chain->host;
    t->state = TLS_OPEN;
    t->layer.deadline = 0;
    tls_facts_fill(t);
    tls_drop_hello(t);
    host->ops->secured(host, t->layer.chain, t->ssl, NULL);
    if (t->state == TLS_OPEN)
        layer_up(&t->layer, &(struct event){.type = EV_START});
}

static void
tls_handshake(struct tls *t)
{
    struct failure why;
    ERR_clear_error();
    int r = SSL_do_handshake(t->ssl);
    if (r == 1) {
        tls_established(t);
        return;
    }
    if (SSL_get_error(t->ssl, r) == SSL_ERROR_WANT_READ) {
        if (!t->eof)
            return;
        failure_set(&why, t->role == ROLE_ACCEPT ? REASON_TLS_CLIENT : REASON_TLS_SERVER, "%s",
                    t->role == ROLE_ACCEPT ? "refused:eof-in-handshake: the client closed without a word: it may not "
                                             "trust Weir's CA or pin another certificate"
                                           : "the server closed during the handshake");
    } else {
        tls_failure(t, &why);
    }
    tls_fail(t, &why);
}

/* Offers what is held and 'data' behind it; keeps what was not taken. */
static void
tls_offer(struct tls *t, struct slice data)
{
    bool direct = buf_len(&t->held) == 0;
    if (!direct)
        buf_append(&t->held, data);
    struct slice all = direct ? data : buf_slice(&t->held);
    size_t took = layer_up(&t->layer, &(struct event){.type = EV_DATA, .data = all});
    if (direct)
        buf_append(&t->held, slice_from(all, took));
    else
        buf_consume(&t->held, took);
    if (buf_len(&t->held) == 0)
        buf_release(&t->held);
}

static void
tls_end_of_input(struct tls *t, bool clean)
{
    if (t->eof_up)
        return;
    t->eof_up = true;
    tls_judge_silence(t);
    layer_up(&t->layer, &(struct event){.type = EV_EOF, .clean = clean});
}

/* Decrypts as many records as there are, up to the scratch; false when there is nothing more to get now. */
static bool
tls_fill(struct tls *t, size_t *n)
{
    int r = 1;
    *n = 0;
    while (*n < TLS_SCRATCH) {
        size_t got = 0;
        ERR_clear_error();
        r = SSL_read_ex(t->ssl, tls_scratch + *n, TLS_SCRATCH - *n, &got);
        *n += got;
        if (r != 1)
            break;
    }
    if (*n) {
        t->got_data = true;
        t->key_updates = 0;
    }
    return r == 1;
}

static void
tls_after_read(struct tls *t, int error)
{
    struct failure why;
    if (error == SSL_ERROR_WANT_READ && t->key_updates <= TLS_KEY_UPDATES_MAX) {
        if (t->eof && !t->in.n)
            tls_end_of_input(t, false);
        return;
    }
    if (error == SSL_ERROR_ZERO_RETURN) {
        tls_end_of_input(t, true);
        t->in = SLICE_NONE; /* nothing counts behind close_notify */
        return;
    }
    if (error == SSL_ERROR_WANT_READ)
        failure_set(&why, REASON_TLS_CLIENT, "too many KeyUpdate messages");
    else
        tls_failure(t, &why);
    bool refused = t->role == ROLE_ACCEPT && !t->got_data;
    struct host *host = t->layer.chain->host;
    if (refused) {
        t->got_data = true;
        host->ops->secured(host, t->layer.chain, t->ssl, &why);
    }
    tls_fail(t, &why);
}

static void
tls_read(struct tls *t)
{
    bool again = true;
    if (buf_len(&t->held))
        tls_offer(t, SLICE_NONE);
    while (again && t->state == TLS_OPEN && buf_len(&t->held) < LAYER_HELD_MAX) {
        size_t n;
        again = tls_fill(t, &n);
        int error = again ? SSL_ERROR_NONE : SSL_get_error(t->ssl, 0);
        if (n)
            tls_offer(t, slice_of(tls_scratch, n));
        if (!again && t->state == TLS_OPEN)
            tls_after_read(t, error);
    }
}

static size_t
tls_on_data(struct tls *t, struct slice data)
{
    if (t->state == TLS_HELLO && !tls_read_hello(t, data))
        return 0;
    if (t->state == TLS_ASKED)
        return 0;
    t->in = data;
    if (t->state == TLS_HANDSHAKE)
        tls_handshake(t);
    if (t->state == TLS_OPEN)
        tls_read(t);
    size_t left = t->state == TLS_DEAD ? 0 : t->in.n;
    t->in = SLICE_NONE;
    return data.n - left;
}

static void
tls_on_start(struct tls *t)
{
    struct host *host = t->layer.chain->host;
    if (t->role == ROLE_ACCEPT) {
        if (host->limits->handshake_time)
            t->layer.deadline = host->ops->now(host) + host->limits->handshake_time;
        return;
    }
    if (tls_begin(t))
        tls_handshake(t);
    else
        tls_close_quietly(t);
}

static void
tls_on_timer(struct tls *t)
{
    struct failure why;
    bool client = t->role == ROLE_ACCEPT;
    failure_set(&why, client ? REASON_TLS_CLIENT : REASON_TLS_SERVER, "the %s did not finish it in time",
                client ? "client" : "server");
    tls_fail(t, &why);
}

static void
tls_on_closed(struct tls *t, const struct failure *lost)
{
    struct host *host = t->layer.chain->host;
    struct failure why;
    bool by_peer = lost->reason != REASON_SHUTDOWN && lost->reason != REASON_NONE;
    enum tls_state state = t->state;
    if (t->ask.waiting) {
        t->ask.waiting = false;
        host->ops->cancel(host, &t->ask);
    }
    if (by_peer)
        tls_judge_silence(t);
    tls_say_closed(t, lost);
    if (state != TLS_HANDSHAKE && state != TLS_ASKED)
        return;
    failure_set(&why, t->role == ROLE_ACCEPT ? REASON_TLS_CLIENT : REASON_TLS_SERVER, "%s%s",
                t->role == ROLE_ACCEPT && by_peer ? "refused:reset: " : "", lost->text);
    host->ops->secured(host, t->layer.chain, t->ssl, &why);
}

static size_t
tls_on_event(struct layer *l, const struct event *ev)
{
    struct tls *t = tls_of(l);
    switch (ev->type) {
    case EV_START: tls_on_start(t); break;
    case EV_DATA: return tls_on_data(t, ev->data);
    case EV_TIMER: tls_on_timer(t); break;
    case EV_EOF:
        /* What is left untaken comes once more; the end is judged behind it. */
        t->eof = true;
        layer_tell(l, CMD_MORE);
        break;
    case EV_CLOSED: tls_on_closed(t, ev->why); break;
    case EV_ROOM:
    case EV_PART:
    case EV_ANSWER: return layer_up(l, ev);
    }
    return 0;
}

/* The BIO takes everything, a record per call: a failure is the end of the connection. */
static void
tls_encrypt(struct tls *t, struct slice data)
{
    while (data.n) {
        size_t took = 0;
        ERR_clear_error();
        if (SSL_write_ex(t->ssl, data.p, data.n, &took) != 1) {
            layer_tell(&t->layer, CMD_ABORT);
            return;
        }
        data = slice_from(data, took);
    }
}

static void
tls_flush(struct tls *t)
{
    if (t->state != TLS_OPEN || !buf_len(&t->out))
        return;
    tls_encrypt(t, buf_slice(&t->out));
    buf_release(&t->out);
}

/* Whole records go out of the caller's bytes; what is less waits for more, or for the end of the turn. */
static void
tls_send(struct tls *t, struct slice data)
{
    if (t->state == TLS_DEAD)
        return;
    size_t room = TLS_RECORD - MIN(buf_len(&t->out), TLS_RECORD);
    /* Who sends may be at work in the turn of another chain: CMD_FLUSH comes only to those that were touched. */
    chain_touch(t->layer.chain);
    if (t->state != TLS_OPEN || data.n < room) {
        buf_append(&t->out, data);
        if (t->out.failed)
            layer_tell(&t->layer, CMD_ABORT);
        chain_touch(t->layer.chain); /* for CMD_FLUSH */
        return;
    }
    if (buf_len(&t->out)) {
        buf_append(&t->out, slice_first(data, room));
        data = slice_from(data, room);
        tls_flush(t);
    }
    size_t whole = data.n - data.n % TLS_RECORD;
    tls_encrypt(t, slice_first(data, whole));
    buf_append(&t->out, slice_from(data, whole));
    chain_touch(t->layer.chain);
}

static void
tls_goodbye(struct tls *t)
{
    tls_flush(t);
    if (t->state == TLS_OPEN) {
        ERR_clear_error();
        SSL_shutdown(t->ssl);
        ERR_clear_error();
    }
}

static void
tls_on_cmd(struct layer *l, const struct cmd *c)
{
    struct tls *t = tls_of(l);
    switch (c->type) {
    case CMD_SEND: tls_send(t, c->data); return;
    case CMD_FLUSH: tls_flush(t); break;
    case CMD_SHUT: tls_goodbye(t); break;
    case CMD_CLOSE:
        tls_goodbye(t);
        t->state = TLS_DEAD;
        break;
    case CMD_ABORT: t->state = TLS_DEAD; break;
    case CMD_MORE:
    case CMD_PART: break;
    }
    layer_down(l, c);
}

static void
tls_destroy(struct layer *l)
{
    struct tls *t = tls_of(l);
    tls_drop_hello(t);
    buf_release(&t->held);
    buf_release(&t->out);
    if (t->ssl)
        SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); /* else its session could not be resumed */
    SSL_free(t->ssl);
    mem_free(t);
}

/* A handshake record with a ClientHello in it. */
static int
tls_detect(struct slice first)
{
    static const struct {
        unsigned char min, max;
    } want[] = {{0x16, 0x16}, {3, 3}, {0, 4}, {0, 0xff}, {0, 0xff}, {1, 1}};
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        if (i >= first.n)
            return -1;
        unsigned char c = (unsigned char)first.p[i];
        if (c < want[i].min || c > want[i].max)
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
    buf_init(&t->held, LAYER_HELD_MAX + TLS_SCRATCH);
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
    t->state = TLS_HANDSHAKE;
    SSL_set_connect_state(ssl);
    return &t->layer;
}
