/* HTTP/1 connections: state, deadlines, ends. */
#include "layer/h1.h"

#include "base/clock.h"
#include "base/mem.h"

/* Of a content at its lowest rate, so that the sum of times has room. */
#define CONTENT_SECONDS_MAX 1000000000ull

void
h1_drop_flow(struct h1 *h)
{
    flow_unref(h->flow);
    h->flow = NULL;
}

struct http_msg *
h1_msg(struct h1 *h)
{
    return h->role == ROLE_ACCEPT ? &h->flow->req : &h->flow->resp;
}

/* Whether it is for others to move: a client whose content nobody takes, a server that has not been
 * asked to the end while it takes all that there is. */
static bool
h1_is_patient(struct h1 *h)
{
    if (h->patient)
        return true;
    if (h->role == ROLE_ACCEPT)
        return h->blocked && h->state != H1_HEAD;
    return h->state == H1_HEAD && !h->written && !chain_full(h->layer.chain);
}

void
h1_await_content(struct h1 *h)
{
    struct host *host = h->layer.chain->host;
    h->content_at = host->ops->now(host);
}

/* When the content has fallen behind the rate; 0: never. The time in which nobody wanted it does
 * not count. */
static uint64_t
h1_content_due(const struct h1 *h)
{
    const struct layer_limits *l = h->layer.chain->host->limits;
    bool content = h->state == H1_LENGTH || h->state == H1_CHUNKED;
    if (h->role != ROLE_ACCEPT || !content || !l->body_rate || !h->content_at || !h->flow)
        return 0;
    uint64_t seconds = MIN(h->flow->req.wire_bytes / l->body_rate, CONTENT_SECONDS_MAX);
    return h->content_at + l->body_time + seconds * NS_PER_S;
}

/* A request head has one time for all of it, content has a time for each piece. */
void
h1_set_deadline(struct h1 *h)
{
    struct host *host = h->layer.chain->host;
    uint64_t time = host->limits->idle_time;
    if (h->state == H1_IDLE || h->state == H1_WAIT || h->state == H1_DEAD || h1_is_patient(h))
        time = 0;
    else if (h->role == ROLE_ACCEPT && h->state == H1_HEAD)
        time = h->started ? host->limits->head_time : host->limits->keepalive_time;
    h->layer.deadline = time ? host->ops->now(host) + time : 0;
    uint64_t due = time ? h1_content_due(h) : 0;
    if (due)
        h->layer.deadline = MIN(h->layer.deadline, due);
}

void
h1_dead(struct h1 *h)
{
    h->state = H1_DEAD;
    h->layer.deadline = 0;
    h->close_after = true;
    h1_drop_flow(h);
}

void
h1_fail(struct h1 *h, const struct failure *why)
{
    h1_dead(h);
    struct part p = {.type = PART_ERROR, .why = why};
    layer_up(&h->layer, &(struct event){.type = EV_PART, .stream = h->stream, .part = &p});
}

void
h1_refuse(struct h1 *h, struct slice raw, const struct failure *why)
{
    struct chain *c = h->layer.chain;
    h1_dead(h);
    struct flow *f = flow_new(FLOW_HTTP, c->peer, c->host->budget);
    struct slice kept = f ? arena_dup(f->arena, slice_first(raw, h->limits.head_max)) : SLICE_NONE;
    if (!kept.p || !http1_parse_lenient(kept, false, f->arena, &f->req.head)) {
        flow_unref(f);
        layer_tell(&h->layer, CMD_CLOSE);
        return;
    }
    struct part p = {.type = PART_ERROR, .flow = f, .why = why};
    layer_up(&h->layer, &(struct event){.type = EV_PART, .stream = ++h->stream, .part = &p});
}

void
h1_cycle(struct h1 *h)
{
    if (!h->written)
        return;
    if (h->close_after) {
        h1_dead(h);
        chain_ends(h->layer.chain, "connection-close");
        layer_tell(&h->layer, CMD_CLOSE);
        return;
    }
    if (h->state != H1_WAIT)
        return;
    h->state = H1_HEAD;
    h->written = h->started = h->blank = false;
    h->scanned = 0;
    h1_set_deadline(h);
    if (!h->reading && (h->untaken || h->eof))
        layer_tell(&h->layer, CMD_MORE);
}

static size_t
h1_on_data(struct h1 *h, struct slice in)
{
    struct host *host = h->layer.chain->host;
    bool content = h->role == ROLE_ACCEPT && h->state != H1_HEAD;
    if (content && h->blocked && h->content_at)
        h->content_at += host->ops->now(host) - h->blocked_at;
    if (content && in.n && !h->content_at)
        h1_await_content(h);
    h->reading = true;
    size_t took = h1_read(h, in);
    h->reading = false;
    if (h->blocked)
        h->blocked_at = host->ops->now(host);
    h->untaken = took < in.n;
    if (h->role == ROLE_CONNECT || h->state != H1_HEAD)
        h1_set_deadline(h);
    return took;
}

