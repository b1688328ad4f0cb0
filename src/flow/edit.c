/* Versions of a message: how it is changed on its way. */
#include "flow/edit.h"

#include "codec/token.h"
#include "codec/url.h"
#include "flow/transform.h"

#include <stdio.h>

struct version *
edit_last(const struct http_msg *m)
{
    struct version *v = m->versions;
    while (v && v->next)
        v = v->next;
    return v;
}

const struct http_head *
edit_head(const struct http_msg *m)
{
    const struct version *v = edit_last(m);
    return v ? &v->head : &m->head;
}

const struct body *
edit_body(const struct http_msg *m)
{
    const struct body *b = &m->body;
    for (const struct version *v = m->versions; v; v = v->next)
        if (v->replaced)
            b = &v->body;
    return b;
}

bool
edit_replaced(const struct http_msg *m)
{
    return m->versions && edit_body(m) != &m->body && !transform_of(m);
}

bool
edit_content(const struct http_msg *m, struct buf *room, struct slice *out)
{
    const struct body *b = edit_body(m);
    *out = SLICE("");
    if (!b->first)
        return true;
    if (!b->first->next) {
        *out = block_slice(b->first);
        return true;
    }
    for (const struct block *it = b->first; it; it = it->next)
        buf_append(room, block_slice(it));
    *out = buf_slice(room);
    return !room->failed;
}

/* Who asked for a change must not get the message without it. */
static bool
fail(struct hook *h)
{
    h->decision->failed = true;
    return false;
}

static unsigned
count(const struct http_msg *m)
{
    unsigned n = 0;
    for (const struct version *v = m->versions; v; v = v->next)
        n++;
    return n;
}

struct version *
edit_begin(struct hook *h, struct http_msg *m)
{
    struct flow *f = h->flow;
    struct version *last = edit_last(m);
    struct version *v = count(m) < EDIT_VERSIONS_MAX ? arena_alloc(f->arena, sizeof *v) : NULL;
    if (!v || !head_copy(&v->head, edit_head(m), f->arena)) {
        fail(h);
        return NULL;
    }
    v->by = arena_dup(f->arena, h->by);
    v->at = h->now;
    v->exact = last && last->exact;
    v->from = v->to = (struct edit_target){f->scheme, f->host, f->port};
    body_init(&v->body, f->req.body.budget, NULL);
    *(last ? &last->next : &m->versions) = v;
    f->flags |= FLOW_EDITED;
    return v;
}

static void
retarget(struct flow *f, const struct edit_target *t)
{
    f->scheme = t->scheme;
    f->host = t->host;
    f->port = t->port;
}

void
edit_undo(struct hook *h, struct http_msg *m, struct version *v)
{
    struct version **at = &m->versions;
    while (*at && *at != v)
        at = &(*at)->next;
    if (!*at)
        return;
    if (m == &h->flow->req)
        retarget(h->flow, &v->from);
    body_release(&v->body);
    transform_free(v->through);
    *at = NULL;
}

void
edit_revert(struct hook *h, struct http_msg *m)
{
    while (m->versions)
        edit_undo(h, m, edit_last(m));
}

static bool
value_valid(struct slice value)
{
    return token_span(value, TOKEN_VALUE) == value.n;
}

static bool
framing_name(struct slice name)
{
    enum field_id id = token_field(name);
    return id == FIELD_CONTENT_LENGTH || id == FIELD_TRANSFER_ENCODING;
}

bool
edit_add(struct hook *h, struct version *v, struct slice name, struct slice value)
{
    value = slice_trim(value);
    if (!token_valid(name) || !value_valid(value) || framing_name(name))
        return false;
    return head_add(&v->head, h->flow->arena, name, value) || fail(h);
}

static void
remove_behind(struct version *v, struct slice name, size_t from)
{
    size_t kept = from;
    for (size_t i = from; i < v->head.n; i++)
        if (!slice_eq_nocase(v->head.fields[i].name, name))
            v->head.fields[kept++] = v->head.fields[i];
    v->head.n = kept;
}

