/* Handlers: clients whose TLS is left closed since they refused our certificate. */
#include "base/clock.h"
#include "base/scan.h"
#include "proxy/learnt.h"
#include "proxy/proxy.h"
#include "ui/web/control.h"
#include "ui/web/route.h"

static struct learnt *
learnt_of(const struct call *c)
{
    return proxy_learnt(c->control->given.proxy);
}

static void
put_lesson(void *arg, const struct lesson *lesson)
{
    struct json *j = arg;
    json_begin_object(j, NULL);
    json_u64(j, "id", lesson->id);
    json_str(j, "client", lesson->from);
    json_str(j, "host", lesson->host);
    json_str(j, "why", lesson->why);
    json_time(j, "at", lesson->at);
    json_time(j, "until", lesson->until);
    json_u64(j, "times", lesson->times);
    json_end_object(j);
}

enum call_state
api_learnt(struct call *c)
{
    json_begin_object(&c->json, NULL);
    json_begin_array(&c->json, "learnt");
    learnt_each(learnt_of(c), clock_wall(), put_lesson, &c->json);
    json_end_array(&c->json);
    json_end_object(&c->json);
    return CALL_DONE;
}

static enum call_state
forget(struct call *c, uint64_t id)
{
    size_t n = learnt_forget(learnt_of(c), id);
    if (id && !n)
        return call_missing(c, "client of that number");
    call_audit(c, "forgot what clients taught: %zu", n);
    json_begin_object(&c->json, NULL);
    json_u64(&c->json, "deleted", n);
    json_end_object(&c->json);
    return CALL_DONE;
}

enum call_state
api_learnt_forget(struct call *c)
{
    uint64_t id;
    if (!scan_u64(c->params[0], UINT64_MAX, &id) || !id)
        return call_missing(c, "client of that number");
    return forget(c, id);
}

enum call_state
api_learnt_clear(struct call *c)
{
    return forget(c, 0);
}
