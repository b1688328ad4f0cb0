/* What is under way: flows that are held, and what can be done to them; ending any flow. */
#include "api/json_in.h"
#include "base/mem.h"
#include "base/scan.h"
#include "codec/alert.h"
#include "codec/encoder.h"
#include "flow/filter.h"
#include "flow/flow_json.h"
#include "flow/message_json.h"
#include "layer/exchange.h"
#include "layer/relay.h"
#include "layer/ws.h"
#include "proxy/hold.h"
#include "proxy/live.h"
#include "ui/web/change_in.h"
#include "ui/web/lookup.h"
#include "ui/web/route.h"

#include <jansson.h>

#define OUT_MAX    ((size_t)64 << 20)
#define LISTED_MAX 10000

#define AT_HELLO    (1u << STAGE_CLIENT_HELLO)
#define AT_EXCHANGE ((1u << STAGES_N) - (1u << STAGE_REQUEST_HEAD))
#define AT_CONTENT  (1u << STAGE_REQUEST | 1u << STAGE_RESPONSE)
#define AT_ANY      (AT_HELLO | AT_EXCHANGE)

/* A call that goes to the workers and comes back with its answer. */
struct trip {
    struct live_call live;
    struct control_work work; /* the way back */
    struct call *call;        /* a reference */
    const struct action *action;
    struct filter *filter; /* of those that are meant: a reference; NULL: all */
    struct change_in change;
    bool forward; /* after an edit */
    uint8_t alert;
    struct slice coding;
    unsigned done;
    struct buf out;
    struct json json;
    struct err e;
    bool failed;
};

struct action {
    const char *name;
    /* On the thread of the worker. */
    void (*run)(struct trip *v, struct live *l);
    unsigned stages; /* bits 1 << enum stage where it makes sense */
    /* What its JSON says: the part that cannot be read, or NULL. NULL: it takes none. */
    const char *(*read)(struct trip *v, const json_t *o);
    const char *did; /* for the audit trail */
};

/* Showing */

static bool
is_response(enum stage s)
{
    return s == STAGE_RESPONSE_HEAD || s == STAGE_RESPONSE;
}

static void
show_line(struct json *j, const struct live *l)
{
    const struct flow *f = l->flow;
    json_begin_object(j, NULL);
    json_u64(j, "id", f->id);
    json_text(j, "method", edit_head(&f->req)->method);
    json_str(j, "kind", flow_kind_name(f->kind));
    flow_json_url(j, f);
    json_u64(j, "started_us", f->started / 1000);
    if (edit_head(&f->resp)->status)
        json_u64(j, "status", edit_head(&f->resp)->status);
    if (l->held) {
        json_str(j, "stage", stage_name(l->held->hook.stage));
        json_u64(j, "since_us", l->held->since / 1000);
        json_u64(j, "until_us", l->held->until / 1000);
        json_str(j, "owner", l->held->owner);
    }
    json_end_object(j);
}

static void
show_message(struct json *j, const char *key, const struct http_msg *m)
{
    const struct http_head *h = edit_head(m);
    struct json_base64_state state;
    json_begin_object(j, key);
    if (h->method.n) {
        json_text(j, "method", h->method);
        json_text(j, "target", h->target);
    } else {
        json_u64(j, "status", h->status);
        json_text(j, "reason", h->reason);
    }
    flow_json_fields(j, h);
    json_base64_begin(j, "content", &state);
    for (const struct block *it = edit_body(m)->first; it; it = it->next)
        json_base64_add(j, &state, block_slice(it));
    json_base64_end(j, &state);
    json_end_object(j);
}

static void
show_whole(struct trip *v, struct live *l)
{
    struct json *j = &v->json;
    json_begin_object(j, NULL);
    json_u64(j, "id", l->flow->id);
    json_str(j, "stage", stage_name(l->held->hook.stage));
    json_u64(j, "until_us", l->held->until / 1000);
    json_str(j, "owner", l->held->owner);
    flow_json_url(j, l->flow);
    if (l->held->hook.message) {
        json_begin_array(j, "messages");
        message_json(j, l->held->hook.message, SIZE_MAX, true);
        json_end_array(j);
    }
    if (l->held->hook.stage == STAGE_CLIENT_HELLO)
        flow_json_peer(j, "client", l->flow->client, true);
    else
        show_message(j, "request", &l->flow->req);
    if (is_response(l->held->hook.stage))
        show_message(j, "response", &l->flow->resp);
    json_end_object(j);
}

