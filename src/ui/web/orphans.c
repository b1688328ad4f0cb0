/* Flows that are held with nobody left to decide. */
#include "ui/web/orphans.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proxy/hold.h"
#include "proxy/live.h"
#include "ui/web/control.h"

#define GRACE (10 * NS_PER_S) /* pages are loaded again, laptops change networks */

struct orphans {
    struct live_call live;
    enum hold_action action;
};

static void
each(struct live_call *c, struct live *l)
{
    struct orphans *o = container_of(c, struct orphans, live);
    hold_decide(l->held, o->action, SLICE("hold-orphans"));
}

static void
done(struct live_call *c)
{
    mem_free(container_of(c, struct orphans, live));
}

static void
decide(void *arg)
{
    struct control *c = arg;
    struct proxy *p = c->given.proxy;
    struct slice how = slice_str(c->config->hold_orphans);
    unsigned long n = atomic_load(&proxy_counters(p)->held);
    struct orphans *o = n && !slice_eq(how, SLICE("keep")) ? mem_zalloc(sizeof(*o)) : NULL;
    if (!o)
        return;
    o->action = slice_eq(how, SLICE("drop")) ? HOLD_DROP : HOLD_FORWARD;
    o->live = (struct live_call){.proxy = p, .held = true, .each = each, .done = done};
    log_line(LOG_WARN, "the last user interface has gone: %lu messages that are held are %s", n,
             o->action == HOLD_DROP ? "dropped" : "let go");
    if (!live_begin(&o->live))
        mem_free(o);
}

void
orphans_begin(struct control *c)
{
    if (!c->orphans)
        c->orphans = timer_new(c->loop, decide, c);
    if (c->orphans)
        timer_set(c->orphans, loop_now(c->loop) + GRACE);
}

void
orphans_cancel(struct control *c)
{
    if (c->orphans)
        timer_set(c->orphans, 0);
}

void
orphans_end(struct control *c)
{
    timer_free(c->orphans);
    c->orphans = NULL;
}
