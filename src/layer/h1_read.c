/* HTTP/1 bytes to parts: one step per state. */
#include "layer/h1.h"

enum h1_step {
    STEP_NEXT,    /* done: look at the state again */
    STEP_STARVED, /* more bytes are needed */
    STEP_BLOCKED, /* nothing is read now, whatever comes */
};

typedef enum h1_step h1_step_fn(struct h1 *h, struct slice in, size_t *used);

static bool
h1_up(struct h1 *h, struct part *p)
{
    return layer_up(&h->layer, &(struct event){.type = EV_PART, .stream = h->stream, .part = p});
}

static enum h1_step
h1_bad(struct h1 *h, const struct http1_why *fault)
{
    const struct http1_fault_row *row = http1_fault_row(fault->fault);
    struct failure why;
    failure_set(&why, h->role == ROLE_ACCEPT ? REASON_BAD_REQUEST : REASON_BAD_RESPONSE,
                "%s (%s, at byte %zu)", row->text, row->word, fault->at);
    if (h->role == ROLE_ACCEPT)
        why.status = row->status;
    h1_fail(h, &why);
    return STEP_NEXT;
}

/* The state that reads the content of a head. */
static void
h1_begin_content(struct h1 *h, const struct http_head *head)
{
    h->content_at = 0;
    if (!head->expect_continue)
        h1_await_content(h);
    switch (head->framing) {
    case FRAMING_LENGTH:
        h->left = head->length;
        h->state = h->left ? H1_LENGTH : H1_END;
        break;
    case FRAMING_CHUNKED:
        chunk_init(&h->chunk, &h->limits);
        h->state = H1_CHUNKED;
        break;
    case FRAMING_EOF:
    case FRAMING_TUNNEL: h->state = H1_TO_EOF; break;
    case FRAMING_NONE: h->state = H1_END; break;
    }
}

/* Whether a head with this fault goes through as it is. Limits are no question of form. */
static bool
h1_may_pass(const struct h1 *h, const struct http1_why *fault)
{
    unsigned status = http1_fault_row(fault->fault)->status;
    return h->layer.chain->host->limits->allow_malformed && status != 414 && status != 431 &&
           status != 503;
}

/* Refuses a request head, or lets it through as it is where that is allowed: then everything behind
 * it goes with it. */
static enum h1_step
h1_bad_request(struct h1 *h, struct slice raw, const struct http1_why *fault, size_t *used)
{
    const struct http1_fault_row *row = http1_fault_row(fault->fault);
    struct failure why;
    *used = raw.n;
    failure_set(&why, REASON_BAD_REQUEST, "%s (%s, at byte %zu)", row->text, row->word, fault->at);
    why.status = row->status;
    h1_refuse(h, raw, &why);
    return STEP_NEXT;
}

static bool
h1_malformed_request(struct h1 *h, struct slice raw)
{
    h1_drop_flow(h);
    h->flow = flow_new(FLOW_HTTP, h->layer.chain->peer, h->layer.chain->host->budget);
    struct slice kept = h->flow ? arena_dup(h->flow->arena, raw) : SLICE_NONE;
    return kept.p && http1_parse_lenient(kept, false, h->flow->arena, &h->flow->req.head);
}

/* Another layer goes on with the connection: of its first request only, since the peer is written
 * to, which flows that are handed over refer to. */
static bool
h1_is_upgraded(struct h1 *h, const struct http_head *head)
{
    struct chain *c = h->layer.chain;
    const struct host_ops *ops = c->host->ops;
    struct layer *next = NULL, *above = NULL;
    if (!head_find(head, FIELD_UPGRADE) || h->stream > 1 || h->eof || !ops->upgrade ||
        !ops->upgrade(c->host, c, h->flow, &next, &above))
        return false;
    h1_dead(h);
    if (!next) {
        chain_fail(c);
        return true;
    }
    chain_swap(c, &h->layer, next);
    chain_push(c, above);
    next->ops->on_event(next, &(struct event){.type = EV_START});
    return true;
}

