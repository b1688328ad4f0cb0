/* status: another status. */
#include "rule/act.h"

struct status {
    uint64_t to;
    struct slice reason;
};

static const struct rule_param params[] = {
    PARAM(status, to, "to", NUMBER, .required = true, .min = 200, .max = 999, .help = "the status"),
    PARAM(status, reason, "reason", TEXT, .help = "the words behind it; without it the usual ones"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    return act_check_value(&((struct status *)action)->reason, e);
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct status *a = action;
    if (edit_head(&h->flow->resp)->status == a->to)
        return NULL;
    struct version *v = edit_begin(h, &h->flow->resp);
    if (!act_end(h, v, v && edit_status(h, v, (unsigned)a->to, a->reason)))
        return NULL;
    return act_say(h, "set status %u", (unsigned)a->to);
}

const struct rule_ops rule_status = {
    .name = "status",
    .help = "Gives the response another status.",
    .size = sizeof(struct status),
    .params = params,
    .stages = ACT_RESPONSE,
    .prepare = prepare,
    .apply = apply,
};
