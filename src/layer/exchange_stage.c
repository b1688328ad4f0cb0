/* The stages of an exchange: asking what is wanted there, and doing it. */
#include "flow/edit.h"
#include "layer/exchange.h"

enum x_next
exchange_ask(struct exchange *x, enum ask_type type, void (*answered)(struct ask *a))
{
    x->ask.type = type;
    x->ask.answered = answered;
    return chain_ask(x->ask.chain, &x->ask) == ASK_WAIT ? X_WAIT : X_NEXT;
}

static void
request_answered(struct ask *a)
{
    exchange_run(container_of(a, struct exchange, ask));
}

static void
response_answered(struct ask *a)
{
    struct exchange *x = container_of(a, struct exchange, ask);
    fan_more(&x->server); /* nobody waits for a person any more */
    exchange_respond(x);
}

static bool
is_response(enum stage s)
{
    return s == STAGE_RESPONSE_HEAD || s == STAGE_RESPONSE;
}

enum x_next
exchange_hook(struct exchange *x, enum stage s)
{
    x->ask.hook.decision = (struct decision){0};
    x->ask.hook.want = x->ask.hook.no_more = false;
    if (!(x->stages & 1u << s))
        return X_NEXT;
    x->ask.hook.flow = x->flow;
    x->ask.hook.stage = s;
    x->ask.hook.hooks = x->hooks;
    enum x_next next =
        exchange_ask(x, ASK_HOOK, is_response(s) ? response_answered : request_answered);
    if (next == X_WAIT && is_response(s))
        fan_tell(&x->server, CMD_WAIT);
    return next;
}

/* The response is one that was made here, whole. */
static void
stage_mock(struct exchange *x)
{
    struct http_msg *resp = &x->flow->resp;
    struct version *v = edit_last(resp);
    x->flow->local = true;
    x->response_done = true;
    resp->head_at = resp->end_at = exchange_wall(x);
    /* Nothing was received: it is no version of anything. */
    resp->head = v->head;
    body_release(&resp->body);
    resp->body = v->body;
    body_init(&v->body, NULL, NULL);
    resp->versions = NULL;
    x->collecting = true;
    host_tell_head(x->host, HOOK_RESPONSE_HEAD, x->flow, &resp->head);
    exchange_tell(x, HOOK_RESPONSE);
    x->r_step = R_HEAD;
    exchange_respond(x);
}

/* What was made here goes in the place of what the server says, which is not waited for. */
static void
stage_replace(struct exchange *x)
{
    if (!x->response_done)
        exchange_leave_server(x, false);
    if (!x->flow->resp.end_at) {
        x->flow->resp.end_at = exchange_wall(x);
        exchange_tell(x, HOOK_RESPONSE);
    }
    x->response_done = true;
    x->switching = false;
    x->r_step = R_SEND;
}

enum x_next
exchange_decided(struct exchange *x, enum stage s)
{
    const struct decision *d = &x->ask.hook.decision;
    if (!(x->stages & 1u << s))
        return X_NEXT;
    if (d->failed) {
        exchange_fail_for(x, REASON_MEMORY, "for a change of the message");
        return X_WAIT;
    }
    if (d->fault.kind)
        x->fault = d->fault;
    if (x->fault.kind == FAULT_CHUNK && x->client.fan && x->client.fan->many)
        x->fault.kind = FAULT_TRUNCATE; /* HTTP/2 has no chunks */
    if (d->shape.up || d->shape.down)
        x->shape = d->shape;
    if (d->upstream.n)
        x->to = d->upstream;
    switch (d->end) {
    case END_PASS:
    case END_ALERT: /* of a ClientHello only */
    case END_GO: return X_NEXT;
    case END_ANSWER:
        if (is_response(s)) {
            stage_replace(x);
            return X_NEXT;
        }
        stage_mock(x);
        return X_WAIT;
    case END_DROP: /* is for messages */
    case END_CLOSE:
        exchange_break(x, REASON_RULE, CMD_CLOSE, "the connection was closed without an answer");
        break;
    case END_RESET: exchange_break(x, REASON_RULE, CMD_ABORT, "the connection was reset"); break;
    }
    return X_WAIT;
}
