/* The stage of messages: waiting until they are whole, asking, and what comes of it. */
#include "layer/msg_stage.h"

#include "flow/message_json.h"

#include <stdio.h>

void
msg_stage_tell(struct host *h, struct flow *f, const struct message *m)
{
    char room[12];
    if (!m || !host_wants(h, HOOK_MESSAGE))
        return;
    const char *kind = m->kind == MESSAGE_WS ? message_op(m, room) : message_kind_name(m->kind);
    host_say(h, &(struct moment){.id = HOOK_MESSAGE,
                                 .flow = f,
                                 .word = m->up ? "client" : "server",
                                 .text = slice_str(kind),
                                 .size = message_body(m)->size});
}

static struct host *
stage_host(const struct msg_stage *s)
{
    return s->chain->host;
}

static uint64_t
held_max(const struct msg_stage *s)
{
    return stage_host(s)->limits->body_limit;
}

static void
send_now(struct msg_stage *s, struct slice bytes)
{
    if (bytes.n)
        s->ops->send(s, bytes);
}

void
msg_stage_break(struct msg_stage *s, enum reason why, bool reset, const char *what)
{
    if (!s->over)
        s->ops->end(s, why, reset, what);
}

void
msg_stage_flush(struct msg_stage *s)
{
    if (s->ask.waiting)
        return;
    send_now(s, buf_slice(&s->made));
    buf_release(&s->made);
}

/* One message ------------------------------------------------------------------------------- */

static void
stage_over(struct msg_stage *s, struct message *m)
{
    message_end(s->flow, m);
    s->asked = NULL;
    buf_release(s->kept);
}

/* With the content that it has now. false without memory. */
static bool
send_made(struct msg_stage *s, const struct message *m)
{
    const struct body *b = message_now(m);
    struct buf plain = {.max = SIZE_MAX / 2}, out = plain;
    for (const struct block *it = b->first; it; it = it->next)
        buf_append(&plain, block_slice(it));
    bool good = !plain.failed && !b->cut && s->ops->print(s, m, buf_slice(&plain), &out);
    if (good && !out.failed)
        send_now(s, buf_slice(&out));
    good = good && !out.failed;
    buf_release(&plain);
    buf_release(&out);
    return good;
}

/* It goes on, as it came where that can be; or does not, by its flags. */
static void
stage_settle(struct msg_stage *s, struct message *m)
{
    unsigned flags = m ? m->flags : 0;
    bool anew = flags & MESSAGE_EDITED;
    if (s->ops->settle && !s->ops->settle(s, m, &anew))
        return;
    if (flags & MESSAGE_DROPPED) {
        stage_over(s, m);
        return;
    }
    if (!anew)
        send_now(s, buf_slice(s->kept));
    else if (!m || !send_made(s, m)) {
        msg_stage_break(s, REASON_MEMORY, true, "for a changed message");
        return;
    }
    stage_over(s, m);
}

static void
stage_close(struct msg_stage *s, bool reset)
{
    char what[60];
    snprintf(what, sizeof what, "the %s was %s", s->ops->what, reset ? "reset" : "closed");
    msg_stage_break(s, REASON_RULE, reset, what);
}

static void
stage_decided(struct msg_stage *s)
{
    const struct decision *d = &s->ask.hook.decision;
    struct message *m = s->asked;
    if (d->failed) {
        msg_stage_break(s, REASON_MEMORY, true, "for a change of a message");
        return;
    }
    switch (d->end) {
    case END_DROP:
    case END_GO:
        m->flags |= d->end == END_DROP ? MESSAGE_DROPPED : 0u;
        stage_settle(s, m);
        break;
    case END_ANSWER:
    case END_PASS:
    case END_ALERT:
    case END_CLOSE: stage_close(s, false); break;
    case END_RESET: stage_close(s, true); break;
    }
}

static void
stage_answered(struct ask *a)
{
    struct msg_stage *s = container_of(a, struct msg_stage, ask);
    stage_decided(s);
    if (!s->over)
        s->ops->more(s);
}

/* Whether it is cut for want of memory. */
static bool
lacks(const struct msg_stage *s, const struct body *b)
{
    return b->cut && b->kept < held_max(s);
}

