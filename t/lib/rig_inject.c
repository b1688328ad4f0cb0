/* Messages of our own in what a rig has under way. */
#include "codec/ws_frame.h"
#include "flow/message.h"
#include "layer/exchange.h"
#include "layer/relay.h"
#include "lib/rig.h"

/* The oldest exchange that is a flow. */
static struct exchange *
first_exchange(struct rig *r)
{
    const struct chain *c = r->conns[0].chain;
    if (!c || !c->top || !slice_eq(slice_str(c->top->ops->name), SLICE("fan")))
        return NULL;
    list_for (it, &container_of(c->top, struct fan, layer)->seats) {
        struct exchange *x = exchange_at(it);
        if (x && x->flow)
            return x;
    }
    return NULL;
}

bool
rig_inject(struct rig *r, bool up, struct slice bytes)
{
    static const struct message about = {.opcode = WS_TEXT};
    const struct chain *c = r->conns[0].chain;
    struct layer *relay = c && relay_flow(c->top) ? c->top : NULL;
    struct exchange *x = relay ? NULL : first_exchange(r);
    struct err e;
    if (!relay && !x)
        return false;
    turn_begin(&r->turn);
    bool good = relay ? relay_inject(relay, up, &about, bytes, SLICE("test"), &e)
                      : exchange_inject(x, up, &about, bytes, SLICE("test"), &e);
    turn_end(&r->turn);
    if (!good && !r->options.quiet)
        lines_add(&r->did, "refused: %s", e.text);
    rig_run(r);
    return true;
}
