/* mark: a colour or a sign on the flow. */
#include "rule/act.h"

struct mark {
    struct slice at;
    struct slice text;
};

static const struct rule_param params[] = {
    PARAM(mark, text, "mark", TEXT, .required = true, .help = "a colour like red, or a sign"),
    PARAM_AT(mark),
    PARAM_END,
};

static const char *
apply(const void *action, struct hook *h)
{
    const struct mark *a = action;
    struct marks now = act_marks(h);
    if (slice_eq(now.mark, a->text))
        return NULL;
    now.mark = a->text;
    return flow_mark(h->flow, &now) ? "marked" : NULL;
}

const struct rule_ops rule_mark = {
    .name = "mark",
    .help = "Marks the exchange, for people to find it.",
    .size = sizeof(struct mark),
    .params = params,
    .stages = ACT_HELLO | ACT_ANY | ACT_MESSAGE,
    .stage = act_at,
    .apply = apply,
};