bool
edit_set(struct hook *h, struct version *v, struct slice name, struct slice value)
{
    struct field *f = head_find_name(&v->head, name);
    value = slice_trim(value);
    if (!f)
        return edit_add(h, v, name, value);
    if (!value_valid(value) || framing_name(name))
        return false;
    struct slice copy = arena_dup(h->flow->arena, value);
    if (!copy.p)
        return fail(h);
    f->value = copy;
    f->line = SLICE_NONE;
    remove_behind(v, name, (size_t)(f - v->head.fields) + 1);
    return true;
}

size_t
edit_remove(struct version *v, struct slice name)
{
    size_t before = v->head.n;
    if (!framing_name(name))
        remove_behind(v, name, 0);
    return before - v->head.n;
}

bool
edit_method(struct hook *h, struct version *v, struct slice method)
{
    if (!token_valid(method) || slice_eq(method, SLICE("CONNECT")))
        return false;
    v->head.method = arena_dup(h->flow->arena, method);
    return v->head.method.p || fail(h);
}

bool
edit_path(struct hook *h, struct version *v, struct slice path)
{
    if (!path.n || path.p[0] != '/' || token_span(path, TOKEN_TARGET) != path.n)
        return false;
    v->head.target = arena_dup(h->flow->arena, path);
    return v->head.target.p || fail(h);
}

bool
edit_url(struct hook *h, struct version *v, struct slice url, bool keep_host)
{
    struct arena *a = h->flow->arena;
    char normal[URL_HOST_MAX + 1];
    struct url u;
    if (!url_parse_absolute(url, &u) || !url_host_normal(u.at.host, normal))
        return false;
    struct slice host = arena_dup(a, slice_str(normal)), origin = url_origin(&u, a);
    struct slice target = origin.p ? arena_dup(a, origin) : SLICE_NONE;
    if (!host.p || !target.p)
        return fail(h);
    if (!keep_host && !head_set(&v->head, a, FIELD_HOST, u.authority))
        return fail(h);
    v->to = (struct edit_target){u.https ? "https" : "http", host, u.port};
    v->head.target = target;
    retarget(h->flow, &v->to);
    return true;
}

bool
edit_status(struct hook *h, struct version *v, unsigned status, struct slice reason)
{
    if (status < 200 || status > 999 || !value_valid(reason))
        return false;
    struct slice copy = arena_dup(h->flow->arena, reason.n ? reason : token_reason(status));
    v->head.status = status;
    v->head.reason = copy;
    return copy.p || !copy.n || fail(h);
}

/* The length of a content that is known, in the head. */
static bool
set_length(struct flow *f, struct version *v, size_t n)
{
    char text[24];
    bool bare = !n && v->head.framing == FRAMING_NONE; /* GET without content stays without */
    head_remove(&v->head, FIELD_TRANSFER_ENCODING);
    snprintf(text, sizeof text, "%zu", n);
    if (bare)
        return true;
    v->head.framing = FRAMING_LENGTH;
    v->head.length = n;
    return head_set(&v->head, f->arena, FIELD_CONTENT_LENGTH, slice_str(text));
}

bool
edit_replace_coded(struct hook *h, struct version *v, struct slice content)
{
    body_release(&v->body);
    if (!body_set(&v->body, content) || !set_length(h->flow, v, content.n))
        return fail(h);
    v->replaced = true;
    return true;
}

bool
edit_replace(struct hook *h, struct version *v, struct slice content)
{
    TRY(edit_replace_coded(h, v, content));
    head_remove(&v->head, FIELD_CONTENT_ENCODING);
    return true;
}

