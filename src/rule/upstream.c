/* upstream: another address to connect to. */
#include "codec/url.h"
#include "rule/act.h"

struct upstream {
    struct slice at;
    struct slice to;
};

static const struct rule_param params[] = {
    PARAM(upstream, to, "to", TEXT, .required = true, .help = "HOST:PORT"),
    PARAM_AT(upstream),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    const struct upstream *a = action;
    struct authority at;
    return (url_parse_authority(a->to, &at) && at.port) ||
           err_set(e, ERR_USAGE, "'to': '%.*s' is not HOST:PORT",
                   SLICE_ARG(slice_first(a->to, 60)));
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct upstream *a = action;
    /* The rule may be gone before the exchange is. */
    struct slice kept = arena_dup(h->flow->arena, a->to);
    if (!kept.p) {
        h->decision->failed = true;
        return NULL;
    }
    h->decision->upstream = kept;
    return act_say(h, "connected to %.*s", SLICE_ARG(a->to));
}

const struct rule_ops rule_upstream = {
    .name = "upstream",
    .help =
        "Connects to another address; the request and the name in its TLS stay as they are. At the "
        "ClientHello: for all that comes in this connection of the client.",
    .size = sizeof(struct upstream),
    .params = params,
    .stages = ACT_HELLO | ACT_REQUEST,
    .stage = act_at,
    .prepare = prepare,
    .apply = apply,
};
