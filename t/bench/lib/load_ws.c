/* The load as a client of WebSocket: messages, each of which must come back as it was. */
#include "bench/lib/load_conn.h"
#include "bench/lib/ws.h"

void
load_ws_request(struct conn *c, const char *host)
{
    const struct load_plan *p = c->load->plan;
    if (!c->open) {
        int n = snprintf(c->request, sizeof(c->request),
                         "GET %s%s/ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\n"
                         "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
                         p->absolute ? "http://" : "", p->absolute ? p->absolute : "",
                         p->absolute ? p->absolute : host);
        c->request_len = (size_t)n;
        return;
    }
    if (p->expect > WS_MESSAGE_MAX)
        wire_die("too large for a message of the load", p->path);
    size_t n = (size_t)p->expect;
    memset(c->request + WS_HEAD_MAX, 'x', n);
    c->request_len = ws_put(c->request, slice_of(c->request + WS_HEAD_MAX, n), WS_TEXT, true);
}

enum step
load_ws_answer(struct conn *c)
{
    struct ws_message m;
    while (!ws_get(c->in, c->have, &m)) {
        ssize_t n = wire_read(&c->wire, c->in + c->have, HEAD_MAX - c->have);
        if (n == WIRE_AGAIN && c->have < HEAD_MAX)
            return WAIT;
        if (n <= 0)
            return conn_fail(c, "closed where an echo was to come");
        c->have += (size_t)n;
    }
    size_t n = (size_t)c->load->plan->expect;
    bool right = m.op == WS_TEXT && m.n == n && m.size == c->have;
    for (size_t i = 0; right && i < n; i++)
        right = m.p[i] == 'x';
    if (!right)
        return conn_fail(c, "an echo of something else");
    c->load->r->bytes_in += c->have;
    c->left = 0;
    return NEXT;
}
