/* An exchange that ends its connections' HTTP: 101, a malformed request that is let through,
 * CONNECT. */
#include "codec/h2_code.h"
#include "layer/exchange.h"
#include "layer/lane.h"
#include "layer/relay.h"
#include "layer/ws.h"

/* The WebSocket that the 101 began, if it did. A handshake that does not fit is one of something
 * else, which is relayed without being understood; the record says why. false without memory. */
static bool
upgrade_ws(struct exchange *x, struct chain *client, struct ws **out)
{
    struct flow *f = x->flow;
    struct ws_agreed agreed;
    const char *why;
    *out = NULL;
    if (!x->switching || !head_has_token(&f->req.sent, FIELD_UPGRADE, SLICE("websocket")))
        return true;
    if (!ws_handshake_read(&f->req.sent, &f->resp.head, &agreed, &why))
        return flow_trace(f, &(struct trace){.name = SLICE("websocket"),
                                             .stage = stage_name(STAGE_RESPONSE_HEAD),
                                             .did = why,
                                             .at = exchange_wall(x)});
    *out = ws_new(client, f, &agreed);
    if (!*out)
        return false;
    /* What the host has for the exchange is for its messages from now on. */
    ws_watch(*out, x->hooks, x->stages & 1u << STAGE_MESSAGE);
    x->hooks = NULL;
    return true;
}

/* What the tunnel replaces on the client's side: of its connection, or of a chain on its stream;
 * NULL without memory. */
static struct layer *
tunnel_place(struct exchange *x)
{
    void (*gone)(struct chain * c);
    if (!x->client.fan->many)
        return x->client.fan->layer.down;
    struct chain *c = x->host->ops->branch(x->host, x->flow, &gone);
    /* RFC 8441 section 5, RFC 9113 section 8.5. */
    uint32_t code = exchange_is_extended(x) ? H2_CANCEL : H2_CONNECT_ERROR;
    if (!c || lane_open(&x->client, c, gone, code))
        return c ? c->top : NULL;
    gone(c);
    return NULL;
}

void
exchange_tunnel(struct exchange *x, struct slice first)
{
    struct fan *server = x->server.fan;
    struct layer *old = tunnel_place(x);
    struct ws *ws;
    if (!old || !upgrade_ws(x, old->chain, &ws) ||
        !relay_join(old, server->layer.down, x->flow, ws, first)) {
        if (old)
            layer_tell(old, CMD_ABORT);
        fan_tell(&x->client, CMD_ABORT);
        exchange_finish(x, false);
        return;
    }
    /* The server's connection is the relay's now: nobody leaves it. */
    fan_leave(&x->server);
    exchange_retire(x, false);
}

/* The connection becomes the tunnel. */
static void
connect_connection(struct exchange *x)
{
    struct layer *old = x->client.fan->layer.down;
    struct layer *next = x->host->ops->tunnel(x->host, x->flow);
    if (next)
        chain_swap(old->chain, old, next);
    else
        fan_tell(&x->client, CMD_CLOSE);
    exchange_tell(x, next ? HOOK_CONNECT_ESTABLISHED : HOOK_CONNECT_FAILED);
    exchange_finish(x, false);
    if (next)
        next->ops->on_event(next, &(struct event){.type = EV_START});
}

/* One of its streams does. */
static void
connect_stream(struct exchange *x)
{
    if (!tunnel_place(x))
        fan_tell(&x->client, CMD_ABORT);
    exchange_finish(x, false);
}

void
exchange_connect(struct exchange *x)
{
    struct http_msg *resp = &x->flow->resp;
    resp->head = (struct http_head){.status = 200,
                                    .reason = SLICE("Connection established"),
                                    .version = 11,
                                    .framing = FRAMING_TUNNEL,
                                    .keep_alive = true};
    resp->sent = resp->head;
    resp->head_at = resp->end_at = x->flow->req.end_at = exchange_wall(x);
    x->flow->local = true;
    fan_send(&x->client, &(struct part){.type = PART_HEAD, .head = &resp->sent});
    if (x->client.fan->many)
        connect_stream(x);
    else
        connect_connection(x);
}