static enum h1_step
h1_request(struct h1 *h, struct slice raw, size_t *used)
{
    struct chain *c = h->layer.chain;
    struct http1_why fault;
    h->flow = flow_new(FLOW_HTTP, c->peer, c->host->budget);
    struct slice kept = h->flow ? arena_dup(h->flow->arena, raw) : SLICE_NONE;
    if (!kept.p) {
        h1_drop_flow(h);
        fault = (struct http1_why){.fault = HTTP1_FAULT_MEMORY};
        return h1_bad_request(h, raw, &fault, used);
    }
    struct http_head *head = &h->flow->req.head;
    if (http1_parse_request(kept, &h->limits, h->flow->arena, head, &fault) != HTTP1_OK &&
        !(h1_may_pass(h, &fault) && h1_malformed_request(h, raw))) {
        h1_drop_flow(h);
        return h1_bad_request(h, raw, &fault, used);
    }
    head = &h->flow->req.head;
    *used = raw.n;
    h->keep = head->keep_alive;
    h->stream++;
    if (h1_is_upgraded(h, head))
        return STEP_NEXT;
    h1_begin_content(h, head);
    h1_up(h, &(struct part){.type = PART_HEAD, .head = head, .flow = flow_ref(h->flow)});
    return STEP_NEXT;
}

static enum h1_step
h1_response(struct h1 *h, struct slice raw, size_t *used)
{
    struct http1_why fault = {.fault = HTTP1_FAULT_MEMORY};
    struct arena *a = h->flow->arena;
    struct slice kept = arena_dup(a, raw);
    struct http_head *head = kept.p ? arena_alloc(a, sizeof(*head)) : NULL;
    if (!head)
        return h1_bad(h, &fault);
    bool good = http1_parse_response(kept, &h->limits, a, head, &fault) == HTTP1_OK &&
                http1_frame_response(head, h->flow->req.sent.method, &fault);
    if (!good && h1_may_pass(h, &fault)) {
        good = http1_parse_lenient(kept, true, a, head);
        head->framing = FRAMING_EOF;
    }
    if (!good) {
        h->flow->resp.head = (struct http_head){.raw = kept};
        return h1_bad(h, &fault);
    }
    *used = raw.n;
    h->scanned = 0;
    if (head->status >= 200 || head->status == 101 || head->malformed) {
        h->keep = head->keep_alive;
        h1_begin_content(h, head);
    }
    h1_up(h, &(struct part){.type = PART_HEAD, .head = head});
    return STEP_NEXT;
}

/* The head is not all there: whether it is worth waiting for the rest. */
static bool
h1_may_become_head(const struct h1 *h, struct slice in, struct http1_why *fault)
{
    if (http1_check_partial(in, h->role == ROLE_CONNECT, &h->limits, fault) != HTTP1_BAD)
        return true;
    if (!h1_may_pass(h, fault))
        return false;
    if (in.n <= h->limits.head_max)
        return true;
    *fault = (struct http1_why){HTTP1_FAULT_HEAD_SIZE, h->limits.head_max};
    return false;
}

static enum h1_step
h1_step_head(struct h1 *h, struct slice in, size_t *used)
{
    bool response = h->role == ROLE_CONNECT;
    if (!response && !h->blank && (*used = http1_skip_blank(in)) > 0) {
        h->blank = true;
        return STEP_NEXT;
    }
    if (h->late) {
        struct failure why;
        failure_set(&why, REASON_CLIENT_TIMEOUT,
                    "the head of the request was not complete in time");
        *used = in.n;
        if (in.n) {
            h1_refuse(h, in, &why);
        } else {
            chain_ends(h->layer.chain, "idle");
            h1_at_eof(h, in);
        }
        return STEP_NEXT;
    }
    if (!in.n)
        return STEP_STARVED;
    /* Answers that the client does not fetch must not pile up. */
    if (!response && chain_full(h->layer.chain))
        return STEP_BLOCKED;
    if (!h->started) {
        h->started = true;
        h1_set_deadline(h);
    }
    size_t n = http1_head_end(in, &h->scanned);
    if (n)
        return response ? h1_response(h, slice_first(in, n), used)
                        : h1_request(h, slice_first(in, n), used);
    struct http1_why fault;
    if (h1_may_become_head(h, in, &fault))
        return STEP_STARVED;
    if (!response)
        return h1_bad_request(h, in, &fault, used);
    h1_keep_raw(h, in);
    *used = in.n;
    return h1_bad(h, &fault);
}

static enum h1_step
h1_step_length(struct h1 *h, struct slice in, size_t *used)
{
    if (!in.n)
        return STEP_STARVED;
    struct slice data = slice_first(in, h->left < in.n ? (size_t)h->left : in.n);
    if (!h1_up(h, &(struct part){.type = PART_BODY, .data = data}))
        return STEP_BLOCKED;
    *used = data.n;
    h->left -= data.n;
    if (!h->left && h->state == H1_LENGTH)
        h->state = H1_END;
    return STEP_NEXT;
}

