/* Flows that wait for a person. */
#include "proxy/hold.h"

#include "base/log.h"
#include "flow/content.h"
#include "flow/message.h"
#include "proxy/engine.h"

#include <stdio.h>

static const struct config *
hold_config(const struct hooks *h)
{
    return h->session->worker->setup->config;
}

static void
hold_tell(struct hooks *h, int change)
{
    struct proxy *p = h->session->worker->proxy;
    atomic_fetch_add(&p->counters.held, (unsigned long)change);
    pthread_mutex_lock(&p->lock);
    if (p->watch)
        p->watch(p->watch_arg);
    pthread_mutex_unlock(&p->lock);
}

static void
hold_set_time(struct hooks *h)
{
    struct loop *l = h->session->worker->loop;
    uint64_t time = hold_config(h)->hold_timeout;
    h->until = time ? loop_wall(l) + time : 0;
    timer_set(h->timer, time ? loop_now(l) + time : 0);
}

bool
hold_begin(struct hooks *h)
{
    struct worker *w = h->session->worker;
    struct proxy *p = w->proxy;
    if (atomic_load(&p->counters.held) >= (unsigned long)hold_config(h)->hold_max ||
        !hooks_need_timer(h)) {
        if (atomic_fetch_add(&p->counters.unheld, 1) == 0)
            log_line(LOG_WARN, "a flow goes on that was to be held: %lld are ('hold-max')",
                     (long long)hold_config(h)->hold_max);
        return false;
    }
    h->held = true;
    h->owner[0] = '\0';
    h->since = loop_wall(w->loop);
    h->hook.flow->flags |= FLOW_WAS_HELD;
    if (h->hook.message)
        h->hook.message->flags |= MESSAGE_HELD;
    list_push(&w->held, &h->node);
    hold_set_time(h);
    atomic_fetch_add(&p->counters.held_total, 1);
    hold_tell(h, 1);
    return true;
}

void
hold_forget(struct hooks *h)
{
    h->held = false;
    list_remove(&h->node);
    timer_set(h->timer, 0);
    hold_tell(h, -1);
}

/* What became of it, for those who ask later. Without memory nobody hears. */
static void
hold_note(struct hooks *h, const char *did, struct slice who)
{
    (void)!flow_trace(h->hook.flow, &(struct trace){.name = who,
                                                    .stage = stage_name(h->hook.stage),
                                                    .did = did,
                                                    .at = loop_wall(h->session->worker->loop)});
}

static void
hold_by(struct hooks *h, struct slice who, char out[80])
{
    snprintf(out, 80, "client %.*s", SLICE_ARG(slice_first(who, 60)));
    h->hook.by = slice_str(out);
    h->hook.now = loop_wall(h->session->worker->loop);
}

static void
hold_pass(struct hooks *h, struct slice who)
{
    char by[80];
    struct flow *f = h->hook.flow;
    hold_by(h, who, by);
    f->passed = arena_dup(f->arena, slice_str(by));
    if (!f->passed.p)
        h->ask->hook.decision.failed = true;
}

void
hold_decide(struct hooks *h, enum hold_action action, struct slice who)
{
    static const struct {
        const char *did;
        enum verdict_end end;
    } rows[] = {
        [HOLD_FORWARD] = {"held and forwarded", END_GO},
        [HOLD_DROP] = {"held and dropped", END_CLOSE},
        [HOLD_RESET] = {"held and reset", END_RESET},
        [HOLD_PASS] = {"held and passed through", END_PASS},
        [HOLD_ALERT] = {"held and refused by an alert", END_ALERT},
    };
    struct message *m = h->hook.message;
    hold_note(h, rows[action].did, who);
    hold_forget(h);
    if (action == HOLD_PASS)
        hold_pass(h, who);
    if (action != HOLD_FORWARD)
        h->ask->hook.decision.end = m && action == HOLD_DROP ? END_DROP : rows[action].end;
    if (m && action == HOLD_DROP)
        message_name(h->hook.flow, m, &m->by, who);
    hooks_go_on(h);
}

void
hold_alert(struct hooks *h, uint8_t alert, struct slice who)
{
    h->ask->hook.decision.alert = alert;
    hold_decide(h, HOLD_ALERT, who);
}

void
hold_expire(struct hooks *h)
{
    bool drop = slice_eq(slice_str(hold_config(h)->hold_default), SLICE("drop"));
    hold_decide(h, drop ? HOLD_DROP : HOLD_FORWARD, SLICE("hold-timeout"));
}

