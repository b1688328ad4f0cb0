/* The words that some fields of a query know, and what each says of a flow. */
#include "flow/filter_get.h"

#define WHOLE (FILTER_NEEDS_REQUEST_BODY | FILTER_NEEDS_RESPONSE | FILTER_NEEDS_RESPONSE_BODY)

static bool
is_http(const struct flow *f)
{
    return f->kind == FLOW_HTTP;
}

static bool
is_connect(const struct flow *f)
{
    return f->kind == FLOW_CONNECT;
}

static bool
is_tunnel(const struct flow *f)
{
    return f->kind == FLOW_TUNNEL;
}

static bool
is_tls(const struct flow *f)
{
    return f->kind == FLOW_TLS;
}

static bool
is_failed_tls(const struct flow *f)
{
    return is_tls(f) && f->error;
}

static struct slice
media_type(const struct flow *f, enum filter_side side)
{
    const struct http_head *h = view_head(f, side);
    struct slice value = h ? head_value(h, FIELD_CONTENT_TYPE) : SLICE_NONE;
    return slice_trim(slice_cut(&value, ';'));
}

static bool
starts_nocase(struct slice s, struct slice prefix)
{
    return s.n >= prefix.n && slice_eq_nocase(slice_first(s, prefix.n), prefix);
}

static bool
is_ws(const struct flow *f)
{
    const struct http_head *h = view_head(f, FILTER_RESPONSE);
    return h && h->status == 101 && head_has_token(h, FIELD_UPGRADE, SLICE("websocket"));
}

static bool
is_sse(const struct flow *f)
{
    return starts_nocase(media_type(f, FILTER_RESPONSE), SLICE("text/event-stream"));
}

static bool
is_grpc(const struct flow *f)
{
    return starts_nocase(media_type(f, FILTER_REQUEST), SLICE("application/grpc"));
}

const struct filter_word filter_kinds[] = {
    {"http", 0, is_http, "it is an exchange of HTTP"},
    {"connect", 0, is_connect, "it is the CONNECT of a tunnel"},
    {"tunnel", 0, is_tunnel, "it is a tunnel that was not looked into"},
    {"tls", 0, is_tls, "it is a TLS handshake that failed, or whose ClientHello was acted on"},
    {"ws", FILTER_NEEDS_RESPONSE, is_ws, "it is a WebSocket"},
    {"sse", FILTER_NEEDS_RESPONSE, is_sse, "it is a stream of events"},
    {"tcp", 0, is_tunnel, "it is bare TCP"},
    {"udp", 0, NULL, "it is bare UDP"},
    {"dns", 0, NULL, "it is a question of DNS"},
    {NULL, 0, NULL, NULL},
};

static bool
is_sent(const struct flow *f)
{
    return f->flags & FLOW_SENT;
}

static bool
is_seen(const struct flow *f)
{
    return !is_sent(f);
}

const struct filter_word filter_tools[] = {
    {"proxy", 0, is_seen, "it came through the proxy"},
    {"send", 0, is_sent, "it was composed here or sent again"},
    {"replay", 0, NULL, "it was replayed"},
    {"fuzz", 0, NULL, "it was made by the fuzzer"},
    {"script", 0, NULL, "it was made by a script"},
    {"import", 0, NULL, "it was imported"},
    {NULL, 0, NULL, NULL},
};

static bool
has_tls(const struct flow *f)
{
    return f->client && f->client->tls && f->client->tls->version[0];
}

/* A greeting was read and passed on. */
static bool
is_passed(const struct flow *f)
{
    return is_tunnel(f) && !has_tls(f) && f->client && f->client->tls && f->client->tls->ja4[0];
}

static bool
has_no_tls(const struct flow *f)
{
    return !has_tls(f) && !is_passed(f) && !is_tls(f);
}

const struct filter_word filter_tls_words[] = {
    {"yes", 0, has_tls, "the client spoke TLS"},
    {"no", 0, has_no_tls, "the client spoke no TLS"},
    {"passthrough", 0, is_passed, "TLS was passed through unopened"},
    {"failed", 0, is_failed_tls, "the TLS handshake failed"},
    {NULL, 0, NULL, NULL},
};

