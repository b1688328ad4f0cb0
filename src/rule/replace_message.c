/* replace-message: a part of a message that crosses a flow, or all of it, becomes another. */
#include "flow/message.h"
#include "rule/act.h"
#include "rule/pattern.h"

struct replace_message {
    struct replacement by;
};

static const struct rule_param params[] = {
    PARAM(replace_message, by.text, "pattern", TEXT,
          .help = "a regular expression; each match in the message is replaced. Without it all of "
                  "the message is"),
    PARAM(replace_message, by.with, "with", TEXT, .def = "",
          .help = "what takes its place; $1 and ${name} stand for groups, $$ for $"),
    PARAM_READING(replace_message, by),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    struct replace_message *a = action;
    return !a->by.text.n || replacement_prepare(&a->by, e);
}

static void
release(void *action)
{
    replacement_release(&((struct replace_message *)action)->by);
}

/* What it becomes; false when nothing is to be replaced. */
static bool
make(const struct replace_message *a, const struct message *m, struct buf *made)
{
    struct buf whole;
    buf_init(&whole, ACT_CONTENT_MAX);
    for (const struct block *it = message_now(m)->first; it; it = it->next)
        buf_append(&whole, block_slice(it));
    bool good = !whole.failed && !message_now(m)->cut;
    if (good && a->by.pattern)
        good = pattern_replace(a->by.pattern, buf_slice(&whole), a->by.with, made);
    else
        buf_append(made, a->by.with);
    buf_release(&whole);
    return good && !made->failed;
}

static const char *
apply(const void *action, struct hook *h)
{
    struct buf made;
    buf_init(&made, ACT_CONTENT_MAX);
    bool good = make(action, h->message, &made);
    if (good && !message_edit(h->flow, h->message, buf_slice(&made), h->by))
        h->decision->failed = true;
    buf_release(&made);
    return good ? "replaced a message" : NULL;
}

const struct rule_ops rule_replace_message = {
    .name = "replace-message",
    .help = "Replaces what a pattern matches in one of the messages that cross a flow, or all of "
            "it: a message of a WebSocket, the data of a server-sent event, a message of gRPC, "
            "what came at once in a tunnel. That of a WebSocket is compressed anew where it came "
            "so, one of gRPC is not; one that is larger than what is recorded (body-limit) stays "
            "as it is.",
    .size = sizeof(struct replace_message),
    .params = params,
    .stages = ACT_MESSAGE,
    .prepare = prepare,
    .release = release,
    .apply = apply,
};
