/*
 * Messages of a WebSocket that somebody may want something of (STAGE_MESSAGE), and those that are
 * made here. Such a message waits until it is whole; where it is changed or left out in a direction
 * whose compression has a context, the receiver no longer has what later ones refer to: from then
 * on all are compressed anew.
 */
#include "layer/ws_way.h"

#include <stdio.h>

static uint64_t
held_max(const struct ws *ws)
{
    return ws->host->limits->body_limit;
}

bool
ws_stage_gathers(const struct ws_way *w)
{
    if (w->alone)
        return w->ws->stage && w->frame.length <= WS_FRAME_SMALL;
    return (w->ws->stage || (w->recode && w->recoded)) && !w->streams;
}

static void
send_now(struct ws_way *w, struct slice bytes)
{
    if (bytes.n)
        w->ws->ops->send(w->ws->arg, w->up, bytes);
}

/* Ends the WebSocket for want of memory, or because somebody wants it so. */
static void
stage_break(struct ws_way *w, enum reason reason, bool reset, const char *what)
{
    struct failure why;
    failure_set(&why, reason, "%s", what);
    flow_fail(w->ws->flow, reason_word(reason), slice_str(why.text));
    ws_end(w->ws);
    w->ws->ops->end(w->ws->arg, reset, reset);
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

/* The content as a frame, compressed where the message was. false without memory. */
static bool
send_made(struct ws_way *w, const struct message *m, const struct body *b)
{
    struct buf plain = {.max = SIZE_MAX / 2}, small = plain, out = plain;
    bool packed = m->flags & MESSAGE_COMPRESSED, good = !packed || need_deflate(w);
    struct ws_deflate *d = packed ? w->deflate : NULL;
    for (const struct block *it = b->first; it; it = it->next)
        buf_append(&plain, block_slice(it));
    if (d)
        ws_deflate_push(d, buf_slice(&plain), true, &small);
    put_frame(w, m, d, d ? buf_slice(&small) : buf_slice(&plain), &out);
    good = good && !plain.failed && !small.failed && !out.failed && !b->cut;
    if (good)
        send_now(w, buf_slice(&out));
    buf_release(&plain);
    buf_release(&small);
    buf_release(&out);
    return good;
}

/* What was made here goes out between messages. */
void
ws_stage_flush(struct ws_way *w)
{
    if (w->ask.waiting || w->inside || (w->begun && !ws_stage_gathers(w)))
        return;
    send_now(w, buf_slice(&w->made));
    buf_release(&w->made);
}

/* One message ------------------------------------------------------------------------------- */

static bool
has_context(const struct ws_way *w)
{
    return !agreed(w)->fresh;
}

static bool
came_packed(const struct ws_way *w)
{
    return !w->alone && w->recoded;
}

static void
stage_over(struct ws_way *w, struct message *m)
{
    message_end(w->ws->flow, m);
    w->asked = NULL;
    buf_release(w->kept);
    ws_stage_flush(w);
}

/* It goes on: as it came where that can be. */
static void
stage_forward(struct ws_way *w, struct message *m)
{
    bool edited = m && m->flags & MESSAGE_EDITED, packed = m && m->flags & MESSAGE_COMPRESSED;
    bool anew = edited || (came_packed(w) && w->recode);
    if (anew && !edited && !packed) {
        stage_break(w, REASON_LIMIT, true,
                    "a message that cannot be read has to be compressed anew");
        return;
    }
    w->recode |= edited && came_packed(w) && has_context(w);
    if (!anew)
        send_now(w, buf_slice(w->kept));
    else if (!send_made(w, m, edited ? &m->sent : message_body(m))) {
        stage_break(w, REASON_MEMORY, true, "for a changed message");
        return;
    }
    stage_over(w, m);
}

static void
stage_decided(struct ws_way *w)
{
    const struct decision *d = &w->ask.hook.decision;
    struct message *m = w->asked;
    if (d->failed) {
        stage_break(w, REASON_MEMORY, true, "for a change of a message");
        return;
    }
    switch (d->end) {
    case END_GO: stage_forward(w, m); break;
    case END_DROP:
        m->flags |= MESSAGE_DROPPED;
        w->recode |= came_packed(w) && has_context(w);
        stage_over(w, m);
        break;
    case END_ANSWER:
    case END_PASS:
    case END_ALERT:
    case END_CLOSE: stage_break(w, REASON_RULE, false, "the WebSocket was closed"); break;
    case END_RESET: stage_break(w, REASON_RULE, true, "the WebSocket was reset"); break;
    }
}

static void
stage_answered(struct ask *a)
{
    struct ws_way *w = container_of(a, struct ws_way, ask);
    stage_decided(w);
    if (!w->ws->over)
        w->ws->ops->more(w->ws->arg, w->up);
}

/* Whether it is cut for want of memory. */
static bool
lacks(const struct ws_way *w, const struct body *b)
{
    return b->cut && b->kept < held_max(w->ws);
}

/* All of it is there. */
static void
stage_ask(struct ws_way *w, struct message *m)
{
    w->asked = m;
    if (!w->ws->stage) {
        stage_forward(w, m);
        return;
    }
    if (!m || (came_packed(w) && w->no_memory) || lacks(w, &m->raw)) {
        stage_break(w, REASON_MEMORY, true, "for a message that is wanted whole");
        return;
    }
    w->ask = (struct ask){.type = ASK_HOOK, .chain = w->ws->client, .answered = stage_answered};
    w->ask.hook.flow = w->ws->flow;
    w->ask.hook.stage = STAGE_MESSAGE;
    w->ask.hook.hooks = w->ws->hooks;
    w->ask.hook.message = m;
    if (chain_ask(w->ws->client, &w->ask) != ASK_WAIT)
        stage_decided(w);
}

/* It is too large to be looked at: it streams on behind what there is. */
static void
stage_stream(struct ws_way *w)
{
    struct ws *ws = w->ws;
    w->streams = true;
    if (w->recode && w->recoded) {
        stage_break(w, REASON_LIMIT, true, "a message is too large to be compressed anew");
        return;
    }
    send_now(w, buf_slice(&w->held));
    buf_release(&w->held);
    if (ws->too_large)
        return;
    ws->too_large = true;
    struct trace t = {.name = SLICE("body-limit"),
                      .stage = stage_name(STAGE_MESSAGE),
                      .did = "left out: messages are too large",
                      .at = ws->host->ops->wall(ws->host)};
    if (!flow_trace(ws->flow, &t))
        stage_break(w, REASON_MEMORY, true, "for a note on a message");
}

void /* NOLINTNEXTLINE(readability-function-cognitive-complexity): one case for each outcome */
ws_stage_pass(struct ws_way *w, struct slice bytes, bool over)
{
    struct message *m = w->cur;
    if (w->alone && ws_stage_gathers(w)) {
        w->kept = &w->single;
        w->single.max = SIZE_MAX / 2;
        buf_append(&w->single, bytes);
        if (w->single.failed)
            stage_break(w, REASON_MEMORY, true, "for a message that is wanted whole");
        else
            stage_ask(w, m);
        return;
    }
    if (!ws_stage_gathers(w)) {
        send_now(w, bytes);
        if (over)
            message_end(w->ws->flow, m);
        return;
    }
    w->kept = &w->held;
    w->held.max = SIZE_MAX / 2;
    buf_append(&w->held, bytes);
    if (w->held.failed || (m && lacks(w, &m->plain)))
        stage_break(w, REASON_MEMORY, true, "for a message that is wanted whole");
    else if (buf_len(&w->held) > held_max(w->ws) || (m && m->plain.cut))
        stage_stream(w);
    else if (over)
        stage_ask(w, m);
    if (over && w->streams)
        message_end(w->ws->flow, m);
}

void
ws_stage_release(struct ws_way *w)
{
    if (w->ask.waiting) {
        w->ask.waiting = false;
        w->ws->host->ops->cancel(w->ws->host, &w->ask);
    }
    if (w->asked && w->asked->open) {
        w->asked->flags |= MESSAGE_DROPPED;
        message_end(w->ws->flow, w->asked);
    }
    w->asked = NULL;
    buf_release(&w->held);
    buf_release(&w->single);
    buf_release(&w->made);
}

/* From outside ------------------------------------------------------------------------------ */

bool
ws_waits(const struct ws *ws, bool up)
{
    return ws->ways[up].ask.waiting;
}

bool /* NOLINTNEXTLINE(readability-function-size): a message is these parts */
ws_inject(struct ws *ws, bool up, unsigned opcode, struct slice content, struct slice by,
          struct err *e)
{
    struct ws_way *w = &ws->ways[up];
    struct buf frame = {.max = SIZE_MAX / 2};
    struct message about = {.kind = MESSAGE_WS,
                            .up = up,
                            .at = ws->host->ops->wall(ws->host),
                            .opcode = opcode,
                            .flags = MESSAGE_INJECTED};
    if (ws->over || w->closed)
        return err_set(e, ERR_FAILED, "the WebSocket is closed that way");
    if (ws_is_control(opcode) && content.n > WS_CONTROL_MAX)
        return err_set(e, ERR_USAGE, "a control frame has %d bytes at most", WS_CONTROL_MAX);
    put_frame(w, &about, false, content, &frame);
    w->made.max = (size_t)held_max(ws) + WS_HEADER_MAX;
    if (!frame.failed && buf_len(&w->made) + buf_len(&frame) <= w->made.max)
        buf_append(&w->made, buf_slice(&frame));
    else
        frame.failed = true;
    bool good = !frame.failed && !w->made.failed;
    buf_release(&frame);
    if (!good)
        return err_set(e, ERR_FAILED, "it is larger than 'body-limit', or others wait already");
    struct message *m = message_begin(ws->flow, &about);
    if (m) {
        message_add(ws->flow, m, &m->plain, content, held_max(ws), content.n);
        message_name(ws->flow, m, &m->by, by);
    }
    message_end(ws->flow, m);
    ws_stage_flush(w);
    return true;
}
