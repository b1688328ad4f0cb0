/* Handler: the Model Context Protocol over this API, its "streamable HTTP" with plain answers. */
#include "proxy/config.h"
#include "ui/mcp/mcp.h"
#include "ui/web/control.h"
#include "ui/web/errand.h"
#include "ui/web/route.h"

#include <jansson.h>

struct talk {
    struct mcp mcp;
    struct mcp_turn turn;
};

/* What the route has answered becomes the answer of the protocol. */
static void
talk_after(struct errand *r, bool over)
{
    struct talk *t = r->after_arg;
    struct call *c = &r->call;
    struct buf got = c->out;
    if (over) {
        mcp_turn_release(&t->turn);
        return;
    }
    buf_init(&c->out, ERRAND_OUT_MAX);
    mcp_finish(&t->mcp, &t->turn, c->status, buf_slice(&got), &c->out);
    buf_release(&got);
    c->status = 200;
    c->type = "application/json";
}

static enum call_state
talk_ask(struct call *c, struct talk *t)
{
    struct errand *r = errand_of(c);
    struct slice target = arena_dup(c->arena, buf_slice(&t->turn.target));
    struct slice content = arena_dup(c->arena, slice_str(t->turn.content));
    if (!target.p || !content.p) {
        mcp_turn_release(&t->turn);
        return call_fail(c, 413, "too-large", "the arguments are too large");
    }
    r->after = talk_after;
    r->after_arg = t;
    json_decref(r->json);
    r->json = NULL;
    c->content = content;
    return errand_again(r, t->turn.method, target);
}

/* Secrets are taken out, whatever the program was started with. */
enum call_state
api_mcp(struct call *c)
{
    struct talk *t = arena_alloc(c->arena, sizeof(*t));
    if (!t)
        return call_fail(c, 503, "memory", "out of memory");
    t->mcp.allow_actions = c->control->config->mcp_allow_actions;
    if (mcp_begin(&t->mcp, c->content, &t->turn, &c->out))
        return talk_ask(c, t);
    if (!buf_len(&c->out)) { /* a notification: nothing is no JSON */
        c->status = 202;
        c->type = "text/plain";
    }
    return CALL_DONE;
}
