/* hold: a person decides. */
#include "rule/act.h"

struct hold {
    struct slice at;
    enum stage stage;
};

static const struct rule_param params[] = {
    PARAM(hold, at, "at", CHOICE, .def = "request-head",
          .choices = "client-hello|request-head|request|response-head|response|message",
          .help =
              "where: what a client says first in TLS, a message once its head is there, or "
              "with all of its content; each message of a WebSocket, event of a stream, message of "
              "gRPC, segment of a tunnel"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e UNUSED)
{
    struct hold *a = action;
    return stage_find(a->at, &a->stage);
}

static enum stage
stage(const void *action)
{
    return ((const struct hold *)action)->stage;
}

static const char *
apply(const void *action UNUSED, struct hook *h)
{
    if (h->decision->never_hold)
        return NULL;
    h->decision->hold = true;
    return "held";
}

const struct rule_ops rule_hold = {
    .name = "hold",
    .help = "Lets the message wait until a person lets it go on, changed or not.",
    .size = sizeof(struct hold),
    .params = params,
    .stages = ACT_HELLO | ACT_ANY | ACT_MESSAGE,
    .stage = stage,
    .prepare = prepare,
    .apply = apply,
};
