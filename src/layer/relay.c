/* Two chains joined byte for byte. */
#include "layer/relay.h"

#include "base/mem.h"
#include "codec/starttls.h"
#include "flow/message.h"
#include "layer/segment.h"
#include "layer/ws.h"

enum { SIDE_CLIENT, SIDE_SERVER };

/* Bytes. Protocols that change to TLS begin with more than that in one piece. */
#define WATCH_MIN 4

struct relay {
    struct layer layer;
    struct tunnel *tunnel;
    int side;
    bool eof;   /* the peer has sent its last byte */
    bool ended; /* and it has been passed on */
};

struct tunnel {
    struct relay *side[2]; /* NULL when gone */
    struct chain *client;
    struct host *host;
    struct flow *flow;           /* a reference; NULL when it was recorded */
    struct ws *ws;               /* owned; NULL: bytes that are not understood */
    struct segments *segments;   /* owned; NULL: they are only kept */
    uint64_t last;               /* monotonic time of the last byte */
    const struct relay_ops *ops; /* with 'arg'; NULL: nobody is told */
    void *arg;
    struct starttls *watch;     /* owned; NULL: no change to TLS is looked for */
    enum starttls_state before; /* what was taken last; counts while a segment waits */
    bool fresh;                 /* it will be, when the first bytes say which protocol it is */
    bool listens;               /* the server has yet to speak */
    bool parted;                /* what becomes of one side is nothing to the other */
};

/* Whether the connection ended because we wanted it so. */
static bool
tunnel_is_over(const struct failure *why)
{
    return why->reason == REASON_NONE || why->reason == REASON_SHUTDOWN;
}

static bool
tunnel_is_websocket(const struct flow *f)
{
    return f->resp.head.status == 101 &&
           head_has_token(&f->resp.head, FIELD_UPGRADE, SLICE("websocket"));
}

static void
tunnel_tell_end(struct tunnel *t, struct flow *f)
{
    enum hook_id id = f->error ? HOOK_TUNNEL_FAILED : HOOK_TUNNEL_END;
    host_tell_end(t->host, tunnel_is_websocket(f) ? HOOK_WEBSOCKET_END : id, f);
}

static void
tunnel_record(struct tunnel *t, const struct failure *why)
{
    struct flow *f = t->flow;
    if (!f)
        return;
    t->flow = NULL;
    if (t->ws)
        ws_end(t->ws);
    segments_end(t->segments);
    if (!tunnel_is_over(why))
        flow_fail(f, reason_word(why->reason), slice_str(why->text));
    f->ended = t->host->ops->wall(t->host);
    tunnel_tell_end(t, f);
    t->host->ops->record(t->host, f);
    flow_unref(f);
}

static void
tunnel_keep(struct tunnel *t, int side, struct slice data)
{
    if (!t->flow || !data.n)
        return;
    uint64_t *count = side == SIDE_CLIENT ? &t->flow->tunnel_up : &t->flow->tunnel_down;
    struct http_msg *m = side == SIDE_CLIENT ? &t->flow->req : &t->flow->resp;
    *count += data.n;
    if (host_wants(t->host, HOOK_TUNNEL_CHUNK))
        host_say(t->host, &(struct moment){.id = HOOK_TUNNEL_CHUNK,
                                           .flow = t->flow,
                                           .word = side == SIDE_CLIENT ? "client" : "server",
                                           .data = data});
    if (t->ws || t->segments || t->flow->passed.n)
        return;
    if (t->flow->kind == FLOW_TUNNEL)
        segment_keep(t->host, t->flow, side == SIDE_CLIENT, data);
    else
        body_append(&m->body, data, t->host->limits->body_limit, 0);
}

static void
relay_tell_other(struct relay *r, enum cmd_type type)
{
    struct relay *other = r->tunnel->side[!r->side];
    if (other)
        layer_tell(&other->layer, type);
}

static void
relay_end(struct relay *r)
{
    const struct relay *other = r->tunnel->side[!r->side];
    r->ended = true;
    relay_tell_other(r, other && other->ended ? CMD_CLOSE : CMD_SHUT);
    if (other && other->ended)
        layer_tell(&r->layer, CMD_CLOSE);
}

