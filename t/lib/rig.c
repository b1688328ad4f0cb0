/* A stack of layers without a network: its connections, its driver, its clock. */
#include "lib/rig.h"

#include "base/clock.h"
#include "base/mem.h"
#include "layer/exchange.h"
#include "layer/h1.h"
#include "layer/h2.h"
#include "layer/lane.h"
#include "layer/peek.h"
#include "layer/relay.h"
#include "lib/heap.h"

#include <assert.h>
#include <stdio.h>

#define READ_MAX (64u << 10) /* the most that a driver reads at once */

/* The seam ---------------------------------------------------------------------------------------
 * A layer right above the wire that passes everything on, and can say that an end was not clean. */

struct seam {
    struct layer layer;
    struct rig_conn *conn;
};

static size_t
seam_on_event(struct layer *l, const struct event *ev)
{
    struct seam *s = container_of(l, struct seam, layer);
    struct event copy = *ev;
    if (ev->type == EV_EOF)
        copy.clean = !s->conn->unclean;
    return layer_up(l, &copy);
}

static void
seam_on_cmd(struct layer *l, const struct cmd *c)
{
    layer_down(l, c);
}

static void
seam_destroy(struct layer *l)
{
    mem_free(container_of(l, struct seam, layer));
}

static const struct layer_ops seam_ops = {
    .name = "seam", .on_event = seam_on_event, .on_cmd = seam_on_cmd, .destroy = seam_destroy};

/* Chains ----------------------------------------------------------------------------------------
 */

static void
conn_end(struct rig_conn *c)
{
    struct failure why;
    failure_set(&why, REASON_NONE, NULL);
    c->ended = true;
    chain_lost(c->chain, &why);
}

static void
conn_say(struct rig_conn *c, const char *what)
{
    if (!c->rig->options.quiet)
        lines_add(&c->rig->did, "%s %s", c->name, what);
}

static void
conn_write(struct rig_conn *c)
{
    struct buf *out = &c->chain->wire.out;
    if (c->slow || !buf_len(out))
        return;
    if (!c->rig->options.quiet && c->h2)
        frames_read(&c->frames, c->name, buf_slice(out), c->chain->role == ROLE_CONNECT,
                    &c->rig->did);
    else if (!c->rig->options.quiet)
        lines_add_bytes(&c->rig->did, c->name, buf_slice(out));
    buf_release(out);
}

/* Nothing may grow without a bound: what was not taken, and what was not sent. */
static void
conn_check_bounds(const struct rig_conn *c)
{
    const struct wire *w = &c->chain->wire;
    assert(buf_len(&w->held) < LAYER_HELD_MAX + READ_MAX);
    assert(buf_len(&w->out) < WIRE_FULL + 2 * READ_MAX + (16 << 10));
}

static void
rig_flush(struct chain *chain)
{
    struct rig_conn *c = chain->driver;
    if (!c || c->ended)
        return;
    const struct wire *w = &chain->wire;
    conn_check_bounds(c);
    if (w->abort) {
        conn_say(c, "abort");
        conn_end(c);
        return;
    }
    conn_write(c);
    if (buf_len(&w->out))
        return;
    if (w->close) {
        conn_say(c, "close");
        conn_end(c);
    } else if (w->shut && !c->shut) {
        c->shut = true;
        conn_say(c, "shut");
    }
}

static bool
conn_push(struct rig_conn *c, struct layer *l)
{
    if (l)
        chain_push(c->chain, l);
    return l;
}

/* The chain with its seam, and no more. */
static bool
conn_open(struct rig_conn *c, enum role role)
{
    struct peer *peer = peer_new();
    if (!peer)
        return false;
    c->chain = chain_new(&c->rig->turn, &c->rig->host, role, peer);
    peer_unref(peer);
    if (!c->chain)
        return false;
    c->chain->driver = c;
    struct seam *s = mem_zalloc(sizeof(*s));
    if (!s)
        return false;
    s->layer.ops = &seam_ops;
    s->conn = c;
    return conn_push(c, &s->layer);
}

void
rig_close(struct rig_conn *c)
{
    if (!c->chain)
        return;
    struct chain *chain = c->chain;
    c->chain = NULL;
    c->fan = NULL;
    c->idle = false;
    chain->driver = NULL;
    chain_free(chain);
}

static struct rig_conn *
rig_add_conn(struct rig *r)
{
    if (r->n_conns == RIG_CONNS)
        return NULL;
    struct rig_conn *c = &r->conns[r->n_conns];
    c->rig = r;
    if (r->n_conns == 0)
        snprintf(c->name, sizeof(c->name), "client");
    else
        snprintf(c->name, sizeof(c->name), r->n_conns == 1 ? "server" : "server %zu", r->n_conns);
    r->n_conns++;
    return c;
}

static struct layer *
http_new(struct rig *r, bool h2, enum role role)
{
    return h2 ? h2_new(&r->host, role) : h1_new(&r->host, role);
}

