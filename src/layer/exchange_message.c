/*
 * Messages of a content that somebody wants something of (STAGE_MESSAGE), or that are made here:
 * events, and gRPC. The content goes by its feed through the splitter, decoded and without a length
 * in its head. What is not touched goes on byte for byte, comments and 'id' of events too. An event
 * that is changed keeps all of its lines but those of data; a message of gRPC that is changed goes
 * uncompressed, which its first byte says.
 */
#include "flow/edit.h"
#include "flow/transform.h"
#include "layer/splitter.h"

#define PIECE ((size_t)16 << 10)

static struct splitter *
splitter_of(struct msg_stage *s)
{
    return container_of(s, struct splitter, stage);
}

/* Both sides may have to wait for the answer. */
static void
tell_both(struct exchange *x, enum cmd_type type)
{
    fan_tell(&x->client, type);
    fan_tell(&x->server, type);
}

static void
send_ours(struct splitter *s)
{
    if (splitter_between(s))
        msg_stage_flush(&s->stage);
}

static void
on_send(struct msg_stage *g, struct slice bytes)
{
    buf_append(&splitter_of(g)->out, bytes);
}

static bool
on_print(struct msg_stage *g, const struct message *m, struct slice content, struct buf *out)
{
    if (m->kind == MESSAGE_GRPC)
        /* One that could not be read is as compressed as it was. */
        return grpc_print(out, m->flags & MESSAGE_COMPRESSED ? 0 : m->opcode, content);
    if (m->flags & MESSAGE_INJECTED)
        sse_print_new(out, m->name, content);
    else
        sse_print(out, buf_slice(g->kept), content);
    return true;
}

static bool
on_settle(struct msg_stage *g, const struct message *m, bool *anew UNUSED)
{
    splitter_of(g)->swallows = m && m->flags & MESSAGE_DROPPED;
    return true;
}

static void
on_end(struct msg_stage *g, enum reason why, bool reset, const char *what)
{
    exchange_break(splitter_of(g)->x, why, reset ? CMD_ABORT : CMD_CLOSE, what);
}

static void
on_more(struct msg_stage *g)
{
    struct splitter *s = splitter_of(g);
    struct exchange *x = s->x;
    tell_both(x, CMD_MORE);
    send_ours(s);
    feed_run(x->feeds[!s->up]);
}

static const struct msg_stage_ops ops = {.what = "stream",
                                         .send = on_send,
                                         .print = on_print,
                                         .settle = on_settle,
                                         .end = on_end,
                                         .more = on_more};

void
splitter_stage(struct splitter *s, bool wanted)
{
    struct exchange *x = s->x;
    s->passes = true;
    s->stage = (struct msg_stage){.ops = &ops,
                                  .chain = x->ask.chain,
                                  .flow = x->flow,
                                  .hooks = x->hooks,
                                  .up = s->up,
                                  .wanted = wanted};
    buf_init(&s->plain, PIECE);
    buf_init(&s->out, SIZE_MAX / 2);
}

/* On their way ------------------------------------------------------------------------------ */

/* What stands between messages, and the trailers of gRPC-Web. */
static bool
is_no_message(const struct splitter *s)
{
    if (s->kind == MESSAGE_SSE)
        return s->sse.line && !s->sse.inside && !s->open;
    return s->web && s->open && s->grpc.header[0] & GRPC_TRAILERS;
}

/* How much of it was taken. */
static size_t
pass_next(struct splitter *s, struct slice plain)
{
    bool tail = s->kind == MESSAGE_SSE && sse_wants_lf(&s->sse) && *plain.p == '\n';
    size_t n = splitter_next(s, plain);
    struct message *m = s->now;
    bool end = s->whole, none = is_no_message(s);
    if (end) {
        s->now = NULL;
        s->open = s->whole = false;
    }
    if (tail && s->swallows && none)
        return n;
    s->swallows = false;
    if (none)
        msg_stage_let(&s->stage, m, slice_first(plain, n), end || s->kind == MESSAGE_SSE);
    else
        msg_stage_pass(&s->stage, m, slice_first(plain, n), end);
    return n;
}