/* Acting: each on the thread of the worker. */

static struct slice
who(const struct trip *v)
{
    return slice_str(v->call->who);
}

static void
act_forward(struct trip *v, struct live *l)
{
    hold_decide(l->held, HOLD_FORWARD, who(v));
}

static void
act_drop(struct trip *v, struct live *l)
{
    hold_decide(l->held, HOLD_DROP, who(v));
}

static void
act_reset(struct trip *v, struct live *l)
{
    hold_decide(l->held, HOLD_RESET, who(v));
}

static void
act_pass(struct trip *v, struct live *l)
{
    hold_decide(l->held, HOLD_PASS, who(v));
}

static void
act_alert(struct trip *v, struct live *l)
{
    hold_alert(l->held, v->alert, who(v));
}

static void
act_revert(struct trip *v, struct live *l)
{
    hold_revert(l->held, who(v));
}

static void
act_take(struct trip *v, struct live *l)
{
    (void)v, (void)l; /* taking is what every action does first */
}

static void
act_extend(struct trip *v, struct live *l)
{
    (void)v;
    hold_extend(l->held);
}

static void
act_hold_response(struct trip *v, struct live *l)
{
    l->held->hold_response = true;
    hold_decide(l->held, HOLD_FORWARD, who(v));
}

static void
act_never(struct trip *v, struct live *l)
{
    l->held->main->never_hold = true;
    hold_decide(l->held, HOLD_FORWARD, who(v));
}

static void
act_edit(struct trip *v, struct live *l)
{
    bool good = hold_change(l->held, &v->change.change, who(v), &v->e);
    v->failed |= !good;
    if (good && v->forward)
        hold_decide(l->held, HOLD_FORWARD, who(v));
}

static void
act_answer(struct trip *v, struct live *l)
{
    v->failed |= !hold_answer(l->held, &v->change.change, who(v), &v->e);
}

static void
act_decode(struct trip *v, struct live *l)
{
    v->failed |= !hold_recode(l->held, SLICE_NONE, who(v), &v->e);
}

static void
act_encode(struct trip *v, struct live *l)
{
    v->failed |= !hold_recode(l->held, v->coding, who(v), &v->e);
}

static void
act_encode_toggle(struct trip *v, struct live *l)
{
    if (hold_is_coded(l->held))
        act_decode(v, l);
    else
        act_encode(v, l);
}

static const char *
read_change(struct trip *v, const json_t *o)
{
    v->forward = json_is_true(json_object_get(o, "forward"));
    return change_in_read(&v->change, o, v->call->arena);
}

/* {"alert": "unknown_ca"}, or a number. */
static const char *
read_alert(struct trip *v, const json_t *o)
{
    const json_t *alert = json_object_get(o, "alert");
    json_int_t number = json_integer_value(alert);
    if (json_is_integer(alert) && number >= 0 && number <= UINT8_MAX) {
        v->alert = (uint8_t)number;
        return NULL;
    }
    return alert_find(json_in_text(alert), &v->alert) ? NULL : "alert";
}

static const struct action actions[] = {
    {"alert", act_alert, AT_HELLO, read_alert, "sent an alert in place of the handshake of"},
    {"answer", act_answer, AT_EXCHANGE, read_change, "answered"},
    {"decode", act_decode, AT_CONTENT, NULL, "decoded"},
    {"drop", act_drop, AT_ANY, NULL, "dropped"},
    {"edit", act_edit, AT_EXCHANGE, read_change, "edited"},
    {"encode", act_encode, AT_CONTENT, NULL, "encoded"},
    {"encode-toggle", act_encode_toggle, AT_CONTENT, NULL, "encoded or decoded"},
    {"extend", act_extend, AT_ANY, NULL, "gave more time to"},
    {"forward", act_forward, AT_ANY, NULL, "forwarded"},
    {"hold-response", act_hold_response, AT_EXCHANGE, NULL, "forwarded, to hold the response of,"},
    {"never", act_never, AT_ANY, NULL, "forwarded, not to hold again,"},
    {"pass-through", act_pass, AT_HELLO, NULL, "passed through"},
    {"reset", act_reset, AT_ANY, NULL, "reset"},
    {"revert", act_revert, AT_EXCHANGE, NULL, "reverted"},
    {"take", act_take, AT_ANY, NULL, "took"},
};

