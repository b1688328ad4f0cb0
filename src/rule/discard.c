/* discard: the flow is not kept. */
#include "rule/act.h"

static const char *
apply(const void *action UNUSED, struct hook *h)
{
    h->decision->discard = true;
    return "not recorded";
}

const struct rule_ops rule_discard = {
    .name = "discard",
    .help = "Does not record the exchange.",
    .stages = ACT_ANY,
    .apply = apply,
};
