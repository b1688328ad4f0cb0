/* The request half of an exchange: steps until its head is sent, then its content. */
#include "flow/edit.h"
#include "layer/exchange.h"

#include <stdio.h>

typedef enum x_next x_step_fn(struct exchange *x);

static void
x_answered(struct ask *a)
{
    exchange_run(container_of(a, struct exchange, ask));
}

static enum x_next
x_ask_request(struct exchange *x)
{
    x->ask.request.flow = x->flow;
    x->ask.request.answer = false;
    x->ask.request.set_host = false;
    x->ask.request.stages = 0;
    x->ask.request.hooks = NULL;
    return exchange_ask(x, ASK_REQUEST, x_answered);
}

static enum x_next
x_asked(struct exchange *x)
{
    host_tell_head(x->host, x->flow->kind == FLOW_CONNECT ? HOOK_CONNECT : HOOK_REQUEST_HEAD,
                   x->flow, &x->flow->req.head);
    if (x->ask.request.answer) {
        exchange_answer(x, x->ask.request.content);
        return X_WAIT;
    }
    x->set_host = x->ask.request.set_host;
    x->stages = x->ask.request.stages;
    x->hooks = x->ask.request.hooks;
    if (x->flow->kind == FLOW_CONNECT) {
        exchange_connect(x);
        return X_WAIT;
    }
    if (x->flow->req.head.malformed)
        x->stages = 0;
    return exchange_split_begin(x, true) ? X_NEXT : X_WAIT;
}

static enum x_next
x_head(struct exchange *x)
{
    return exchange_hook(x, STAGE_REQUEST_HEAD);
}

/* A client that waits to be told so may send its content. */
static void
x_invite(struct exchange *x)
{
    static struct http_head go = {.status = 100, .version = 11, .reason = {"Continue", 8}};
    if (x->flow->req.head.expect_continue)
        fan_send(&x->client, &(struct part){.type = PART_HEAD, .head = &go});
}

static enum x_next
x_headed(struct exchange *x)
{
    bool want = x->ask.hook.want && !exchange_is_extended(x);
    if (exchange_decided(x, STAGE_REQUEST_HEAD) == X_WAIT)
        return X_WAIT;
    if (!want)
        x->step = X_OPEN;
    x->collecting = want;
    return X_NEXT;
}

static enum x_next
x_collect(struct exchange *x)
{
    if (x->request_done)
        return X_NEXT;
    x_invite(x);
    fan_more(&x->client);
    return X_WAIT;
}

static enum x_next
x_whole(struct exchange *x)
{
    return exchange_hook(x, STAGE_REQUEST);
}

static enum x_next
x_wholed(struct exchange *x)
{
    return exchange_decided(x, STAGE_REQUEST);
}

static enum x_next
x_open(struct exchange *x)
{
    x->ask.open.flow = x->flow;
    x->ask.open.fresh = x->retried || x->flow->req.head.malformed;
    x->ask.open.server = NULL;
    x->ask.open.peer = NULL;
    x->ask.open.reused = false;
    x->ask.open.to = x->to;
    return exchange_ask(x, ASK_OPEN, x_answered);
}

/* Nobody but HTTP/2 knows extended CONNECT, and the connection goes back unused. */
static void
x_refuse_protocol(struct exchange *x)
{
    char text[100];
    struct fan *server = x->ask.open.server;
    snprintf(text, sizeof(text), "'%.*s' needs a server that speaks HTTP/2",
             SLICE_ARG(slice_first(x->flow->req.head.protocol, 40)));
    x->host->ops->leave(x->host, server, x->flow, true);
    exchange_fail_for(x, REASON_NO_TUNNEL, text);
}

static enum x_next
x_opened(struct exchange *x)
{
    if (!x->ask.open.server) {
        if (x->ask.open.peer)
            flow_set_server(x->flow, x->ask.open.peer);
        exchange_fail(x, &x->ask.open.why);
        return X_WAIT;
    }
    if (exchange_is_extended(x) && !exchange_is_upgrade(x) && !x->ask.open.server->many) {
        x_refuse_protocol(x);
        return X_WAIT;
    }
    x->flow->server_reused = x->ask.open.reused;
    flow_set_server(x->flow, x->ask.open.server->layer.chain->peer);
    fan_join(x->ask.open.server, &x->server);
    return X_NEXT;
}

static void
x_send_priority(struct exchange *x)
{
    struct slice value = slice_of(x->priority, x->priority_n);
    if (x->priority && x->server.fan && x->server.fan->many)
        fan_send(&x->server, &(struct part){.type = PART_PRIORITY, .data = value});
}

/* Kept for the server that the request goes to, which may be another one later. A hint: without
 * memory for it all goes on. */
static void
x_priority(struct exchange *x, struct slice value)
{
    if (!x->priority)
        x->priority = arena_alloc(x->flow->arena, PRIORITY_MAX);
    if (!x->priority)
        return;
    x->priority_n = MIN(value.n, PRIORITY_MAX);
    memcpy(x->priority, value.p, x->priority_n);
    if (x->step == X_STREAM)
        x_send_priority(x);
}

static enum x_next
x_send(struct exchange *x)
{
    struct failure why;
    if (x->flow->req.head.malformed) {
        exchange_tunnel(x, x->flow->req.head.raw);
        return X_WAIT;
    }
    if (!exchange_head_request(x)) {
        failure_set(&why, REASON_MEMORY, NULL);
        exchange_fail(x, &why);
        return X_WAIT;
    }
    fan_send(&x->server,
             &(struct part){.type = PART_HEAD, .head = &x->flow->req.sent, .flow = x->flow});
    x_send_priority(x);
    return X_NEXT;
}

