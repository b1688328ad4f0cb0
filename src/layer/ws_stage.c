/*
 * Messages of a WebSocket that somebody may want something of (STAGE_MESSAGE), and those that are
 * made here. Such a message waits until it is whole; where it is changed or left out in a direction
 * whose compression has a context, the receiver no longer has what later ones refer to: from then
 * on all are compressed anew.
 */
#include "layer/ws_way.h"

static struct ws_way *
way_of(struct msg_stage *s)
{
    return container_of(s, struct ws_way, stage);
}

bool
ws_stage_gathers(const struct ws_way *w)
{
    const struct msg_stage *s = &w->stage;
    if (w->alone)
        return s->wanted && w->frame.length <= WS_FRAME_SMALL;
    return (s->wanted || (w->recode && w->recoded)) && !s->streams;
}

static void
on_send(struct msg_stage *s, struct slice bytes)
{
    const struct ws *ws = way_of(s)->ws;
    ws->ops->send(ws->arg, s->up, bytes);
}

static void
on_end(struct msg_stage *s, enum reason reason, bool reset, const char *what)
{
    struct ws *ws = way_of(s)->ws;
    struct failure why;
    failure_set(&why, reason, "%s", what);
    flow_fail(ws->flow, reason_word(reason), slice_str(why.text));
    ws_end(ws);
    ws->ops->end(ws->arg, reset, reset);
}

static void
on_more(struct msg_stage *s)
{
    struct ws_way *w = way_of(s);
    ws_stage_flush(w);
    w->ws->ops->more(w->ws->arg, w->up);
}

/* Frames that are made here ------------------------------------------------------------------- */

/* Towards the server with the mask of its client, which chose it so that nobody could guess it. */
static void
put_frame(struct ws_way *w, const struct message *m, bool packed, struct slice content,
          struct buf *out)
{
    struct ws_frame f = {
        .fin = true, .rsv1 = packed, .masked = w->up, .opcode = m->opcode, .length = content.n};
    memcpy(f.mask, w->mask, sizeof f.mask);
    ws_frame_print(out, &f);
    size_t at = buf_len(out);
    buf_append(out, content);
    if (w->up && content.n && !out->failed)
        ws_frame_mask(out->p + out->r + at, content.n, f.mask, 0);
}

static const struct ws_deflate_way *
agreed(const struct ws_way *w)
{
    return w->up ? &w->ws->agreed.up : &w->ws->agreed.down;
}

/* With a window that zlib cannot write nothing is compressed. false without memory. */
static bool
need_deflate(struct ws_way *w)
{
    if (!w->deflate && agreed(w)->bits >= WS_DEFLATE_BITS_MIN)
        w->deflate = ws_deflate_new(agreed(w));
    return w->deflate || agreed(w)->bits < WS_DEFLATE_BITS_MIN;
}

/* The content as a frame, compressed where the message was. */
static bool
on_print(struct msg_stage *s, const struct message *m, struct slice content, struct buf *out)
{
    struct ws_way *w = way_of(s);
    struct buf small = {.max = SIZE_MAX / 2};
    bool packed = m->flags & MESSAGE_COMPRESSED, good = !packed || need_deflate(w);
    struct ws_deflate *d = packed ? w->deflate : NULL;
    if (d)
        ws_deflate_push(d, content, true, &small);
    put_frame(w, m, d, d ? buf_slice(&small) : content, out);
    good = good && !small.failed;
    buf_release(&small);
    return good;
}

/* What was made here goes out between messages. */
void
ws_stage_flush(struct ws_way *w)
{
    if (!w->inside && (!w->begun || ws_stage_gathers(w)))
        msg_stage_flush(&w->stage);
}

/* One message ------------------------------------------------------------------------------- */

/* What is changed or left out of a compression with a context changes what follows it. */
static bool
on_settle(struct msg_stage *s, const struct message *m, bool *anew)
{
    struct ws_way *w = way_of(s);
    bool packed = m && m->flags & MESSAGE_COMPRESSED, context = !agreed(w)->fresh;
    bool changed = m && m->flags & (MESSAGE_EDITED | MESSAGE_DROPPED);
    bool came_packed = s->kept != &w->single && w->recoded;
    *anew |= came_packed && w->recode;
    if (*anew && !changed && !packed) {
        msg_stage_break(s, REASON_LIMIT, true,
                        "a message that cannot be read has to be compressed anew");
        return false;
    }
    w->recode |= changed && came_packed && context;
    return true;
}

static const struct msg_stage_ops ops = {.what = "WebSocket",
                                         .send = on_send,
                                         .print = on_print,
                                         .settle = on_settle,
                                         .end = on_end,
                                         .more = on_more};

void
ws_stage_init(struct ws_way *w)
{
    w->stage =
        (struct msg_stage){.ops = &ops, .chain = w->ws->client, .flow = w->ws->flow, .up = w->up};
}

void
ws_stage_pass(struct ws_way *w, struct slice bytes, bool over)
{
    struct msg_stage *s = &w->stage;
    if (!ws_stage_gathers(w)) {
        if (bytes.n)
            on_send(s, bytes);
        if (over)
            message_end(w->ws->flow, w->cur);
    } else if (w->alone) {
        w->single.max = SIZE_MAX / 2;
        buf_append(&w->single, bytes);
        msg_stage_ask(s, w->cur, &w->single);
    } else if (over && w->recoded && w->no_memory && s->wanted) {
        msg_stage_break(s, REASON_MEMORY, true, "for a message that is wanted whole");
    } else {
        s->rewrites = w->recode && w->recoded;
        msg_stage_keep(s, w->cur, bytes, over);
    }
}

void
ws_stage_release(struct ws_way *w)
{
    msg_stage_release(&w->stage);
    buf_release(&w->single);
}

/* From outside ------------------------------------------------------------------------------ */

bool
ws_waits(const struct ws *ws, bool up)
{
    return msg_stage_waits(&ws->ways[up].stage);
}

bool /* NOLINTNEXTLINE(readability-function-size): a message is these parts */
ws_inject(struct ws *ws, bool up, unsigned opcode, struct slice content, struct slice by,
          struct err *e)
{
    struct ws_way *w = &ws->ways[up];
    struct message about = {.kind = MESSAGE_WS, .opcode = opcode};
    if (ws->over || w->closed)
        return err_set(e, ERR_FAILED, "the WebSocket is closed that way");
    if (ws_is_control(opcode) && content.n > WS_CONTROL_MAX)
        return err_set(e, ERR_USAGE, "a control frame has %d bytes at most", WS_CONTROL_MAX);
    TRY(msg_stage_inject(&w->stage, &about, content, by, e));
    ws_stage_flush(w);
    return true;
}
