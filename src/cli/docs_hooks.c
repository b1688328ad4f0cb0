/* weir docs hooks: the table of hooks, and how to hear of them. */
#include "cli/docs.h"
#include "flow/hook.h"

static const char intro[] =
    "# Hooks\n\n"
    "Made from `src/flow/hook_list.h` and `src/cli/docs_hooks.c` by `make docs`; `weir hooks` and "
    "`GET /api/v1/hooks` show the same table.\n\n"
    "A hook is a moment in the life of the engine, a connection or an exchange. At those that are "
    "*stages* rules and people act (rules.md); of all of them a client of the feed can hear "
    "(CONTROL.md). The feed is a live view and no record: a client that is too slow misses some, "
    "and is told how many.\n\n"
    "| hook | of mitmproxy | |\n| --- | --- | --- |\n";

/* Deviations from the order of mitmproxy stand here, where its names do. */
static const char order[] =
    "\n## Order\n\n"
    "A request in a tunnel: `client-connected`, `connect`, `connect-established`, `next-layer`, "
    "`client-hello`, `server-connect`, `server-connected`, `tls-server-start`, "
    "`tls-server-established`, `tls-client-start`, `tls-client-established`, `request-head`, "
    "`request`, `response-head`, `response`, and the ends of the connections.\n\n"
    "Otherwise than mitmproxy:\n\n"
    "- The server is dialled for the ClientHello, not for the CONNECT, which is always answered: "
    "what fails later is said on a page that people can read. So `connect-established` comes "
    "before `server-connect`, and not after `server-connected`.\n"
    "- There is no `next-layer` behind the handshake, where only HTTP/1 follows.\n"
    "- Contents are passed on as they come. The server of a plain request is dialled when the head "
    "is there: `server-connect` comes before `request`, even where there is no content. "
    "`response-head` may come before `request`.\n"
    "- A connection that was kept serves without `server-connect`; one that was dialled and not "
    "needed is kept.\n"
    "- What goes wrong has an `error`, as there, and no `response`: the page that the client gets "
    "is ours.\n"
    "- Of mitmproxy's hooks these have no row, because there is nothing of the kind yet: `load`, "
    "`socks5_auth`, `http_connect_upstream`, `websocket_message`, `quic_*`, `udp_*`, `dns_*`.\n";

static void
put_hook(struct buf *out, enum hook_id id)
{
    const struct hook_row *h = &hook_rows[id];
    enum stage stage;
    buf_printf(out, "| `%s`%s | ", h->name, hook_stage(id, &stage) ? " *stage*" : "");
    if (h->mitmproxy[0])
        buf_printf(out, "`%s`", h->mitmproxy);
    buf_append(out, SLICE(" | "));
    docs_cell(out, h->help);
    buf_append(out, SLICE(" |\n"));
}

void
docs_hooks(struct buf *out)
{
    buf_append(out, slice_str(intro));
    for (enum hook_id i = 0; i < HOOKS_N; i++)
        put_hook(out, i);
    buf_append(out, slice_str(order));
}
