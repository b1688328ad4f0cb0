/* accept-encoding: which codings the server may use. */
#include "rule/act.h"

struct accept_encoding {
    struct slice value;
};

static const struct rule_param params[] = {
    PARAM(accept_encoding, value, "value", TEXT, .def = "identity",
          .help = "the codings, \"gzip, br\"; identity is none"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    return act_check_value(&((struct accept_encoding *)action)->value, e);
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct accept_encoding *a = action;
    const struct field *now = head_find(edit_head(&h->flow->req), FIELD_ACCEPT_ENCODING);
    if (now && slice_eq(now->value, a->value))
        return NULL;
    struct version *v = edit_begin(h, &h->flow->req);
    bool good = v && edit_set(h, v, SLICE("Accept-Encoding"), a->value);
    return act_end(h, v, good) ? "set Accept-Encoding" : NULL;
}

const struct rule_ops rule_accept_encoding = {
    .name = "accept-encoding",
    .help = "Tells the server which codings of contents are wanted, whatever the client said.",
    .size = sizeof(struct accept_encoding),
    .params = params,
    .stages = ACT_REQUEST,
    .prepare = prepare,
    .apply = apply,
};
