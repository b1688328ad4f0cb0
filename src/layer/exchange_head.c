/* The heads as an exchange sends them on: what a proxy must change in them, and nothing else. */
#include "flow/edit.h"
#include "layer/exchange.h"

#include "codec/hop.h"
#include "codec/token.h"
#include "codec/url.h"

#include <stdio.h>

/* The target wins over Host (RFC 9112 section 3.2.2), and the server is asked in origin form. */
static bool
head_retarget(struct http_head *h, struct arena *a)
{
    struct url u;
    if (!url_parse_absolute(h->target, &u))
        return true;
    /* RFC 9112 section 3.2.4. */
    bool bare = u.authority.p + u.authority.n == h->target.p + h->target.n;
    bool server_wide = bare && slice_eq(h->method, SLICE("OPTIONS"));
    h->target = server_wide ? SLICE("*") : url_origin(&u, a);
    if (!h->target.p)
        return false;
    if (slice_eq_nocase(head_value(h, FIELD_HOST), u.authority))
        return true;
    return head_set(h, a, FIELD_HOST, u.authority);
}

static bool
head_put_host(struct http_head *h, const struct flow *f)
{
    char text[300];
    bool ipv6 = slice_find(f->host, ':') < f->host.n;
    unsigned usual = slice_eq(slice_str(f->scheme), SLICE("https")) ? 443 : 80;
    /* With every request to where a mode leads. */
    struct buf b = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    buf_append(&b, ipv6 ? SLICE("[") : SLICE_NONE);
    buf_append(&b, f->host);
    buf_append(&b, ipv6 ? SLICE("]") : SLICE_NONE);
    if (f->port != usual) {
        buf_byte(&b, ':');
        buf_u64(&b, f->port);
    }
    return !b.failed && head_set(h, f->arena, FIELD_HOST, buf_slice(&b));
}

/* Where it leads to another server than its client knows, unless a rule or a person has said. */
static bool
head_wants_host(const struct exchange *x, const struct http_head *h)
{
    struct slice came = head_value(&x->flow->req.head, FIELD_HOST);
    return x->set_host && slice_eq(head_value(h, FIELD_HOST), came);
}

static bool
mentions_h2c(struct slice value)
{
    for (; value.n >= 3; value = slice_from(value, 1))
        if (slice_eq_nocase(slice_first(value, 3), SLICE("h2c")))
            return true;
    return false;
}

/* HTTP/2 in clear would pass by unread in the tunnel: it is not asked for, nor what a careless
 * server could take for it. */
static bool
head_upgrades(const struct http_head *h)
{
    if (!head_find(h, FIELD_UPGRADE) || !head_has_token(h, FIELD_CONNECTION, SLICE("upgrade")))
        return false;
    for (size_t i = 0; i < h->n; i++)
        if (h->fields[i].id == FIELD_UPGRADE && mentions_h2c(h->fields[i].value))
            return false;
    return true;
}

bool /* NOLINTNEXTLINE(readability-function-cognitive-complexity): TRY counts as a branch */
exchange_head_request(struct exchange *x)
{
    struct arena *a = x->flow->arena;
    struct http_head *h = &x->flow->req.sent;
    const struct version *v = edit_last(&x->flow->req);
    TRY(head_copy(h, edit_head(&x->flow->req), a));
    TRY(exchange_split_settle(x, true, h));
    if (v && v->exact) {
        h->malformed = true;
        h->framing = FRAMING_TUNNEL;
        return true;
    }
    if (x->collecting || edit_replaced(&x->flow->req))
        head_remove(h, FIELD_EXPECT);
    TRY(hop_strip(h, a, false, head_upgrades(h)));
    bool wants_host = head_wants_host(x, h);
    TRY(head_retarget(h, a));
    /* An HTTP/1.0 request may have none, and goes on as HTTP/1.1. */
    TRY((!wants_host && head_find(h, FIELD_HOST)) || head_put_host(h, x->flow));
    return exchange_translate(x->flow, h, x->server.fan->many);
}

/* What we say of the client's connection. */
static bool
head_connection(struct exchange *x, struct http_head *h)
{
    struct arena *a = x->flow->arena;
    if (h->framing == FRAMING_TUNNEL)
        return true;
    if (!h->keep_alive)
        return head_set(h, a, FIELD_CONNECTION, SLICE("close"));
    if (x->flow->req.head.version >= 11 || head_find(h, FIELD_CONNECTION))
        return true;
    return head_set(h, a, FIELD_CONNECTION, SLICE("keep-alive"));
}

