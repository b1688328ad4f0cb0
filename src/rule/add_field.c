/* add-field: one more field. */
#include "rule/act.h"

struct add_field {
    enum rule_side side;
    struct slice name, value;
    const char *file;
};

#define VALUE_MAX ((size_t)65536)

static const struct rule_param params[] = {
    PARAM(add_field, side, "side", SIDE, .def = "request", .help = "of which message"),
    PARAM(add_field, name, "field", TEXT, .required = true, .help = "the field"),
    PARAM(add_field, value, "value", TEXT, .def = "", .help = "what it says"),
    PARAM(add_field, file, "file", FILE,
          .help =
              "in place of 'value' the file that holds it, read each time, at most 64 KiB; line "
              "ends at its end do not count"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    struct add_field *a = action;
    if (a->file && a->value.n)
        return err_set(e, ERR_USAGE, "'value' and 'file' cannot both be there");
    return act_check_field(a->name, e) && act_check_value(&a->value, e);
}

/* In 'room' when it is from a file. */
static bool
find_value(const struct add_field *a, struct buf *room, struct slice *out)
{
    *out = a->value;
    if (!a->file)
        return true;
    if (!act_read_file(a->file, room, NULL))
        return false;
    *out = buf_slice(room);
    while (out->n && (out->p[out->n - 1] == '\n' || out->p[out->n - 1] == '\r'))
        out->n--;
    return true;
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct add_field *a = action;
    struct slice value;
    struct buf room;
    buf_init(&room, VALUE_MAX);
    struct version *v = find_value(a, &room, &value) ? edit_begin(h, act_msg(h)) : NULL;
    bool good = act_end(h, v, v && edit_add(h, v, a->name, value));
    buf_release(&room);
    return good ? act_say(h, "added %.*s", SLICE_ARG(a->name)) : NULL;
}

const struct rule_ops rule_add_field = {
    .name = "add-field",
    .help = "Adds a field at the end of the head, whether there is one with the name or not.",
    .size = sizeof(struct add_field),
    .params = params,
    .stages = ACT_ANY,
    .stage = act_side_head,
    .prepare = prepare,
    .apply = apply,
};
