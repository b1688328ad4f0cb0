/*
 * The Model Context Protocol (revision 2025-06-18) over any carrier: one JSON-RPC 2.0 message in,
 * one or none out. Its tools are rows of ui/mcp/tool_list.h, each a call of the control API.
 * Nothing that changes anything unless it is allowed; secrets are taken out unless that is switched
 * off.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* A call of the control API: the content of the answer is appended to 'out'. */
struct mcp_call {
    const char *method;
    struct slice target, content;
    unsigned status;
    struct buf *out;
};

struct mcp {
    bool (*ask)(void *arg, struct mcp_call *c, struct err *e);
    void *arg;
    bool allow_actions;
    bool show_secrets;
};

#define MCP_MESSAGE_MAX ((size_t)16 << 20)

/* A call of the API that a message asks for, for carriers that cannot wait for its answer. */
struct mcp_turn {
    const char *method;
    struct buf target;
    char *content;     /* NULL: none */
    struct json_t *id; /* of the message */
};

/* true: the call of the turn is to be made, then mcp_finish. false: there is none; the answer, if
 * there is one, was appended. */
bool mcp_begin(const struct mcp *m, struct slice message, struct mcp_turn *t,
               struct buf *out) MUST_CHECK;
/* Appends the answer. 'status' 0: the call was not made, and 'got' says why. Releases the turn. */
void mcp_finish(const struct mcp *m, struct mcp_turn *t, unsigned status, struct slice got,
                struct buf *out);
void mcp_turn_release(struct mcp_turn *t);

/* All of it by m->ask. Appends the answer as one line without a line end; nothing for a
 * notification. */
void mcp_handle(const struct mcp *m, struct slice message, struct buf *out);
