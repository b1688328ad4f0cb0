/* Heads from one version of HTTP into another (RFC 9113 section 8). */
#include "layer/exchange.h"

#include "base/base64.h"
#include "codec/h2_head.h"
#include "codec/token.h"

/* What belongs to one connection of HTTP/1. */
static void
head_for_h2(struct http_head *h)
{
    bool switched = h->status == 101;
    size_t kept = 0;
    for (size_t i = 0; i < h->n; i++) {
        const struct field *f = &h->fields[i];
        bool accept = switched && slice_eq_nocase(f->name, SLICE("Sec-WebSocket-Accept"));
        if (!h2_is_connection_field(f->id) && !accept)
            h->fields[kept++] = *f;
    }
    h->n = kept;
    h->version = 20;
    h->reason = SLICE_NONE;
    if (switched)
        h->status = 200;
}

static bool
is_cookie(const struct field *f)
{
    return slice_eq_nocase(f->name, SLICE("Cookie"));
}

/* Crumbs become one field (RFC 9113 section 8.2.3). */
static bool /* NOLINTNEXTLINE(readability-function-cognitive-complexity): TRY counts as a branch */
head_join_cookies(struct http_head *h, struct arena *a)
{
    struct field *first = head_find_name(h, SLICE("Cookie"));
    size_t kept = 0;
    struct buf all;
    if (!first)
        return true;
    buf_init(&all, SIZE_MAX / 2);
    for (size_t i = 0; i < h->n; i++) {
        const struct field *f = &h->fields[i];
        if (is_cookie(f))
            buf_append(&all, f == first ? SLICE_NONE : SLICE("; "));
        if (is_cookie(f))
            buf_append(&all, f->value);
        if (!is_cookie(f) || f == first)
            h->fields[kept++] = *f;
    }
    bool many = kept < h->n;
    h->n = kept;
    first = many ? head_find_name(h, SLICE("Cookie")) : first;
    if (many) {
        first->value = all.failed ? SLICE_NONE : arena_dup(a, buf_slice(&all));
        first->line = SLICE_NONE;
    }
    buf_release(&all);
    return first->value.p;
}

/* An extended CONNECT asks for what an upgrade asks for (RFC 8441 section 5). The key proves
 * nothing to anybody; it only has to be another one each time. */
static bool
head_upgrade(struct http_head *h, const struct flow *f)
{
    uint64_t seed[2] = {f->stream, f->started};
    char text[32];
    struct buf key = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    base64_encode(&key, slice_of(seed, sizeof(seed)));
    h->method = SLICE("GET");
    return head_add(h, f->arena, SLICE("Connection"), SLICE("Upgrade")) &&
           head_add(h, f->arena, SLICE("Upgrade"), h->protocol) &&
           head_add(h, f->arena, SLICE("Sec-WebSocket-Key"), buf_slice(&key));
}

/* Out of HTTP/2, where content needs no framing. */
static bool
head_for_h1(struct http_head *h, const struct flow *f)
{
    struct arena *a = f->arena;
    if (h->version != 20)
        return true;
    h->version = 11;
    if (h->protocol.n)
        TRY(head_upgrade(h, f));
    if (h->status)
        h->reason = token_reason(h->status);
    else
        TRY(head_join_cookies(h, a));
    if (head_find(h, FIELD_TE) && !head_find(h, FIELD_CONNECTION))
        TRY(head_add(h, a, SLICE("Connection"), SLICE("TE")));
    return h->framing != FRAMING_CHUNKED || head_find(h, FIELD_TRANSFER_ENCODING) ||
           head_add(h, a, SLICE("Transfer-Encoding"), SLICE("chunked"));
}

bool
exchange_translate(struct flow *f, struct http_head *h, bool many)
{
    if (!many)
        return head_for_h1(h, f);
    head_for_h2(h);
    return true;
}