/* The first bytes say whether there can be a change to TLS; false: more of them are needed. */
static bool
watch_begin(struct relay *r, struct slice data)
{
    struct tunnel *t = r->tunnel;
    enum starttls_side side = r->side == SIDE_CLIENT ? STARTTLS_CLIENT : STARTTLS_SERVER;
    bool unsure;
    const struct starttls_ops *protocol = starttls_detect(side, data, &unsure);
    /* Who sends single bytes may wait for an answer to each: they are not held back. */
    if (!protocol && unsure && data.n >= WATCH_MIN && data.n < STARTTLS_UNIT && !r->eof)
        return false;
    t->fresh = false;
    /* Without memory it is not looked for. */
    t->watch = protocol ? mem_zalloc(sizeof(*t->watch)) : NULL;
    if (t->watch)
        starttls_init(t->watch, protocol);
    return true;
}

/* How many bytes may pass. */
static size_t
watch_take(struct relay *r, struct slice data)
{
    struct tunnel *t = r->tunnel;
    if (t->fresh && !watch_begin(r, data))
        return 0;
    if (!t->watch)
        return data.n;
    return starttls_take(t->watch, r->side == SIDE_CLIENT ? STARTTLS_CLIENT : STARTTLS_SERVER,
                         data);
}

/* After bytes have passed. */
static void
watch_end(struct tunnel *t, enum starttls_state before)
{
    enum starttls_state state = t->watch->state;
    /* What was held back for an answer may go on. */
    if (before == STARTTLS_ASKED && state != before && t->side[SIDE_CLIENT])
        layer_tell(&t->side[SIDE_CLIENT]->layer, CMD_MORE);
    if (state != STARTTLS_OVER && state != STARTTLS_CHANGE)
        return;
    mem_free(t->watch);
    t->watch = NULL;
    if (state == STARTTLS_CHANGE && t->side[SIDE_CLIENT] && t->side[SIDE_SERVER])
        t->ops->on_change(t->arg, &t->side[SIDE_CLIENT]->layer, &t->side[SIDE_SERVER]->layer);
}

static bool
relay_is_on_wire(const struct relay *r)
{
    return r && r->layer.down == &r->layer.chain->wire.layer;
}

/* Whether the bytes need not be seen. */
static bool
tunnel_only_counts(const struct tunnel *t)
{
    bool looks = t->ws || t->segments || t->watch || t->fresh || t->listens;
    return t->flow && t->flow->passed.n && !looks && !t->parted &&
           !host_wants(t->host, HOOK_TUNNEL_CHUNK);
}

static void
tunnel_let_go(struct tunnel *t)
{
    const struct relay *client = t->side[SIDE_CLIENT], *server = t->side[SIDE_SERVER];
    if (!relay_is_on_wire(client) || !relay_is_on_wire(server))
        return;
    /* A message is not to be larger for that. */
    bool bulk = !t->ws && !t->segments;
    client->layer.chain->wire.bulk = server->layer.chain->wire.bulk = bulk;
    if (tunnel_only_counts(t))
        chain_join(client->layer.chain, server->layer.chain);
}

static void
relay_on_moved(struct relay *r, uint64_t n)
{
    struct tunnel *t = r->tunnel;
    t->last = t->host->ops->now(t->host);
    if (t->flow)
        *(r->side == SIDE_CLIENT ? &t->flow->tunnel_up : &t->flow->tunnel_down) += n;
    if (!tunnel_only_counts(t))
        chain_part(r->layer.chain);
}

/* Whether an answer about what came from that side is waited for. */
static bool
tunnel_waits(const struct tunnel *t, int side)
{
    bool up = side == SIDE_CLIENT;
    return (t->ws && ws_waits(t->ws, up)) || segments_wait(t->segments, up);
}

/* Behind a segment, when it has gone on or not: one that did not go on as it came is nothing that
 * TLS could follow. */
static void
watch_segment(struct tunnel *t)
{
    if (segments_changed(t->segments)) {
        mem_free(t->watch);
        t->watch = NULL;
        t->fresh = false;
    }
    if (t->watch)
        watch_end(t, t->before);
}

