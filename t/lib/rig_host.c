/* The host of a rig: answers what layers ask, as the rig's options and the test say, and writes
 * down what it was asked. */
#include "base/base.h"
#include "base/print.h"
#include "codec/token.h"
#include "codec/url.h"
#include "flow/message_json.h"
#include "layer/h2.h"
#include "layer/peek.h"
#include "lib/heap.h"
#include "lib/rig.h"

#include <assert.h>
#include <stdio.h>

/* Flows -----------------------------------------------------------------------------------------
 */

static void
flow_expect(struct rig *r, const struct flow *f)
{
    r->flows = heap_grow(r->flows, (r->n_flows + 1) * sizeof(*r->flows));
    r->flows[r->n_flows++] = f->id;
}

static void
kept_release(struct rig_kept *k)
{
    if (!k->flow)
        return;
    atomic_store(&k->was.refs, atomic_load(&k->flow->refs));
    assert(memcmp(&k->was, k->flow, sizeof(k->was)) == 0);
    flow_unref(k->flow);
    k->flow = NULL;
}

void
rig_forget(struct rig *r)
{
    for (size_t i = 0; i < ARRAY_LEN(r->kept); i++)
        kept_release(&r->kept[i]);
}

/* Once, and not again. */
static void
flow_seen(struct rig *r, struct flow *f)
{
    for (size_t i = 0; i < ARRAY_LEN(r->kept); i++)
        assert(r->kept[i].flow != f);
    struct rig_kept *k = &r->kept[r->n_recorded++ % ARRAY_LEN(r->kept)];
    kept_release(k);
    k->flow = flow_ref(f);
    memcpy(&k->was, f, sizeof(k->was));
    for (size_t i = 0; i < r->n_flows; i++)
        if (r->flows[i] == f->id)
            r->flows[i] = r->flows[--r->n_flows];
}

static void
say_count(struct buf *out, const char *name, uint64_t n)
{
    if (n)
        buf_printf(out, " %s %llu", name, (unsigned long long)n);
}

/* What must be in every record, and in that of an exchange that went well. */
static void
check_record(const struct flow *f)
{
    const struct http_msg *req = &f->req, *resp = &f->resp;
    assert(f->started && f->ended);
    if (f->error || resp->head.status < 200)
        return;
    assert(req->head_at && resp->head_at && resp->end_at);
    if (f->local)
        return;
    assert(resp->wire_bytes >= resp->body.size);
    /* In HTTP/2 the end may be said later than the last byte. */
    bool read = req->head.version != 20 && req->head.framing == FRAMING_LENGTH &&
                req->body.size == req->head.length;
    assert(!read || req->end_at);
}

/* What it says, its front, and what is to be said of it. */
static void
say_message(struct rig *r, const struct message *m)
{
    static const char *const flags[] = {"compressed", "fragmented", "invalid", "unfinished",
                                        "held",       "edited",     "dropped", "injected"};
    char text[512], op[12];
    struct buf out = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    const struct body *b = message_now(m);
    buf_printf(&out, "message %llu %s %s %llu [", (unsigned long long)m->number,
               m->up ? "client" : "server",
               m->kind == MESSAGE_WS ? message_op(m, op) : message_kind_name(m->kind),
               (unsigned long long)b->size);
    size_t left = 40;
    for (const struct block *it = b->first; it && left; it = it->next) {
        struct slice front = slice_first(block_slice(it), left);
        print_safe(&out, front, false);
        left -= front.n;
    }
    buf_byte(&out, ']');
    if (m->name.n)
        buf_printf(&out, " name %.*s", SLICE_ARG(m->name));
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (m->flags & 1u << i)
            buf_printf(&out, " %s", flags[i]);
    if (m->frames)
        buf_printf(&out, " %zu", m->n_frames);
    if (b->cut)
        buf_printf(&out, " cut %llu", (unsigned long long)b->kept);
    if (m->why)
        buf_printf(&out, ": %s", m->why);
    assert(!m->open);
    lines_add(&r->did, "%.*s", SLICE_ARG(buf_slice(&out)));
}

/* They are cut as they come: that is what a play may be about. */
static bool
tells_segments(const struct rig *r)
{
    return rig_hook_stages(r) & 1u << STAGE_MESSAGE;
}