static struct http_msg *
hold_msg(struct hooks *h)
{
    bool response = h->hook.stage == STAGE_RESPONSE_HEAD || h->hook.stage == STAGE_RESPONSE;
    return response ? &h->hook.flow->resp : &h->hook.flow->req;
}

/* Of a message the content alone can be changed. */
static bool
hold_change_message(struct hooks *h, const struct change *c, struct err *e)
{
    if (!c->has_content)
        return err_set(e, ERR_USAGE, "of such a message only the content can be changed");
    return message_edit(h->hook.flow, h->hook.message, c->content, h->hook.by) || err_memory(e);
}

bool
hold_change(struct hooks *h, const struct change *c, struct slice who, struct err *e)
{
    char by[80];
    hold_by(h, who, by);
    if (h->hook.message)
        return hold_change_message(h, c, e);
    TRY(change_apply(&h->hook, hold_msg(h), c, e));
    hold_note(h, "edited", who);
    return true;
}

/* As a change to the plain content, which then gets them. */
static bool
change_codings(struct hooks *h, struct slice plain, struct slice codings, struct slice who,
               struct err *e)
{
    struct change_field field = {SLICE("Content-Encoding"), codings};
    struct change c = {.has_content = true, .content = plain};
    c.encode = plain.n && codings.n && !slice_eq_nocase(codings, SLICE("identity"));
    c.set = &field;
    c.n_set = c.encode;
    return hold_change(h, &c, who, e);
}

bool
hold_recode(struct hooks *h, struct slice codings, struct slice who, struct err *e)
{
    const struct config *config = hold_config(h);
    struct content_limits limits = {(size_t)config->decode_limit, (unsigned)config->decode_ratio};
    const struct http_msg *m = hold_msg(h);
    struct buf plain;
    if (!edit_body(m)->first) /* of an answer to HEAD, say */
        return true;
    buf_init(&plain, limits.max);
    bool good = content_decode(edit_head(m), edit_body(m), &limits, &plain, e) &&
                change_codings(h, buf_slice(&plain), codings, who, e);
    buf_release(&plain);
    return good;
}

bool
hold_is_coded(struct hooks *h)
{
    return head_find(edit_head(hold_msg(h)), FIELD_CONTENT_ENCODING);
}

void
hold_revert(struct hooks *h, struct slice who)
{
    if (h->hook.message)
        message_revert(h->hook.flow, h->hook.message);
    else
        edit_revert(&h->hook, hold_msg(h));
    hold_note(h, "reverted", who);
}

static bool
answer_parts(struct hooks *h, struct version *v, const struct change *c, struct err *e)
{
    for (size_t i = 0; i < c->n_fields; i++)
        if (!edit_set(&h->hook, v, c->fields[i].name, c->fields[i].value))
            return err_set(e, ERR_USAGE, "the field '%.*s' cannot be used",
                           SLICE_ARG(slice_first(c->fields[i].name, 80)));
    return !c->encode || change_content(&h->hook, v, c, e);
}

bool
hold_answer(struct hooks *h, const struct change *c, struct slice who, struct err *e)
{
    char by[80];
    struct http_msg *resp = &h->hook.flow->resp;
    if (h->hook.message)
        return err_set(e, ERR_USAGE,
                       "a message has no answer: edit or drop it, or send another one");
    hold_by(h, who, by);
    if (!edit_answer(&h->hook, c->status ? c->status : 200, SLICE_NONE, c->content)) {
        h->ask->hook.decision.failed = false;
        return err_set(e, ERR_USAGE, "this answer cannot be made");
    }
    struct version *v = edit_last(resp);
    if (!answer_parts(h, v, c, e)) {
        edit_undo(&h->hook, resp, v);
        h->ask->hook.decision = (struct decision){0};
        return false;
    }
    hold_note(h, "answered", who);
    hold_forget(h);
    hooks_go_on(h);
    return true;
}

bool
hold_take(struct hooks *h, struct slice who, bool force)
{
    if (h->owner[0] && !force && !slice_eq(slice_str(h->owner), slice_first(who, 60)))
        return false;
    snprintf(h->owner, sizeof(h->owner), "%.*s", SLICE_ARG(slice_first(who, 60)));
    return true;
}

void
hold_extend(struct hooks *h)
{
    hold_set_time(h);
}