static const struct action *
action_find(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (slice_eq(name, slice_str(actions[i].name)))
            return &actions[i];
    return NULL;
}

/* Visiting the workers, and coming back. */

static void
trip_free(struct trip *v)
{
    filter_unref(v->filter);
    buf_release(&v->out);
    mem_free(v);
}

static struct trip *
trip_new(struct call *c)
{
    struct trip *v = mem_zalloc(sizeof(*v));
    if (!v)
        return NULL;
    v->call = c;
    v->live.proxy = c->control->given.proxy;
    buf_init(&v->out, OUT_MAX);
    json_init(&v->json, &v->out);
    return v;
}

static void
trip_audit(const struct trip *v)
{
    if (!v->action || !v->done || v->failed)
        return;
    if (v->live.flow)
        call_audit(v->call, "%s flow %llu", v->action->did, (unsigned long long)v->live.flow);
    else
        call_audit(v->call, "%s flows: %u", v->action->did, v->done);
}

/* On the control loop again. */
static void
trip_back(void *arg)
{
    struct trip *v = arg;
    struct call *c = v->call;
    if (v->failed)
        call_fail(c, v->e.code == ERR_MEMORY ? 503 : 409, "refused", "%s", v->e.text);
    else if (v->live.flow && !v->done)
        call_fail(c, 404, "not-found", "no such flow is %s now",
                  v->live.held ? "held" : "under way");
    else if (v->out.failed)
        call_fail(c, 503, "memory", "out of memory");
    else
        buf_append(&c->out, buf_slice(&v->out));
    trip_audit(v);
    call_done(c);
    trip_free(v);
}

static void
trip_done(struct live_call *l)
{
    struct trip *v = container_of(l, struct trip, live);
    control_answer(v->call->control, &v->work);
}

static enum call_state
trip_begin(struct trip *v, live_fn *each, void (*done)(struct live_call *l))
{
    struct call *c = v->call;
    v->live.each = each;
    v->live.done = done;
    v->work = (struct control_work){.done = trip_back, .arg = v};
    if (live_begin(&v->live)) {
        call_ref(c);
        return CALL_WAIT;
    }
    trip_free(v);
    return call_fail(c, 503, "stopping", "the engine is stopping");
}

static void
each_line(struct live_call *c, struct live *l)
{
    struct trip *v = container_of(c, struct trip, live);
    if (v->done++ < LISTED_MAX)
        show_line(&v->json, l);
}

static void
each_whole(struct live_call *c, struct live *l)
{
    struct trip *v = container_of(c, struct trip, live);
    if (!l->held)
        return;
    v->done = 1;
    show_whole(v, l);
}

/* Whether the action makes sense where it is held. */
static bool
fits(const struct trip *v, const struct live *l)
{
    return v->action->stages & 1u << l->held->hook.stage;
}

static bool
is_meant(const struct trip *v, const struct live *l)
{
    return !v->filter || filter_match(v->filter, l->flow);
}

/* Of several, one that refuses does not keep the others from it. */
static void
each_act(struct live_call *c, struct live *l)
{
    struct trip *v = container_of(c, struct trip, live);
    if (!l->held || !is_meant(v, l) || (!v->live.flow && !fits(v, l)))
        return;
    v->done++;
    if (!fits(v, l)) {
        v->failed = !err_set(&v->e, ERR_FAILED, "'%s' is nothing to do at '%s'", v->action->name,
                             stage_name(l->held->hook.stage));
        return;
    }
    bool force = v->action->run == act_take && call_query(v->call, "force").p;
    if (!hold_take(l->held, who(v), force)) {
        v->failed = !err_set(&v->e, ERR_FAILED, "it belongs to '%s' now", l->held->owner);
        return;
    }
    v->action->run(v, l);
}

static void
each_kill(struct live_call *c, struct live *l)
{
    struct trip *v = container_of(c, struct trip, live);
    if (!is_meant(v, l))
        return;
    v->done++;
    live_kill(l, who(v));
}

/* An object with one list. */
static void
list_done(struct live_call *l)
{
    struct trip *v = container_of(l, struct trip, live);
    json_end_array(&v->json);
    json_u64(&v->json, "total", v->done);
    json_end_object(&v->json);
    trip_done(l);
}