static void
relay_pass_segment(struct relay *r, struct slice data)
{
    struct tunnel *t = r->tunnel;
    segments_take(t->segments, r->side == SIDE_CLIENT, data);
    if (!tunnel_waits(t, r->side))
        watch_segment(t);
}

/* How much went on, or waits to; what is left of a WebSocket at its end is no frame, and goes
 * nowhere. */
static size_t
relay_pass(struct relay *r, struct relay *other, struct slice data)
{
    struct tunnel *t = r->tunnel;
    t->before = t->watch ? t->watch->state : STARTTLS_WATCH;
    size_t n = t->ws ? ws_take(t->ws, r->side == SIDE_CLIENT, data) : watch_take(r, data);
    struct slice taken = slice_first(data, n);
    t->last = t->host->ops->now(t->host);
    if (n && t->segments)
        relay_pass_segment(r, taken);
    else if (n && !t->ws)
        layer_send(&other->layer, taken);
    if (n)
        tunnel_keep(t, r->side, taken);
    if (t->watch && !t->segments)
        watch_end(t, t->before);
    tunnel_let_go(t);
    return n;
}

/* Whether nothing is taken of that side for now. Where TLS may begin what comes is read in its
 * order: the answer not before the question. */
static bool
relay_is_stopped(const struct relay *r)
{
    const struct tunnel *t = r->tunnel;
    return tunnel_waits(t, r->side) || (t->watch && tunnel_waits(t, !r->side));
}

static size_t
relay_on_data(struct relay *r, struct slice data)
{
    struct relay *other = r->tunnel->side[!r->side];
    size_t n = data.n;
    if (!other)
        return data.n;
    if (relay_is_stopped(r) || (data.n && chain_full(other->layer.chain)))
        return 0;
    if (data.n)
        n = relay_pass(r, other, data);
    if ((n < data.n && chain_full(other->layer.chain)) || tunnel_waits(r->tunnel, r->side))
        return n;
    if (r->eof && !r->ended)
        relay_end(r);
    return n;
}

static void
relay_on_eof(struct relay *r, bool clean)
{
    struct flow *f = r->tunnel->flow;
    r->eof = true;
    if (!clean)
        relay_tell_other(r, CMD_TORN);
    if (f && !clean)
        flow_fail(f, reason_word(REASON_TRUNCATED), slice_str(reason_text(REASON_TRUNCATED)));
    /* What was left untaken comes once more, and the end behind it. */
    layer_tell(&r->layer, CMD_MORE);
}

/* What was cut short on one side must not look like an end on the other. */
static void
relay_on_closed(struct relay *r, const struct failure *why)
{
    if (!r->tunnel->parted)
        relay_tell_other(r, tunnel_is_over(why) ? CMD_CLOSE : CMD_ABORT);
    tunnel_record(r->tunnel, why);
}

static void
relay_on_timer(struct relay *r, uint64_t now)
{
    struct tunnel *t = r->tunnel;
    uint64_t idle = t->host->limits->idle_time;
    if (tunnel_waits(t, SIDE_CLIENT) || tunnel_waits(t, SIDE_SERVER))
        t->last = now;
    if (r->tunnel->last + idle > now) {
        r->layer.deadline = r->tunnel->last + idle;
        return;
    }
    relay_tell_other(r, CMD_CLOSE);
    layer_tell(&r->layer, CMD_CLOSE);
}

/* The server is the first to be heard of: now the client's half is needed. */
static void
relay_hear(struct relay *r, const struct event *ev)
{
    struct tunnel *t = r->tunnel;
    bool word = (ev->type == EV_DATA && ev->data.n) || ev->type == EV_EOF || ev->type == EV_CLOSED;
    if (!word)
        return;
    t->listens = false;
    t->ops->on_spoke(t->arg);
    layer_tell(&r->layer, CMD_MORE);
}

