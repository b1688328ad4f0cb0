/*
 * Contents that are made of messages: a stream of events, or gRPC. They are taken apart as they
 * pass, for the record; where somebody wants something of the messages they go through here
 * (exchange_message.c). Nobody else pays for it: there is a splitter where the head says so.
 */
#include "base/mem.h"
#include "flow/content.h"
#include "flow/edit.h"
#include "flow/transform.h"
#include "layer/splitter.h"

#define PIECE ((size_t)4 << 10)

typedef void taker_fn(struct splitter *s, struct slice plain);

static uint64_t
body_limit(const struct splitter *s)
{
    return s->x->host->limits->body_limit;
}

static struct decoder *
decoder_for(const struct splitter *s, struct slice codings, struct err *e)
{
    const struct layer_limits *l = s->x->host->limits;
    return decoder_new(codings, (size_t)MIN(l->decode_limit, SIZE_MAX), l->decode_ratio, e);
}

/* Decodes into 'to', piece by piece. */
static enum decode_result
decode(struct splitter *s, struct decoder *d, struct slice in, taker_fn *to)
{
    char room[PIECE];
    struct buf plain = {.p = room, .cap = sizeof room, .max = sizeof room};
    enum decode_result r;
    do {
        buf_reset(&plain);
        r = decoder_take(d, &in, PIECE, &plain);
        to(s, buf_slice(&plain));
    } while (r == DECODE_OK && buf_len(&plain) == PIECE);
    return r;
}

static void
message_start(struct splitter *s, unsigned opcode)
{
    struct message about = {
        .kind = s->kind, .up = s->up, .at = exchange_wall(s->x), .opcode = opcode};
    s->now = message_begin(s->x->flow, &about);
    s->open = true;
}

/* It is all there. */
static void
message_stop(struct splitter *s)
{
    decoder_free(s->packed);
    s->packed = NULL;
    s->whole = true;
    msg_stage_tell(s->x->host, s->x->flow, s->now);
}

/* Nothing more is done with it here. */
static void
message_leave(struct splitter *s)
{
    if (!s->passes)
        message_end(s->x->flow, s->now);
    s->now = NULL;
    s->open = s->whole = false;
}

static void
add_plain(struct splitter *s, struct slice plain)
{
    if (s->now)
        message_add(s->x->flow, s->now, &s->now->plain, plain, body_limit(s), plain.n);
}

/* Events ------------------------------------------------------------------------------------ */

static void
sse_data(void *arg, struct slice data)
{
    struct splitter *s = arg;
    if (!s->open)
        message_start(s, 0);
    add_plain(s, data);
}

static void
sse_event(void *arg, struct slice name)
{
    struct splitter *s = arg;
    if (s->now)
        message_name(s->x->flow, s->now, &s->now->name, name);
    message_stop(s);
}

/* gRPC -------------------------------------------------------------------------------------- */

/* It is kept as it came. */
static void
grpc_unread(struct splitter *s, const char *why, bool invalid)
{
    decoder_free(s->packed);
    s->packed = NULL;
    if (!s->now)
        return;
    message_drop(s->x->flow, s->now, &s->now->plain);
    s->now->flags &= ~(unsigned)MESSAGE_COMPRESSED;
    s->now->flags |= invalid ? MESSAGE_INVALID : 0u;
    s->now->why = why;
}

static void
grpc_decoded(struct splitter *s, enum decode_result r)
{
    if (r == DECODE_BAD)
        grpc_unread(s, "the compressed data is damaged", true);
    else if (r == DECODE_LIMIT)
        grpc_unread(s, "a bomb, not expanded: it is out of proportion to its size", false);
}

/* Its coding is named in the head. */
static void
grpc_unpack(struct splitter *s)
{
    const struct http_msg *m = s->up ? &s->x->flow->req : &s->x->flow->resp;
    const struct field *f = head_find_name(&m->head, SLICE("grpc-encoding"));
    struct err e;
    if (f && f->value.n && !slice_eq_nocase(f->value, SLICE("identity")))
        s->packed = decoder_for(s, f->value, &e);
    if (s->packed)
        s->now->flags |= MESSAGE_COMPRESSED;
    else
        grpc_unread(s, "it cannot be read: how it is compressed is not known", false);
}