/* Trailers wait in the flow for the end. */
void
exchange_end_up(struct exchange *x)
{
    struct http_head *trailers = &x->flow->req.trailers;
    bool place =
        x->flow->req.sent.framing == FRAMING_CHUNKED || (x->server.fan && x->server.fan->many);
    if (trailers->n && place)
        fan_send(&x->server, &(struct part){.type = PART_TRAILERS, .head = trailers});
    fan_send(&x->server, &(struct part){.type = PART_END});
    if (!x->half)
        return;
    fan_tell(&x->client, CMD_CLOSE);
    exchange_finish(x, true);
}

static enum x_next
x_stream(struct exchange *x)
{
    const struct body *b = edit_body(&x->flow->req);
    bool replaced = edit_replaced(&x->flow->req);
    if (!replaced && !x->collecting) {
        /* The content waited for the head to be sent; it may be over already. An upgrade has none:
         * what the client sends is for the tunnel. */
        if (!x->request_done && !exchange_is_upgrade(x))
            fan_more(&x->client);
        else if (!exchange_flush(x, true))
            exchange_end_up(x);
        return X_WAIT;
    }
    struct feed *f = exchange_feed(x, true);
    if (!f) {
        exchange_fail_for(x, REASON_MEMORY, "for a content");
        return X_WAIT;
    }
    f->block = b->first;
    f->at = 0;
    f->active = true;
    f->all = replaced;
    x->collecting = false;
    feed_run(f);
    /* What was replaced is read all the same. */
    if (replaced && !x->request_done) {
        x_invite(x);
        fan_more(&x->client);
    }
    return X_WAIT;
}

static x_step_fn *const x_steps[] = {
    [X_ASK] = x_ask_request, [X_ASKED] = x_asked, [X_HEAD] = x_head,     [X_HEADED] = x_headed,
    [X_COLLECT] = x_collect, [X_WHOLE] = x_whole, [X_WHOLED] = x_wholed, [X_OPEN] = x_open,
    [X_OPENED] = x_opened,   [X_SEND] = x_send,   [X_STREAM] = x_stream,
};

void
exchange_run(struct exchange *x)
{
    while (x->step < X_DONE) {
        /* A step that waits is over all the same: what comes back goes to the next. */
        enum x_step at = x->step;
        if (at < X_STREAM)
            x->step++;
        if (x_steps[at](x) == X_WAIT)
            return;
    }
}

static void
x_begin(struct exchange *x, const struct part *p)
{
    x->flow = p->flow;
    x->flow->req.head_at = exchange_wall(x);
    x->flow->started = x->flow->req.head_at;
    if (slice_eq(p->head->method, SLICE("CONNECT")) && !p->head->malformed && !p->head->protocol.n)
        x->flow->kind = FLOW_CONNECT;
    exchange_run(x);
}

static size_t
x_gather(struct exchange *x, struct slice data)
{
    if (!exchange_gather(x, true, data))
        return 1;
    x->step = X_OPEN;
    exchange_run(x);
    return 1;
}

static size_t
x_content(struct exchange *x, const struct part *p)
{
    const struct feed *f = x->feeds[0];
    bool dropped = x->step == X_STREAM && edit_replaced(&x->flow->req);
    bool whole = x->step == X_WHOLE && x->collecting;
    if (exchange_is_upgrade(x))
        return 0; /* it is for the tunnel */
    if (!whole && (x->step < X_STREAM || (!dropped && (fan_full(&x->server) || (f && f->active)))))
        return 0;
    host_tell(x->host, HOOK_REQUEST_CHUNK, x->flow, p->data);
    exchange_split(x, true, p->data);
    if (whole)
        return x_gather(x, p->data);
    body_append(&x->flow->req.body, p->data, x->host->limits->body_limit, x->flow->req.head.length);
    if (dropped)
        return 1;
    if (exchange_feeds(x, true)) {
        exchange_take(x, true, p->data);
        return 1;
    }
    fan_send(&x->server, p);
    return 1;
}

static void
x_end(struct exchange *x)
{
    x->request_done = true;
    x->flow->req.end_at = exchange_wall(x);
    exchange_tell(x, HOOK_REQUEST);
    if (x->step == X_WHOLE && x->collecting)
        exchange_run(x);
    else if (x->step == X_STREAM && !exchange_is_upgrade(x) && !edit_replaced(&x->flow->req) &&
             !(x->feeds[0] && x->feeds[0]->active) && !exchange_flush(x, true))
        exchange_end_up(x);
}

static size_t
x_error(struct exchange *x, const struct part *p)
{
    if (p->flow) {
        x->flow = p->flow;
        x->flow->started = x->flow->req.head_at = exchange_wall(x);
    }
    if (!exchange_complete(x))
        exchange_fail(x, p->why);
    return 1;
}

size_t
exchange_on_request(struct exchange *x, const struct part *p)
{
    if (x->step == X_DONE)
        return 1;
    switch (p->type) {
    case PART_HEAD: x_begin(x, p); break;
    case PART_BODY: return x_content(x, p);
    case PART_TRAILERS: host_tell_head(x->host, HOOK_REQUEST_TRAILERS, x->flow, p->head); break;
    case PART_PRIORITY: x_priority(x, p->data); break;
    case PART_END: x_end(x); break;
    case PART_ERROR: return x_error(x, p);
    }
    return 1;
}
