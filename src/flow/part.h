/* The only language in which the versions of HTTP speak to an exchange: a message in parts. */
#pragma once

#include "codec/head.h"

enum part_type {
    PART_HEAD, /* of the message, or of a 1xx response before it */
    PART_BODY, /* some content, without framing */
    PART_TRAILERS,
    PART_PRIORITY, /* of a request, at any time behind its head: how urgent its response is (RFC
                      9218), in data, at most PRIORITY_MAX bytes */
    PART_END,
    PART_ERROR, /* the message will not be completed */
};

#define PRIORITY_MAX 128

struct failure;
struct flow;

struct part {
    enum part_type type;
    bool reusable;     /* END from a server: the connection may serve another exchange */
    bool torn;         /* END: it came without a word of the peer, who may have been cut short */
    struct flow *flow; /* HEAD, ERROR of a new stream: its flow, a reference that the taker owns;
                          HEAD to a server: borrowed */
    union {
        struct http_head *head; /* HEAD and TRAILERS: borrowed, lives in the flow's arena */
        struct slice data;      /* BODY, PRIORITY: borrowed for the call */
        const struct failure *why;
    };
    struct slice ext; /* BODY: the extension of the chunk that begins here */
};
