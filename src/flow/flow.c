/* The life of a flow, and what can be said about one. */
#include "flow/flow.h"

#include "base/mem.h"
#include "codec/url.h"
#include "flow/edit.h"
#include "flow/message.h"
#include "flow/transform.h"

/* Holds the flow of an ordinary exchange: the struct, both heads, their fields, a small content. */
#define ARENA_FIRST 5000u
#define ARENA_MAX   1048576u

static atomic_uint_fast64_t last_id;

struct flow *
flow_new(enum flow_kind kind, struct peer *client, struct budget *budget)
{
    struct arena *arena = arena_new(ARENA_FIRST, ARENA_MAX);
    if (!arena)
        return NULL;
    struct flow *f = arena_alloc(arena, sizeof *f);
    if (!f) {
        arena_free(arena);
        return NULL;
    }
    f->arena = arena;
    f->kind = kind;
    f->id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
    f->client = peer_ref(client);
    f->scheme = "";
    atomic_init(&f->refs, 1);
    body_init(&f->req.body, budget, arena);
    body_init(&f->resp.body, budget, arena);
    return f;
}

struct flow *
flow_ref(struct flow *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

static struct marks *
marks_copy(const struct marks *m)
{
    size_t n = sizeof *m + m->n_tags * sizeof *m->tags + m->mark.n + m->note.n;
    for (size_t i = 0; i < m->n_tags; i++)
        n += m->tags[i].n;
    struct marks *copy = mem_zalloc(n);
    if (!copy)
        return NULL;
    copy->tags = (struct slice *)(copy + 1);
    copy->n_tags = m->n_tags;
    char *to = (char *)(copy->tags + m->n_tags);
    const struct slice *from[] = {&m->mark, &m->note};
    struct slice *into[] = {&copy->mark, &copy->note};
    for (size_t i = 0; i < 2 + m->n_tags; i++) {
        struct slice s = i < 2 ? *from[i] : m->tags[i - 2];
        struct slice *t = i < 2 ? into[i] : &copy->tags[i - 2];
        if (s.n)
            memcpy(to, s.p, s.n);
        *t = slice_of(to, s.n);
        to += s.n;
    }
    return copy;
}

bool
flow_mark(struct flow *f, const struct marks *m)
{
    struct marks *copy = marks_copy(m), *old = atomic_load(&f->marks);
    unsigned n = 0;
    for (const struct marks *it = old; it; it = it->older)
        n++;
    if (!copy || n >= FLOW_MARKS_MAX) {
        mem_free(copy);
        return false;
    }
    do {
        copy->older = old;
    } while (!atomic_compare_exchange_weak(&f->marks, &old, copy));
    return true;
}

static void
marks_free(struct marks *m)
{
    while (m) {
        struct marks *older = m->older;
        mem_free(m);
        m = older;
    }
}

struct flow *
flow_copy(struct flow *f)
{
    struct flow *copy = flow_new(f->kind, f->client, NULL);
    size_t shared = offsetof(struct flow, kind);
    const struct marks *marks = atomic_load(&f->marks);
    if (!copy)
        return NULL;
    memcpy((char *)copy + shared, (const char *)f + shared, sizeof *f - shared);
    copy->original = flow_ref(f->original ? f->original : f);
    if (copy->server)
        peer_ref(copy->server);
    if (!marks || flow_mark(copy, marks))
        return copy;
    flow_unref(copy);
    return NULL;
}

bool
flow_trace(struct flow *f, const struct trace *t)
{
    struct trace *copy = arena_alloc(f->arena, sizeof *copy), **tail = &f->trace;
    if (!copy)
        return false;
    *copy = *t;
    copy->next = NULL;
    copy->name = arena_dup(f->arena, t->name);
    while (*tail)
        tail = &(*tail)->next;
    *tail = copy;
    return copy->name.p;
}

static void
release_msg(struct http_msg *m)
{
    transform_end(m);
    for (struct version *v = m->versions; v; v = v->next)
        body_release(&v->body);
    body_release(&m->body);
}

void
flow_unref(struct flow *f) /* NOLINT(misc-no-recursion): a copy has no copy as its original */
{
    if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (!f->original) {
        release_msg(&f->req);
        release_msg(&f->resp);
        messages_free(f->messages);
    }
    flow_unref(f->original);
    peer_unref(f->client);
    peer_unref(f->server);
    marks_free(atomic_load(&f->marks));
    arena_free(f->arena);
}

/* Gives its heads and its content up; their size. */
static uint64_t
hide_msg(struct http_msg *m)
{
    uint64_t size = m->head.raw.n + m->wire_bytes + m->trailers.raw.n;
    release_msg(m);
    *m = (struct http_msg){0};
    return size;
}

void
flow_hide(struct flow *f)
{
    f->tunnel_up += hide_msg(&f->req);
    f->tunnel_down += hide_msg(&f->resp);
    messages_free(f->messages);
    f->messages = NULL;
    f->interim = NULL;
    f->flags = 0;
    f->kind = FLOW_TUNNEL;
}

void
flow_fail(struct flow *f, const char *word, struct slice text)
{
    if (f->error)
        return;
    f->error = word;
    f->error_text = arena_dup(f->arena, text);
    if (!f->error_text.p)
        f->error_text = SLICE_NONE;
}

void
flow_set_server(struct flow *f, struct peer *server)
{
    struct peer *old = f->server;
    f->server = peer_ref(server);
    peer_unref(old);
}

static void
append_authority(const struct flow *f, struct buf *out, bool with_port)
{
    bool bracket = slice_find(f->host, ':') < f->host.n;
    if (bracket)
        buf_byte(out, '[');
    buf_append(out, f->host);
    if (bracket)
        buf_byte(out, ']');
    if (with_port) {
        buf_byte(out, ':');
        buf_u64(out, f->port);
    }
}

static uint16_t
scheme_port(struct slice scheme)
{
    return slice_eq(scheme, SLICE("https")) ? 443 : slice_eq(scheme, SLICE("http")) ? 80 : 0;
}

void
flow_url(const struct flow *f, struct buf *out)
{
    struct slice target = edit_head(&f->req)->target, scheme = slice_str(f->scheme);
    if (f->host.n == 0) {
        buf_append(out, target);
        return;
    }
    if (f->kind != FLOW_HTTP || scheme.n == 0) {
        append_authority(f, out, true);
        return;
    }
    buf_append(out, scheme);
    buf_append(out, SLICE("://"));
    append_authority(f, out, f->port != scheme_port(scheme));
    struct url url;
    if (url_parse_absolute(target, &url)) {
        buf_append(out, url.path);
        buf_append(out, url.query);
    } else if (!slice_eq(target, SLICE("*"))) {
        buf_append(out,
                   target); /* OPTIONS * is about the server: no path (RFC 9112 section 3.2.4) */
    }
}

static size_t
msg_memory(const struct http_msg *m)
{
    size_t n = body_memory(&m->body);
    for (const struct version *v = m->versions; v; v = v->next)
        n += body_memory(&v->body);
    return n;
}

size_t
flow_memory(const struct flow *f)
{
    size_t original = f->original ? arena_memory(f->original->arena) : 0;
    return original + arena_memory(f->arena) + msg_memory(&f->req) + msg_memory(&f->resp) +
           messages_memory(f->messages);
}
