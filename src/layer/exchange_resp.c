/* The response half of an exchange. */
#include "flow/edit.h"
#include "layer/exchange.h"

static bool
r_is_stale(const struct exchange *x, const struct part *p)
{
    return x->flow->server_reused && !p->why->coded &&
           (p->why->reason == REASON_SERVER_CLOSED || p->why->reason == REASON_SERVER_RESET);
}

/* A stale connection of the pool: the server closed it before it read the request, and said
 * nothing. Only what is safe to repeat goes again (RFC 9110 section 9.2.2), or what the server says
 * it has not looked at (RFC 9113 section 8.7), and only when none of its content is gone. */
static bool
r_retry(struct exchange *x, const struct part *p)
{
    static const struct slice safe[] = {
        {"GET", 3}, {"HEAD", 4}, {"OPTIONS", 7}, {"TRACE", 5}, {"PUT", 3}, {"DELETE", 6},
    };
    bool answered = x->server_answered || x->flow->resp.head.raw.n;
    bool refused = p->why->reason == REASON_SERVER_REFUSED;
    if (x->retried || answered || x->flow->req.body.size || x->feeds[0] ||
        (!refused && !r_is_stale(x, p)))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(safe); i++) {
        if (!refused && !slice_eq(x->flow->req.head.method, safe[i]))
            continue;
        struct fan *f = x->server.fan;
        fan_leave(&x->server);
        if (f)
            x->host->ops->leave(x->host, f, x->flow, false);
        x->retried = true;
        x->step = X_OPEN;
        exchange_run(x);
        return true;
    }
    return false;
}

static void
r_interim(struct exchange *x, const struct part *p)
{
    struct arena *a = x->flow->arena;
    struct http_head sent;
    if (++x->n_interim > EXCHANGE_INTERIM_MAX) {
        exchange_fail_for(x, REASON_BAD_RESPONSE, "too many 1xx responses");
        return;
    }
    struct interim *i = arena_alloc(a, sizeof(*i));
    if (!i || !exchange_head_interim(x, p->head, &sent)) {
        exchange_fail_for(x, REASON_MEMORY, "for a 1xx response");
        return;
    }
    i->head = *p->head;
    i->at = exchange_wall(x);
    struct interim **tail = &x->flow->interim;
    while (*tail)
        tail = &(*tail)->next;
    *tail = i;
    host_tell_head(x->host, HOOK_INTERIM, x->flow, &i->head);
    if (x->flow->req.head.version >= 11)
        fan_send(&x->client, &(struct part){.type = PART_HEAD, .head = &sent});
}

static enum x_next
r_ask_head(struct exchange *x)
{
    return exchange_hook(x, STAGE_RESPONSE_HEAD);
}

static enum x_next
r_headed(struct exchange *x)
{
    bool tunnel = x->switching || x->flow->resp.head.framing == FRAMING_TUNNEL;
    bool want = x->ask.hook.want && !tunnel;
    if (x->ask.hook.no_more)
        exchange_split_leave(x);
    if (exchange_decided(x, STAGE_RESPONSE_HEAD) == X_WAIT)
        return X_WAIT;
    if (!want && x->r_step < R_SEND)
        x->r_step = R_SEND;
    if (x->r_step < R_SEND)
        x->collecting = true;
    return X_NEXT;
}

static enum x_next
r_collect(struct exchange *x)
{
    if (x->response_done)
        return X_NEXT;
    fan_more(&x->server);
    return X_WAIT;
}

static enum x_next
r_whole(struct exchange *x)
{
    return exchange_hook(x, STAGE_RESPONSE);
}

static enum x_next
r_wholed(struct exchange *x)
{
    return exchange_decided(x, STAGE_RESPONSE);
}

static enum x_next
r_send(struct exchange *x)
{
    struct http_msg *resp = &x->flow->resp;
    if (!exchange_fault_begin(x))
        return X_WAIT;
    if (!exchange_head_response(x)) {
        exchange_fail_for(x, REASON_MEMORY, "for the head of the response");
        return X_WAIT;
    }
    x->response_begun = true;
    fan_send(&x->client, &(struct part){.type = PART_HEAD, .head = &resp->sent});
    if (!x->switching)
        return X_NEXT;
    exchange_tell(x, HOOK_RESPONSE);
    exchange_tunnel(x, SLICE_NONE);
    return X_WAIT;
}

static enum x_next
r_stream(struct exchange *x)
{
    bool replaced = edit_replaced(&x->flow->resp), waits = replaced || x->collecting;
    struct feed *f = waits ? exchange_feed(x, false) : NULL;
    if (waits && !f) {
        exchange_fail_for(x, REASON_MEMORY, "for a content");
        return X_WAIT;
    }
    if (waits) {
        bool none = x->flow->resp.sent.framing == FRAMING_NONE;
        f->block = none ? NULL : edit_body(&x->flow->resp)->first;
        f->at = 0;
        f->active = true;
        f->all = replaced && !x->server.fan;
        x->collecting = false;
        feed_run(f);
    } else if (x->response_done && !exchange_flush(x, false)) {
        exchange_end_down(x);
    }
    return X_WAIT;
}

typedef enum x_next r_step_fn(struct exchange *x);

static r_step_fn *const r_steps[] = {
    [R_HEAD] = r_ask_head, [R_HEADED] = r_headed, [R_COLLECT] = r_collect, [R_WHOLE] = r_whole,
    [R_WHOLED] = r_wholed, [R_SEND] = r_send,     [R_STREAM] = r_stream,
};