struct rig_conn *
rig_connect(struct rig *r, const struct flow *f)
{
    struct rig_conn *c = rig_add_conn(r);
    if (!c)
        return NULL;
    rig_target(f, c->target);
    c->h2 = r->options.server_h2;
    if (conn_open(c, ROLE_CONNECT) && conn_push(c, http_new(r, c->h2, ROLE_CONNECT))) {
        c->fan = fan_new(NULL);
        if (c->fan)
            c->fan->many = c->h2;
        if (conn_push(c, c->fan ? &c->fan->layer : NULL)) {
            chain_start(c->chain);
            return c;
        }
    }
    rig_close(c);
    return NULL;
}

void
rig_target(const struct flow *f, char out[RIG_TARGET_MAX])
{
    snprintf(out, RIG_TARGET_MAX, "%.*s:%u", SLICE_ARG(f->host), f->port);
}

struct rig_conn *
rig_conn_of(struct rig *r, const struct fan *f)
{
    /* By the chain: one that has become a tunnel still has the address of a fan that is gone. */
    for (size_t i = 1; i < r->n_conns; i++)
        if (r->conns[i].chain && r->conns[i].chain == f->layer.chain)
            return &r->conns[i];
    abort();
}

/* Stacks ----------------------------------------------------------------------------------------
 */

bool
rig_http(struct rig *r, bool h2, struct layer **http, struct layer **fan)
{
    *http = http_new(r, h2, ROLE_ACCEPT);
    struct fan *f = *http ? fan_new(exchange_arrive) : NULL;
    if (!f) {
        if (*http)
            (*http)->ops->destroy(*http);
        return false;
    }
    f->many = h2;
    *fan = &f->layer;
    return true;
}

static bool
build_proxy(struct rig *r)
{
    struct layer *http, *fan;
    TRY(rig_http(r, r->options.stack == RIG_H2, &http, &fan));
    r->conns[0].h2 = r->options.stack == RIG_H2;
    chain_push(r->conns[0].chain, http);
    chain_push(r->conns[0].chain, fan);
    return true;
}

static bool
build_peek(struct rig *r)
{
    return conn_push(&r->conns[0], peek_new(0));
}

static bool
build_tunnel(struct rig *r)
{
    struct rig_conn *client = &r->conns[0], *server = rig_add_conn(r);
    TRY(conn_open(server, ROLE_CONNECT) && conn_push(client, peek_new(0)) &&
        conn_push(server, peek_new(0)));
    struct flow *f = flow_new(FLOW_TUNNEL, client->chain->peer, NULL);
    TRY(f);
    f->started = r->now;
    bool good = relay_join(client->chain->top, server->chain->top, f, NULL, SLICE_NONE);
    flow_unref(f);
    bool stage = rig_hook_stages(r) & 1u << STAGE_MESSAGE;
    return good && (!stage || relay_stage(client->chain->top, NULL, true));
}

struct rig *
rig_new(const struct rig_options *o)
{
    static bool (*const build[])(struct rig *) = {[RIG_PROXY] = build_proxy,
                                                  [RIG_PEEK] = build_peek,
                                                  [RIG_TUNNEL] = build_tunnel,
                                                  [RIG_H2] = build_proxy};
    struct rig *r = heap_grow(NULL, sizeof(*r));
    *r = (struct rig){.options = *o, .now = 1000 * NS_PER_S};
    r->audience = (struct audience){.wanted = UINT64_MAX, .hear = rig_hear, .arg = r};
    r->host =
        (struct host){.ops = &rig_host_ops, .limits = &r->options.limits, .audience = &r->audience};
    turn_init(&r->turn, rig_flush);
    struct rig_conn *client = rig_add_conn(r);
    if (conn_open(client, ROLE_ACCEPT) && build[o->stack](r)) {
        chain_start(client->chain);
        return r;
    }
    rig_free(r);
    return NULL;
}

void
rig_free(struct rig *r)
{
    turn_begin(&r->turn);
    for (size_t i = 0; i < ARRAY_LEN(r->branches); i++) {
        if (!r->branches[i])
            continue;
        lane_close(r->branches[i]);
        chain_free(r->branches[i]);
    }
    turn_end(&r->turn);
    for (size_t i = 0; i < r->n_conns; i++) {
        rig_close(&r->conns[i]);
        free(r->conns[i].in);
        frames_release(&r->conns[i].frames);
    }
    rig_forget(r);
    turn_trim(&r->turn);
    lines_release(&r->did);
    free(r->flows);
    peer_unref(r->failed);
    free(r);
}

/* The driver ------------------------------------------------------------------------------------
 */

/* In memory of exactly its size, which is gone right after the call. */
static void
conn_read(struct rig_conn *c)
{
    size_t n = MIN(MIN(c->in_w - c->in_r, c->rig->options.piece), READ_MAX);
    char *copy = heap_grow(NULL, n);
    memcpy(copy, c->in + c->in_r, n);
    c->in_r += n;
    c->rig->read += n;
    chain_input(c->chain, slice_of(copy, n));
    free(copy);
}

