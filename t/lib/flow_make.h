/* Flows for tests, made from the texts of their heads. */
#pragma once

#include "flow/flow.h"

/* A flow with a client "127.0.0.1:5000". The head (through the empty line) may be NULL. Aborts on
 * bad heads. */
struct flow *flow_make(enum flow_kind kind, const char *request);
/* "GET URL" without more, answered 200 with the content as text/plain; 'budget' may be NULL. */
struct flow *flow_make_get(const char *host, const char *target, const char *content,
                           struct budget *budget);
/* The response, also as it is sent on. */
void flow_make_response(struct flow *f, const char *response);
void flow_make_server(struct flow *f);
/* Appends to the request's or the response's content. */
void flow_make_content(struct http_msg *m, struct slice content);