static size_t
relay_on_event(struct layer *l, const struct event *ev)
{
    struct relay *r = container_of(l, struct relay, layer);
    if (r->tunnel->listens) {
        relay_hear(r, ev);
        if (ev->type == EV_DATA)
            return 0;
    }
    switch (ev->type) {
    case EV_DATA: return relay_on_data(r, ev->data);
    case EV_MOVED: relay_on_moved(r, ev->moved); break;
    case EV_ROOM: relay_tell_other(r, CMD_MORE); break;
    case EV_EOF: relay_on_eof(r, ev->clean); break;
    case EV_TIMER: relay_on_timer(r, ev->now); break;
    case EV_CLOSED: relay_on_closed(r, ev->why); break;
    case EV_START: layer_tell(l, CMD_MORE); break; /* of TLS that began below */
    case EV_PART: break;
    }
    return 0;
}

static void
relay_on_cmd(struct layer *l, const struct cmd *c)
{
    layer_down(l, c);
}

static void
relay_destroy(struct layer *l)
{
    struct relay *r = container_of(l, struct relay, layer);
    struct tunnel *t = r->tunnel;
    t->side[r->side] = NULL;
    mem_free(r);
    if (t->side[SIDE_CLIENT] || t->side[SIDE_SERVER])
        return;
    ws_free(t->ws);
    segments_free(t->segments);
    flow_unref(t->flow);
    mem_free(t->watch);
    mem_free(t);
}

static const struct layer_ops relay_ops = {
    .name = "relay", .on_event = relay_on_event, .on_cmd = relay_on_cmd, .destroy = relay_destroy};

static struct relay *
side_new(struct tunnel *t, int side)
{
    struct relay *r = mem_zalloc(sizeof(*r));
    if (!r)
        return NULL;
    r->layer.ops = &relay_ops;
    r->tunnel = t;
    r->side = side;
    return r;
}

/* What a WebSocket or segments want of their tunnel. */

static void
carry_on_send(void *arg, bool up, struct slice bytes)
{
    struct tunnel *t = arg;
    struct relay *to = t->side[up ? SIDE_SERVER : SIDE_CLIENT];
    if (to)
        layer_send(&to->layer, bytes);
}

static bool
carry_on_full(void *arg, bool up)
{
    struct tunnel *t = arg;
    const struct relay *to = t->side[up ? SIDE_SERVER : SIDE_CLIENT];
    return to && chain_full(to->layer.chain);
}

static void
carry_on_more(void *arg, bool up)
{
    struct tunnel *t = arg;
    t->last = t->host->ops->now(t->host);
    if (t->segments)
        watch_segment(t);
    for (int side = SIDE_CLIENT; side <= SIDE_SERVER; side++)
        if (t->side[side] && (t->segments || side == (up ? SIDE_CLIENT : SIDE_SERVER)))
            layer_tell(&t->side[side]->layer, CMD_MORE);
}

static void
carry_on_end(void *arg, bool torn_up, bool torn_down)
{
    struct tunnel *t = arg;
    if (t->side[SIDE_SERVER])
        layer_tell(&t->side[SIDE_SERVER]->layer, torn_up ? CMD_ABORT : CMD_CLOSE);
    if (t->side[SIDE_CLIENT])
        layer_tell(&t->side[SIDE_CLIENT]->layer, torn_down ? CMD_ABORT : CMD_CLOSE);
}

static const struct carrier_ops carrier_ops = {
    .send = carry_on_send, .full = carry_on_full, .more = carry_on_more, .end = carry_on_end};

struct flow *
relay_flow(struct layer *l)
{
    if (!l || l->ops != &relay_ops)
        return NULL;
    return container_of(l, struct relay, layer)->tunnel->flow;
}

bool
relay_stage(struct layer *half, void *hooks, bool stage)
{
    struct tunnel *t = container_of(half, struct relay, layer)->tunnel;
    t->segments = segments_new(t->client, t->flow, hooks, stage);
    if (t->segments)
        segments_carry(t->segments, &carrier_ops, t);
    else if (hooks)
        t->host->ops->unhook(t->host, hooks);
    return t->segments;
}