/* One thing that a driver would do now; false when there is none. */
static bool
conn_step(struct rig_conn *c)
{
    if (!c->chain)
        return false;
    if (c->ended) {
        rig_close(c);
        return true;
    }
    if (c->chain->wire.was_full && !c->slow) {
        chain_drained(c->chain);
        return true;
    }
    if (!chain_wants_input(c->chain))
        return false;
    if (c->in_r < c->in_w) {
        conn_read(c);
        return true;
    }
    if (c->in_eof) {
        chain_eof(c->chain);
        return true;
    }
    return false;
}

static void
conn_say_held_back(struct rig_conn *c)
{
    bool held_back = c->chain && c->in_r < c->in_w;
    if (held_back && !c->held_back)
        conn_say(c, "held back");
    c->held_back = held_back;
}

void
rig_run(struct rig *r)
{
    bool busy = true;
    while (busy) {
        busy = false;
        for (size_t i = 0; i < r->n_conns; i++)
            busy |= conn_step(&r->conns[i]);
    }
    for (size_t i = 0; i < r->n_conns; i++)
        conn_say_held_back(&r->conns[i]);
}

/* What happens ----------------------------------------------------------------------------------
 */

static struct rig_conn *
rig_conn_at(struct rig *r, size_t n)
{
    return n < r->n_conns && r->conns[n].chain ? &r->conns[n] : NULL;
}

void
rig_input(struct rig *r, size_t n, struct slice bytes)
{
    struct rig_conn *c = rig_conn_at(r, n);
    if (!c || c->in_eof)
        return;
    if (c->in_r == c->in_w)
        c->in_r = c->in_w = 0;
    if (c->in_cap - c->in_w < bytes.n) {
        c->in_cap = c->in_w + bytes.n;
        c->in = heap_grow(c->in, c->in_cap);
    }
    if (bytes.n)
        memcpy(c->in + c->in_w, bytes.p, bytes.n);
    c->in_w += bytes.n;
    rig_run(r);
}

void
rig_eof(struct rig *r, size_t n, bool clean)
{
    struct rig_conn *c = rig_conn_at(r, n);
    if (!c)
        return;
    c->in_eof = true;
    c->unclean = !clean;
    rig_run(r);
}

void
rig_lose(struct rig *r, size_t n, enum reason why)
{
    struct rig_conn *c = rig_conn_at(r, n);
    if (!c)
        return;
    struct failure f;
    failure_set(&f, why, NULL);
    c->ended = true;
    chain_lost(c->chain, &f);
    rig_run(r);
}

void
rig_slow(struct rig *r, size_t n, bool slow)
{
    struct rig_conn *c = rig_conn_at(r, n);
    if (!c)
        return;
    c->slow = slow;
    if (!slow)
        chain_drained(c->chain);
    rig_run(r);
}

/* The next deadline up to 'until', 0 for none. */
static uint64_t
rig_next_deadline(const struct rig *r, uint64_t until)
{
    uint64_t first = rig_pause_next(r, until);
    for (size_t i = 0; i < r->n_conns; i++) {
        uint64_t at = r->conns[i].chain ? chain_deadline(r->conns[i].chain) : 0;
        if (at && at <= until && (!first || at < first))
            first = at;
    }
    return first;
}

static void
rig_fire(struct rig *r)
{
    for (size_t i = 0; i < r->n_conns; i++) {
        struct rig_conn *c = &r->conns[i];
        uint64_t at = c->chain ? chain_deadline(c->chain) : 0;
        if (at && at <= r->now)
            chain_timer(c->chain, r->now);
    }
    rig_pause_end(r);
}

void
rig_pass(struct rig *r, uint64_t ns)
{
    uint64_t until = r->now + ns, at;
    while ((at = rig_next_deadline(r, until))) {
        r->now = MAX(at, r->now);
        rig_fire(r);
        rig_run(r);
    }
    r->now = until;
}

/* The end ---------------------------------------------------------------------------------------
 */

static void
rig_answer_all(struct rig *r)
{
    while (r->n_asks) {
        rig_answer_request(r, 0, NULL);
        rig_answer_open(r, false, REASON_SHUTDOWN, "");
        rig_answer_next(r);
        rig_answer_hook(r, SLICE("go"));
        r->now = MAX(r->now, rig_pause_next(r, UINT64_MAX));
        rig_pause_end(r);
        rig_run(r);
    }
}

const char *
rig_finish(struct rig *r)
{
    struct rig_options *o = &r->options;
    o->wait_request = o->wait_open = o->wait_next = false;
    o->open_fails = REASON_SHUTDOWN;
    for (int hour = 0; hour < 3; hour++) {
        rig_answer_all(r);
        for (size_t i = 0; i < r->n_conns; i++)
            rig_slow(r, i, false);
        rig_pass(r, 3600 * NS_PER_S);
    }
    for (size_t i = 1; i < r->n_conns; i++)
        if (r->conns[i].idle)
            rig_close(&r->conns[i]);
    if (r->n_asks)
        return "a question waits for ever";
    if (r->n_flows)
        return "a flow was never recorded";
    if (r->conns[0].chain)
        return "the client's connection stays open for ever";
    for (size_t i = 1; i < r->n_conns; i++)
        if (r->conns[i].chain)
            return "a server's connection stays open for ever";
    return NULL;
}
