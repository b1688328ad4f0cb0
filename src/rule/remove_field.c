/* remove-field: a field goes. */
#include "rule/act.h"

struct remove_field {
    enum rule_side side;
    struct slice name;
};

static const struct rule_param params[] = {
    PARAM(remove_field, side, "side", SIDE, .def = "request", .help = "of which message"),
    PARAM(remove_field, name, "field", TEXT, .required = true, .help = "the field"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    const struct remove_field *a = action;
    return act_check_field(a->name, e);
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct remove_field *a = action;
    if (!head_find_name(edit_head(act_msg(h)), a->name))
        return NULL;
    struct version *v = edit_begin(h, act_msg(h));
    if (!act_end(h, v, v && edit_remove(v, a->name) > 0))
        return NULL;
    return act_say(h, "removed %.*s", SLICE_ARG(a->name));
}

const struct rule_ops rule_remove_field = {
    .name = "remove-field",
    .help = "Takes all fields with the name out of the head.",
    .size = sizeof(struct remove_field),
    .params = params,
    .stages = ACT_ANY,
    .stage = act_side_head,
    .prepare = prepare,
    .apply = apply,
};
