/* delay: the message waits. */
#include "base/clock.h"
#include "rule/act.h"

struct delay {
    struct slice at;
    enum rule_side side;
    uint64_t time, jitter;
};

static const struct rule_param params[] = {
    PARAM(delay, side, "side", SIDE, .def = "request",
          .help = "which message of an exchange waits"),
    PARAM(delay, time, "time", DURATION, .required = true, .help = "how long"),
    PARAM(delay, jitter, "jitter", DURATION, .def = "0",
          .help = "and up to so much more, at random"),
    PARAM_AT(delay),
    PARAM_END,
};

static enum stage
stage(const void *action)
{
    const struct delay *a = action;
    return act_at(a) == STAGE_CLIENT_HELLO ? STAGE_CLIENT_HELLO : act_side_head(&a->side);
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct delay *a = action;
    uint64_t ns = a->time + act_random(a->jitter);
    h->decision->delay += ns;
    return act_say(h, "waited %llu ms", (unsigned long long)(ns / NS_PER_MS));
}

const struct rule_ops rule_delay = {
    .name = "delay",
    .help = "Lets the message wait before the next rule and before it goes on.",
    .size = sizeof(struct delay),
    .params = params,
    .stages = ACT_HELLO | ACT_ANY | ACT_MESSAGE,
    .stage = stage,
    .apply = apply,
};
