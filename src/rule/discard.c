/* discard: the flow is not kept. */
#include "rule/act.h"

struct discard {
    struct slice at;
};

static const struct rule_param params[] = {
    PARAM_AT(discard),
    PARAM_END,
};

static const char *
apply(const void *action UNUSED, struct hook *h)
{
    h->decision->discard = true;
    return "not recorded";
}

const struct rule_ops rule_discard = {
    .name = "discard",
    .help = "Does not record the exchange.",
    .size = sizeof(struct discard),
    .params = params,
    .stages = ACT_HELLO | ACT_ANY,
    .stage = act_at,
    .apply = apply,
};
