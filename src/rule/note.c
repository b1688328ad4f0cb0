/* note: a remark on the flow. */
#include "rule/act.h"

struct note {
    struct slice at;
    struct slice text;
};

static const struct rule_param params[] = {
    PARAM(note, text, "note", TEXT, .required = true, .help = "what is to be said"),
    PARAM_AT(note),
    PARAM_END,
};

static const char *
apply(const void *action, struct hook *h)
{
    const struct note *a = action;
    struct marks now = act_marks(h);
    if (slice_eq(now.note, a->text))
        return NULL;
    now.note = a->text;
    return flow_mark(h->flow, &now) ? "noted" : NULL;
}

const struct rule_ops rule_note = {
    .name = "note",
    .help = "Writes a remark on the exchange, in place of one that is there.",
    .size = sizeof(struct note),
    .params = params,
    .stages = ACT_HELLO | ACT_ANY | ACT_MESSAGE,
    .stage = act_at,
    .apply = apply,
};