/* What a fault says in the head. */
static bool
head_fault(struct exchange *x, struct http_head *h)
{
    struct arena *a = x->flow->arena;
    char length[24];
    switch (x->fault.kind) {
    case FAULT_CHUNK: /* our own chunks, below which nobody puts others */
        head_remove(h, FIELD_CONTENT_LENGTH);
        h->framing = FRAMING_EOF;
        h->keep_alive = false;
        return head_set(h, a, FIELD_TRANSFER_ENCODING, SLICE("chunked"));
    case FAULT_LENGTH:
        snprintf(length, sizeof(length), "%llu",
                 h->framing == FRAMING_LENGTH ? (unsigned long long)h->length + 10 : 1ull << 32);
        head_remove(h, FIELD_TRANSFER_ENCODING);
        h->framing = FRAMING_EOF;
        h->keep_alive = false;
        return head_set(h, a, FIELD_CONTENT_LENGTH, slice_str(length));
    case FAULT_GZIP: return head_set(h, a, FIELD_CONTENT_ENCODING, SLICE("gzip"));
    case FAULT_NONE:
    case FAULT_RESET:
    case FAULT_GOAWAY:
    case FAULT_CLOSE:
    case FAULT_STALL:
    case FAULT_TRUNCATE: break;
    }
    return true;
}

/* Bytes that go out as they are: nobody can tell where they end. */
static void
head_exact(const struct http_msg *m, struct http_head *h)
{
    const struct version *v = edit_last(m);
    if (!v || !v->exact)
        return;
    h->malformed = true;
    h->keep_alive = false;
    h->framing = FRAMING_EOF;
}

/* HTTP/1.0 has no chunks. */
static void
head_unchunk(struct http_head *h)
{
    if (h->framing != FRAMING_CHUNKED)
        return;
    head_remove(h, FIELD_TRANSFER_ENCODING);
    h->framing = FRAMING_EOF;
}

/* Where the client looks for the end of the content: it knows the method that it asked with and the
 * status that it gets, which need not be what the server got and said. */
static bool
head_fit(struct exchange *x, struct http_head *h)
{
    struct slice method = x->flow->req.head.method;
    bool none = slice_eq(method, SLICE("HEAD")) || h->status == 304 || h->status == 204;
    if (h->framing == FRAMING_TUNNEL || (!none && h->framing != FRAMING_NONE))
        return true;
    if (h->status == 204 || !none) {
        head_remove(h, FIELD_CONTENT_LENGTH);
        head_remove(h, FIELD_TRANSFER_ENCODING);
    }
    bool length = !none && x->flow->req.head.version != 20;
    h->framing = length ? FRAMING_LENGTH : FRAMING_NONE;
    h->length = 0;
    return !length || head_set(h, x->flow->arena, FIELD_CONTENT_LENGTH, SLICE("0"));
}

bool
exchange_head_interim(struct exchange *x, const struct http_head *from, struct http_head *sent)
{
    struct arena *a = x->flow->arena;
    return head_copy(sent, from, a) && hop_strip(sent, a, true, false) &&
           exchange_translate(x->flow, sent, x->flow->req.head.version == 20);
}

bool /* NOLINTNEXTLINE(readability-function-cognitive-complexity): TRY counts as a branch */
exchange_head_response(struct exchange *x)
{
    struct arena *a = x->flow->arena;
    const struct http_head *req = &x->flow->req.head;
    struct http_head *h = &x->flow->resp.sent;
    TRY(head_copy(h, edit_head(&x->flow->resp), a));
    head_exact(&x->flow->resp, h);
    if (h->malformed)
        return true;
    TRY(hop_strip(h, a, true, h->framing == FRAMING_TUNNEL));
    TRY(exchange_split_settle(x, false, h));
    if (req->version < 11)
        head_unchunk(h);
    TRY(head_fit(x, h));
    h->keep_alive = req->keep_alive && h->framing != FRAMING_EOF && !exchange_unread(x);
    TRY(head_fault(x, h));
    bool many = req->version == 20;
    h->keep_alive |= many;
    return exchange_translate(x->flow, h, many) && (many || head_connection(x, h));
}