static void
h1_on_timer(struct h1 *h)
{
    struct host *host = h->layer.chain->host;
    struct failure why;
    /* A server whose content is not taken waits for the client. */
    bool server = h->role == ROLE_CONNECT && !h->blocked;
    uint64_t due = h1_content_due(h);
    failure_set(&why, server ? REASON_SERVER_TIMEOUT : REASON_CLIENT_TIMEOUT, NULL);
    if (due && due <= host->ops->now(host))
        failure_set(&why, REASON_CLIENT_TIMEOUT,
                    "its content came at less than %llu bytes a second",
                    (unsigned long long)host->limits->body_rate);
    if (h->role == ROLE_ACCEPT && h->state == H1_HEAD) {
        /* The bytes so far are held below: they are to be offered once more, for the record. */
        h->late = true;
        layer_tell(&h->layer, CMD_MORE);
        return;
    }
    h1_fail(h, &why);
}

void
h1_keep_raw(struct h1 *h, struct slice raw)
{
    struct slice kept = arena_dup(h->flow->arena, slice_first(raw, h->limits.head_max));
    h->flow->resp.head = (struct http_head){.raw = kept};
}

void
h1_at_eof(struct h1 *h, struct slice rest)
{
    struct failure why;
    enum reason reason = h->role == ROLE_ACCEPT ? REASON_CLIENT_CLOSED : REASON_SERVER_CLOSED;
    if (h->state == H1_IDLE || (h->role == ROLE_ACCEPT && h->state == H1_HEAD && !rest.n)) {
        h1_dead(h);
        failure_set(&why, reason, NULL);
        layer_up(&h->layer, &(struct event){.type = EV_CLOSED, .why = &why});
        layer_tell(&h->layer, CMD_CLOSE);
        return;
    }
    if (h->state == H1_LENGTH)
        failure_set(&why, reason, "%llu bytes of the content are missing",
                    (unsigned long long)h->left);
    else if (h->state == H1_CHUNKED)
        failure_set(&why, reason, "the last chunk is missing");
    else
        failure_set(&why, reason, rest.n ? "the head is not complete" : "before its head came");
    if (h->role == ROLE_ACCEPT && h->state == H1_HEAD) {
        h1_refuse(h, rest, &why);
        return;
    }
    if (h->state == H1_HEAD)
        h1_keep_raw(h, rest);
    h1_fail(h, &why);
}

static size_t
h1_on_event(struct layer *l, const struct event *ev)
{
    struct h1 *h = h1_of(l);
    switch (ev->type) {
    case EV_START: h1_set_deadline(h); break;
    case EV_DATA: return h1_on_data(h, ev->data);
    case EV_TIMER: h1_on_timer(h); break;
    case EV_EOF:
        h->eof = true;
        h->eof_clean = ev->clean;
        /* What was left untaken comes once more, and then its end is known. */
        layer_tell(l, CMD_MORE);
        break;
    case EV_CLOSED: h1_dead(h); return layer_up(l, ev);
    case EV_ROOM:
        if (h->state == H1_HEAD && h->untaken)
            layer_tell(l, CMD_MORE);
        return layer_up(l, ev);
    case EV_MOVED:
    case EV_PART: return layer_up(l, ev);
    }
    return 0;
}

static void
h1_on_cmd(struct layer *l, const struct cmd *c)
{
    struct h1 *h = h1_of(l);
    if (c->type == CMD_PART) {
        h1_write(h, c->stream, c->part);
        if (l->down && h->role == ROLE_CONNECT)
            h1_set_deadline(h);
        return;
    }
    if (c->type == CMD_WAIT || c->type == CMD_MORE) {
        bool was = h->patient;
        h->patient = c->type == CMD_WAIT;
        if (was != h->patient)
            h1_set_deadline(h);
        if (h->patient)
            return;
    }
    if (c->type == CMD_CLOSE || c->type == CMD_ABORT)
        h1_dead(h);
    layer_down(l, c);
}

static void
h1_destroy(struct layer *l)
{
    struct h1 *h = h1_of(l);
    h1_drop_flow(h);
    mem_free(h);
}

/* A method and a blank: enough to tell it from other protocols. */
static int
h1_detect(struct slice first)
{
    size_t n = 0;
    while (n < first.n && n < 20 && ((first.p[n] >= 'A' && first.p[n] <= 'Z') || first.p[n] == '-'))
        n++;
    if (n == first.n)
        return n < 20 ? -1 : 0;
    return n >= 2 && first.p[n] == ' ' ? 80 : 0;
}

const struct layer_ops h1_accept_ops = {.name = "h1",
                                        .detect = h1_detect,
                                        .on_event = h1_on_event,
                                        .on_cmd = h1_on_cmd,
                                        .destroy = h1_destroy};

static const struct layer_ops h1_connect_ops = {
    .name = "h1", .on_event = h1_on_event, .on_cmd = h1_on_cmd, .destroy = h1_destroy};

struct layer *
h1_new(struct host *host, enum role role)
{
    struct h1 *h = mem_zalloc(sizeof(*h));
    if (!h)
        return NULL;
    h->layer.ops = role == ROLE_ACCEPT ? &h1_accept_ops : &h1_connect_ops;
    h->role = role;
    h->state = role == ROLE_ACCEPT ? H1_HEAD : H1_IDLE;
    h->limits = HTTP1_LIMITS_DEFAULT;
    h->limits.head_max = host->limits->head_max;
    h->limits.line_max = host->limits->line_max;
    h->limits.fields_max = host->limits->fields_max;
    h->limits.trailer_max = host->limits->trailer_max;
    return &h->layer;
}
