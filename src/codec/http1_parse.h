/* What the files of the HTTP/1 parser share among themselves; nobody else includes it. */
#pragma once

#include "codec/http1.h"

struct http1_input {
    struct slice raw;
    bool response;
    const struct http1_limits *limits;
    struct arena *arena;
    struct http_head *out;
    struct http1_why *why;
};

/* Fills x->why and returns HTTP1_BAD. */
enum http1_result http1_bad(const struct http1_input *x, enum http1_fault fault, const char *at);
/* The first byte that must not be in a field value, or 'end'. */
const char *http1_text_end(const char *p, const char *end);
/* Field lines from p to the empty line, into x->out. Sets out->raw to what was read of x->raw. */
enum http1_result http1_parse_fields(const struct http1_input *x, const char *p);
/* Host, framing, connection and expectation of a request that was read. */
bool http1_frame_request(struct http_head *h, struct http1_why *why) MUST_CHECK;
