/* The opening of a WebSocket. */
#include "codec/ws_handshake.h"

#include "base/base64.h"
#include "base/scan.h"
#include "codec/sha1.h"

#define MAGIC    SLICE("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
#define KEY_MAX  64
#define BITS_MIN 8u
#define BITS_MAX 15u

void
ws_handshake_accept(struct slice key, struct buf *out)
{
    uint8_t hash[SHA1_LEN];
    char both[KEY_MAX + 36];
    key = slice_first(key, KEY_MAX);
    if (key.n)
        memcpy(both, key.p, key.n);
    memcpy(both + key.n, MAGIC.p, MAGIC.n);
    sha1(slice_of(both, key.n + MAGIC.n), hash);
    base64_encode(out, slice_of(hash, sizeof hash));
}

/* Extensions -------------------------------------------------------------------------------- */

static struct slice
unquote(struct slice s)
{
    bool quoted = s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"';
    return quoted ? slice_of(s.p + 1, s.n - 2) : s;
}

static bool
read_bits(struct slice value, unsigned *out)
{
    uint64_t n;
    if (!scan_u64(unquote(value), BITS_MAX, &n) || n < BITS_MIN)
        return false;
    *out = (unsigned)n;
    return true;
}

/* false: not a parameter of it (RFC 7692 section 7.1). */
static bool
read_param(struct slice param, struct ws_agreed *out)
{
    struct slice value = param, name = slice_trim(slice_cut(&value, '='));
    value = slice_trim(value);
    bool bare = name.n == slice_trim(param).n;
    if (bare && slice_eq_nocase(name, SLICE("client_no_context_takeover")))
        out->up.fresh = true;
    else if (bare && slice_eq_nocase(name, SLICE("server_no_context_takeover")))
        out->down.fresh = true;
    else if (slice_eq_nocase(name, SLICE("client_max_window_bits")))
        return read_bits(value, &out->up.bits);
    else if (slice_eq_nocase(name, SLICE("server_max_window_bits")))
        return read_bits(value, &out->down.bits);
    else
        return false;
    return true;
}

static void
read_extension(struct slice one, struct ws_agreed *out)
{
    struct slice name = slice_trim(slice_cut(&one, ';'));
    bool known = slice_eq_nocase(name, SLICE("permessage-deflate")) && !out->deflate;
    while (known && one.n)
        known = read_param(slice_cut(&one, ';'), out);
    if (known)
        out->deflate = true;
    else if (name.n)
        out->other = true;
}

void
ws_handshake_extensions(struct slice value, struct ws_agreed *out)
{
    while (value.n)
        read_extension(slice_cut(&value, ','), out);
}

/* The heads --------------------------------------------------------------------------------- */

static struct slice
value_of(const struct http_head *h, struct slice name)
{
    const struct field *f = head_find_name(h, name);
    return f ? f->value : SLICE_NONE;
}

static bool
accept_fits(const struct http_head *req, const struct http_head *resp)
{
    char room[40];
    struct buf want = {.p = room, .cap = sizeof room, .max = sizeof room};
    ws_handshake_accept(value_of(req, SLICE("sec-websocket-key")), &want);
    return slice_eq(buf_slice(&want), value_of(resp, SLICE("sec-websocket-accept")));
}

static bool
fail(const char **why, const char *text)
{
    *why = text;
    return false;
}

bool
ws_handshake_read(const struct http_head *req, const struct http_head *resp, struct ws_agreed *out,
                  const char **why)
{
    *out = (struct ws_agreed){.up = {.bits = BITS_MAX}, .down = {.bits = BITS_MAX}};
    if (!head_has_token(req, FIELD_UPGRADE, SLICE("websocket")) ||
        !head_has_token(resp, FIELD_UPGRADE, SLICE("websocket")))
        return fail(why, "no WebSocket: Upgrade names something else");
    if (!slice_eq(value_of(req, SLICE("sec-websocket-version")), SLICE("13")))
        return fail(why, "no WebSocket as RFC 6455 has it: Sec-WebSocket-Version is not 13");
    if (!accept_fits(req, resp))
        return fail(why, "no WebSocket: Sec-WebSocket-Accept does not fit the key");
    for (size_t i = 0; i < resp->n; i++)
        if (slice_eq_nocase(resp->fields[i].name, SLICE("sec-websocket-extensions")))
            ws_handshake_extensions(resp->fields[i].value, out);
    return true;
}