void
exchange_respond(struct exchange *x)
{
    while (x->step < X_DONE && x->r_step > R_NONE) {
        /* As in exchange_run. */
        enum r_step at = x->r_step;
        if (at < R_STREAM)
            x->r_step++;
        if (r_steps[at](x) == X_WAIT)
            return;
    }
}

static size_t
r_head(struct exchange *x, const struct part *p)
{
    struct http_msg *resp = &x->flow->resp;
    bool switching = p->head->status == 101 && !p->head->malformed;
    if (p->head->status < 200 && !switching && !p->head->malformed) {
        r_interim(x, p);
        return 1;
    }
    resp->head = *p->head;
    resp->head_at = exchange_wall(x);
    x->switching = switching;
    if (switching && !head_find(&x->flow->req.sent, FIELD_UPGRADE)) {
        exchange_fail_for(x, REASON_BAD_RESPONSE, "101 although no upgrade was asked for");
        return 1;
    }
    if (switching && exchange_unread(x)) {
        exchange_fail_for(x, REASON_BAD_RESPONSE, "101 before the request was complete");
        return 1;
    }
    if (p->head->malformed)
        x->stages = 0;
    if (!exchange_split_begin(x, false))
        return 1;
    host_tell_head(x->host, HOOK_RESPONSE_HEAD, x->flow, &resp->head);
    x->r_step = R_HEAD;
    exchange_respond(x);
    return 1;
}

static size_t
r_gather(struct exchange *x, struct slice data)
{
    if (!exchange_gather(x, false, data))
        return 1;
    x->r_step = R_SEND;
    exchange_respond(x);
    return 1;
}

/* Whether there is no place for what the server sends in what the client gets. */
static bool
r_dropped(const struct exchange *x)
{
    return x->r_step == R_STREAM &&
           (edit_replaced(&x->flow->resp) || x->flow->resp.sent.framing == FRAMING_NONE);
}

static size_t
r_content(struct exchange *x, const struct part *p)
{
    const struct feed *f = x->feeds[1];
    bool dropped = r_dropped(x);
    bool whole = x->r_step == R_WHOLE && x->collecting;
    if (!whole &&
        (x->r_step < R_STREAM || (!dropped && (fan_full(&x->client) || (f && f->active)))))
        return 0;
    host_tell(x->host, HOOK_RESPONSE_CHUNK, x->flow, p->data);
    exchange_split(x, false, p->data);
    if (whole)
        return r_gather(x, p->data);
    body_append(&x->flow->resp.body, p->data, x->host->limits->body_limit,
                x->flow->resp.head.length);
    if (dropped || x->stalled)
        return 1;
    if (exchange_feeds(x, false)) {
        exchange_take(x, false, p->data);
        return 1;
    }
    exchange_send_down(x, p);
    return 1;
}

void
exchange_end_down(struct exchange *x)
{
    bool tunnel = x->flow->resp.sent.framing == FRAMING_TUNNEL, unread = exchange_unread(x);
    if (!exchange_fault_end(x))
        return;
    if (x->trailers && !edit_replaced(&x->flow->resp))
        fan_send(&x->client, &(struct part){.type = PART_TRAILERS, .head = x->trailers});
    fan_send(&x->client, &(struct part){.type = PART_END, .torn = x->torn});
    x->half = tunnel && !x->request_done;
    if (x->half)
        return;
    if (unread || tunnel)
        fan_tell(&x->client, CMD_CLOSE);
    exchange_finish(x, x->reusable);
}

static size_t
r_end(struct exchange *x, const struct part *p)
{
    x->flow->resp.end_at = exchange_wall(x);
    x->response_done = true;
    x->reusable = p->reusable && x->request_done && !x->flow->req.sent.malformed;
    x->torn = p->torn;
    exchange_tell(x, HOOK_RESPONSE);
    bool active = x->feeds[1] && x->feeds[1]->active;
    bool through = exchange_remakes(x, false);
    if (x->r_step == R_STREAM && !active && !x->stalled && !through) {
        exchange_end_down(x);
        return 1;
    }
    /* The server is done with, however long its answer stays here. */
    exchange_leave_server(x, x->reusable);
    if (x->r_step == R_WHOLE && x->collecting)
        exchange_respond(x);
    else if (x->r_step == R_STREAM && through && !x->stalled)
        (void)!exchange_flush(x, false);
    return 1;
}

bool
exchange_complete(struct exchange *x)
{
    struct http_msg *m = &x->flow->resp;
    bool by_length = m->head.framing == FRAMING_LENGTH && m->sent.framing == FRAMING_LENGTH;
    if (!x->request_done || x->r_step != R_STREAM || !by_length || m->body.size < m->head.length ||
        x->feeds[1] || x->stalled || edit_replaced(m))
        return false;
    m->end_at = exchange_wall(x);
    exchange_tell(x, HOOK_RESPONSE);
    exchange_finish(x, false);
    return true;
}

size_t
exchange_on_response(struct exchange *x, const struct part *p)
{
    if (x->step == X_DONE || (x->response_done && !(x->half && p->type == PART_ERROR)))
        return 1;
    if (p->type == PART_ERROR) {
        if (!r_retry(x, p))
            exchange_fail(x, p->why);
        return 1;
    }
    x->server_answered = true;
    switch (p->type) {
    case PART_HEAD: return r_head(x, p);
    case PART_BODY: return r_content(x, p);
    case PART_PRIORITY: return 1;
    case PART_TRAILERS:
        x->trailers = p->head;
        host_tell_head(x->host, HOOK_RESPONSE_TRAILERS, x->flow, p->head);
        return 1;
    case PART_END: return r_end(x, p);
    case PART_ERROR: break;
    }
    return 1;
}
