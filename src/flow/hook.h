/*
 * The places in an exchange where rules, scripts and people may look at it and change it, and what
 * they may want of the engine there.
 */
#pragma once

#include "flow/flow.h"

enum stage {
    STAGE_CLIENT_HELLO,  /* what a client says first in TLS is there, and was not answered */
    STAGE_REQUEST_HEAD,  /* the head of the request is there, the server not yet asked */
    STAGE_REQUEST,       /* all of it is there: only where somebody wants the content */
    STAGE_RESPONSE_HEAD, /* the final head, not yet sent to the client */
    STAGE_RESPONSE,      /* all of it is there: only where somebody wants the content */
    STAGES_N,
};

/* How a connection is made worse; 0 is: not. */
struct shape {
    uint64_t up, down;        /* bytes a second of contents to the server, to the client */
    uint64_t latency, jitter; /* nanoseconds: before each message, and up to so much more */
    unsigned loss;            /* per mille of pieces that come a retransmission later */
};

enum fault_kind {
    FAULT_NONE,
    FAULT_RESET,    /* the client's connection is reset */
    FAULT_CLOSE,    /* closed cleanly */
    FAULT_STALL,    /* nothing more is sent, the connection stays */
    FAULT_TRUNCATE, /* the content ends early and the connection with it */
    FAULT_LENGTH,   /* Content-Length says more than comes */
    FAULT_CHUNK,    /* a chunk whose size is not a number */
    FAULT_GZIP,     /* content that says gzip and is damaged */
};

struct fault {
    enum fault_kind kind;
    uint64_t after; /* bytes of content that are sent unharmed before */
};

enum verdict_end {
    END_GO,     /* forward it */
    END_ANSWER, /* the response that edit_answer has made is sent */
    END_CLOSE,  /* the client's connection is closed without an answer */
    END_RESET,
    /* Of a ClientHello: */
    END_PASS,  /* its TLS is left closed: the bytes go to the server and back as they are */
    END_ALERT, /* it is answered with an alert */
};

/* What is wanted of the engine; rules add to it. */
struct decision {
    enum verdict_end end;
    uint64_t delay;  /* nanoseconds: waited for before the next rule */
    bool hold;       /* wait for a person's decision before the next rule */
    bool never_hold; /* for this flow from now on */
    struct shape shape;
    struct fault fault;
    struct slice upstream; /* "host:port" to connect to, whatever the target says; or empty */
    bool discard;          /* do not record the flow */
    uint8_t alert;         /* of END_ALERT */
    struct slice
        certificate; /* the fault that the client is shown in it (pki/leaf_fault.h); or empty */
    bool failed;     /* a change could not be made, for want of memory or of a limit: the exchange
                        fails rather than go on without it */
};

struct hook {
    enum stage stage;
    struct flow *flow;
    struct slice by; /* who acts: goes into the versions of the message */
    uint64_t now;    /* wall clock */
    struct decision *decision;
};

/* "request-head", "response". */
const char *stage_name(enum stage s);
/* false when there is none. */
bool stage_find(struct slice name, enum stage *out) MUST_CHECK;
