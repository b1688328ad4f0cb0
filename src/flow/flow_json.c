/* Flows as JSON objects. */
#include "flow/flow_json.h"

#include "codec/h2_code.h"
#include "codec/http1.h"
#include "flow/edit.h"
#include "flow/message_json.h"

#define FORM 1

static const char *const kinds[] = {
    [FLOW_HTTP] = "http",
    [FLOW_CONNECT] = "connect",
    [FLOW_TUNNEL] = "tunnel",
    [FLOW_TLS] = "tls",
};

const char *
flow_kind_name(enum flow_kind k)
{
    return kinds[k];
}

/* In the order of the bits of enum flow_flag. */
static const char *const flags[] = {"edited", "mocked", "was_held", "sent", NULL, "websocket"};

/* Nanoseconds would not survive readers that keep numbers as doubles. */
static void
put_time(struct json *j, const char *key, uint64_t wall_ns)
{
    if (wall_ns)
        json_u64(j, key, wall_ns / 1000);
    else
        json_put_null(j, key);
}

static void
put_tls(struct json *j, const struct peer_tls *tls, bool whole)
{
    if (!tls) {
        json_put_null(j, "tls");
        return;
    }
    json_begin_object(j, "tls");
    json_str(j, "version", tls->version);
    json_str(j, "cipher", tls->cipher);
    json_str(j, "group", tls->group);
    json_str(j, "alpn", tls->alpn);
    json_str(j, "sni", tls->sni ? tls->sni : "");
    json_str(j, "ja3", tls->ja3);
    json_str(j, "ja4", tls->ja4);
    json_bool(j, "resumed", tls->resumed);
    json_str(j, "verdict", tls->verdict);
    json_str(j, "verdict_text", tls->verdict_text ? tls->verdict_text : "");
    json_str(j, "ocsp", tls->ocsp);
    if (whole) {
        json_begin_array(j, "certs");
        for (unsigned i = 0; i < tls->n_certs; i++)
            json_base64(j, NULL, block_slice(tls->certs[i]));
        json_end_array(j);
    }
    json_end_object(j);
}

/* How a client of HTTP/2 began. */
static void
put_h2(struct json *j, const struct peer_h2 *h2)
{
    if (!h2)
        return;
    json_begin_object(j, "http2");
    json_begin_array(j, "settings");
    for (unsigned i = 0; i < h2->n_settings; i++) {
        json_begin_array(j, NULL);
        json_u64(j, NULL, h2->settings[i].id);
        json_u64(j, NULL, h2->settings[i].value);
        json_end_array(j);
    }
    json_end_array(j);
    json_u64(j, "window", h2->window);
    json_end_object(j);
}

void
flow_json_peer(struct json *j, const char *key, const struct peer *p, bool whole)
{
    if (!p) {
        json_put_null(j, key);
        return;
    }
    json_begin_object(j, key);
    json_u64(j, "id", p->id);
    json_str(j, "local", p->local);
    json_str(j, "remote", p->remote);
    json_str(j, "host", p->host ? p->host : "");
    json_u64(j, "port", p->port);
    put_time(j, "opened_us", p->opened);
    put_time(j, "resolved_us", p->resolved);
    put_time(j, "connected_us", p->connected);
    put_time(j, "secured_us", p->secured);
    const char *by = atomic_load_explicit(&p->ended_by, memory_order_acquire);
    put_time(j, "ended_us", by ? p->ended : 0);
    if (by)
        json_str(j, "ended_by", by);
    else
        json_put_null(j, "ended_by");
    put_tls(j, p->tls, whole);
    put_h2(j, p->h2);
    json_end_object(j);
}

void
flow_json_fields(struct json *j, const struct http_head *h)
{
    json_begin_array(j, "fields");
    for (size_t i = 0; i < h->n; i++) {
        json_begin_array(j, NULL);
        json_text(j, NULL, h->fields[i].name);
        json_text(j, NULL, h->fields[i].value);
        json_end_array(j);
    }
    json_end_array(j);
}

static void
put_head(struct json *j, const struct http_head *h, bool whole)
{
    if (h->status) {
        json_u64(j, "status", h->status);
        json_text(j, "reason", h->reason);
    } else {
        json_text(j, "method", h->method);
        json_text(j, "target", h->target);
    }
    json_str(j, "version", h->version == 10 ? "1.0" : h->version == 20 ? "2.0" : "1.1");
    flow_json_fields(j, h);
    if (whole)
        json_base64(j, "raw", h->raw);
    if (h->malformed)
        json_bool(j, "malformed", true);
}

/* The head that was sent on, unless it is the same as the one that came. */
static void
put_sent(struct json *j, const struct http_msg *m)
{
    if (m->sent.line.n == 0 && m->sent.n == 0)
        return;
    struct buf out;
    buf_init(&out, j->out->max);
    if (m->sent.status)
        http1_print_response(&out, &m->sent);
    else
        http1_print_request(&out, &m->sent, m->sent.target);
    if (out.failed)
        j->out->failed = true;
    else if (!slice_eq(buf_slice(&out), m->head.raw))
        json_base64(j, "sent", buf_slice(&out));
    buf_release(&out);
}

static void
put_trailers(struct json *j, const struct http_head *trailers, bool whole)
{
    if (trailers->n == 0)
        return;
    json_begin_object(j, "trailers");
    flow_json_fields(j, trailers);
    if (whole)
        json_base64(j, "raw", trailers->raw);
    json_end_object(j);
}

static void
put_blocks(struct json *j, const char *key, const struct body *b)
{
    struct json_base64_state state;
    json_base64_begin(j, key, &state);
    for (const struct block *it = b->first; it; it = it->next)
        json_base64_add(j, &state, block_slice(it));
    json_base64_end(j, &state);
}

