/*
 * Messages that cross a flow one after the other, in both directions, while it is under way: those
 * of a WebSocket, the segments of a tunnel, the events of a stream, the messages of gRPC. A flow
 * without any has no list of them.
 *
 * What is kept is bounded: of each content up to a limit, of each flow MESSAGES_MAX messages and an
 * eighth of the budget. At these limits, and when the budget is used up, the oldest messages of the
 * flow go and are counted; numbers stay. Everything here is for the thread of the flow; when it is
 * finished, all may read.
 */
#pragma once

#include "base/list.h"
#include "flow/flow.h"

#define MESSAGES_MAX       10000u
#define MESSAGE_FRAMES_MAX 64u  /* whose sizes are kept of a message */
#define MESSAGE_NAME_MAX   200u /* bytes of a name */

enum message_kind {
    MESSAGE_WS,
    MESSAGE_TCP,
    MESSAGE_SSE,
    MESSAGE_GRPC,
    MESSAGE_KINDS_N,
};

enum message_flag {
    MESSAGE_COMPRESSED = 1, /* it came so: 'plain' is what it says */
    MESSAGE_FRAGMENTED = 2, /* it came in more than one frame */
    MESSAGE_INVALID = 4,    /* 'why' says what is wrong with it */
    MESSAGE_UNFINISHED = 8, /* the flow ended in the middle of it */
    MESSAGE_HELD = 16,      /* it waited for a person */
    MESSAGE_EDITED = 32,    /* 'sent' went on in its place */
    MESSAGE_DROPPED = 64,   /* it did not go on */
    MESSAGE_INJECTED = 128, /* it was made here; 'plain' is its content */
};

struct message {
    struct list node;
    uint64_t number; /* in its flow, ascending from 1, both directions together */
    uint64_t at;     /* wall clock: its beginning */
    enum message_kind kind;
    bool up;           /* from the client */
    bool open;         /* its end has yet to come */
    unsigned flags;    /* enum message_flag */
    unsigned opcode;   /* enum ws_opcode; of gRPC the byte in front */
    struct slice name; /* the type of an event; "trailers" in gRPC-Web; else empty */
    struct slice by;   /* who edited, dropped or injected it: "rule NAME", "client NAME" */
    const char *why;   /* a static sentence, or NULL */
    struct body raw;   /* as it came, without frames and masks */
    struct body plain; /* decoded: where it was coded; else empty */
    struct body sent;  /* what was sent on in its place, decoded */
    uint64_t *frames;  /* the sizes of the first ones, where there are several */
    size_t n_frames;   /* all of them */
};

struct messages {
    struct list list; /* the oldest first */
    struct budget *budget;
    struct message *now; /* the one that a stage is about, or NULL */
    size_t n;            /* in the list */
    uint64_t total;      /* that there were */
    size_t bytes;        /* that the list holds, about */
};

/*
 * A new message of the flow, with kind, up, at, opcode and flags of 'about'. NULL without memory:
 * it is counted all the same, and the functions below do nothing for it. Valid until message_end;
 * borrowed.
 */
struct message *message_begin(struct flow *f, const struct message *about);
/* Adds to one of its contents, up to 'limit' bytes; 'expect' is the whole size when known, else 0.
 */
void message_add(struct flow *f, struct message *m, struct body *to, struct slice s, uint64_t limit,
                 uint64_t expect);
/* Gives the memory of one of its contents back: it is empty then. */
void message_drop(struct flow *f, struct message *m, struct body *content);
/* A frame of it begins, before its content is added. */
void message_frame(struct flow *f, struct message *m, uint64_t size);
/* Sets 'name' or 'by' to a copy of at most MESSAGE_NAME_MAX bytes. Without memory it stays empty.
 */
void message_name(struct flow *f, struct message *m, struct slice *to, struct slice name);
/* What goes on in its place, decoded. false without memory for it: then it is not edited. */
bool message_edit(struct flow *f, struct message *m, struct slice content,
                  struct slice by) MUST_CHECK;
/* Back to how it came. */
void message_revert(struct flow *f, struct message *m);
/* It is complete. Now it may go at any time. */
void message_end(struct flow *f, struct message *m);

/* What it says: decoded where it was coded, as it was before it was edited. */
const struct body *message_body(const struct message *m);
/* What it says as it is now: edited, or as above. */
const struct body *message_now(const struct message *m);
/* Whether its content is meant to be text. */
bool message_is_text(const struct message *m);
/* How many there were that are not kept. */
uint64_t messages_lost(const struct messages *ms);
/* The first one with that number or a higher one, or NULL. 'ms' may be NULL. */
struct message *messages_from(const struct messages *ms, uint64_t number);
/* The one behind it, or NULL. */
struct message *messages_next(const struct messages *ms, const struct message *m);
/* "ws", "tcp", "sse", "grpc". */
const char *message_kind_name(enum message_kind k);
/* For flow.c. NULL is allowed. */
size_t messages_memory(const struct messages *ms);
void messages_free(struct messages *ms);
