/* pass-through: TLS is left closed. */
#include "rule/act.h"

static const char *
apply(const void *action UNUSED, struct hook *h)
{
    struct slice by = arena_dup(h->flow->arena, h->by);
    if (!by.p) {
        h->decision->failed = true;
        return NULL;
    }
    h->flow->passed = by;
    h->decision->end = END_PASS;
    return "passed through";
}

const struct rule_ops rule_pass_through = {
    .name = "pass-through",
    .help =
        "Leaves TLS closed: the client and the server speak with each other, byte for byte, and "
        "the flow is a tunnel of which only the size is known.",
    .stages = ACT_HELLO,
    .apply = apply,
};
