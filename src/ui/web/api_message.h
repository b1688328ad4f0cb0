/* Pages of messages, of flows that are recorded and of those under way. */
#pragma once

#include "flow/message.h"
#include "ui/web/call.h"

struct message_page {
    uint64_t after, limit, shown;
};

/* 'live': the flow goes on. */
void message_page_put(struct json *j, const struct messages *ms, const struct message_page *p,
                      bool live);
/* Answers the call, which waits already, with a page of a flow that is under way, and gives its
 * reference back. false without memory, or when the engine stops: nothing happens then. */
bool message_page_live(struct call *c, uint64_t flow, const struct message_page *p) MUST_CHECK;
