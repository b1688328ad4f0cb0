/* One direction of a WebSocket: for the files ws*.c. */
#pragma once

#include "base/utf8.h"
#include "codec/ws_deflate.h"
#include "codec/ws_frame.h"
#include "flow/message.h"
#include "layer/msg_stage.h"
#include "layer/ws.h"

struct ws_way {
    struct ws *ws;
    bool up;
    /* The frame that streams. */
    bool inside;
    bool skip; /* it does not go on */
    struct ws_frame frame;
    uint64_t done;       /* of its content */
    struct message *cur; /* whose content it is: may be NULL */
    bool alone;          /* it is a message by itself: of control, or out of place */
    /* The message of data under way, over all its frames. */
    bool begun;
    struct message *data; /* NULL without memory for it */
    bool text, packed;
    struct utf8_stream utf8;
    struct ws_inflate *inflate;
    bool no_memory; /* was there to read what is compressed */
    bool blind;     /* what is compressed cannot be read (any more) */
    bool closed;    /* a Close has gone by */
    /* What waits (ws_stage.c). */
    struct msg_stage stage; /* 'held' is the message of data so far, in its frames */
    struct buf single;      /* a message of one frame in the middle of it */
    bool recode;            /* what is compressed has to be compressed anew */
    bool recoded;           /* the message of data came compressed */
    struct ws_deflate *deflate;
    uint8_t mask[4];           /* of the last frame that had one */
    char said[WS_CONTROL_MAX]; /* by a Close */
    size_t n_said;
    /* What is wrong with what was looked at last: a static sentence, or NULL. */
    const char *wrong;
    unsigned code; /* for the Close that says so */
};

struct ws {
    struct chain *client;
    struct host *host;
    struct flow *flow; /* borrowed */
    const struct carrier_ops *ops;
    void *arg;
    struct ws_agreed agreed;
    bool over;
    void *hooks; /* the host's own */
    struct dying dying;
    struct ws_way ways[2]; /* down, up */
};

/* Whether what breaks the rules goes on all the same. */
bool ws_lenient(const struct ws *w);
/* Something is wrong; the first thing counts. */
void ws_way_wrong(struct ws_way *w, unsigned code, const char *why);

/* ws_content.c: contents of messages. */

/* A frame begins: its message, and what it is. */
void ws_content_begin(struct ws_way *w);
/* A piece of the content as it came, which begins at w->done. */
void ws_content_add(struct ws_way *w, struct slice in);
/* The frame is complete; true when the message is, which is still w->cur. */
bool ws_content_end(struct ws_way *w);
/* Ends the messages that have begun, as they are. */
void ws_content_stop(struct ws_way *w);

/* ws_stage.c: what somebody wants of messages. */

/* Whether the frame is kept back until its message is whole. */
bool ws_stage_gathers(const struct ws_way *w);
/* Bytes of the frame are good: they go on, or wait; 'over' with the last ones of a message. */
void ws_stage_pass(struct ws_way *w, struct slice bytes, bool over);
/* Sends what was made here, if it can go now. */
void ws_stage_flush(struct ws_way *w);
void ws_stage_init(struct ws_way *w);
void ws_stage_release(struct ws_way *w);