/* A buf that does not come from the gated memory is not to be had: the text is built in place. */
static void
rig_record(struct host *h, struct flow *f)
{
    struct rig *r = rig_of(h);
    char text[512];
    struct buf out = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    check_record(f);
    flow_seen(r, f);
    if (r->options.quiet)
        return;
    unsigned interims = 0;
    for (const struct interim *i = f->interim; i; i = i->next)
        interims++;
    struct slice method =
        token_valid(f->req.head.method) ? slice_first(f->req.head.method, 40) : SLICE("-");
    buf_printf(&out, "record %.*s %u", SLICE_ARG(method), f->resp.head.status);
    say_count(&out, "up", f->kind == FLOW_TUNNEL ? f->tunnel_up : f->req.body.size);
    say_count(&out, "down", f->kind == FLOW_TUNNEL ? f->tunnel_down : f->resp.body.size);
    if (f->req.body.cut)
        buf_printf(&out, " cut-up %llu", (unsigned long long)f->req.body.kept);
    if (f->resp.body.cut)
        buf_printf(&out, " cut-down %llu", (unsigned long long)f->resp.body.kept);
    say_count(&out, "trailers-up", f->req.trailers.n);
    say_count(&out, "trailers-down", f->resp.trailers.n);
    say_count(&out, "interim", interims);
    if (f->req.chunk_ext.n)
        buf_printf(&out, " ext-up %.*s", SLICE_ARG(f->req.chunk_ext));
    if (f->resp.chunk_ext.n)
        buf_printf(&out, " ext-down %.*s", SLICE_ARG(f->resp.chunk_ext));
    if (f->local)
        buf_append(&out, SLICE(" local"));
    if (f->error)
        buf_printf(&out, " error %s", f->error);
    lines_add(&r->did, "%.*s", SLICE_ARG(buf_slice(&out)));
    for (const struct message *m = messages_from(f->messages, 0); m;
         m = messages_next(f->messages, m))
        if (m->kind != MESSAGE_TCP || tells_segments(r))
            say_message(r, m);
}

/* Makes the response a page of ours; the memory is the flow's. */
static bool
make_page(struct flow *f, unsigned status, struct slice text, struct slice *content)
{
    char length[24];
    int n = snprintf(length, sizeof(length), "%zu", text.n);
    *content = arena_dup(f->arena, text);
    f->resp.head = (struct http_head){.status = status,
                                      .reason = token_reason(status),
                                      .version = 11,
                                      .framing = FRAMING_LENGTH,
                                      .length = text.n,
                                      .keep_alive = true};
    return content->p &&
           head_add(&f->resp.head, f->arena, SLICE("Content-Length"), slice_of(length, (size_t)n));
}

static bool
rig_page(struct host *h, struct flow *f, const struct failure *why, struct slice *content)
{
    return make_page(f, failure_status(why), slice_str(why->text), content);
}

static bool
rig_upgrade(struct host *h, struct chain *c, struct flow *f, struct layer **next,
            struct layer **above)
{
    struct rig *r = rig_of(h);
    struct rig_conn *client = &r->conns[0];
    if (!h2_upgrade_wanted(&f->req.head))
        return false;
    if (!rig_http(r, true, next, above)) {
        *next = NULL;
        return true;
    }
    h2_upgrade_with(*next, f);
    if (c == client->chain)
        client->h2 = client->frames.upgraded = true;
    return true;
}

/* Questions -------------------------------------------------------------------------------------
 */

static enum ask_result
ask_later(struct rig *r, struct ask *a)
{
    assert(r->n_asks < ARRAY_LEN(r->asks));
    r->asks[r->n_asks++] = a;
    return ASK_WAIT;
}

static void
ask_drop(struct rig *r, const struct ask *a)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->n_asks; i++)
        if (r->asks[i] != a)
            r->asks[kept++] = r->asks[i];
    assert(kept + 1 == r->n_asks);
    r->n_asks = kept;
}

/* The oldest of the kind, which waits no more. */
static struct ask *
ask_take(struct rig *r, enum ask_type type)
{
    for (size_t i = 0; i < r->n_asks; i++) {
        struct ask *a = r->asks[i];
        if (a->type != type)
            continue;
        ask_drop(r, a);
        return a;
    }
    return NULL;
}

static bool
set_target(struct flow *f, struct slice host, uint16_t port)
{
    f->host = arena_dup(f->arena, host);
    f->port = port;
    return f->host.p;
}

/* false without memory. */
static bool
find_target(struct rig *r, struct flow *f)
{
    const struct http_head *h = &f->req.head;
    struct authority at;
    struct url u;
    if (f->kind == FLOW_CONNECT && url_parse_authority(h->target, &at))
        return set_target(f, at.host, at.port);
    f->scheme = "http";
    if (url_parse_absolute(h->target, &u))
        return set_target(f, u.at.host, u.port);
    if (url_parse_authority(head_value(h, FIELD_HOST), &at))
        return set_target(f, at.host, at.port ? at.port : r->options.port);
    return set_target(f, slice_str(r->options.target), r->options.port);
}

static void
fill_request(struct ask *a, unsigned status, const char *text)
{
    struct flow *f = a->request.flow;
    a->request.answer = status != 0;
    a->request.stages = rig_hook_stages(rig_of(a->chain->host));
    if (status && !make_page(f, status, slice_str(text), &a->request.content))
        a->request.content = SLICE_NONE;
}