static void
put_body(struct json *j, const struct body *b, bool whole)
{
    json_begin_object(j, "body");
    json_u64(j, "size", b->size);
    json_u64(j, "kept", b->kept);
    json_bool(j, "cut", b->cut);
    if (whole)
        put_blocks(j, "base64", b);
    json_end_object(j);
}

static void
put_versions(struct json *j, const struct http_msg *m, bool whole)
{
    if (!m->versions)
        return;
    json_begin_array(j, "versions");
    for (const struct version *v = m->versions; v; v = v->next) {
        json_begin_object(j, NULL);
        json_text(j, "by", v->by);
        put_time(j, "at_us", v->at);
        put_head(j, &v->head, whole);
        json_bool(j, "exact", v->exact);
        json_bool(j, "replaced", v->replaced);
        if (v->replaced) {
            json_u64(j, "size", v->body.size);
            json_bool(j, "cut", v->body.cut);
        }
        if (v->replaced && whole)
            put_blocks(j, "base64", &v->body);
        json_end_object(j);
    }
    json_end_array(j);
}

/* A tunnel has content without a head. */
static void
put_msg(struct json *j, const char *key, const struct http_msg *m, bool whole)
{
    bool head = m->head.line.n || m->head.raw.n || m->head.status;
    if (!head && m->body.size == 0) {
        json_put_null(j, key);
        return;
    }
    json_begin_object(j, key);
    if (head) {
        put_head(j, &m->head, whole);
        if (whole)
            put_sent(j, m);
        put_trailers(j, &m->trailers, whole);
        put_versions(j, m, whole);
        if (m->chunk_ext.n)
            json_text(j, "chunk_ext", m->chunk_ext);
        put_time(j, "head_us", m->head_at);
        put_time(j, "end_us", m->end_at);
        json_u64(j, "wire_bytes", m->wire_bytes);
    }
    put_body(j, &m->body, whole);
    json_end_object(j);
}

static void
put_interim(struct json *j, const struct flow *f, bool whole)
{
    json_begin_array(j, "interim");
    for (const struct interim *it = f->interim; it; it = it->next) {
        json_begin_object(j, NULL);
        put_head(j, &it->head, whole);
        put_time(j, "at_us", it->at);
        json_end_object(j);
    }
    json_end_array(j);
}

static void
put_error(struct json *j, const struct flow *f)
{
    char room[H2_CODE_TEXT];
    if (!f->error) {
        json_put_null(j, "error");
        return;
    }
    json_begin_object(j, "error");
    json_str(j, "reason", f->error);
    json_text(j, "text", f->error_text);
    if (f->reset)
        json_str(j, "code", h2_code_name(f->code, room));
    json_end_object(j);
}

void
flow_json_url(struct json *j, const struct flow *f)
{
    struct buf url;
    buf_init(&url, j->out->max);
    flow_url(f, &url);
    json_text(j, "url", buf_slice(&url));
    j->out->failed |= url.failed;
    buf_release(&url);
}

void
flow_json_flags(struct json *j, const struct flow *f)
{
    json_begin_array(j, "flags");
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (flags[i] && f->flags & 1u << i)
            json_str(j, NULL, flags[i]);
    json_end_array(j);
}

static void
put_marks(struct json *j, const struct flow *f)
{
    const struct marks *m = atomic_load(&f->marks);
    if (!m)
        return;
    json_begin_object(j, "marks");
    json_text(j, "mark", m->mark);
    json_text(j, "note", m->note);
    json_begin_array(j, "tags");
    for (size_t i = 0; i < m->n_tags; i++)
        json_text(j, NULL, m->tags[i]);
    json_end_array(j);
    json_end_object(j);
}

static void
put_trace(struct json *j, const struct flow *f)
{
    if (!f->trace)
        return;
    json_begin_array(j, "trace");
    for (const struct trace *t = f->trace; t; t = t->next) {
        json_begin_object(j, NULL);
        json_u64(j, "rule", t->rule);
        json_text(j, "name", t->name);
        json_str(j, "stage", t->stage);
        json_str(j, "did", t->did);
        put_time(j, "at_us", t->at);
        json_end_object(j);
    }
    json_end_array(j);
}

void
flow_json(struct json *j, const struct flow *f, bool whole)
{
    json_begin_object(j, NULL);
    json_u64(j, "weir_flow", FORM);
    json_u64(j, "id", f->id);
    json_str(j, "kind", flow_kind_name(f->kind));
    flow_json_url(j, f);
    json_str(j, "scheme", f->scheme);
    json_text(j, "host", f->host);
    json_u64(j, "port", f->port);
    put_time(j, "started_us", f->started);
    put_time(j, "ended_us", f->ended);
    put_error(j, f);
    json_bool(j, "local", f->local);
    flow_json_peer(j, "client", f->client, whole);
    flow_json_peer(j, "server", f->server, whole);
    json_bool(j, "server_reused", f->server_reused);
    if (f->stream)
        json_u64(j, "stream", f->stream);
    flow_json_flags(j, f);
    put_marks(j, f);
    put_trace(j, f);
    put_msg(j, "request", &f->req, whole);
    put_interim(j, f, whole);
    put_msg(j, "response", &f->resp, whole);
    if (f->kind == FLOW_TUNNEL || f->tunnel_up || f->tunnel_down) {
        json_begin_object(j, "tunnel");
        json_u64(j, "up", f->tunnel_up);
        json_u64(j, "down", f->tunnel_down);
        if (f->passed.n)
            json_text(j, "passed_through_by", f->passed);
        json_end_object(j);
    }
    if (f->messages)
        messages_json(j, "messages", f->messages, whole);
    json_end_object(j);
}