static struct slice
verdict_of(const struct flow *f)
{
    return f->server && f->server->tls ? slice_str(f->server->tls->verdict) : SLICE_NONE;
}

static bool
is_valid(const struct flow *f)
{
    return slice_eq(verdict_of(f), SLICE("ok"));
}

static bool
is_invalid(const struct flow *f)
{
    return verdict_of(f).n && !is_valid(f);
}

const struct filter_word filter_valid_words[] = {
    {"yes", FILTER_NEEDS_RESPONSE, is_valid, "the server's certificate is good"},
    {"no", FILTER_NEEDS_RESPONSE, is_invalid, "the server's certificate is not good"},
    {NULL, 0, NULL, NULL},
};

static bool
is_any(const struct flow *f)
{
    return f;
}

static bool
is_version(const struct flow *f, unsigned major)
{
    const struct http_head *h = view_head(f, FILTER_REQUEST);
    return h && h->version / 10 == major;
}

static bool
is_h1(const struct flow *f)
{
    return is_version(f, 1);
}

static bool
is_h2(const struct flow *f)
{
    return is_version(f, 2);
}

static bool
is_h3(const struct flow *f)
{
    return is_version(f, 3);
}

static bool
is_error(const struct flow *f)
{
    return f->error;
}

static bool
is_pending(const struct flow *f)
{
    return !f->ended;
}

static bool
is_held(const struct flow *f)
{
    return f->flags & FLOW_WAS_HELD;
}

static bool
is_edited(const struct flow *f)
{
    return f->flags & FLOW_EDITED || f->req.versions || f->resp.versions;
}

static bool
is_mocked(const struct flow *f)
{
    return f->flags & FLOW_MOCKED;
}

static bool
is_truncated(const struct flow *f)
{
    return f->req.body.cut || f->resp.body.cut;
}

static bool
is_marked(const struct flow *f)
{
    const struct marks *m = atomic_load(&f->marks);
    return m && m->mark.n;
}

static bool
is_asset(const struct flow *f)
{
    static const char *const types[] = {
        "text/javascript",
        "application/x-javascript",
        "application/javascript",
        "text/css",
        "image/",
        "font/",
        "application/font",
        "application/x-font",
    };
    struct slice type = media_type(f, FILTER_RESPONSE);
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (starts_nocase(type, slice_str(types[i])))
            return true;
    return false;
}

const struct filter_word filter_states[] = {
    {"any", 0, is_any, "it is any flow"},
    {"h1", 0, is_h1, "it is HTTP/1"},
    {"h2", 0, is_h2, "it is HTTP/2"},
    {"h3", 0, is_h3, "it is HTTP/3"},
    {"ws", FILTER_NEEDS_RESPONSE, is_ws, "it is a WebSocket"},
    {"sse", FILTER_NEEDS_RESPONSE, is_sse, "it is a stream of events"},
    {"grpc", 0, is_grpc, "it is gRPC"},
    {"error", FILTER_NEEDS_END, is_error, "it failed"},
    {"pending", FILTER_NEEDS_END, is_pending, "it is under way"},
    {"held", FILTER_NEEDS_END, is_held, "it was held"},
    {"edited", FILTER_NEEDS_END, is_edited, "it was changed"},
    {"replayed", 0, is_sent, "it was sent again"},
    {"mocked", FILTER_NEEDS_END, is_mocked, "it was answered here"},
    {"cached", 0, NULL, "it was answered from a cache"},
    {"streamed", 0, NULL, "it was passed on unrecorded"},
    {"truncated", WHOLE, is_truncated, "not all of it was recorded"},
    {"marked", 0, is_marked, "it is marked"},
    {"inscope", 0, NULL, "it is in scope"},
    {"asset", FILTER_NEEDS_RESPONSE, is_asset, "it is a picture, a style, a font or a script"},
    {NULL, 0, NULL, NULL},
};
