/* One message of a flow, in one of its versions, as handlers show it. */
#pragma once

#include "flow/edit.h"
#include "ui/web/call.h"

struct side {
    const char *name; /* "request", "response" */
    const struct http_msg *msg;
    const struct http_head *head;
    const struct body *body;
    bool received; /* the head is that which came: its bytes are head->raw */
};

/* The side of the name; false without such a message: the call has failed. It is as received. */
bool side_find(struct call *c, const struct flow *f, struct slice side,
               struct side *out) MUST_CHECK;
/* Makes it another version: a number (0 is as received, 1 is after the first change), "sent", or
 * empty for as received. false when there is none: the call has failed. */
bool side_version(struct call *c, struct slice version, struct side *m) MUST_CHECK;
/* A message as it stands, after all changes; false when there is none. */
bool side_now(const struct http_msg *m, struct side *out) MUST_CHECK;
/* Appends the head with its empty line. */
void side_head(const struct side *m, struct buf *out);