/* A message that is not whole goes on as far as it came. */
static void
pass_end(struct splitter *s)
{
    struct message *m = s->now;
    if (m)
        m->flags |= MESSAGE_UNFINISHED;
    s->now = NULL;
    s->open = false;
    s->finished = true;
    msg_stage_let(&s->stage, m, SLICE_NONE, true);
    msg_stage_flush(&s->stage);
}

/* The next piece, decoded; false: the content is damaged. */
static bool
pass_decoded(struct splitter *s, struct slice *in, bool last, struct slice *plain)
{
    enum decode_result r = DECODE_OK;
    if (!s->codings) {
        *plain = *in;
        return true;
    }
    if (!buf_len(&s->plain))
        r = decoder_take(s->codings, in, PIECE, &s->plain);
    *plain = buf_slice(&s->plain);
    if (r == DECODE_OK && last && !in->n && !plain->n)
        r = decoder_finish(s->codings);
    return r == DECODE_OK;
}

static void
pass_took(struct splitter *s, struct slice *in, size_t n)
{
    if (s->codings)
        buf_consume(&s->plain, n);
    else
        *in = slice_from(*in, n);
    if (msg_stage_waits(&s->stage))
        tell_both(s->x, CMD_WAIT);
    else
        send_ours(s);
}

static bool
pass_fails(struct splitter *s, enum reason why, const char *what)
{
    exchange_fail_for(s->x, why, what);
    return false;
}

bool
exchange_split_pass(struct exchange *x, bool up, struct slice *in, bool last)
{
    struct splitter *s = x->splitters[!up];
    struct slice plain;
    while (buf_len(&s->out) < PIECE && !msg_stage_waits(&s->stage) && !s->finished) {
        if (!pass_decoded(s, in, last, &plain))
            return pass_fails(s, up ? REASON_BAD_REQUEST : REASON_BAD_RESPONSE,
                              decoder_why(s->codings));
        if (plain.n)
            pass_took(s, in, pass_next(s, plain));
        else if (last)
            pass_end(s);
        else
            break;
        if (x->step == X_DONE)
            return false;
    }
    if (s->out.failed)
        return pass_fails(s, REASON_MEMORY, "for a message");
    return buf_len(&s->out) || !msg_stage_waits(&s->stage);
}

struct buf *
exchange_split_out(struct exchange *x, bool up)
{
    struct splitter *s = x->splitters[!up];
    return s && s->passes ? &s->out : NULL;
}

/* From outside ------------------------------------------------------------------------------ */

/* Whether the content of that direction is on its way, and may become longer. */
static bool
is_open(const struct exchange *x, bool up)
{
    const struct http_msg *m = up ? &x->flow->req : &x->flow->resp;
    const struct splitter *s = x->splitters[!up];
    const struct feed *f = x->feeds[!up];
    bool over = (up ? x->request_done : x->response_done) && !(f && f->active);
    if (over || x->stalled || (up ? x->step != X_STREAM : x->r_step != R_STREAM))
        return false;
    return s->passes || (!s->codings && !edit_replaced(m) && !transform_of(m) &&
                         m->sent.framing != FRAMING_LENGTH && m->sent.framing != FRAMING_NONE);
}

bool /* NOLINTNEXTLINE(readability-function-size): a message is these parts */
exchange_inject(struct exchange *x, bool up, const struct message *about, struct slice content,
                struct slice by, struct err *e)
{
    struct splitter *s = x->splitters[!up];
    struct message of = {.name = about->name};
    if (!s)
        return err_set(e, ERR_FAILED, "no messages cross the flow that way");
    of.kind = s->kind;
    if (!is_open(x, up))
        return err_set(e, ERR_FAILED,
                       "nothing can be sent that way now: it has not begun, is over, "
                       "or of a length that was said");
    if (!s->passes)
        splitter_stage(s, false);
    struct feed *f = exchange_feed(x, up);
    if (!f)
        return err_memory(e);
    TRY(msg_stage_inject(&s->stage, &of, content, by, e));
    send_ours(s);
    f->active = true;
    feed_run(f);
    return true;
}
