/* no-hold: the flow is never held. */
#include "rule/act.h"

static const char *
apply(const void *action UNUSED, struct hook *h)
{
    h->decision->never_hold = true;
    return "never held";
}

const struct rule_ops rule_no_hold = {
    .name = "no-hold",
    .help = "Lets the exchange pass where a later rule would hold it.",
    .stages = ACT_ANY,
    .apply = apply,
};
