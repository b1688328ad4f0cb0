/* One message of HTTP/2: its head, its trailers, its end. */
#include "layer/h2.h"

#include <nghttp2/nghttp2.h>

struct http_msg *
h2_msg(const struct h2_stream *s)
{
    return s->h->role == ROLE_ACCEPT ? &s->flow->req : &s->flow->resp;
}

bool
h2_up(struct h2_stream *s, struct part *p)
{
    return layer_up(&s->h->layer, &(struct event){.type = EV_PART, .stream = s->up, .part = p});
}

static void
fault_failure(const struct h2_stream *s, enum h2_fault fault, struct failure *why)
{
    const struct h2_fault_row *row = h2_fault_row(fault);
    bool accept = s->h->role == ROLE_ACCEPT;
    failure_set(why, accept ? REASON_BAD_REQUEST : REASON_BAD_RESPONSE, "%s (%s)", row->text,
                row->word);
    if (accept)
        why->status = row->status;
}

/* A client gets the page that says why; what it still sends of the stream is dropped. */
void
h2_bad(struct h2_stream *s, enum h2_fault fault)
{
    struct failure why;
    struct part p = {.type = PART_ERROR, .why = &why};
    fault_failure(s, fault, &why);
    if (s->h->role == ROLE_CONNECT || s->over) {
        h2_reset(s, NGHTTP2_PROTOCOL_ERROR); /* before those above end it as their own */
        h2_fail(s, &why, NGHTTP2_PROTOCOL_ERROR);
        return;
    }
    h2_count_reset(s->h);
    s->deaf = true;
    h2_up(s, &p);
    if (!s->over)
        h2_fail(s, &why, NGHTTP2_PROTOCOL_ERROR);
}

/* What was no request becomes a flow of its own, which says why. */
static void
refuse(struct h2_stream *s, enum h2_fault fault)
{
    struct chain *c = s->h->layer.chain;
    struct failure why;
    struct flow *f = flow_new(FLOW_HTTP, c->peer, c->host->budget);
    s->deaf = true;
    h2_count_reset(s->h);
    if (!f || !h2_block_lenient(&s->h->block, f->arena, &f->req.head)) {
        flow_unref(f);
        h2_over(s);
        h2_reset(s, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    f->stream = s->up;
    fault_failure(s, fault, &why);
    h2_up(s, &(struct part){.type = PART_ERROR, .flow = f, .why = &why});
    if (!s->over) {
        h2_over(s);
        h2_reset(s, NGHTTP2_PROTOCOL_ERROR);
    }
}

static void
begin_content(struct h2_stream *s, const struct http_head *head)
{
    bool connect = slice_eq(head->method, SLICE("CONNECT"));
    s->head_read = true;
    s->framing = connect ? FRAMING_TUNNEL : head->framing;
    s->left = head->length;
    s->content_at = head->expect_continue ? 0 : h2_now(s->h);
}

static void
on_request(struct h2_stream *s, bool ended, const struct priority *priority)
{
    struct h2 *h = s->h;
    struct chain *c = h->layer.chain;
    struct flow *f = flow_new(FLOW_HTTP, c->peer, c->host->budget);
    if (!f)
        h->block.fault = H2_FAULT_MEMORY;
    struct http_head *head = f ? &f->req.head : NULL;
    if (!f || !h2_block_request(&h->block, ended, &h->limits, f->arena, head)) {
        flow_unref(f);
        refuse(s, h->block.fault);
        return;
    }
    f->stream = s->up;
    head->priority = *priority;
    s->flow = f;
    begin_content(s, head);
    h2_up(s, &(struct part){.type = PART_HEAD, .head = head, .flow = flow_ref(f)});
    h2_priority_begin(s);
    if (ended && !s->deaf)
        h2_on_end(s);
}

void
h2_on_upgraded(struct h2_stream *s, struct flow *f)
{
    struct http_head *head = &f->req.head;
    f->stream = s->up;
    head->version = 20;
    s->flow = f;
    s->ended = true;
    begin_content(s, head);
    h2_up(s, &(struct part){.type = PART_HEAD, .head = head, .flow = flow_ref(f)});
    if (!s->deaf)
        h2_on_end(s);
}

static void
on_response(struct h2_stream *s, bool ended)
{
    struct h2 *h = s->h;
    struct arena *a = s->flow->arena;
    struct http_head *head = arena_alloc(a, sizeof(*head));
    if (!head || !h2_block_response(&h->block, ended, s->flow->req.sent.method, a, head)) {
        h2_bad(s, head ? h->block.fault : H2_FAULT_MEMORY);
        return;
    }
    bool interim = head->status < 200;
    if (interim && ended) {
        h2_bad(s, H2_FAULT_STATUS);
        return;
    }
    if (!interim)
        begin_content(s, head);
    h2_up(s, &(struct part){.type = PART_HEAD, .head = head});
    if (ended && !s->deaf)
        h2_on_end(s);
}

static void
on_trailers(struct h2_stream *s, bool ended)
{
    struct h2 *h = s->h;
    if (!ended || s->framing == FRAMING_TUNNEL) {
        h2_bad(s, H2_FAULT_NOT_LAST);
        return;
    }
    if (buf_len(&h->block.text) > h->limits.trailer_max && !h->block.fault)
        h->block.fault = H2_FAULT_SIZE;
    struct http_head *t = &h2_msg(s)->trailers;
    if (!h2_block_trailers(&h->block, s->flow->arena, t)) {
        h2_bad(s, h->block.fault);
        return;
    }
    s->trailers_in = t;
    h2_on_end(s);
}

void
h2_on_head(struct h2_stream *s, bool ended, const struct priority *priority)
{
    s->ended |= ended;
    s->waits_from = h2_now(s->h);
    if (s->deaf)
        return;
    if (s->head_read)
        on_trailers(s, ended);
    else if (s->h->role == ROLE_ACCEPT)
        on_request(s, ended, priority);
    else
        on_response(s, ended);
}

/* The end comes behind the content that waits. The flow is let go first: who hears of the end hands
 * it over. */
void
h2_on_end(struct h2_stream *s)
{
    const struct http_head *trailers = s->trailers_in;
    if (s->framing == FRAMING_LENGTH && s->left) {
        h2_bad(s, H2_FAULT_LENGTH_DATA);
        return;
    }
    if (buf_len(&s->in) || s->said_end)
        return;
    s->said_end = true;
    s->waits_from = 0;
    if (trailers && trailers->n)
        h2_up(s, &(struct part){.type = PART_TRAILERS, .head = &h2_msg(s)->trailers});
    if (s->h->role == ROLE_CONNECT)
        h2_over(s);
    flow_unref(s->flow);
    s->flow = NULL;
    h2_up(s, &(struct part){.type = PART_END, .reusable = true});
}
