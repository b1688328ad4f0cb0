/* The request half of an exchange: steps until its head is sent, then its content. */
#include "layer/exchange.h"

enum x_next { X_NEXT, X_WAIT };

typedef enum x_next x_step_fn(struct exchange *x);

static void
x_answered(struct ask *a)
{
    exchange_run(container_of(a, struct exchange, ask));
}

static enum x_next
x_ask(struct exchange *x, enum ask_type type)
{
    x->ask.type = type;
    x->ask.answered = x_answered;
    return chain_ask(x->ask.chain, &x->ask) == ASK_WAIT ? X_WAIT : X_NEXT;
}

static enum x_next
x_ask_request(struct exchange *x)
{
    x->ask.request.flow = x->flow;
    x->ask.request.answer = false;
    return x_ask(x, ASK_REQUEST);
}

static enum x_next
x_asked(struct exchange *x)
{
    if (x->ask.request.answer) {
        exchange_answer(x, x->ask.request.content);
        return X_WAIT;
    }
    if (x->flow->kind != FLOW_CONNECT)
        return X_NEXT;
    exchange_connect(x);
    return X_WAIT;
}

static enum x_next
x_open(struct exchange *x)
{
    x->ask.open.flow = x->flow;
    x->ask.open.fresh = x->retried || x->flow->req.head.malformed;
    x->ask.open.server = NULL;
    x->ask.open.peer = NULL;
    x->ask.open.reused = false;
    return x_ask(x, ASK_OPEN);
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
    x->flow->server_reused = x->ask.open.reused;
    flow_set_server(x->flow, x->ask.open.server->layer.chain->peer);
    fan_join(x->ask.open.server, &x->server);
    return X_NEXT;
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
    return X_NEXT;
}

/* Trailers wait in the flow for the end. */
static void
x_send_end(struct exchange *x)
{
    struct http_head *trailers = &x->flow->req.trailers;
    if (trailers->n)
        fan_send(&x->server, &(struct part){.type = PART_TRAILERS, .head = trailers});
    fan_send(&x->server, &(struct part){.type = PART_END});
}

static enum x_next
x_stream(struct exchange *x)
{
    /* The content waited for the head to be sent; it may be over already. */
    if (x->request_done)
        x_send_end(x);
    else
        fan_more(&x->client);
    return X_WAIT;
}

static x_step_fn *const x_steps[] = {
    [X_ASK] = x_ask_request, [X_ASKED] = x_asked, [X_OPEN] = x_open,
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
    if (slice_eq(p->head->method, SLICE("CONNECT")) && !p->head->malformed)
        x->flow->kind = FLOW_CONNECT;
    exchange_run(x);
}

static size_t
x_content(struct exchange *x, const struct part *p)
{
    if (x->step < X_STREAM || fan_full(&x->server))
        return 0;
    body_append(&x->flow->req.body, p->data, x->host->limits->body_limit, x->flow->req.head.length);
    fan_send(&x->server, p);
    return 1;
}

static void
x_end(struct exchange *x)
{
    x->request_done = true;
    x->flow->req.end_at = exchange_wall(x);
    if (x->step == X_STREAM)
        x_send_end(x);
}

static size_t
x_error(struct exchange *x, const struct part *p)
{
    if (p->flow) {
        x->flow = p->flow;
        x->flow->started = x->flow->req.head_at = exchange_wall(x);
    }
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
    case PART_TRAILERS: break;
    case PART_END: x_end(x); break;
    case PART_ERROR: return x_error(x, p);
    }
    return 1;
}
