/* The response half of an exchange. */
#include "layer/exchange.h"

#include "codec/hop.h"

/* A stale connection of the pool: the server closed it before it read the request, and said
 * nothing. Only what is safe to repeat goes again (RFC 9110 section 9.2.2), and only when none of
 * its content is gone. */
static bool
r_retry(struct exchange *x, const struct part *p)
{
    static const struct slice safe[] = {
        {"GET", 3}, {"HEAD", 4}, {"OPTIONS", 7}, {"TRACE", 5}, {"PUT", 3}, {"DELETE", 6},
    };
    bool answered = x->server_answered || x->flow->resp.head.raw.n;
    if (x->retried || answered || !x->flow->server_reused || x->flow->req.body.size ||
        (p->why->reason != REASON_SERVER_CLOSED && p->why->reason != REASON_SERVER_RESET))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(safe); i++) {
        if (!slice_eq(x->flow->req.head.method, safe[i]))
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
r_fail(struct exchange *x, enum reason reason, const char *text)
{
    struct failure why;
    failure_set(&why, reason, "%s", text);
    exchange_fail(x, &why);
}

static void
r_interim(struct exchange *x, const struct part *p)
{
    struct arena *a = x->flow->arena;
    struct http_head sent;
    if (++x->n_interim > EXCHANGE_INTERIM_MAX) {
        r_fail(x, REASON_BAD_RESPONSE, "too many 1xx responses");
        return;
    }
    struct interim *i = arena_alloc(a, sizeof(*i));
    if (!i || !head_copy(&sent, p->head, a) || !hop_strip(&sent, a, true, false)) {
        r_fail(x, REASON_MEMORY, "for a 1xx response");
        return;
    }
    i->head = *p->head;
    i->at = exchange_wall(x);
    struct interim **tail = &x->flow->interim;
    while (*tail)
        tail = &(*tail)->next;
    *tail = i;
    if (x->flow->req.head.version >= 11)
        fan_send(&x->client, &(struct part){.type = PART_HEAD, .head = &sent});
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
    if (switching && !head_find(&x->flow->req.sent, FIELD_UPGRADE)) {
        r_fail(x, REASON_BAD_RESPONSE, "101 although no upgrade was asked for");
        return 1;
    }
    if (switching && exchange_unread(x)) {
        r_fail(x, REASON_BAD_RESPONSE, "101 before the request was complete");
        return 1;
    }
    if (!exchange_head_response(x)) {
        r_fail(x, REASON_MEMORY, "for the head of the response");
        return 1;
    }
    x->response_begun = true;
    fan_send(&x->client, &(struct part){.type = PART_HEAD, .head = &resp->sent});
    if (switching)
        exchange_tunnel(x, SLICE_NONE);
    return 1;
}

static size_t
r_content(struct exchange *x, const struct part *p)
{
    if (fan_full(&x->client))
        return 0;
    body_append(&x->flow->resp.body, p->data, x->host->limits->body_limit,
                x->flow->resp.head.length);
    fan_send(&x->client, p);
    return 1;
}

static size_t
r_end(struct exchange *x, const struct part *p)
{
    x->flow->resp.end_at = exchange_wall(x);
    bool reusable = p->reusable && x->request_done;
    bool unread = exchange_unread(x);
    fan_send(&x->client, p);
    if (unread)
        fan_tell(&x->client, CMD_CLOSE);
    exchange_finish(x, reusable);
    return 1;
}

size_t
exchange_on_response(struct exchange *x, const struct part *p)
{
    if (x->step == X_DONE)
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
    case PART_TRAILERS: fan_send(&x->client, p); return 1;
    case PART_END: return r_end(x, p);
    case PART_ERROR: break;
    }
    return 1;
}
