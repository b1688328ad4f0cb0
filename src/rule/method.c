/* method: another method. */
#include "codec/token.h"
#include "rule/act.h"

struct method {
    struct slice to;
};

static const struct rule_param params[] = {
    PARAM(method, to, "to", TEXT, .required = true, .help = "the method, as it is to be spelt"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    const struct method *a = action;
    if (slice_eq(a->to, SLICE("CONNECT")))
        return err_set(e, ERR_USAGE, "'to': CONNECT is for tunnels");
    return token_valid(a->to) ||
           err_set(e, ERR_USAGE, "'to': '%.*s' is no method", SLICE_ARG(slice_first(a->to, 60)));
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct method *a = action;
    if (slice_eq(edit_head(&h->flow->req)->method, a->to))
        return NULL;
    struct version *v = edit_begin(h, &h->flow->req);
    return act_end(h, v, v && edit_method(h, v, a->to)) ? "changed the method" : NULL;
}

const struct rule_ops rule_method = {
    .name = "method",
    .help = "Sends the request with another method.",
    .size = sizeof(struct method),
    .params = params,
    .stages = ACT_REQUEST,
    .prepare = prepare,
    .apply = apply,
};
