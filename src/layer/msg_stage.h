/*
 * The stage of messages (STAGE_MESSAGE) in one direction of a flow, whatever their kind: a message
 * that somebody may want something of waits until it is whole, and then for the answer; and
 * messages that are made here, which go out between others. Who reads the messages says what comes,
 * and how a message is written.
 */
#pragma once

#include "base/err.h"
#include "flow/message.h"
#include "layer/chain.h"

struct msg_stage;

struct msg_stage_ops {
    const char *what; /* of a direction of which this is: "WebSocket" */
    void (*send)(struct msg_stage *s, struct slice bytes);
    /* Appends a message as it is sent with that content, decoded. false without memory. */
    bool (*print)(struct msg_stage *s, const struct message *m, struct slice content,
                  struct buf *out);
    /* Decided: it goes on, or is dropped by its flags. *anew: it is to be printed, although nobody
     * has changed it. false: it cannot be, and msg_stage_break was called. NULL: it can. */
    bool (*settle)(struct msg_stage *s, const struct message *m, bool *anew);
    /* The flow has failed: everything ends, with a reset or without. */
    void (*end)(struct msg_stage *s, enum reason why, bool reset, const char *what);
    /* An answer was waited for: now more can be taken. */
    void (*more)(struct msg_stage *s);
};

struct msg_stage {
    const struct msg_stage_ops *ops;
    struct chain *chain; /* of the client */
    struct flow *flow;   /* borrowed */
    void *hooks;         /* the host's own */
    bool up;
    bool wanted;           /* somebody wants to be asked about messages */
    bool streams;          /* the message under way does not wait */
    bool rewrites;         /* it cannot go on as it came: only whole */
    bool over;             /* nothing more comes of it */
    struct ask ask;        /* about 'asked' */
    struct message *asked; /* borrowed while it is open */
    struct buf *kept;      /* what 'asked' came as */
    struct buf held;       /* the message under way, as it came */
    struct buf made;       /* messages of our own that wait for the end of another */
};

/* Says that a message is whole, to who wants to hear of it. NULL is allowed. */
void msg_stage_tell(struct host *h, struct flow *f, const struct message *m);

/* Bytes of a message, which may be NULL for want of memory; 'end' with the last ones. They wait
 * until then where the message is wanted, if it is not too large for that; else they go on. */
void msg_stage_pass(struct msg_stage *s, struct message *m, struct slice bytes, bool end);
/* The same of what is to wait in any case, if it can. */
void msg_stage_keep(struct msg_stage *s, struct message *m, struct slice bytes, bool end);
/* The same of what is no message, or goes on whatever anybody wants: with what waits of it. */
void msg_stage_let(struct msg_stage *s, struct message *m, struct slice bytes, bool end);
/* A message is whole and in 'kept': asks about it. */
void msg_stage_ask(struct msg_stage *s, struct message *m, struct buf *kept);
/* Whether an answer is waited for: nothing should be taken then. */
static inline bool
msg_stage_waits(const struct msg_stage *s)
{
    return s->ask.waiting;
}
/* Makes a message of our own, and keeps it with the flow; 'about' has kind, opcode and name. It
 * waits for msg_stage_flush. */
bool msg_stage_inject(struct msg_stage *s, const struct message *about, struct slice content,
                      struct slice by, struct err *e) MUST_CHECK;
/* Between two messages: sends those of our own. */
void msg_stage_flush(struct msg_stage *s);
/* It cannot go on: for want of memory, or because somebody wants it so. */
void msg_stage_break(struct msg_stage *s, enum reason why, bool reset, const char *what);
/* The end: nobody is asked any more, what waited is dropped. */
void msg_stage_release(struct msg_stage *s);
