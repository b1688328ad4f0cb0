/* The beginning with a client: its ClientHello, and what the host says to it. */
#include "base/mem.h"
#include "layer/tls_state.h"

/* One more record than a message may need: when this fails there is no memory. */
#define SCRATCH_MAX (HELLO_MAX + TLS_RECORD)

static void
hello_drop(struct tls *t)
{
    mem_free(t->ask);
    t->ask = NULL;
    if (!t->hello)
        return;
    buf_release(&t->hello->scratch);
    mem_free(t->hello);
    t->hello = NULL;
}

void
tls_withdraw(struct tls *t)
{
    if (t->ask && t->ask->ask.waiting) {
        struct host *host = t->layer.chain->host;
        t->ask->ask.waiting = false;
        host->ops->cancel(host, &t->ask->ask);
    }
    hello_drop(t);
}

/* The layer below may move its bytes while the host looks for an answer: they are copied. */
static bool
hello_keep(struct tls *t, struct slice bytes)
{
    t->hello = mem_alloc(sizeof(*t->hello) + bytes.n);
    if (!t->hello)
        return false;
    memcpy(t->hello->bytes, bytes.p, bytes.n);
    buf_init(&t->hello->scratch, SCRATCH_MAX);
    return hello_parse(slice_of(t->hello->bytes, bytes.n), &t->hello->scratch, &t->hello->hello) ==
           HELLO_OK;
}

/* The client gets no TLS of ours. The host knows why. */
static void
hello_turn_away(struct tls *t, const struct ask *a)
{
    struct layer *instead = a->tls.instead;
    enum tls_way way = a->tls.way;
    t->state = TLS_DEAD;
    if (way == TLS_WAY_ALERT)
        tls_plain_alert(t, a->tls.alert);
    hello_drop(t);
    if (way == TLS_WAY_INSTEAD)
        chain_swap(t->layer.chain, &t->layer, instead);
    else
        layer_tell(&t->layer, way == TLS_WAY_RESET ? CMD_ABORT : CMD_CLOSE);
}

static void
hello_answered(struct tls *t)
{
    struct failure why;
    if (t->ask->ask.tls.way != TLS_WAY_SPEAK) {
        hello_turn_away(t, &t->ask->ask);
        return;
    }
    t->ssl = t->ask->ask.tls.ssl;
    hello_drop(t);
    if (t->ssl && tls_begin(t))
        return;
    if (t->ssl)
        failure_set(&why, REASON_MEMORY, NULL);
    else
        tls_explain_proxy(t, "there is no certificate for this host", &why);
    tls_fail(t, &why);
}

static void
on_answered(struct ask *a)
{
    struct tls *t = container_of(a, struct tls_ask, ask)->tls;
    if (!t->layer.down) {
        t->ssl = a->tls.ssl;
        if (a->tls.instead)
            a->tls.instead->ops->destroy(a->tls.instead);
        return;
    }
    hello_answered(t);
    layer_tell(&t->layer, CMD_MORE);
}

static void
hello_ask(struct tls *t)
{
    struct failure why;
    t->ask = mem_zalloc(sizeof(*t->ask));
    if (!t->ask) {
        failure_set(&why, REASON_MEMORY, NULL);
        tls_fail(t, &why);
        return;
    }
    t->state = TLS_ASKED;
    t->layer.deadline = 0;
    t->ask->tls = t;
    struct ask *a = &t->ask->ask;
    a->type = ASK_TLS;
    a->answered = on_answered;
    a->tls.hello = &t->hello->hello;
    if (chain_ask(t->layer.chain, a) == ASK_DONE)
        hello_answered(t);
}

void
tls_greet(struct tls *t, struct slice in)
{
    struct failure why;
    struct hello h;
    struct buf scratch;
    if (!in.n)
        return;
    buf_init(&scratch, SCRATCH_MAX);
    t->first = hello_parse(in, &scratch, &h);
    bool memory = scratch.failed;
    if (t->first == HELLO_OK)
        tls_facts_hello(t, &h);
    buf_release(&scratch);
    if (t->first == HELLO_MORE)
        return;
    if (t->first != HELLO_OK && !memory) {
        tls_explain(t, &why);
        tls_fail(t, &why);
        return;
    }
    if (memory || !hello_keep(t, slice_first(in, h.size))) {
        failure_set(&why, REASON_MEMORY, NULL);
        tls_fail(t, &why);
        return;
    }
    hello_ask(t);
}