static enum call_state
list(struct call *c, bool held)
{
    struct trip *v = trip_new(c);
    if (!v)
        return call_fail(c, 503, "memory", "out of memory");
    v->live.held = held;
    json_begin_object(&v->json, NULL);
    json_begin_array(&v->json, "flows");
    return trip_begin(v, each_line, list_done);
}

enum call_state
api_held_list(struct call *c)
{
    return list(c, true);
}

enum call_state
api_live_list(struct call *c)
{
    return list(c, false);
}

static struct trip *
trip_flow(struct call *c)
{
    uint64_t id;
    struct trip *v = scan_u64(c->params[0], UINT64_MAX, &id) && id ? trip_new(c) : NULL;
    if (v)
        v->live.flow = id;
    else
        call_missing(c, "flow");
    return v;
}

enum call_state
api_held_show(struct call *c)
{
    struct trip *v = trip_flow(c);
    if (!v)
        return CALL_DONE;
    v->live.held = true;
    return trip_begin(v, each_whole, trip_done);
}

static void
acted_done(struct live_call *l)
{
    struct trip *v = container_of(l, struct trip, live);
    json_begin_object(&v->json, NULL);
    json_u64(&v->json, "done", v->done);
    json_end_object(&v->json);
    trip_done(l);
}

static bool
take_coding(struct trip *v)
{
    struct err e = {0};
    struct slice coding = call_query(v->call, "coding");
    v->coding = coding.n ? coding : SLICE("gzip");
    struct encoder *made = encoder_new(v->coding, &e);
    encoder_free(made);
    if (!made)
        call_fail(v->call, 400, "bad-parameter", "%s", e.text);
    return made;
}

static enum call_state
act(struct trip *v, const struct action *a)
{
    struct call *c = v->call;
    v->action = a;
    v->live.held = true;
    if ((a->run == act_encode || a->run == act_encode_toggle) && !take_coding(v)) {
        trip_free(v);
        return CALL_DONE;
    }
    if (a->read) {
        const json_t *o = call_json(c);
        const char *bad = o ? a->read(v, o) : "";
        if (bad) {
            enum call_state s =
                *bad ? call_fail(c, 400, "bad-change", "'%s' cannot be read", bad) : CALL_DONE;
            trip_free(v);
            return s;
        }
    }
    return trip_begin(v, each_act, acted_done);
}

enum call_state
api_held_act(struct call *c)
{
    const struct action *a = action_find(c->params[1]);
    if (!a)
        return call_missing(c, "action");
    struct trip *v = trip_flow(c);
    return v ? act(v, a) : CALL_DONE;
}

/* For those that the query matches, or all when there is none and 'all' says so; NULL: the call has
 * failed. */
static struct trip *
trip_query(struct call *c, bool all)
{
    struct err e = {0};
    size_t at = 0;
    struct slice query = call_query(c, "query");
    if (!query.p && !all) {
        call_fail(c, 400, "bad-parameter",
                  "the parameter 'query' is missing: an empty one is for all flows");
        return NULL;
    }
    struct filter *filter = lookup_parse(c->control, query, &at, &e);
    if (!filter) {
        call_fail(c, 400, "bad-query", "%s (at byte %zu of the query)", e.text, at);
        return NULL;
    }
    struct trip *v = trip_new(c);
    if (v)
        v->filter = filter;
    else
        filter_unref(filter);
    if (!v)
        call_fail(c, 503, "memory", "out of memory");
    return v;
}

/* What cannot be undone or takes a change is for those that were named. */
enum call_state
api_held_act_all(struct call *c)
{
    const struct action *a = action_find(c->params[0]);
    if (!a)
        return call_missing(c, "action");
    struct trip *v = trip_query(c, !a->read);
    return v ? act(v, a) : CALL_DONE;
}

static const struct action kill_action = {.name = "kill", .did = "ended"};

enum call_state
api_live_kill(struct call *c)
{
    struct trip *v = trip_query(c, false);
    if (!v)
        return CALL_DONE;
    v->action = &kill_action;
    return trip_begin(v, each_kill, acted_done);
}

enum call_state
api_flow_kill(struct call *c)
{
    struct trip *v = trip_flow(c);
    if (!v)
        return CALL_DONE;
    v->action = &kill_action;
    return trip_begin(v, each_kill, acted_done);
}