/* Of a tunnel whose bytes mean nothing here. */
static bool
inject_segment(struct relay *r, bool up, struct slice content, struct slice by, struct err *e)
{
    struct tunnel *t = r->tunnel;
    const struct relay *from = t->side[up ? SIDE_CLIENT : SIDE_SERVER];
    if (t->flow->kind != FLOW_TUNNEL || t->flow->passed.n)
        return err_set(e, ERR_FAILED, "nothing can be sent in what is not understood");
    if (!t->side[up ? SIDE_SERVER : SIDE_CLIENT] || !from || from->ended)
        return err_set(e, ERR_FAILED, "the tunnel is closed that way");
    if (!t->segments && !relay_stage(&r->layer, NULL, false))
        return err_memory(e);
    TRY(segments_inject(t->segments, up, content, by, e));
    if (t->watch)
        carry_on_more(t, up);
    return true;
}

bool /* NOLINTNEXTLINE(readability-function-size): a message is these parts */
relay_inject(struct layer *l, bool up, const struct message *about, struct slice content,
             struct slice by, struct err *e)
{
    struct relay *r = container_of(l, struct relay, layer);
    if (r->tunnel->ws)
        return ws_inject(r->tunnel->ws, up, about->opcode, content, by, e);
    return inject_segment(r, up, content, by, e);
}

void
relay_kill(struct layer *l, struct slice by)
{
    struct relay *r = container_of(l, struct relay, layer);
    if (r->tunnel->flow)
        flow_fail(r->tunnel->flow, reason_word(REASON_KILLED), by);
    relay_tell_other(r, CMD_ABORT);
    layer_tell(l, CMD_ABORT);
}

struct layer *
relay_new(struct chain *client, struct layer *server_old, struct flow *f)
{
    struct tunnel *t = mem_zalloc(sizeof(*t));
    struct relay *up = t ? side_new(t, SIDE_CLIENT) : NULL;
    struct relay *down = up ? side_new(t, SIDE_SERVER) : NULL;
    if (!down) {
        mem_free(up);
        mem_free(t);
        return NULL;
    }
    t->side[SIDE_CLIENT] = up;
    t->side[SIDE_SERVER] = down;
    t->client = client;
    t->host = client->host;
    t->flow = flow_ref(f);
    /* One deadline, on the side that has the host of the tunnel. */
    t->last = t->host->ops->now(t->host);
    if (t->host->limits->idle_time)
        up->layer.deadline = t->last + t->host->limits->idle_time;
    host_tell(t->host, tunnel_is_websocket(f) ? HOOK_WEBSOCKET_START : HOOK_TUNNEL_START, f,
              SLICE_NONE);
    chain_swap(server_old->chain, server_old, &down->layer);
    return &up->layer;
}

void
relay_tell(struct layer *half, const struct relay_ops *ops, void *arg)
{
    struct tunnel *t = container_of(half, struct relay, layer)->tunnel;
    t->ops = ops;
    t->arg = arg;
}

void
relay_watch(struct layer *half)
{
    container_of(half, struct relay, layer)->tunnel->fresh = true;
}

void
relay_listen(struct layer *half)
{
    container_of(half, struct relay, layer)->tunnel->listens = true;
}

void
relay_part(struct layer *half)
{
    container_of(half, struct relay, layer)->tunnel->parted = true;
}

void
relay_drop(struct layer *half)
{
    struct tunnel *t = container_of(half, struct relay, layer)->tunnel;
    t->listens = false;
    flow_unref(t->flow);
    t->flow = NULL;
    relay_destroy(half);
}

bool
relay_join(struct layer *client_old, struct layer *server_old, struct flow *f, struct ws *ws,
           struct slice first)
{
    struct layer *up = relay_new(client_old->chain, server_old, f);
    if (!up) {
        ws_free(ws);
        return false;
    }
    struct tunnel *t = container_of(up, struct relay, layer)->tunnel;
    t->ws = ws;
    if (ws)
        ws_carry(ws, &carrier_ops, t);
    chain_swap(client_old->chain, client_old, up);
    if (first.n) {
        layer_send(&t->side[SIDE_SERVER]->layer, first);
        tunnel_keep(t, SIDE_CLIENT, first);
    }
    return true;
}