static void
grpc_begin(void *arg, unsigned flags, uint32_t length)
{
    struct splitter *s = arg;
    unsigned known = GRPC_COMPRESSED | (s->web ? GRPC_TRAILERS : 0u);
    message_start(s, flags);
    if (!s->now)
        return;
    if (s->web && flags & GRPC_TRAILERS)
        message_name(s->x->flow, s->now, &s->now->name, SLICE("trailers"));
    if (flags & ~known)
        grpc_unread(s, "its first byte says what is not known", true);
    else if (flags & GRPC_COMPRESSED && length)
        grpc_unpack(s);
}

static void
grpc_data(void *arg, struct slice data)
{
    struct splitter *s = arg;
    if (!s->now)
        return;
    uint64_t expect = (uint64_t)s->grpc.left;
    message_add(s->x->flow, s->now, &s->now->raw, data, body_limit(s), expect);
    if (s->packed)
        grpc_decoded(s, decode(s, s->packed, data, add_plain));
}

static void
grpc_end(void *arg)
{
    struct splitter *s = arg;
    if (s->packed)
        grpc_decoded(s, decoder_finish(s->packed));
    message_stop(s);
}

/* The content ------------------------------------------------------------------------------- */

static const struct sse_ops on_sse = {.data = sse_data, .event = sse_event};
static const struct grpc_ops on_grpc = {.begin = grpc_begin, .data = grpc_data, .end = grpc_end};

size_t
splitter_next(struct splitter *s, struct slice plain)
{
    return s->kind == MESSAGE_SSE ? sse_next(&s->sse, plain, &on_sse, s)
                                  : grpc_next(&s->grpc, plain, &on_grpc, s);
}

bool
splitter_between(const struct splitter *s)
{
    return s->kind == MESSAGE_SSE ? (s->sse.line || !s->sse.began) && !s->sse.inside : !s->grpc.n;
}

static void
split(struct splitter *s, struct slice plain)
{
    while (plain.n) {
        plain = slice_from(plain, splitter_next(s, plain));
        if (s->whole)
            message_leave(s);
    }
}

void
splitter_cut(struct splitter *s)
{
    if (s->now)
        s->now->flags |= MESSAGE_UNFINISHED;
    message_end(s->x->flow, s->now);
    s->now = NULL;
    s->open = false;
}

static void
splitter_destroy(struct dying *d)
{
    struct splitter *s = container_of(d, struct splitter, dying);
    decoder_free(s->packed);
    decoder_free(s->codings);
    buf_release(&s->plain);
    buf_release(&s->out);
    mem_free(s);
}

/* It may be in the middle of its messages. */
static void
splitter_end(struct splitter *s)
{
    if (s->stage.ops)
        msg_stage_release(&s->stage);
    splitter_cut(s);
    turn_defer(s->x->ask.chain->turn, &s->dying, splitter_destroy);
}

/* No more messages: the trace says why. */
static void
split_lose(struct exchange *x, bool up, const char *why)
{
    char room[160];
    struct buf did = {.p = room, .cap = sizeof room, .max = sizeof room};
    buf_printf(&did, "left out: %s", why);
    struct trace t = {.name = SLICE("messages"),
                      .stage = stage_name(up ? STAGE_REQUEST : STAGE_RESPONSE),
                      .did = arena_dup(x->flow->arena, buf_slice(&did)).p,
                      .at = exchange_wall(x)};
    /* Without memory there is no word either. */
    if (t.did)
        (void)!flow_trace(x->flow, &t);
    if (x->splitters[!up])
        splitter_end(x->splitters[!up]);
    x->splitters[!up] = NULL;
}

/* MESSAGE_KINDS_N: of no kind that is known here. */
static enum message_kind
kind_of(const struct http_head *h, bool up, bool *web)
{
    struct slice value = head_value(h, FIELD_CONTENT_TYPE);
    struct slice type = slice_trim(slice_cut(&value, ';')), base = slice_cut(&type, '+');
    *web = slice_eq_nocase(base, SLICE("application/grpc-web"));
    if (*web || slice_eq_nocase(base, SLICE("application/grpc")))
        return MESSAGE_GRPC;
    bool events = !up && !type.n && slice_eq_nocase(base, SLICE("text/event-stream"));
    return events ? MESSAGE_SSE : MESSAGE_KINDS_N;
}

