/* set-field: a field gets a value. */
#include "rule/act.h"

struct set_field {
    enum rule_side side;
    struct slice name, value;
};

static const struct rule_param params[] = {
    PARAM(set_field, side, "side", SIDE, .def = "request", .help = "of which message"),
    PARAM(set_field, name, "field", TEXT, .required = true, .help = "the field"),
    PARAM(set_field, value, "value", TEXT, .def = "", .help = "what it says from now on"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    struct set_field *a = action;
    return act_check_field(a->name, e) && act_check_value(&a->value, e);
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct set_field *a = action;
    const struct field *now = head_find_name(edit_head(act_msg(h)), a->name);
    if (now && slice_eq(now->value, a->value))
        return NULL;
    struct version *v = edit_begin(h, act_msg(h));
    if (!act_end(h, v, v && edit_set(h, v, a->name, a->value)))
        return NULL;
    return act_say(h, "set %.*s", SLICE_ARG(a->name));
}

const struct rule_ops rule_set_field = {
    .name = "set-field",
    .help =
        "Gives a field of the head this value: the first with the name where it stands, without "
        "the others; at the end when there is none.",
    .size = sizeof(struct set_field),
    .params = params,
    .stages = ACT_ANY,
    .stage = act_side_head,
    .prepare = prepare,
    .apply = apply,
};
