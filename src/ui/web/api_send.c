/* Sending one request that the caller has composed: from its parts, or byte for byte. */

#include "api/json_in.h"
#include "base/clock.h"
#include "base/mem.h"
#include "codec/token.h"
#include "codec/url.h"
#include "flow/flow_json.h"
#include "proxy/send.h"
#include "ui/web/control.h"
#include "ui/web/route.h"

#include <jansson.h>

#define HEAD_MAX ((size_t)64 << 10)

struct sent {
    struct send_call send;
    struct control_work work; /* the way back */
    struct call *call;        /* a reference */
};

/* What is no field would become a line of its own, or the end of the head. */
static bool
add_fields(struct buf *out, const json_t *fields)
{
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *pair = json_array_get(fields, i);
        struct slice name = json_in_text(json_array_get(pair, 0)),
                     value = json_in_text(json_array_get(pair, 1));
        if (!value.p || !token_valid(name) || token_span(value, TOKEN_VALUE) < value.n)
            return false;
        buf_printf(out, "%.*s: %.*s\r\n", SLICE_ARG(name), SLICE_ARG(value));
    }
    return true;
}

static bool
has_host(const json_t *fields)
{
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const char *name = json_string_value(json_array_get(json_array_get(fields, i), 0));
        if (slice_eq_nocase(slice_str(name), SLICE("host")))
            return true;
    }
    return false;
}

/* The head out of its parts; p is NULL when it cannot be made. */
static struct slice
compose(struct call *c, const json_t *o, const struct url *u)
{
    struct buf head;
    struct slice method = json_in_key(o, "method"), origin = url_origin(u, c->arena);
    const json_t *fields = json_object_get(o, "fields");
    buf_init(&head, HEAD_MAX);
    buf_append(&head, method.n ? method : SLICE("GET"));
    buf_byte(&head, ' ');
    buf_append(&head, origin);
    buf_append(&head, SLICE(" HTTP/1.1\r\n"));
    if (!has_host(fields)) {
        buf_append(&head, SLICE("Host: "));
        buf_append(&head, u->authority);
        buf_append(&head, SLICE("\r\n"));
    }
    bool good = (!method.n || token_valid(method)) && add_fields(&head, fields);
    buf_append(&head, SLICE("\r\n"));
    struct slice text = good && !head.failed ? arena_dup(c->arena, buf_slice(&head)) : SLICE_NONE;
    buf_release(&head);
    return text;
}

/* NULL, or what is wrong. */
static const char *
fill(struct call *c, const json_t *o, struct send_call *s)
{
    struct url u;
    struct slice url = json_in_key(o, "url");
    if (!url.n || !url_parse_absolute(url, &u))
        return "'url' must be an http or https URL: where the request goes";
    s->https = u.https;
    s->host = u.at.host;
    s->port = u.port;
    s->exact = json_is_true(json_object_get(o, "exact"));
    s->time = (uint64_t)json_integer_value(json_object_get(o, "timeout_ms")) * NS_PER_MS;
    if (!json_in_bytes(o, "content", c->arena, CALL_CONTENT_MAX, &s->content))
        return "'content_base64' is no base64";
    if (!json_in_bytes(o, "head", c->arena, CALL_CONTENT_MAX, &s->head))
        return "'head_base64' is no base64";
    if (!s->head.p)
        s->head = compose(c, o, &u);
    return s->head.p
               ? NULL
               : "'method' and 'fields', a list of [name, value], must make a head within 64 KiB";
}

static void
sent_back(void *arg)
{
    struct sent *s = arg;
    struct call *c = s->call;
    if (s->send.err.code) {
        call_fail(c, s->send.err.code == ERR_MEMORY ? 503 : 400, "not-sent", "%s",
                  s->send.err.text);
    } else {
        call_audit(c, "sent a request: flow %llu", (unsigned long long)s->send.flow->id);
        flow_json(&c->json, s->send.flow, true);
    }
    call_done(c);
    flow_unref(s->send.flow);
    mem_free(s);
}

static void
sent_done(struct send_call *send)
{
    struct sent *s = container_of(send, struct sent, send);
    control_answer(s->call->control, &s->work);
}

enum call_state
api_send(struct call *c)
{
    json_t *o = call_json(c);
    struct sent *s = o ? mem_zalloc(sizeof(*s)) : NULL;
    if (!s)
        return o ? call_fail(c, 503, "memory", "out of memory") : CALL_DONE;
    const char *wrong = fill(c, o, &s->send);
    if (wrong) {
        mem_free(s);
        return call_fail(c, 400, "bad-request", "%s", wrong);
    }
    s->call = c;
    s->send.proxy = c->control->given.proxy;
    s->send.done = sent_done;
    s->work = (struct control_work){.done = sent_back, .arg = s};
    if (send_begin(&s->send)) {
        call_ref(c);
        return CALL_WAIT;
    }
    mem_free(s);
    return call_fail(c, 503, "stopping", "the engine is stopping");
}
