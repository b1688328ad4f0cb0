/* Handlers: messages of a flow that is under way: what there are, and one of our own. */
#include "api/json_in.h"
#include "base/mem.h"
#include "base/scan.h"
#include "codec/ws_frame.h"
#include "flow/message_json.h"
#include "proxy/live.h"
#include "ui/web/api_message.h"
#include "ui/web/control.h"
#include "ui/web/route.h"

#include <jansson.h>

#include <stdio.h>

#define OUT_MAX ((size_t)64 << 20)

/* To the worker of the flow, and back with the answer. */
struct errand_live {
    struct live_call live;
    struct control_work work;
    struct call *call; /* a reference */
    struct message_page page;
    bool up;
    unsigned opcode;
    struct slice name, content;
    struct buf out;
    struct json json;
    struct err e;
    bool failed;
};

static void
live_back(void *arg)
{
    struct errand_live *v = arg;
    struct call *c = v->call;
    if (!v->live.found)
        call_missing(c, "flow");
    else if (v->failed)
        call_fail(c, 409, "refused", "%s", v->e.text);
    else if (v->out.failed)
        call_fail(c, 503, "memory", "out of memory");
    else
        buf_append(&c->out, buf_slice(&v->out));
    if (v->live.found && !v->failed && v->opcode)
        call_audit(c, "sent a message in flow %llu", (unsigned long long)v->live.flow);
    call_done(c);
    buf_release(&v->out);
    mem_free(v);
}

static void
live_done(struct live_call *l)
{
    struct errand_live *v = container_of(l, struct errand_live, live);
    control_answer(v->call->control, &v->work);
}

static struct errand_live *
live_new(struct call *c, uint64_t flow)
{
    struct errand_live *v = mem_zalloc(sizeof *v);
    if (!v)
        return NULL;
    v->call = c;
    v->live.proxy = c->control->given.proxy;
    v->live.flow = flow;
    buf_init(&v->out, OUT_MAX);
    json_init(&v->json, &v->out);
    return v;
}

/* Takes it. The caller's reference to the call goes with the answer. false: the engine is stopping.
 */
static bool
live_start(struct errand_live *v, live_fn *each)
{
    v->live.each = each;
    v->live.done = live_done;
    v->work = (struct control_work){.done = live_back, .arg = v};
    if (live_begin(&v->live))
        return true;
    buf_release(&v->out);
    mem_free(v);
    return false;
}

static void
each_page(struct live_call *c, struct live *l)
{
    struct errand_live *v = container_of(c, struct errand_live, live);
    message_page_put(&v->json, l->flow->messages, &v->page, true);
}

bool
message_page_live(struct call *c, uint64_t flow, const struct message_page *p)
{
    struct errand_live *v = live_new(c, flow);
    if (!v)
        return false;
    v->page = *p;
    return live_start(v, each_page);
}

/* Sending ----------------------------------------------------------------------------------- */

static void
each_send(struct live_call *c, struct live *l)
{
    struct errand_live *v = container_of(c, struct errand_live, live);
    char by[80];
    struct message about = {.opcode = v->opcode, .name = v->name};
    snprintf(by, sizeof by, "client %.60s", v->call->who);
    v->failed = !live_inject(l, v->up, &about, v->content, slice_str(by), &v->e);
    json_begin_object(&v->json, NULL);
    json_u64(&v->json, "done", 1);
    json_end_object(&v->json);
}

static bool
read_opcode(struct slice op, unsigned *out)
{
    static const struct {
        const char *name;
        unsigned opcode;
    } rows[] = {{"text", WS_TEXT},
                {"binary", WS_BINARY},
                {"ping", WS_PING},
                {"pong", WS_PONG},
                {"close", WS_CLOSE}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (slice_eq(op, slice_str(rows[i].name)))
            *out = rows[i].opcode;
    return *out;
}

/* {"to": "client" or "server", "op": "text", "event": "name", "content": text or "content_base64":
 * bytes}. false: the call has failed. */
static bool
read_message(struct errand_live *v, const json_t *o)
{
    struct call *c = v->call;
    struct slice to = json_in_key(o, "to"), op = json_in_key(o, "op");
    v->up = slice_eq(to, SLICE("server"));
    v->name = json_in_key(o, "event");
    const char *bad = NULL;
    if (!v->up && !slice_eq(to, SLICE("client")))
        bad = "'to' must be 'client' or 'server'";
    else if (!read_opcode(op.p ? op : SLICE("text"), &v->opcode))
        bad = "'op' must be text, binary, ping, pong or close";
    else if (!json_in_bytes(o, "content", c->arena, CALL_CONTENT_MAX, &v->content))
        bad = "'content' must be a string, or 'content_base64' one of base64";
    else if (v->name.n > MESSAGE_NAME_MAX || slice_find(v->name, '\n') < v->name.n ||
             slice_find(v->name, '\r') < v->name.n)
        bad = "'event' must be one line of at most 200 bytes";
    if (bad)
        call_fail(c, 400, "bad-field", "%s", bad);
    return !bad;
}

enum call_state
api_message_send(struct call *c)
{
    uint64_t id;
    json_t *o = call_json(c);
    if (!o)
        return CALL_DONE;
    if (!scan_u64(c->params[0], UINT64_MAX, &id) || !id)
        return call_missing(c, "flow");
    struct errand_live *v = live_new(c, id);
    if (!v)
        return call_fail(c, 503, "memory", "out of memory");
    if (!read_message(v, o)) {
        mem_free(v);
        return CALL_DONE;
    }
    call_ref(c);
    if (!live_start(v, each_send)) {
        call_fail(c, 503, "stopping", "the engine is stopping");
        call_done(c);
    }
    return CALL_WAIT;
}