static enum ask_result
ask_request(struct rig *r, struct ask *a)
{
    struct flow *f = a->request.flow;
    bool found = find_target(r, f);
    flow_expect(r, f);
    if (!r->options.quiet) {
        bool connect = f->kind == FLOW_CONNECT;
        lines_add(&r->did, "ask request %.*s %s%.*s:%u%s", SLICE_ARG(f->req.head.method),
                  connect ? "" : "http://", SLICE_ARG(f->host), f->port,
                  f->req.head.malformed ? " malformed" : "");
    }
    if (r->options.wait_request)
        return ask_later(r, a);
    fill_request(a, found ? r->options.respond : 503, r->options.text);
    return ASK_DONE;
}

static struct rig_conn *
find_idle(struct rig *r, const struct flow *f)
{
    char target[RIG_TARGET_MAX];
    rig_target(f, target);
    for (size_t i = 1; i < r->n_conns; i++) {
        struct rig_conn *c = &r->conns[i];
        /* One that has become a tunnel has no fan any more. */
        bool http = c->chain && c->fan && c->chain->top == &c->fan->layer;
        bool free = http && (c->idle || c->fan->many);
        if (free && !c->fan->broken && slice_eq(slice_str(c->target), slice_str(target)))
            return c;
    }
    return NULL;
}

/* An idle connection, or a new one. */
static void
fill_open(struct rig *r, struct ask *a, bool reuse)
{
    struct rig_conn *c = reuse ? find_idle(r, a->open.flow) : NULL;
    if (!c)
        c = rig_connect(r, a->open.flow);
    if (!c) {
        failure_set(&a->open.why, REASON_MEMORY, NULL);
        return;
    }
    c->idle = false;
    a->open.server = c->fan;
    a->open.reused = c->fan->served > 0;
}

static void
refuse_open(struct rig *r, struct ask *a, enum reason why, const char *text)
{
    peer_unref(r->failed);
    r->failed = a->open.peer = peer_new();
    failure_set(&a->open.why, why, "%s", text);
}

static enum ask_result
ask_open(struct rig *r, struct ask *a)
{
    const struct flow *f = a->open.flow;
    if (!r->options.quiet)
        lines_add(&r->did, "ask open %.*s:%u%s", SLICE_ARG(f->host), f->port,
                  a->open.fresh ? " fresh" : "");
    if (r->options.wait_open)
        return ask_later(r, a);
    if (r->options.open_fails)
        refuse_open(r, a, r->options.open_fails, r->options.text);
    else
        fill_open(r, a, !a->open.fresh);
    return ASK_DONE;
}

static void
fill_next(struct rig *r, struct ask *a)
{
    a->next.layer = a->next.above = NULL;
    struct slice found = slice_str(a->next.found ? a->next.found->name : "");
    bool h2 = slice_eq(found, SLICE("h2"));
    if (a->chain == r->conns[0].chain)
        r->conns[0].h2 = h2;
    if ((h2 || slice_eq(found, SLICE("h1"))) && !rig_http(r, h2, &a->next.layer, &a->next.above))
        a->next.layer = NULL;
}

static enum ask_result
ask_next(struct rig *r, struct ask *a)
{
    if (!r->options.quiet)
        lines_add(&r->did, "ask next %s", a->next.found ? a->next.found->name : "nothing");
    if (r->options.wait_next)
        return ask_later(r, a);
    fill_next(r, a);
    return ASK_DONE;
}

static enum ask_result
ask_hook(struct rig *r, struct ask *a)
{
    if (!r->options.quiet)
        lines_add(&r->did, "ask hook %s", stage_name(a->hook.stage));
    return rig_hook_run(r, a) ? ask_later(r, a) : ASK_DONE;
}

static enum ask_result
rig_ask(struct host *h, struct ask *a)
{
    struct rig *r = rig_of(h);
    switch (a->type) {
    case ASK_NEXT: return ask_next(r, a);
    case ASK_REQUEST: return ask_request(r, a);
    case ASK_HOOK: return ask_hook(r, a);
    case ASK_PAUSE: return ask_later(r, a);
    case ASK_OPEN: return ask_open(r, a);
    case ASK_TLS: break;
    }
    a->tls.ssl = NULL;
    return ASK_DONE;
}

static void
rig_cancel(struct host *h, struct ask *a)
{
    static const char *const names[] = {
        [ASK_NEXT] = "next", [ASK_TLS] = "tls",   [ASK_REQUEST] = "request",
        [ASK_HOOK] = "hook", [ASK_OPEN] = "open", [ASK_PAUSE] = "pause"};
    struct rig *r = rig_of(h);
    ask_drop(r, a);
    if (!r->options.quiet)
        lines_add(&r->did, "cancel %s", names[a->type]);
}

