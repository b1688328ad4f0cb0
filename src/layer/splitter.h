/* A content that is made of messages, on its way in one direction: for the files exchange_split.c,
 * which reads it, and exchange_message.c, where its messages may wait. */
#pragma once

#include "codec/encoding.h"
#include "codec/grpc.h"
#include "codec/sse.h"
#include "layer/exchange.h"
#include "layer/msg_stage.h"

struct splitter {
    struct exchange *x;
    bool up;
    enum message_kind kind;
    bool web;                /* it is gRPC-Web */
    struct decoder *codings; /* of the content; NULL: none */
    struct decoder *packed;  /* of this message of gRPC; NULL: it is not compressed, or not read */
    struct message *now;     /* that is not whole; NULL: none, or no memory for it */
    bool open;               /* there is one */
    bool whole;              /* it has just become so */
    union {
        struct sse sse;
        struct grpc grpc;
    };
    /* The content goes through here, decoded, on its way: */
    bool passes;
    struct msg_stage stage;
    struct buf plain; /* decoded, and not looked at */
    struct buf out;   /* to be sent */
    bool finished;    /* nothing comes behind it */
    bool swallows;    /* the line end of what was dropped */
    struct dying dying;
};

/* The next bytes of the content, decoded: up to the end of a line of events, or of a message.
 * 'whole' says whether a message is, which is 'now' still. */
size_t splitter_next(struct splitter *s, struct slice plain);
/* Whether the next byte begins a message, or what stands between them. */
bool splitter_between(const struct splitter *s);
/* Nothing more comes of the message under way. */
void splitter_cut(struct splitter *s);
/* exchange_message.c: for one that may be asked about its messages, or not. */
void splitter_stage(struct splitter *s, bool wanted);
