/* The life of a flow, and what can be said about one. */
#include "flow/flow.h"

#include "base/mem.h"
#include "codec/url.h"

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

void
flow_unref(struct flow *f)
{
    if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1)
        return;
    body_release(&f->req.body);
    body_release(&f->resp.body);
    peer_unref(f->client);
    peer_unref(f->server);
    arena_free(f->arena);
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
    struct slice target = f->req.head.target, scheme = slice_str(f->scheme);
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
body_memory(const struct body *b)
{
    size_t n = 0;
    for (const struct block *it = b->inside ? b->first->next : b->first; it; it = it->next)
        n += sizeof *it + it->cap;
    return n;
}

size_t
flow_memory(const struct flow *f)
{
    return arena_memory(f->arena) + body_memory(&f->req.body) + body_memory(&f->resp.body);
}
