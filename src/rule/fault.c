/* fault: the response breaks. */
#include "rule/act.h"

struct fault_rule {
    struct slice kind;
    uint64_t after;
    struct fault fault;
};

static const struct rule_param params[] = {
    PARAM(fault_rule, kind, "kind", CHOICE, .required = true,
          .choices = "reset|close|stall|truncate|length|chunk|gzip",
          .help = "reset and close end the client's connection, stall sends nothing more, truncate "
                  "ends the content early, length promises more than comes, chunk sends a chunk "
                  "whose size is no number, gzip sends damaged gzip data"),
    PARAM(fault_rule, after, "after", SIZE, .def = "0",
          .help = "bytes of the content that are sent unharmed before"),
    PARAM_END,
};

static const struct {
    struct slice name;
    enum fault_kind kind;
} kinds[] = {
    {{"reset", 5}, FAULT_RESET},       {{"close", 5}, FAULT_CLOSE},   {{"stall", 5}, FAULT_STALL},
    {{"truncate", 8}, FAULT_TRUNCATE}, {{"length", 6}, FAULT_LENGTH}, {{"chunk", 5}, FAULT_CHUNK},
    {{"gzip", 4}, FAULT_GZIP},
};

static bool
prepare(void *action, struct err *e UNUSED)
{
    struct fault_rule *a = action;
    a->fault.after = a->after;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (slice_eq(kinds[i].name, a->kind))
            a->fault.kind = kinds[i].kind;
    return true;
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct fault_rule *a = action;
    h->decision->fault = a->fault;
    return act_say(h, "broke the response: %.*s", SLICE_ARG(a->kind));
}

const struct rule_ops rule_fault = {
    .name = "fault",
    .help = "Breaks the response on its way to the client.",
    .size = sizeof(struct fault_rule),
    .params = params,
    .stages = ACT_RESPONSE,
    .prepare = prepare,
    .apply = apply,
};