bool
edit_unmeasure(struct http_head *head, struct arena *a)
{
    head_remove(head, FIELD_CONTENT_LENGTH);
    /* A content that ends with its connection still does: what is cut short can then be told. */
    if (head->framing != FRAMING_LENGTH)
        return true;
    head->framing = FRAMING_CHUNKED;
    return head_set(head, a, FIELD_TRANSFER_ENCODING, SLICE("chunked"));
}

bool
edit_through(struct hook *h, struct version *v, struct transform *t)
{
    if (!edit_unmeasure(&v->head, h->flow->arena))
        return fail(h);
    head_remove(&v->head, FIELD_CONTENT_ENCODING);
    v->through = t;
    v->replaced = true;
    return true;
}

bool
edit_text(struct hook *h, struct version *v, struct slice head, struct http1_why *why)
{
    struct http1_why ignored = {0};
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    struct arena *a = h->flow->arena;
    struct slice raw = arena_dup(a, head);
    struct http_head parsed = {0};
    bool request = v->head.method.n;
    why = why ? why : &ignored;
    *why = ignored;
    if (!raw.p)
        return fail(h);
    if ((request ? http1_parse_request(raw, &limits, a, &parsed, why)
                 : http1_parse_response(raw, &limits, a, &parsed, why)) != HTTP1_OK)
        return false;
    if (request && slice_eq(parsed.method, SLICE("CONNECT")))
        return false;
    /* How the content comes is not for the text to say: it is what it is. */
    parsed.framing = v->head.framing;
    parsed.length = v->head.length;
    parsed.keep_alive = v->head.keep_alive;
    parsed.expect_continue = v->head.expect_continue;
    v->head = parsed;
    if (parsed.framing == FRAMING_LENGTH)
        return set_length(h->flow, v, (size_t)parsed.length);
    head_remove(&v->head, FIELD_CONTENT_LENGTH);
    return parsed.framing == FRAMING_CHUNKED
               ? head_set(&v->head, a, FIELD_TRANSFER_ENCODING, SLICE("chunked"))
               : (head_remove(&v->head, FIELD_TRANSFER_ENCODING), true);
}

bool
edit_exact(struct hook *h, struct version *v, struct slice head, struct slice content)
{
    struct http_head lenient;
    struct slice raw = arena_dup(h->flow->arena, head);
    bool response = !v->head.method.n;
    body_release(&v->body);
    if (!raw.p || !http1_parse_lenient(raw, response, h->flow->arena, &lenient) ||
        !body_set(&v->body, content))
        return fail(h);
    v->head = lenient;
    v->head.raw = raw;
    v->exact = v->replaced = true;
    return true;
}

/* The version that an answer is made in: of what the server said, or of nothing. */
static struct version *
answer_begin(struct hook *h, unsigned status)
{
    struct http_msg *m = &h->flow->resp;
    bool there = m->head.status;
    struct version *v = NULL;
    if (!there)
        m->head = (struct http_head){
            .status = status, .version = 11, .framing = FRAMING_LENGTH, .keep_alive = true};
    v = edit_begin(h, m);
    if (!there)
        m->head = (struct http_head){0};
    if (v)
        v->head.n = 0;
    return v;
}

bool
edit_answer(struct hook *h, unsigned status, struct slice type, struct slice content)
{
    struct version *v = answer_begin(h, status);
    if (!v)
        return false;
    v->head.raw = v->head.line = SLICE_NONE;
    v->head.framing = FRAMING_LENGTH;
    v->head.keep_alive = true;
    v->exact = v->head.malformed = false;
    if (!edit_status(h, v, status, SLICE_NONE) ||
        (type.n && !edit_add(h, v, SLICE("Content-Type"), type)) || !edit_replace(h, v, content)) {
        edit_undo(h, &h->flow->resp, v);
        return false;
    }
    h->flow->flags |= FLOW_MOCKED;
    h->decision->end = END_ANSWER;
    return true;
}

bool
edit_answer_field(struct hook *h, struct slice name, struct slice value)
{
    struct version *v = edit_last(&h->flow->resp);
    return v && edit_set(h, v, name, value);
}
