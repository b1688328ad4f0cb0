/* Flows for tests. */
#include "lib/flow_make.h"

#include "codec/http1.h"

#include <assert.h>

static struct slice
keep(struct flow *f, struct slice s)
{
    struct slice kept = arena_dup(f->arena, s);
    assert(kept.p);
    return kept;
}

struct flow *
flow_make(enum flow_kind kind, const char *request)
{
    struct peer *client = peer_new();
    assert(client);
    snprintf(client->local, sizeof(client->local), "127.0.0.1:8080");
    snprintf(client->remote, sizeof(client->remote), "127.0.0.1:5000");
    struct flow *f = flow_new(kind, client, NULL);
    assert(f);
    peer_unref(client);
    f->scheme = "https";
    f->host = keep(f, SLICE("example.com"));
    f->port = 443;
    f->started = 1700000000123456789;
    f->ended = f->started + 34 * 1000000;
    if (!request)
        return f;
    struct http1_why why;
    struct slice raw = keep(f, slice_str(request));
    if (http1_parse_request(raw, &HTTP1_LIMITS_DEFAULT, f->arena, &f->req.head, &why) != HTTP1_OK)
        abort();
    f->req.sent = f->req.head;
    f->req.head_at = f->req.end_at = f->started;
    return f;
}

void
flow_make_response(struct flow *f, const char *response)
{
    struct http1_why why;
    struct slice raw = keep(f, slice_str(response));
    if (http1_parse_response(raw, &HTTP1_LIMITS_DEFAULT, f->arena, &f->resp.head, &why) != HTTP1_OK)
        abort();
    f->resp.sent = f->resp.head;
    f->resp.head_at = f->started + 20 * 1000000;
    f->resp.end_at = f->ended;
}

void
flow_make_content(struct http_msg *m, struct slice content)
{
    body_append(&m->body, content, UINT64_MAX, content.n);
}

struct flow *
flow_make_get(const char *host, const char *target, const char *content, struct budget *budget)
{
    char head[4096];
    snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, host);
    struct flow *f = flow_make(FLOW_HTTP, head);
    f->host = keep(f, slice_str(host));
    f->req.body.budget = f->resp.body.budget = budget;
    flow_make_response(f, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n");
    flow_make_content(&f->resp, slice_str(content));
    return f;
}

void
flow_make_server(struct flow *f)
{
    struct peer *server = peer_new();
    assert(server);
    snprintf(server->remote, sizeof(server->remote), "192.0.2.1:443");
    peer_set_text(&server->host, SLICE("example.com"));
    server->port = 443;
    server->opened = f->started;
    server->resolved = f->started + 1000000;
    server->connected = f->started + 3000000;
    server->secured = f->started + 8000000;
    flow_set_server(f, server);
    peer_unref(server);
}
