/* One request and its response: life, failure, end. */
#include "layer/exchange.h"

#include "base/mem.h"
#include "codec/h2_code.h"
#include "flow/edit.h"
#include "flow/transform.h"

#include <stdio.h>

uint64_t
exchange_wall(const struct exchange *x)
{
    return x->host->ops->wall(x->host);
}

static void
exchange_destroy(struct dying *d)
{
    struct exchange *x = container_of(d, struct exchange, dying);
    if (x->hooks)
        x->host->ops->unhook(x->host, x->hooks);
    flow_unref(x->flow);
    mem_free(x);
}

void
exchange_leave_server(struct exchange *x, bool reusable)
{
    struct fan *f = x->server.fan;
    if (!f)
        return;
    if (f->many && !reusable)
        fan_abort(&x->server, (struct cmd){.coded = x->flow->reset, .code = x->flow->code});
    fan_leave(&x->server);
    x->host->ops->leave(x->host, f, x->flow, reusable);
}

void
exchange_retire(struct exchange *x, bool server_reusable)
{
    if (x->step == X_DONE)
        return;
    x->step = X_DONE;
    if (x->ask.waiting) {
        x->ask.waiting = false;
        x->host->ops->cancel(x->host, &x->ask);
    }
    if (x->flow && x->flow->flags & FLOW_EDITED) {
        transform_end(&x->flow->req);
        transform_end(&x->flow->resp);
    }
    exchange_split_end(x);
    feed_free(x->feeds[0]);
    feed_free(x->feeds[1]);
    x->feeds[0] = x->feeds[1] = NULL;
    exchange_leave_server(x, server_reusable);
    fan_leave(&x->client);
    turn_defer(x->ask.chain->turn, &x->dying, exchange_destroy);
}

void
exchange_finish(struct exchange *x, bool server_reusable)
{
    if (x->step == X_DONE)
        return;
    exchange_retire(x, server_reusable);
    x->flow->ended = exchange_wall(x);
    if (x->flow->error)
        host_tell_end(x->host, x->flow->kind == FLOW_CONNECT ? HOOK_CONNECT_FAILED : HOOK_ERROR,
                      x->flow);
    x->host->ops->record(x->host, x->flow);
}

void
exchange_answer(struct exchange *x, struct slice content)
{
    struct http_msg *resp = &x->flow->resp;
    exchange_split_end(x);
    resp->head_at = resp->end_at = exchange_wall(x);
    x->flow->local = x->step < X_STREAM && !x->retried;
    if (!x->flow->error) {
        host_tell_head(x->host, HOOK_RESPONSE_HEAD, x->flow, &resp->head);
        exchange_tell(x, HOOK_RESPONSE);
    }
    if (!content.p || !exchange_head_response(x)) {
        fan_tell(&x->client, CMD_ABORT);
        exchange_finish(x, false);
        return;
    }
    x->response_begun = true;
    fan_send(&x->client, &(struct part){.type = PART_HEAD, .head = &resp->sent});
    if (content.n && resp->sent.framing != FRAMING_NONE) {
        body_append(&resp->body, content, x->host->limits->body_limit, content.n);
        fan_send(&x->client, &(struct part){.type = PART_BODY, .data = content});
    }
    fan_send(&x->client, &(struct part){.type = PART_END});
    exchange_finish(x, false);
}

/* A reset of the server is the client's, with the code that it had. REFUSED_STREAM says that the
 * request was not looked at (RFC 9113 section 8.7), which is no longer so after a part of its
 * response. */
static struct cmd
fail_abort(const struct exchange *x, const struct failure *why)
{
    bool untrue = why->code == H2_REFUSED_STREAM && x->server_answered;
    return (struct cmd){.coded = why->coded, .code = untrue ? H2_INTERNAL_ERROR : why->code};
}

