/* A queue of requests that are sent again. */
#include "ui/web/replay.h"

#include "api/export.h"
#include "base/mem.h"
#include "proxy/send.h"
#include "ui/web/control.h"

#define HEAD_MAX ((size_t)1 << 20)

struct replay {
    struct control *control;
    struct flow **flows; /* references, from 'at' on */
    size_t at, n;
    struct replay_counts counts;
    /* The one that is under way. */
    bool sending;
    struct flow *flow; /* a reference */
    struct export_request request;
    struct buf head;
    struct send_call send;
    struct control_work work; /* the way back */
};

static void
compose(struct replay *r)
{
    const struct export_request *q = &r->request;
    buf_init(&r->head, HEAD_MAX);
    buf_printf(&r->head, "%.*s ", SLICE_ARG(q->head->method));
    buf_append(&r->head, q->target);
    buf_append(&r->head, SLICE(" HTTP/1.1\r\n"));
    for (size_t i = 0; i < q->head->n; i++) {
        const struct field *f = &q->head->fields[i];
        if (export_leaves_out(f))
            continue;
        buf_append(&r->head, f->name);
        buf_append(&r->head, SLICE(": "));
        buf_append(&r->head, f->value);
        buf_append(&r->head, SLICE("\r\n"));
    }
    buf_append(&r->head, SLICE("\r\n"));
}

static void
replay_release(struct replay *r)
{
    buf_release(&r->head);
    export_request_release(&r->request);
    flow_unref(r->flow);
    r->flow = NULL;
    r->sending = false;
}

static void
drop_all(struct replay *r)
{
    while (r->at < r->n)
        flow_unref(r->flows[r->at++]);
}

static void replay_next(struct replay *r);

/* On the control thread; after its end on the main one, when there is no engine any more. */
static void
replay_back(void *arg)
{
    struct replay *r = arg;
    flow_unref(r->send.flow);
    if (r->send.err.code)
        r->counts.failed++;
    else
        r->counts.sent++;
    replay_release(r);
    if (r->control->running)
        replay_next(r);
    else
        drop_all(r);
}

static void
on_sent(struct send_call *s)
{
    struct replay *r = container_of(s, struct replay, send);
    control_answer(r->control, &r->work);
}

/* Takes the reference. false: it cannot be sent. */
static bool
replay_send(struct replay *r, struct flow *f)
{
    struct err e = {0};
    r->flow = f;
    if (!export_request(f, &r->request, &e)) {
        flow_unref(f);
        r->flow = NULL;
        return false;
    }
    compose(r);
    r->send = (struct send_call){.proxy = r->control->given.proxy,
                                 .https = slice_eq(slice_str(f->scheme), SLICE("https")),
                                 .host = f->host,
                                 .port = f->port,
                                 .head = buf_slice(&r->head),
                                 .content = buf_slice(&r->request.content),
                                 .done = on_sent};
    r->work = (struct control_work){.done = replay_back, .arg = r};
    r->sending = !r->head.failed && send_begin(&r->send);
    if (!r->sending)
        replay_release(r);
    return r->sending;
}

static void
replay_next(struct replay *r)
{
    while (!r->sending && r->at < r->n)
        if (!replay_send(r, r->flows[r->at++]))
            r->counts.failed++;
}

static struct replay *
replay_get(struct control *c)
{
    if (c->replay)
        return c->replay;
    c->replay = mem_zalloc(sizeof(*c->replay));
    if (c->replay)
        c->replay->control = c;
    return c->replay;
}

/* Room for n more behind those that wait. */
static bool
make_room(struct replay *r, size_t n)
{
    size_t left = r->n - r->at;
    if (n > REPLAY_MAX - left)
        return false;
    struct flow **flows = mem_zalloc((left + n + 1) * sizeof(struct flow *));
    if (!flows)
        return false;
    for (size_t i = 0; i < left; i++)
        flows[i] = r->flows[r->at + i];
    mem_free(r->flows);
    r->flows = flows;
    r->at = 0;
    r->n = left;
    return true;
}

bool
replay_add(struct control *c, struct flow *const *flows, size_t n)
{
    struct replay *r = replay_get(c);
    if (!r || !make_room(r, n))
        return false;
    for (size_t i = 0; i < n; i++)
        r->flows[r->n++] = flow_ref(flows[i]);
    replay_next(r);
    return true;
}

void
replay_stop(struct control *c)
{
    if (c->replay)
        drop_all(c->replay);
}

struct replay_counts
replay_counts(const struct control *c)
{
    struct replay_counts counts = {0};
    if (c->replay) {
        counts = c->replay->counts;
        counts.left = c->replay->n - c->replay->at + c->replay->sending;
    }
    return counts;
}

void
replay_free(struct control *c)
{
    if (!c->replay)
        return;
    drop_all(c->replay);
    mem_free(c->replay->flows);
    mem_free(c->replay);
    c->replay = NULL;
}
