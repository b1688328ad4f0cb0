/* One request to the control API and its answer. */
#include "ui/web/errand.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/print.h"
#include "codec/date.h"
#include "codec/token.h"
#include "ui/web/control.h"
#include "ui/web/journal.h"
#include "ui/web/route.h"
#include "ui/web/server.h"

#include <jansson.h>
#include <stdio.h>

#define PIECE ((size_t)64 << 10)
/* What is kept for those of whom nothing is known yet. */
#define OPEN_CONTENT_MAX 4096

static const struct {
    const char *name, *value;
} errand_fields[] = {
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
     "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
     "frame-ancestors 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
};

static struct errand *
of_seat(struct seat *s)
{
    return container_of(s, struct errand, seat);
}

static void
errand_after(struct errand *r, bool over)
{
    void (*after)(struct errand *, bool) = r->after;
    r->after = NULL;
    if (after)
        after(r, over);
    if (after && r->call.out.failed)
        call_fail(&r->call, 500, "too-large",
                  "the answer is too large, or there is no memory for it");
}

static void
errand_destroy(struct dying *d)
{
    struct errand *r = container_of(d, struct errand, dying);
    errand_after(r, true);
    buf_release(&r->call.out);
    buf_release(&r->content);
    json_decref(r->json);
    flow_unref(r->flow);
    mem_free(r);
}

void
errand_unref(struct errand *r)
{
    if (--r->refs == 0)
        turn_defer(loop_turn(r->call.control->loop), &r->dying, errand_destroy);
}

/* The stream is done with, and with it the reference of the seat. */
static void
errand_leave(struct errand *r)
{
    fan_leave(&r->seat);
    r->visit = NULL;
    errand_unref(r);
}

/* The answer ------------------------------------------------------------------------------- */

static bool
errand_is_read(const struct errand *r)
{
    return slice_eq(r->call.method, SLICE("GET")) || slice_eq(r->call.method, SLICE("HEAD"));
}

/* Everything that may have changed something is kept in mind, and who showed no token; but nothing
 * of which others could make so much that the rest is lost. */
static void
errand_note(const struct errand *r)
{
    struct buf text;
    unsigned status = r->call.status;
    if (status != 401 && (!r->admitted || status == 429 || errand_is_read(r)))
        return;
    buf_init(&text, 4096);
    buf_printf(&text, "%.*s ", SLICE_ARG(slice_first(r->call.method, 20)));
    print_safe(&text, slice_first(r->call.path, 500), false);
    buf_printf(&text, " %u", status);
    journal_add(r->call.control->audit, "call", r->who, buf_slice(&text));
    buf_release(&text);
}

/* Whether content of the request has yet to be read, so that nothing else can be behind it. */
static bool
errand_unread(const struct errand *r)
{
    const struct http_head *h = &r->flow->req.head;
    return !r->collected && h->framing != FRAMING_NONE &&
           !(h->framing == FRAMING_LENGTH && !h->length);
}

static bool
add_field(struct errand *r, const char *name, const char *value)
{
    return call_field(&r->call, name, slice_str(value));
}

static bool
add_fields(struct errand *r)
{
    char length[24];
    struct buf date;
    buf_init(&date, 64);
    date_print(&date, clock_wall() / NS_PER_S);
    snprintf(length, sizeof(length), "%zu", buf_len(&r->call.out));
    bool good = add_field(r, "Date", buf_str(&date)) &&
                add_field(r, "Content-Type", r->call.type) &&
                add_field(r, "Content-Length", length);
    buf_release(&date);
    for (size_t i = 0; i < ARRAY_LEN(errand_fields); i++)
        good = good && add_field(r, errand_fields[i].name, errand_fields[i].value);
    return good;
}

static bool
errand_head(struct errand *r)
{
    struct http_head *h = &r->flow->resp.head;
    bool head = slice_eq(r->call.method, SLICE("HEAD"));
    h->status = r->call.status;
    h->reason = token_reason(h->status);
    h->version = 11;
    h->framing = head ? FRAMING_NONE : FRAMING_LENGTH;
    h->length = buf_len(&r->call.out);
    h->keep_alive = !errand_unread(r);
    TRY(add_fields(r));
    return h->keep_alive || add_field(r, "Connection", "close");
}

/* As much as the connection takes. */
static void
errand_pump(struct errand *r)
{
    struct slice rest = slice_from(buf_slice(&r->call.out), r->sent);
    if (r->flow->resp.head.framing == FRAMING_NONE)
        rest.n = 0;
    while (rest.n && !fan_full(&r->seat)) {
        struct slice piece = slice_first(rest, PIECE);
        fan_send(&r->seat, &(struct part){.type = PART_BODY, .data = piece});
        rest = slice_from(rest, piece.n);
        r->sent += piece.n;
    }
    if (rest.n)
        return;
    fan_send(&r->seat, &(struct part){.type = PART_END});
    errand_leave(r);
}

