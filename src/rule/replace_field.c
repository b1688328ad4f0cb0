/* replace-field: a part of a field's value becomes another. */
#include "rule/act.h"
#include "rule/pattern.h"

#define VALUE_MAX ((size_t)65536)

struct replace_field {
    enum rule_side side;
    struct slice name;
    struct replacement by;
};

static const struct rule_param params[] = {
    PARAM(replace_field, side, "side", SIDE, .def = "request", .help = "of which message"),
    PARAM(replace_field, name, "field", TEXT, .required = true, .help = "the field"),
    PARAM(replace_field, by.text, "pattern", TEXT, .required = true,
          .help = "a regular expression; each match in the value is replaced"),
    PARAM(replace_field, by.with, "with", TEXT, .def = "",
          .help = "what takes its place; $1 and ${name} stand for groups, $$ for $"),
    PARAM_READING(replace_field, by),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    struct replace_field *a = action;
    TRY(act_check_field(a->name, e));
    return replacement_prepare(&a->by, e);
}

static void
release(void *action)
{
    replacement_release(&((struct replace_field *)action)->by);
}

/* Every field with the name, where it stands. */
static size_t
replace_values(const struct replace_field *a, struct hook *h, struct version *v, struct buf *room)
{
    size_t count = 0;
    for (size_t i = 0; i < v->head.n; i++) {
        struct field *f = &v->head.fields[i];
        buf_reset(room);
        if (!slice_eq_nocase(f->name, a->name) ||
            !pattern_replace(a->by.pattern, f->value, a->by.with, room))
            continue;
        count += act_put_value(h, f, buf_slice(room));
    }
    return count;
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct replace_field *a = action;
    if (!head_find_name(edit_head(act_msg(h)), a->name))
        return NULL;
    struct version *v = edit_begin(h, act_msg(h));
    struct buf room;
    buf_init(&room, VALUE_MAX);
    bool good = act_end(h, v, v && replace_values(a, h, v, &room));
    buf_release(&room);
    return good ? act_say(h, "changed %.*s", SLICE_ARG(a->name)) : NULL;
}

const struct rule_ops rule_replace_field = {
    .name = "replace-field",
    .help = "Replaces what a pattern matches in the values of a field.",
    .size = sizeof(struct replace_field),
    .params = params,
    .stages = ACT_ANY,
    .stage = act_side_head,
    .prepare = prepare,
    .release = release,
    .apply = apply,
};
