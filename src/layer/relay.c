/* Two chains joined byte for byte. */
#include "layer/relay.h"

#include "base/mem.h"

enum { SIDE_CLIENT, SIDE_SERVER };

struct relay {
    struct layer layer;
    struct tunnel *tunnel;
    int side;
};

struct tunnel {
    struct relay *side[2]; /* NULL when gone */
    struct host *host;
    struct flow *flow;     /* a reference; NULL when it was recorded */
    uint64_t last;         /* monotonic time of the last byte */
    bool eof[2];
};

static void
tunnel_record(struct tunnel *t)
{
    struct flow *f = t->flow;
    if (!f)
        return;
    t->flow = NULL;
    f->ended = t->host->ops->wall(t->host);
    t->host->ops->record(t->host, f);
    flow_unref(f);
}

static void
tunnel_keep(struct tunnel *t, int side, struct slice data)
{
    if (!t->flow)
        return;
    uint64_t *count = side == SIDE_CLIENT ? &t->flow->tunnel_up : &t->flow->tunnel_down;
    struct http_msg *m = side == SIDE_CLIENT ? &t->flow->req : &t->flow->resp;
    *count += data.n;
    body_append(&m->body, data, t->host->limits->body_limit, 0);
}

static size_t
relay_on_data(struct relay *r, struct slice data)
{
    struct tunnel *t = r->tunnel;
    struct relay *other = t->side[!r->side];
    if (!other || !data.n)
        return data.n;
    t->last = t->host->ops->now(t->host);
    if (!r->layer.deadline && t->host->limits->idle_time)
        r->layer.deadline = t->last + t->host->limits->idle_time;
    if (chain_full(other->layer.chain))
        return 0;
    layer_send(&other->layer, data);
    tunnel_keep(t, r->side, data);
    return data.n;
}

static void
relay_tell_other(struct relay *r, enum cmd_type type)
{
    struct relay *other = r->tunnel->side[!r->side];
    if (other)
        layer_tell(&other->layer, type);
}

static void
relay_on_eof(struct relay *r)
{
    struct tunnel *t = r->tunnel;
    t->eof[r->side] = true;
    bool both = t->eof[SIDE_CLIENT] && t->eof[SIDE_SERVER];
    relay_tell_other(r, both ? CMD_CLOSE : CMD_SHUT);
    if (both)
        layer_tell(&r->layer, CMD_CLOSE);
}

static void
relay_on_timer(struct relay *r, uint64_t now)
{
    uint64_t idle = r->tunnel->host->limits->idle_time;
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
    case EV_EOF: relay_on_eof(r); break;
    case EV_TIMER: relay_on_timer(r, ev->now); break;
    case EV_CLOSED:
        relay_tell_other(r, CMD_CLOSE);
        tunnel_record(r->tunnel);
        break;
    case EV_START:
    case EV_PART:
    case EV_ANSWER: break;
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
    flow_unref(t->flow);
    mem_free(t);
}

static const struct layer_ops relay_ops = {
    .name = "relay", .on_event = relay_on_event, .on_cmd = relay_on_cmd, .destroy = relay_destroy};

static struct relay *
relay_new(struct tunnel *t, int side)
{
    struct relay *r = mem_zalloc(sizeof(*r));
    if (!r)
        return NULL;
    r->layer.ops = &relay_ops;
    r->tunnel = t;
    r->side = side;
    return r;
}

bool
relay_join(struct layer *client_old, struct layer *server_old, struct flow *f, struct slice first)
{
    struct tunnel *t = mem_zalloc(sizeof(*t));
    struct relay *up = t ? relay_new(t, SIDE_CLIENT) : NULL;
    struct relay *down = up ? relay_new(t, SIDE_SERVER) : NULL;
    if (!down) {
        mem_free(up);
        mem_free(t);
        return false;
    }
    t->side[SIDE_CLIENT] = up;
    t->side[SIDE_SERVER] = down;
    t->host = client_old->chain->host;
    t->flow = flow_ref(f);
    chain_swap(client_old->chain, client_old, &up->layer);
    chain_swap(server_old->chain, server_old, &down->layer);
    if (first.n) {
        layer_send(&down->layer, first);
        tunnel_keep(t, SIDE_CLIENT, first);
    }
    return true;
}
