/* Handlers: stored flows are sent again. */
#include "ui/web/lookup.h"
#include "ui/web/replay.h"
#include "ui/web/route.h"

static enum call_state
put_counts(struct call *c)
{
    struct replay_counts counts = replay_counts(c->control);
    json_begin_object(&c->json, NULL);
    json_u64(&c->json, "left", counts.left);
    json_u64(&c->json, "sent", counts.sent);
    json_u64(&c->json, "failed", counts.failed);
    json_end_object(&c->json);
    return CALL_DONE;
}

static void
answer_replay(struct lookup *k)
{
    struct call *c = k->call;
    if (!replay_add(c->control, k->flows, k->n)) {
        call_fail(c, 409, "too-many", "more than %d requests would wait to be sent", REPLAY_MAX);
        return;
    }
    call_audit(c, "sends %zu requests again", k->n);
    put_counts(c);
}

enum call_state
api_replay(struct call *c)
{
    struct lookup *k = lookup_new(c);
    if (!k || !lookup_named(k))
        return CALL_DONE;
    return lookup_collect(k, answer_replay);
}

enum call_state
api_replay_show(struct call *c)
{
    return put_counts(c);
}

enum call_state
api_replay_stop(struct call *c)
{
    replay_stop(c->control);
    return put_counts(c);
}