bool
rig_answer_request(struct rig *r, unsigned status, const char *text)
{
    struct ask *a = ask_take(r, ASK_REQUEST);
    if (!a)
        return false;
    fill_request(a, status, text);
    ask_answer(a);
    rig_run(r);
    return true;
}

bool
rig_answer_open(struct rig *r, bool reuse, enum reason failure, const char *text)
{
    struct ask *a = ask_take(r, ASK_OPEN);
    if (!a)
        return false;
    if (failure)
        refuse_open(r, a, failure, text);
    else
        fill_open(r, a, reuse);
    ask_answer(a);
    rig_run(r);
    return true;
}

bool
rig_answer_hook(struct rig *r, struct slice words)
{
    struct ask *a = ask_take(r, ASK_HOOK);
    if (!a)
        return false;
    bool known = rig_hook_do(r, a, words);
    ask_answer(a);
    rig_run(r);
    return known;
}

uint64_t
rig_pause_next(const struct rig *r, uint64_t until)
{
    uint64_t first = 0;
    for (size_t i = 0; i < r->n_asks; i++) {
        const struct ask *a = r->asks[i];
        if (a->type == ASK_PAUSE && a->pause.until <= until && (!first || a->pause.until < first))
            first = a->pause.until;
    }
    return first;
}

void
rig_pause_end(struct rig *r)
{
    for (size_t i = 0; i < r->n_asks; i++) {
        struct ask *a = r->asks[i];
        if (a->type != ASK_PAUSE || a->pause.until > r->now)
            continue;
        ask_drop(r, a);
        ask_answer(a);
        return;
    }
}

bool
rig_answer_next(struct rig *r)
{
    struct ask *a = ask_take(r, ASK_NEXT);
    if (!a)
        return false;
    fill_next(r, a);
    ask_answer(a);
    rig_run(r);
    return true;
}

/* The rest --------------------------------------------------------------------------------------
 */

static uint64_t
rig_now(struct host *h)
{
    return rig_of(h)->now;
}

static void
rig_leave(struct host *h, struct fan *server, struct flow *f, bool reusable)
{
    struct rig *r = rig_of(h);
    struct rig_conn *c = rig_conn_of(r, server);
    bool many = server->many && !list_empty(&server->seats);
    assert(!c->idle && (server->many || list_empty(&server->seats)));
    if (!r->options.quiet)
        lines_add(&r->did, "leave %s %s", c->name, reusable ? "reusable" : "broken");
    if (many || (server->many && !server->broken))
        return;
    if (reusable && !server->broken)
        c->idle = true;
    else
        rig_close(c);
}

static struct layer *
rig_tunnel(struct host *h, struct flow *f)
{
    struct rig *r = rig_of(h);
    if (!r->options.quiet)
        lines_add(&r->did, "tunnel %.*s:%u", SLICE_ARG(f->host), f->port);
    return r->options.refuse_tunnel ? NULL : peek_new(PEEK_PATIENCE);
}

static void
rig_branch_gone(struct chain *c)
{
    struct rig *r = c->owner;
    for (size_t i = 0; i < ARRAY_LEN(r->branches); i++)
        if (r->branches[i] == c)
            r->branches[i] = NULL;
    chain_free(c);
}

static struct chain *
rig_branch(struct host *h, struct flow *f, void (**gone)(struct chain *c))
{
    struct rig *r = rig_of(h);
    size_t i = 0;
    if (!r->options.quiet)
        lines_add(&r->did, "tunnel %.*s:%u", SLICE_ARG(f->host), f->port);
    while (i < ARRAY_LEN(r->branches) && r->branches[i])
        i++;
    struct peer *peer = peer_new();
    bool wanted = !r->options.refuse_tunnel && i < ARRAY_LEN(r->branches) && peer;
    struct layer *peek = wanted ? peek_new(PEEK_PATIENCE) : NULL;
    struct chain *c = peek ? chain_new(&r->turn, h, ROLE_ACCEPT, peer) : NULL;
    peer_unref(peer);
    if (!c) {
        if (peek)
            peek->ops->destroy(peek);
        return NULL;
    }
    c->owner = r;
    chain_push(c, peek);
    *gone = rig_branch_gone;
    return r->branches[i] = c;
}

static void
rig_unhook(struct host *h, void *hooks)
{
}

static void
rig_secured(struct host *h, struct chain *c, struct ssl_st *ssl, const struct failure *why)
{
}

const struct host_ops rig_host_ops = {.ask = rig_ask,
                                      .cancel = rig_cancel,
                                      .now = rig_now,
                                      .wall = rig_now,
                                      .page = rig_page,
                                      .record = rig_record,
                                      .leave = rig_leave,
                                      .tunnel = rig_tunnel,
                                      .branch = rig_branch,
                                      .upgrade = rig_upgrade,
                                      .unhook = rig_unhook,
                                      .secured = rig_secured};