void
exchange_fail(struct exchange *x, const struct failure *why)
{
    struct slice content;
    if (x->step == X_DONE)
        return;
    if (!x->flow->error) {
        x->flow->reset = why->coded;
        x->flow->code = why->code;
    }
    flow_fail(x->flow, reason_word(why->reason), slice_str(why->text));
    bool passes = why->coded && x->client.fan && x->client.fan->many;
    if (!x->response_begun && x->client.fan && failure_status(why) && !passes &&
        x->host->ops->page(x->host, x->flow, why, &content)) {
        exchange_answer(x, content);
        return;
    }
    /* A response that was cut short must not look like a whole one. */
    fan_abort(&x->client, fail_abort(x, why));
    exchange_finish(x, false);
}

void
exchange_fail_for(struct exchange *x, enum reason reason, const char *text)
{
    struct failure why;
    failure_set(&why, reason, "%s", text);
    exchange_fail(x, &why);
}

void
exchange_break(struct exchange *x, enum reason reason, enum cmd_type how, const char *what)
{
    struct failure why;
    if (x->step == X_DONE)
        return;
    failure_set(&why, reason, "%s", what);
    flow_fail(x->flow, reason_word(reason), slice_str(why.text));
    if (how == CMD_ABORT)
        fan_abort(&x->client, (struct cmd){.coded = x->fault.coded,
                                           .code = x->fault.code,
                                           .whole = x->fault.kind == FAULT_GOAWAY});
    else
        fan_tell(&x->client, how);
    exchange_finish(x, false);
}

static struct exchange *
of_client(struct seat *s)
{
    return container_of(s, struct exchange, client);
}

static struct exchange *
of_server(struct seat *s)
{
    return container_of(s, struct exchange, server);
}

static size_t
client_on_part(struct seat *s, const struct part *p)
{
    return exchange_on_request(of_client(s), p);
}

static void
client_on_room(struct seat *s)
{
    struct exchange *x = of_client(s);
    if (x->feeds[1] && x->feeds[1]->active)
        feed_run(x->feeds[1]);
    else
        fan_more(&x->server);
}

static void
client_on_closed(struct seat *s, const struct failure *why)
{
    struct exchange *x = of_client(s);
    if (x->step == X_DONE || exchange_complete(x))
        return;
    flow_fail(x->flow, reason_word(why->reason), slice_str(why->text));
    exchange_finish(x, false);
}

static size_t
server_on_part(struct seat *s, const struct part *p)
{
    return exchange_on_response(of_server(s), p);
}

static void
server_on_room(struct seat *s)
{
    struct exchange *x = of_server(s);
    if (x->feeds[0] && x->feeds[0]->active)
        feed_run(x->feeds[0]);
    else
        fan_more(&x->client);
}

static void
server_on_closed(struct seat *s, const struct failure *why)
{
    struct part p = {.type = PART_ERROR, .why = why};
    exchange_on_response(of_server(s), &p);
}

static const struct seat_ops client_ops = {
    .on_part = client_on_part, .on_room = client_on_room, .on_closed = client_on_closed};
static const struct seat_ops server_ops = {
    .on_part = server_on_part, .on_room = server_on_room, .on_closed = server_on_closed};

struct seat *
exchange_arrive(struct fan *f, uint32_t stream)
{
    struct exchange *x = mem_zalloc(sizeof(*x));
    if (!x)
        return NULL;
    x->client.ops = &client_ops;
    x->server.ops = &server_ops;
    x->host = f->layer.chain->host;
    x->ask.chain = f->layer.chain;
    fan_sit(f, &x->client, stream);
    return &x->client;
}

struct exchange *
exchange_at(struct list *node)
{
    struct seat *s = container_of(node, struct seat, node);
    return s->ops == &client_ops ? of_client(s) : NULL;
}

struct exchange *
exchange_find(struct fan *f, uint64_t flow)
{
    list_for (it, &f->seats) {
        struct exchange *x = exchange_at(it);
        if (x && x->flow && x->flow->id == flow)
            return x;
    }
    return NULL;
}

void
exchange_kill(struct exchange *x, struct slice by)
{
    char who[110];
    snprintf(who, sizeof(who), "by %.*s", SLICE_ARG(slice_first(by, 100)));
    exchange_break(x, REASON_KILLED, CMD_ABORT, who);
}