static enum h1_step
h1_chunk_trailers(struct h1 *h, struct slice raw)
{
    struct http1_why fault = {.fault = HTTP1_FAULT_MEMORY};
    struct http_head *t = &h1_msg(h)->trailers;
    h->state = H1_END;
    if (raw.n <= 2)
        return STEP_NEXT;
    struct slice kept = arena_dup(h->flow->arena, raw);
    if (!kept.p || http1_parse_trailers(kept, &h->limits, h->flow->arena, t, &fault) != HTTP1_OK)
        return h1_bad(h, &fault);
    h1_up(h, &(struct part){.type = PART_TRAILERS, .head = t});
    return STEP_NEXT;
}

static enum h1_step
h1_step_chunked(struct h1 *h, struct slice in, size_t *used)
{
    struct chunk_reader before = h->chunk;
    struct slice data = SLICE_NONE;
    struct http1_why fault;
    enum chunk_event ev = chunk_next(&h->chunk, in, used, &data, &fault);
    if (h->chunk.ext.n && !h1_msg(h)->chunk_ext.n)
        h1_msg(h)->chunk_ext = arena_dup(h->flow->arena, h->chunk.ext);
    switch (ev) {
    case CHUNK_MORE: return STEP_STARVED;
    case CHUNK_BAD: return h1_bad(h, &fault);
    case CHUNK_TRAILERS: return h1_chunk_trailers(h, data);
    case CHUNK_DATA: break;
    }
    if (h1_up(h, &(struct part){.type = PART_BODY, .data = data, .ext = h->chunk.ext}))
        return STEP_NEXT;
    h->chunk = before;
    *used = 0;
    return STEP_BLOCKED;
}

static enum h1_step
h1_step_to_eof(struct h1 *h, struct slice in, size_t *used)
{
    if (in.n && !h1_up(h, &(struct part){.type = PART_BODY, .data = in}))
        return STEP_BLOCKED;
    *used = in.n;
    if (!h->eof || h->state != H1_TO_EOF)
        return h->eof ? STEP_NEXT : STEP_BLOCKED;
    h->torn = !h->eof_clean;
    if (h->torn)
        flow_fail(h->flow, reason_word(REASON_TRUNCATED), slice_str(reason_text(REASON_TRUNCATED)));
    h->keep = false;
    h->state = H1_END;
    return STEP_NEXT;
}

/* Bytes behind a response that nobody asked for: the connection cannot be trusted with another
 * exchange. */
static enum h1_step
h1_step_end(struct h1 *h, struct slice in, size_t *used UNUSED)
{
    bool reusable = h->keep && !in.n && !h->eof && h->written;
    h->state = h->role == ROLE_ACCEPT ? H1_WAIT : H1_IDLE;
    h1_drop_flow(h);
    h1_up(h, &(struct part){.type = PART_END, .reusable = reusable, .torn = h->torn});
    if (h->role == ROLE_ACCEPT)
        h1_cycle(h);
    return STEP_NEXT;
}

static enum h1_step
h1_step_idle(struct h1 *h, struct slice in, size_t *used)
{
    if (!in.n)
        return STEP_STARVED;
    *used = in.n;
    h->eof = true;
    h1_at_eof(h, SLICE_NONE);
    return STEP_NEXT;
}

static enum h1_step
h1_step_wait(struct h1 *h UNUSED, struct slice in UNUSED, size_t *used UNUSED)
{
    return STEP_BLOCKED;
}

static enum h1_step
h1_step_dead(struct h1 *h UNUSED, struct slice in, size_t *used)
{
    *used = in.n;
    return STEP_BLOCKED;
}

static h1_step_fn *const h1_steps[] = {
    [H1_IDLE] = h1_step_idle,       [H1_HEAD] = h1_step_head,     [H1_LENGTH] = h1_step_length,
    [H1_CHUNKED] = h1_step_chunked, [H1_TO_EOF] = h1_step_to_eof, [H1_END] = h1_step_end,
    [H1_WAIT] = h1_step_wait,       [H1_DEAD] = h1_step_dead,
};

size_t
h1_read(struct h1 *h, struct slice in)
{
    size_t took = 0;
    enum h1_step s = STEP_NEXT;
    while (s == STEP_NEXT && h->layer.down) {
        size_t used = 0;
        bool content = h->state != H1_HEAD;
        s = h1_steps[h->state](h, slice_from(in, took), &used);
        took += used;
        if (content && h->flow)
            h1_msg(h)->wire_bytes += used;
        if (s == STEP_STARVED && h->eof && h->layer.down) {
            h1_at_eof(h, slice_from(in, took));
            s = STEP_NEXT;
        }
    }
    h->blocked = s == STEP_BLOCKED && took < in.n;
    return took;
}
