/*
 * Hooks: the moments in the life of the engine, its connections and exchanges that can be heard of.
 * At some of them, the stages of an exchange, rules, scripts and people may look at it and change
 * it; what they may want of the engine there is a decision.
 */
#pragma once

#include "flow/flow.h"

enum hook_id {
#define HOOK(id, ...) HOOK_##id,
#include "flow/hook_list.h"
#undef HOOK
    HOOKS_N,
};

_Static_assert(HOOKS_N <= 64, "sets of hooks are the bits of one number");
#define HOOK_BIT(id) (1ull << (id))

enum stage {
    STAGE_CLIENT_HELLO,  /* what a client says first in TLS is there, and was not answered */
    STAGE_REQUEST_HEAD,  /* the head of the request is there, the server not yet asked */
    STAGE_REQUEST,       /* all of it is there: only where somebody wants the content */
    STAGE_RESPONSE_HEAD, /* the final head, not yet sent to the client */
    STAGE_RESPONSE,      /* all of it is there: only where somebody wants the content */
    STAGE_MESSAGE,       /* one of the messages that cross the flow behind its response, whole */
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
    FAULT_GOAWAY,   /* the client's connection is ended, of HTTP/2 with GOAWAY */
};

struct fault {
    enum fault_kind kind;
    uint64_t after; /* bytes of content that are sent unharmed before */
    bool coded;     /* 'code' is meant; else the usual one */
    uint32_t code;  /* of HTTP/2: of FAULT_RESET, FAULT_GOAWAY */
};

enum verdict_end {
    END_GO,     /* forward it */
    END_ANSWER, /* the response that edit_answer has made is sent */
    END_CLOSE,  /* the client's connection is closed without an answer */
    END_RESET,
    /* Of a ClientHello: */
    END_PASS,  /* its TLS is left closed: the bytes go to the server and back as they are */
    END_ALERT, /* it is answered with an alert */
    END_DROP,  /* of a message: it does not go on, and nothing else happens */
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
    struct message *message; /* STAGE_MESSAGE: flow/message.h */
    struct slice by;         /* who acts: goes into the versions of the message */
    uint64_t body_limit;     /* bytes that are waited for of a content, at most */
    uint64_t now;            /* wall clock */
    struct decision *decision;
};

/* "request-head", "response". */
const char *stage_name(enum stage s);
/* false when there is none. */
bool stage_find(struct slice name, enum stage *out) MUST_CHECK;

struct hook_row {
    const char *name, *mitmproxy; /* "tls-client-start"; "tls_start_client" or "" */
    const char *help;
};

extern const struct hook_row hook_rows[HOOKS_N];

/* The bits of the hooks that a name, or the beginning of names with '*' behind it, fits. */
uint64_t hook_match(struct slice pattern);
/* Whether it is a stage. */
bool hook_stage(enum hook_id id, enum stage *out) MUST_CHECK;

/* That it happened. All is borrowed for the call; what is NULL or empty is not said. */
struct moment {
    enum hook_id id;
    uint64_t at;                        /* wall clock */
    struct flow *flow;                  /* in whatever state it is */
    const struct peer *client, *server; /* beside those of the flow */
    const char *word;
    struct slice text, data;
    uint64_t size; /* in place of data.n */
    const struct http_head *head;
};

/* Who hears of moments: one, who says of what in 'wanted' at any time. He is there before the
 * threads that tell him begin, and after they end. */
struct audience {
    atomic_ullong wanted; /* bits of enum hook_id */
    /* On the thread where it happens, which is the flow's: must not wait, log, or keep anything. */
    void (*hear)(void *arg, const struct moment *m);
    void *arg;
};

/* NULL is allowed: nobody. All that a hook costs when nobody wants to hear of it. */
static inline bool
audience_wants(const struct audience *a, enum hook_id id)
{
    return a && atomic_load_explicit(&a->wanted, memory_order_relaxed) & HOOK_BIT(id);
}

static inline void
audience_tell(struct audience *a, const struct moment *m)
{
    if (audience_wants(a, m->id))
        a->hear(a->arg, m);
}