static void
errand_send(struct errand *r)
{
    if (r->call.out.failed)
        call_fail(&r->call, 500, "too-large",
                  "the answer is too large, or there is no memory for it");
    r->answered = true;
    r->call.control->n_calls++;
    errand_note(r);
    errand_after(r, false);
    if (!errand_head(r)) {
        fan_tell(&r->seat, CMD_ABORT);
        errand_leave(r);
        return;
    }
    fan_send(&r->seat, &(struct part){.type = PART_HEAD, .head = &r->flow->resp.head});
    errand_pump(r);
}

void
errand_answer(struct errand *r)
{
    struct turn *t = loop_turn(r->call.control->loop);
    if (!r->visit || r->answered)
        return;
    turn_begin(t);
    errand_send(r);
    turn_end(t);
}

static bool
upgrade_head(struct errand *r, const char *protocol)
{
    struct http_head *h = &r->flow->resp.head;
    h->status = r->call.status = 101;
    h->reason = token_reason(101);
    h->version = 11;
    h->framing = FRAMING_TUNNEL;
    h->keep_alive = true;
    return add_field(r, "Upgrade", protocol) && add_field(r, "Connection", "Upgrade");
}

enum call_state
call_upgrade(struct call *c, const char *protocol, struct layer *l)
{
    struct errand *r = errand_of(c);
    struct layer *old = r->seat.fan->layer.down;
    if (!upgrade_head(r, protocol)) {
        l->ops->destroy(l);
        return call_fail(c, 500, "memory", "there is no memory for the answer");
    }
    r->answered = true;
    c->control->n_calls++;
    errand_note(r);
    fan_send(&r->seat, &(struct part){.type = PART_HEAD, .head = &r->flow->resp.head});
    chain_swap(old->chain, old, l);
    errand_leave(r);
    l->ops->on_event(l, &(struct event){.type = EV_START});
    return CALL_WAIT;
}

/* The request ------------------------------------------------------------------------------ */

static bool
errand_path(struct errand *r, struct slice spelt)
{
    struct call *c = &r->call;
    if (slice_starts(spelt, SLICE("/")) && call_decode(c->arena, spelt, false, &c->path))
        return true;
    call_fail(c, 400, "bad-path", "the path is not well spelt");
    return false;
}

bool
errand_refuse(struct errand *r, enum gate_result why)
{
    struct call *c = &r->call;
    switch (why) {
    case GATE_OPEN: return false;
    case GATE_HOST:
        call_fail(c, 421, "wrong-host", "the control API is not reached by this Host");
        break;
    case GATE_ORIGIN:
        call_fail(c, 403, "wrong-origin", "the request comes from a page of somebody else");
        break;
    case GATE_UNKNOWN:
        call_fail(c, 401, "no-token",
                  "the token is missing or wrong: 'Authorization: Bearer TOKEN'");
        if (!add_field(r, "WWW-Authenticate", "Bearer realm=\"weir\""))
            c->out.failed = true;
        break;
    case GATE_LIMITED:
        call_fail(c, 429, "too-many", "too many failures: try again in a minute");
        if (!add_field(r, "Retry-After", "60"))
            c->out.failed = true;
        break;
    }
    return true;
}

static bool
errand_route(struct errand *r, struct slice path)
{
    struct call *c = &r->call;
    struct buf allowed;
    switch (route_find(c->method, path, &r->route, c->params)) {
    case ROUTE_FOUND: return true;
    case ROUTE_MISSING: call_missing(c, "route"); return false;
    case ROUTE_METHOD: break;
    }
    buf_init(&allowed, 256);
    route_methods(path, &allowed);
    call_fail(c, 405, "wrong-method", "the path takes %s", buf_str(&allowed));
    if (!call_field(c, "Allow", buf_slice(&allowed)))
        c->out.failed = true;
    buf_release(&allowed);
    return false;
}

static bool
errand_params(struct errand *r)
{
    struct call *c = &r->call;
    for (size_t i = 0; i < CALL_PARAMS_MAX && c->params[i].p; i++) {
        if (call_decode(c->arena, c->params[i], false, &c->params[i]))
            continue;
        call_fail(c, 400, "bad-path", "a parameter of the path is not well spelt");
        return false;
    }
    return true;
}

/* What can be said by the head alone. Paths are found only by who may come in. */
static bool
errand_admit(struct errand *r)
{
    struct call *c = &r->call;
    struct slice path = slice_cut(&c->query, '?');
    uint64_t now = loop_now(c->control->loop);
    const struct gate_from *from = &r->from;
    TRY(errand_path(r, path));
    bool found = errand_route(r, path);
    bool open = found && r->route->open;
    enum gate_result gate =
        open ? gate_site(from, c->head) : gate_check(c->control->gate, from, c->head, now);
    r->admitted = !errand_refuse(r, gate);
    TRY(r->admitted);
    return found && errand_params(r);
}

