/* drop: one of the messages that cross a flow does not go on. */
#include "flow/message.h"
#include "rule/act.h"

static const char *
apply(const void *action UNUSED, struct hook *h)
{
    h->decision->end = END_DROP;
    message_name(h->flow, h->message, &h->message->by, h->by);
    return "dropped";
}

const struct rule_ops rule_drop = {
    .name = "drop",
    .help = "Lets one of the messages that cross a flow not go on: it is kept with the flow, as "
            "dropped. Which ones, the query says: msg.dir, msg.op, msg.body, msg.size.",
    .stages = ACT_MESSAGE,
    .apply = apply,
};
