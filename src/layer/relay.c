/* Two chains joined byte for byte. */
#include "layer/relay.h"

#include "base/mem.h"
#include "layer/ws.h"

enum { SIDE_CLIENT, SIDE_SERVER };

struct relay {
    struct layer layer;
    struct tunnel *tunnel;
    int side;
    bool eof;   /* the peer has sent its last byte */
    bool ended; /* and it has been passed on */
};

struct tunnel {
    struct relay *side[2]; /* NULL when gone */
    struct host *host;
    struct flow *flow; /* a reference; NULL when it was recorded */
    struct ws *ws;     /* owned; NULL: bytes that are not understood */
    uint64_t last;     /* monotonic time of the last byte */
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
    if (!t->flow->passed.n && !t->ws)
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

/* How much went on; what is left of a WebSocket at its end is no frame, and goes nowhere. */
static size_t
relay_pass(struct relay *r, struct relay *other, struct slice data)
{
    struct tunnel *t = r->tunnel;
    size_t n = data.n;
    t->last = t->host->ops->now(t->host);
    if (t->ws)
        n = ws_take(t->ws, r->side == SIDE_CLIENT, data);
    else
        layer_send(&other->layer, data);
    tunnel_keep(t, r->side, slice_first(data, n));
    return n;
}

static size_t
relay_on_data(struct relay *r, struct slice data)
{
    struct relay *other = r->tunnel->side[!r->side];
    size_t n = data.n;
    if (!other)
        return data.n;
    if (data.n && chain_full(other->layer.chain))
        return 0;
    if (data.n)
        n = relay_pass(r, other, data);
    if (n < data.n && chain_full(other->layer.chain))
        return n;
    if (r->tunnel->ws && ws_waits(r->tunnel->ws, r->side == SIDE_CLIENT))
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
    relay_tell_other(r, tunnel_is_over(why) ? CMD_CLOSE : CMD_ABORT);
    tunnel_record(r->tunnel, why);
}

static void
relay_on_timer(struct relay *r, uint64_t now)
{
    struct tunnel *t = r->tunnel;
    uint64_t idle = t->host->limits->idle_time;
    if (t->ws && (ws_waits(t->ws, true) || ws_waits(t->ws, false)))
        t->last = now;
    if (r->tunnel->last + idle > now) {
        r->layer.deadline = r->tunnel->last + idle;
        return;
    }
    relay_tell_other(r, CMD_CLOSE);
    layer_tell(&r->layer, CMD_CLOSE);
}

static size_t
relay_on_event(struct layer *l, const struct event *ev)
{
    struct relay *r = container_of(l, struct relay, layer);
    switch (ev->type) {
    case EV_DATA: return relay_on_data(r, ev->data);
    case EV_ROOM: relay_tell_other(r, CMD_MORE); break;
    case EV_EOF: relay_on_eof(r, ev->clean); break;
    case EV_TIMER: relay_on_timer(r, ev->now); break;
    case EV_CLOSED: relay_on_closed(r, ev->why); break;
    case EV_START:
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
    flow_unref(t->flow);
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

/* What a WebSocket wants of its tunnel. */

static void
ws_on_send(void *arg, bool up, struct slice bytes)
{
    struct tunnel *t = arg;
    struct relay *to = t->side[up ? SIDE_SERVER : SIDE_CLIENT];
    if (to)
        layer_send(&to->layer, bytes);
}

static bool
ws_on_full(void *arg, bool up)
{
    struct tunnel *t = arg;
    const struct relay *to = t->side[up ? SIDE_SERVER : SIDE_CLIENT];
    return to && chain_full(to->layer.chain);
}

static void
ws_on_more(void *arg, bool up)
{
    struct tunnel *t = arg;
    if (t->side[up ? SIDE_CLIENT : SIDE_SERVER])
        layer_tell(&t->side[up ? SIDE_CLIENT : SIDE_SERVER]->layer, CMD_MORE);
}

static void
ws_on_end(void *arg, bool torn_up, bool torn_down)
{
    struct tunnel *t = arg;
    if (t->side[SIDE_SERVER])
        layer_tell(&t->side[SIDE_SERVER]->layer, torn_up ? CMD_ABORT : CMD_CLOSE);
    if (t->side[SIDE_CLIENT])
        layer_tell(&t->side[SIDE_CLIENT]->layer, torn_down ? CMD_ABORT : CMD_CLOSE);
}

static const struct ws_ops ws_ops = {
    .send = ws_on_send, .full = ws_on_full, .more = ws_on_more, .end = ws_on_end};

struct flow *
relay_flow(struct layer *l, struct ws **ws)
{
    if (!l || l->ops != &relay_ops)
        return NULL;
    const struct relay *r = container_of(l, struct relay, layer);
    *ws = r->tunnel->ws;
    return r->tunnel->flow;
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
        ws_carry(ws, &ws_ops, t);
    chain_swap(client_old->chain, client_old, up);
    if (first.n) {
        layer_send(&t->side[SIDE_SERVER]->layer, first);
        tunnel_keep(t, SIDE_CLIENT, first);
    }
    return true;
}