/* false: the codings cannot be undone. */
static bool
find_codings(struct splitter *s, const struct http_head *h, struct err *e)
{
    char room[CONTENT_CODINGS_MAX];
    struct buf list = {.p = room, .cap = sizeof room, .max = sizeof room};
    content_codings(h, &list);
    if (list.failed)
        return err_set(e, ERR_FAILED, "cannot decode so many codings");
    if (!buf_len(&list) || slice_eq_nocase(buf_slice(&list), SLICE("identity")))
        return true;
    /* What goes on decoded has no end. */
    s->codings = s->passes ? decoder_new(buf_slice(&list), SIZE_MAX, TRANSFORM_RATIO, e)
                           : decoder_for(s, buf_slice(&list), e);
    return s->codings;
}

static struct splitter *
splitter_new(struct exchange *x, bool up, enum message_kind kind, bool web)
{
    struct splitter *s = mem_zalloc(sizeof *s);
    if (!s)
        return NULL;
    s->x = x;
    s->up = up;
    s->kind = kind;
    s->web = web;
    s->passes = x->stages & 1u << STAGE_MESSAGE;
    return x->splitters[!up] = s;
}

bool
exchange_split_begin(struct exchange *x, bool up)
{
    const struct http_head *h = up ? &x->flow->req.head : &x->flow->resp.head;
    bool web = false;
    if (h->malformed || h->framing == FRAMING_NONE || h->framing == FRAMING_TUNNEL)
        return true;
    enum message_kind kind = kind_of(h, up, &web);
    if (kind == MESSAGE_KINDS_N)
        return true;
    struct splitter *s = splitter_new(x, up, kind, web);
    struct err e = {.code = ERR_MEMORY, .text = "there is no memory for them"};
    if (s && find_codings(s, h, &e))
        return true;
    if (e.code == ERR_MEMORY && x->stages & 1u << STAGE_MESSAGE) {
        exchange_fail_for(x, REASON_MEMORY, "for messages that are wanted");
        return false;
    }
    split_lose(x, up, e.text);
    return true;
}

void
exchange_split_take(struct exchange *x, bool up, struct slice data)
{
    struct splitter *s = x->splitters[!up];
    if (s->passes)
        return;
    if (!s->codings)
        split(s, data);
    else if (decode(s, s->codings, data, split) != DECODE_OK)
        split_lose(x, up, decoder_why(s->codings));
}

/* It is for the record alone, with the limits of that: nothing of it has been read. */
static void
split_aside(struct exchange *x, bool up)
{
    struct splitter *s = x->splitters[!up];
    struct err e;
    s->passes = false;
    decoder_free(s->codings);
    s->codings = NULL;
    if (!find_codings(s, up ? &x->flow->req.head : &x->flow->resp.head, &e))
        split_lose(x, up, e.text);
}

void
exchange_split_leave(struct exchange *x)
{
    x->stages &= ~(1u << STAGE_MESSAGE);
    if (x->splitters[1])
        split_aside(x, false);
}

/* What was collected is not what goes on. */
static void
split_collected(struct exchange *x, bool up, const struct body *b)
{
    split_aside(x, up);
    for (const struct block *it = b->first; it && x->splitters[!up]; it = it->next)
        exchange_split_take(x, up, block_slice(it));
}

bool
exchange_split_settle(struct exchange *x, bool up, struct http_head *sent)
{
    struct splitter *s = x->splitters[!up];
    const struct http_msg *m = up ? &x->flow->req : &x->flow->resp;
    const struct version *v = edit_last(m);
    if (!s || !s->passes)
        return true;
    if (edit_replaced(m) || (v && v->exact)) {
        split_collected(x, up, &m->body);
        return true;
    }
    splitter_stage(s, true);
    /* What becomes of it as it passes is decoded already. */
    if (transform_of(m)) {
        decoder_free(s->codings);
        s->codings = NULL;
    }
    if (s->codings)
        head_remove(sent, FIELD_CONTENT_ENCODING);
    return edit_unmeasure(sent, x->flow->arena);
}

void
exchange_split_end(struct exchange *x)
{
    for (size_t i = 0; i < ARRAY_LEN(x->splitters); i++) {
        if (x->splitters[i])
            splitter_end(x->splitters[i]);
        x->splitters[i] = NULL;
    }
}
