/* Rules tried on copies of flows. */
#include "rule/trial.h"

#include "base/clock.h"
#include "flow/edit.h"
#include "flow/message.h"
#include "rule/rule_run.h"

#define MADE_MAX ((size_t)128 << 20) /* contents that the rule makes */

/* The message was never touched, only what was made of it: that the copy does without. */
static void
show_head(struct http_msg *to, const struct http_msg *from)
{
    to->head = to->sent = from->head;
    to->head_at = from->head_at;
}

static void
show_content(struct trial *t, struct http_msg *to, const struct http_msg *from)
{
    to->body = from->body;
    to->body.budget = &t->budget;
    to->trailers = from->trailers;
    to->chunk_ext = from->chunk_ext;
    to->wire_bytes = from->wire_bytes;
    to->end_at = from->end_at;
}

/* What there was of it when nobody had spoken in it. */
static bool
show_hello(struct trial *t UNUSED)
{
    return true;
}

/* false: this is no exchange that rules could see. */
static bool
show_request_head(struct trial *t)
{
    if (t->from->kind != FLOW_HTTP || !t->from->req.head.method.n)
        return false;
    show_head(&t->flow->req, &t->from->req);
    return true;
}

static bool
show_request(struct trial *t)
{
    show_content(t, &t->flow->req, &t->from->req);
    return true;
}

/* false: no server has answered. */
static bool
show_response_head(struct trial *t)
{
    if (!t->from->resp.head.status)
        return false;
    if (t->from->server)
        flow_set_server(t->flow, t->from->server);
    t->flow->interim = t->from->interim;
    show_head(&t->flow->resp, &t->from->resp);
    return true;
}

static bool
show_response(struct trial *t)
{
    show_content(t, &t->flow->resp, &t->from->resp);
    return true;
}

static bool
show_messages(struct trial *t)
{
    return t->from->messages;
}

/* What becomes visible with a stage; false when the flow did not come so far. */
static bool (*const shows[STAGES_N])(struct trial *t) = {
    [STAGE_CLIENT_HELLO] = show_hello, [STAGE_REQUEST_HEAD] = show_request_head,
    [STAGE_REQUEST] = show_request,    [STAGE_RESPONSE_HEAD] = show_response_head,
    [STAGE_RESPONSE] = show_response,  [STAGE_MESSAGE] = show_messages,
};

/* What a flow of its kind has not, and goes on without. */
static bool
is_skipped(const struct trial *t, enum stage s)
{
    return t->from->kind == FLOW_TUNNEL && s != STAGE_CLIENT_HELLO && s != STAGE_MESSAGE;
}

/* Where it went before anything was changed. */
static void
aim(struct flow *to, const struct flow *from)
{
    const struct version *v = from->req.versions;
    to->scheme = v ? v->from.scheme : from->scheme;
    to->host = v ? v->from.host : from->host;
    to->port = v ? v->from.port : from->port;
}

static bool
copy(struct trial *t)
{
    const struct flow *f = t->from;
    const struct marks *marks = atomic_load(&f->marks);
    t->flow = flow_new(f->kind, f->client, &t->budget);
    TRY(t->flow);
    t->flow->id = f->id;
    t->flow->started = f->started;
    t->flow->flags = f->flags & FLOW_SENT;
    aim(t->flow, f);
    return !marks || flow_mark(t->flow, marks);
}

static void
run_stage(struct trial *t, struct rule *r, enum stage s, struct message *m)
{
    struct hook h = {
        .stage = s, .flow = t->flow, .message = m, .now = clock_wall(), .decision = &t->decision};
    if (s == STAGE_CLIENT_HELLO && !t->flow->client->tls)
        return;
    if (m)
        t->flow->messages->now = m;
    t->matched |= filter_match(rule_filter(r), t->flow);
    /* What it did is in the trace. */
    (void)!rule_run(r, &h);
}

static void
copy_content(struct flow *f, struct message *m, struct body *to, const struct body *from)
{
    for (const struct block *it = from->first; it; it = it->next)
        message_add(f, m, to, block_slice(it), UINT64_MAX, from->kept);
}

/* One after the other; what was said of one is no end for the next. */
static void
run_messages(struct trial *t, struct rule *r)
{
    enum verdict_end end = END_GO;
    for (const struct message *from = messages_from(t->from->messages, 0);
         from && !t->decision.failed; from = messages_next(t->from->messages, from)) {
        struct message about = {.kind = from->kind,
                                .up = from->up,
                                .at = from->at,
                                .opcode = from->opcode,
                                .flags = from->flags & MESSAGE_COMPRESSED};
        struct message *m = message_begin(t->flow, &about);
        if (!m)
            continue;
        message_name(t->flow, m, &m->name, from->name);
        copy_content(t->flow, m, &m->raw, &from->raw);
        copy_content(t->flow, m, &m->plain, &from->plain);
        t->decision.end = END_GO;
        run_stage(t, r, STAGE_MESSAGE, m);
        message_end(t->flow, m);
        end = t->decision.end != END_GO ? t->decision.end : end;
    }
    t->decision.end = end;
}

bool
trial_run(struct trial *t, struct rule *r, struct flow *f, struct err *e)
{
    struct rule_info info;
    rule_info(r, &info);
    *t = (struct trial){.from = flow_ref(f), .budget.max = MADE_MAX};
    if (!copy(t)) {
        trial_release(t);
        return err_memory(e);
    }
    for (enum stage s = 0; s < STAGES_N && t->decision.end == END_GO; s++) {
        if (is_skipped(t, s))
            continue;
        if (!shows[s](t))
            break;
        if (s == STAGE_MESSAGE && info.stages & 1u << s)
            run_messages(t, r);
        else if (info.stages & 1u << s && !t->decision.failed)
            run_stage(t, r, s, NULL);
    }
    return true;
}

void
trial_release(struct trial *t)
{
    if (t->flow) {
        /* These belong to the original. */
        body_init(&t->flow->req.body, &t->budget, NULL);
        body_init(&t->flow->resp.body, &t->budget, NULL);
    }
    flow_unref(t->flow);
    flow_unref(t->from);
    *t = (struct trial){0};
}