void
msg_stage_ask(struct msg_stage *s, struct message *m, struct buf *kept)
{
    s->asked = m;
    s->kept = kept;
    if (!s->wanted) {
        stage_settle(s, m);
        return;
    }
    if (!m || kept->failed || lacks(s, &m->raw)) {
        msg_stage_break(s, REASON_MEMORY, true, "for a message that is wanted whole");
        return;
    }
    s->ask = (struct ask){.type = ASK_HOOK, .chain = s->chain, .answered = stage_answered};
    s->ask.hook.flow = s->flow;
    s->ask.hook.stage = STAGE_MESSAGE;
    s->ask.hook.hooks = s->hooks;
    s->ask.hook.message = m;
    if (chain_ask(s->chain, &s->ask) != ASK_WAIT)
        stage_decided(s);
}

/* One note of it is enough. */
static bool
note_too_large(struct msg_stage *s)
{
    struct trace t = {.name = SLICE("body-limit"),
                      .stage = stage_name(STAGE_MESSAGE),
                      .did = "left out: messages are too large",
                      .at = stage_host(s)->ops->wall(stage_host(s))};
    for (const struct trace *it = s->flow->trace; it; it = it->next)
        if (it->stage == t.stage && slice_eq(it->name, t.name))
            return true;
    return flow_trace(s->flow, &t);
}

/* It is too large to be looked at: it streams on behind what there is. */
static void
stage_stream(struct msg_stage *s)
{
    s->streams = true;
    if (s->rewrites) {
        msg_stage_break(s, REASON_LIMIT, true, "a message is too large to be made anew");
        return;
    }
    send_now(s, buf_slice(&s->held));
    buf_release(&s->held);
    if (s->wanted && !note_too_large(s))
        msg_stage_break(s, REASON_MEMORY, true, "for a note on a message");
}

void
msg_stage_keep(struct msg_stage *s, struct message *m, struct slice bytes, bool end)
{
    s->held.max = SIZE_MAX / 2;
    buf_append(&s->held, bytes);
    s->asked = m;
    if (s->held.failed || (m && lacks(s, &m->plain)))
        msg_stage_break(s, REASON_MEMORY, true, "for a message that is wanted whole");
    else if (buf_len(&s->held) > held_max(s) || (m && m->plain.cut))
        stage_stream(s);
    else if (end)
        msg_stage_ask(s, m, &s->held);
    if (!s->ask.waiting)
        s->asked = NULL;
    if (end && s->streams && !s->over)
        message_end(s->flow, m);
}

void
msg_stage_pass(struct msg_stage *s, struct message *m, struct slice bytes, bool end)
{
    if (s->wanted && !s->streams) {
        msg_stage_keep(s, m, bytes, end);
    } else {
        send_now(s, bytes);
        if (end)
            message_end(s->flow, m);
    }
    if (end)
        s->streams = false;
}

void
msg_stage_let(struct msg_stage *s, struct message *m, struct slice bytes, bool end)
{
    s->streams = true;
    send_now(s, buf_slice(&s->held));
    buf_release(&s->held);
    msg_stage_pass(s, m, bytes, end);
}

void
msg_stage_release(struct msg_stage *s)
{
    s->over = true;
    if (s->ask.waiting) {
        s->ask.waiting = false;
        stage_host(s)->ops->cancel(stage_host(s), &s->ask);
    }
    if (s->asked && s->asked->open) {
        s->asked->flags |= MESSAGE_DROPPED;
        message_end(s->flow, s->asked);
    }
    s->asked = NULL;
    buf_release(&s->held);
    buf_release(&s->made);
}

/* Messages of our own ----------------------------------------------------------------------- */

bool
msg_stage_inject(struct msg_stage *s, const struct message *about, struct slice content,
                 struct slice by, struct err *e)
{
    struct buf out = {.max = SIZE_MAX / 2};
    struct message of = *about;
    of.up = s->up;
    of.at = stage_host(s)->ops->wall(stage_host(s));
    of.flags = MESSAGE_INJECTED;
    s->made.max = (size_t)MIN(held_max(s), SIZE_MAX / 4) + 64;
    bool good = s->ops->print(s, &of, content, &out) && !out.failed &&
                buf_len(&s->made) + buf_len(&out) <= s->made.max;
    if (good)
        buf_append(&s->made, buf_slice(&out));
    buf_release(&out);
    if (!good || s->made.failed)
        return err_set(e, ERR_FAILED, "it is larger than 'body-limit', or others wait already");
    struct message *m = message_begin(s->flow, &of);
    if (m) {
        message_add(s->flow, m, &m->plain, content, held_max(s), content.n);
        message_name(s->flow, m, &m->name, about->name);
        message_name(s->flow, m, &m->by, by);
    }
    message_end(s->flow, m);
    return true;
}
