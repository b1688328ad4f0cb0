/* Moments, once somebody wants to hear of them: out of the way of who does not. */
#include "layer/ask.h"

void
host_say(struct host *h, const struct moment *m)
{
    struct moment now = *m;
    if (m->flow && flow_is_private(m->flow))
        return;
    now.at = h->ops->wall(h);
    h->audience->hear(h->audience->arg, &now);
}

void
host_tell_now(struct host *h, enum hook_id id, struct flow *f, struct slice data)
{
    host_say(h, &(struct moment){.id = id, .flow = f, .data = data});
}

void
host_tell_head_now(struct host *h, enum hook_id id, struct flow *f, const struct http_head *head)
{
    host_say(h, &(struct moment){.id = id, .flow = f, .head = head});
}

void
host_tell_end(struct host *h, enum hook_id id, struct flow *f)
{
    if (host_wants(h, id))
        host_say(h, &(struct moment){.id = id, .flow = f, .word = f->error, .text = f->error_text});
}
