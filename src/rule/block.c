/* block: the server is not asked. */
#include "rule/act.h"

struct block_rule {
    struct slice at;
    uint64_t status;
    struct slice how;
};

static const struct rule_param params[] = {
    PARAM(block_rule, status, "status", NUMBER, .def = "403", .min = 200, .max = 999,
          .help = "of the answer, which has no content; 444 closes without an answer"),
    PARAM(block_rule, how, "how", CHOICE, .def = "answer", .choices = "answer|close|reset",
          .help =
              "answer with the status, or end the client's connection without an answer; in TLS, "
              "to answer is to close"),
    PARAM_AT(block_rule),
    PARAM_END,
};

static const char *
apply(const void *action, struct hook *h)
{
    const struct block_rule *a = action;
    if (slice_eq(a->how, SLICE("reset"))) {
        h->decision->end = END_RESET;
        return "reset the connection";
    }
    if (slice_eq(a->how, SLICE("close")) || a->status == 444 || h->stage == STAGE_CLIENT_HELLO) {
        h->decision->end = END_CLOSE;
        return "closed the connection";
    }
    if (!edit_answer(h, (unsigned)a->status, SLICE_NONE, SLICE_NONE))
        return NULL;
    return act_say(h, "answered %u", (unsigned)a->status);
}

const struct rule_ops rule_block = {
    .name = "block",
    .help = "Keeps the request from the server.",
    .size = sizeof(struct block_rule),
    .params = params,
    .stages = ACT_HELLO | ACT_REQUEST,
    .stage = act_at,
    .apply = apply,
};