static void
errand_too_large(struct errand *r)
{
    call_fail(&r->call, 413, "too-large", "this content has at most %zu bytes", r->content.max);
}

static bool
errand_fits(struct errand *r)
{
    const struct http_head *h = r->call.head;
    if (r->route->open)
        r->content.max = OPEN_CONTENT_MAX;
    if (h->framing != FRAMING_LENGTH || h->length <= r->content.max)
        return true;
    errand_too_large(r);
    return false;
}

/* Asks for the content where the client waits for that. */
static void
errand_continue(struct errand *r)
{
    struct http_head *go = arena_alloc(r->call.arena, sizeof(*go));
    if (!go || !r->call.head->expect_continue)
        return;
    *go = (struct http_head){
        .status = 100, .reason = token_reason(100), .version = 11, .keep_alive = true};
    fan_send(&r->seat, &(struct part){.type = PART_HEAD, .head = go});
}

/* Who it is says so, if anybody wants to know who did what: a name, and where it came from. */
static void
errand_name(struct errand *r)
{
    const struct field *who = head_find_name(r->call.head, SLICE("x-weir-client"));
    if (who && who->value.n)
        snprintf(r->who, sizeof(r->who), "%.*s",
                 SLICE_ARG(slice_first(who->value, sizeof(r->who) - 1)));
}

static void
errand_begin(struct errand *r, const struct part *p)
{
    struct call *c = &r->call;
    c->head = p->head;
    c->method = p->head->method;
    c->query = p->head->target;
    bool good = errand_admit(r);
    /* Strangers are known by where they come from, whatever they say. */
    if (r->admitted && !(r->route && r->route->open))
        errand_name(r);
    if (!good || !errand_fits(r))
        errand_send(r);
    else
        errand_continue(r);
}

static void
errand_collect(struct errand *r, struct slice data)
{
    buf_append(&r->content, data);
    if (!r->content.failed)
        return;
    errand_too_large(r);
    errand_send(r);
}

static enum call_state
errand_handle(struct errand *r)
{
    if (r->route->type)
        r->call.type = r->route->type;
    return r->route->run(&r->call);
}

static void
errand_run(struct errand *r)
{
    struct call *c = &r->call;
    r->collected = true;
    c->content = buf_slice(&r->content);
    if (errand_handle(r) == CALL_DONE)
        errand_send(r);
}

enum call_state
errand_again(struct errand *r, const char *method, struct slice target)
{
    struct call *c = &r->call;
    c->method = slice_str(method);
    c->query = target;
    struct slice path = slice_cut(&c->query, '?');
    if (!errand_path(r, path) || !errand_route(r, path) || !errand_params(r))
        return CALL_DONE;
    return errand_handle(r);
}

/* The request is no request, or came to an end too early. */
static void
errand_broken(struct errand *r, const struct failure *why)
{
    unsigned status = failure_status(why);
    if (!status || !r->visit) {
        fan_tell(&r->seat, CMD_ABORT);
        errand_leave(r);
        return;
    }
    call_fail(&r->call, status, reason_word(why->reason), "%s", why->text);
    errand_send(r);
}

static size_t
errand_on_part(struct seat *s, const struct part *p)
{
    struct errand *r = of_seat(s);
    if (p->flow && !r->flow) {
        r->flow = p->flow;
        r->call.arena = p->flow->arena;
    }
    if (r->answered)
        return 1;
    switch (p->type) {
    case PART_HEAD: errand_begin(r, p); break;
    case PART_BODY: errand_collect(r, p->data); break;
    case PART_PRIORITY:
    case PART_TRAILERS: break;
    case PART_END: errand_run(r); break;
    case PART_ERROR: errand_broken(r, p->why); break;
    }
    return 1;
}

static void
errand_on_room(struct seat *s)
{
    if (of_seat(s)->answered)
        errand_pump(of_seat(s));
}

static void
errand_on_closed(struct seat *s, const struct failure *why UNUSED)
{
    errand_leave(of_seat(s));
}

static const struct seat_ops errand_ops = {
    .on_part = errand_on_part, .on_room = errand_on_room, .on_closed = errand_on_closed};

struct seat *
errand_arrive(struct fan *f, uint32_t stream)
{
    struct visit *v = f->layer.chain->owner;
    struct errand *r = mem_zalloc(sizeof(*r));
    if (!r)
        return NULL;
    r->refs = 1;
    r->visit = v;
    memcpy(r->who, v->who, sizeof(r->who));
    r->from = v->from;
    r->seat.ops = &errand_ops;
    buf_init(&r->content, CALL_CONTENT_MAX);
    struct call *c = &r->call;
    c->control = v->control;
    c->who = r->who;
    c->status = 200;
    c->type = "application/json";
    buf_init(&c->out, ERRAND_OUT_MAX);
    json_init(&c->json, &c->out);
    fan_sit(f, &r->seat, stream);
    return &r->seat;
}
