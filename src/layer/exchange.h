/*
 * One request and its response: joins a stream of a client's chain to a stream of a server's. Each
 * half is a table of steps; when its head has been sent, its content streams, as fast as the other
 * side takes it. Where somebody wants the whole of a message (flow/hook.h), its content is
 * collected first; what waits here to be sent is a feed.
 */
#pragma once

#include "layer/fan.h"

/* How many 1xx responses one request may have. */
#define EXCHANGE_INTERIM_MAX 32

enum x_step {
    X_ASK,
    X_ASKED,
    X_HEAD, /* the stages of the request: its head, */
    X_HEADED,
    X_COLLECT,
    X_WHOLE, /* all of it */
    X_WHOLED,
    X_OPEN,
    X_OPENED,
    X_SEND,
    X_STREAM,
    X_DONE
};

enum r_step { R_NONE, R_HEAD, R_HEADED, R_COLLECT, R_WHOLE, R_WHOLED, R_SEND, R_STREAM };

enum x_next { X_NEXT, X_WAIT };

struct message;
struct splitter;
struct transform;

/* What is to be sent to one side and waits here: collected, replaced, held back to be slow, or
 * become another as it passes. */
struct feed {
    struct exchange *x;
    struct seat *to, *from;
    bool active;               /* something is left */
    bool all;                  /* nothing that still arrives is passed on behind it */
    const struct block *block; /* of a content of the flow, from byte 'at' on */
    size_t at;
    struct buf held;           /* of the parts that were taken */
    struct http_msg *msg;      /* whose content it is, */
    struct transform *through; /* and what that goes through; or NULL */
    uint64_t sent;             /* bytes of content so far */
    uint64_t rate;             /* bytes a second; 0: any */
    unsigned loss;             /* per mille of pieces that are late */
    uint64_t next;             /* monotonic: not before */
    struct ask pause;
};

struct exchange {
    struct seat client, server;
    struct host *host;
    struct flow *flow; /* a reference */
    enum x_step step;
    enum r_step r_step;
    struct ask ask;
    unsigned stages;               /* bits: where the host wants to be asked */
    void *hooks;                   /* the host's own */
    struct feed *feeds[2];         /* up, down; made when needed */
    struct splitter *splitters[2]; /* the same; made where a content is one of messages */
    struct fault fault;            /* of what the client gets */
    struct shape shape;
    char *priority; /* PART_PRIORITY, in the flow's arena; NULL: there was none */
    size_t priority_n;
    struct slice to;                    /* another server than the target, or empty */
    struct http_head *trailers;         /* of the response */
    bool request_done;                  /* its END was taken */
    bool response_done, reusable, torn; /* the END of the response was; as it said */
    bool half;                          /* it is a tunnel, and the client may go on */
    bool response_begun;                /* its head has been sent to the client */
    bool server_answered;               /* a part of the response came */
    bool switching;                     /* it is a 101 */
    bool collecting;                    /* contents are kept back until the message is whole */
    bool stalled;                       /* nothing more is sent to the client */
    bool retried;
    bool set_host; /* Host is to name the target */
    unsigned n_interim;
    struct dying dying;
};

/* The fan_arrive_fn of every client's fan. */
struct seat *exchange_arrive(struct fan *f, uint32_t stream);
/* The exchange of that flow on a client's fan, or NULL. */
struct exchange *exchange_find(struct fan *f, uint64_t flow);
/* The exchange whose seat on a client's fan this is, or NULL. */
struct exchange *exchange_at(struct list *node);
/* Ends it, whatever it does; 'by' says who wanted that. */
void exchange_kill(struct exchange *x, struct slice by);

/* The halves, for exchange.c. */
size_t exchange_on_request(struct exchange *x, const struct part *p);
size_t exchange_on_response(struct exchange *x, const struct part *p);
/* Sends the page for the failure, or breaks the response off when it has begun; the flow is
 * finished then. */
void exchange_fail(struct exchange *x, const struct failure *why);
/* The same with the reason's own sentence, and 'text' behind it. */
void exchange_fail_for(struct exchange *x, enum reason reason, const char *text);
/* Ends it with the reason and 'what' on record, and the client's stream by CMD_CLOSE or CMD_ABORT:
 * no page. */
void exchange_break(struct exchange *x, enum reason reason, enum cmd_type how, const char *what);
/* Sends the flow's response head and the content, and finishes. */
void exchange_answer(struct exchange *x, struct slice content);
/* Both are done, or nothing more can come: the flow is recorded, the seats are left, the exchange
 * dies. */
void exchange_finish(struct exchange *x, bool server_reusable);
/* The same, but the flow goes on elsewhere. */
void exchange_retire(struct exchange *x, bool server_reusable);
/* The client is gone. By its length it has all of the response, and only the server's word that
 * this was the end is missing: then the exchange is finished. false: it is not. */
bool exchange_complete(struct exchange *x) MUST_CHECK;
void exchange_leave_server(struct exchange *x, bool reusable);
/* The next steps: of the request, of the response. */
void exchange_run(struct exchange *x);
void exchange_respond(struct exchange *x);

/* The stages, for both halves: asks when somebody wants to be asked there. */
enum x_next exchange_hook(struct exchange *x, enum stage s);
/* Does what was decided there; X_WAIT when that was the end of the half's own way. */
enum x_next exchange_decided(struct exchange *x, enum stage s);

/* The feed of one direction, made when there is none. NULL without memory. */
struct feed *exchange_feed(struct exchange *x, bool up) MUST_CHECK;
/* Sends as much as may be sent now, and goes on later by itself. */
void feed_run(struct feed *f);
/* Whether a content goes through its feed: it is slowed down, or becomes another as it passes. */
bool exchange_feeds(struct exchange *x, bool up);
/* Takes a part of such a content, when nothing else is on its way: kept, then sent in time. */
void exchange_take(struct exchange *x, bool up, struct slice data);
/* Whether what is sent of a content is made as it passes: it becomes another, or of messages that
 * may wait. */
bool exchange_remakes(struct exchange *x, bool up);
/* At the end of such a content: sends what is left of it and its END. false: it is none. */
bool exchange_flush(struct exchange *x, bool up) MUST_CHECK;
void feed_free(struct feed *f);
/* Keeps a part of a content that is wanted whole. true when it is too large for that: it streams on
 * behind what there is, without its stage, and the trace says so. */
bool exchange_gather(struct exchange *x, bool up, struct slice data);
/* When the head of a direction has come: what follows is taken apart into messages of the flow
 * where it is a stream of events, or gRPC (exchange_split.c). false: there was no memory for what
 * is wanted, and the exchange has failed. */
bool exchange_split_begin(struct exchange *x, bool up) MUST_CHECK;
/* A part of such a content, as it came. */
void exchange_split_take(struct exchange *x, bool up, struct slice data);
/* Nobody will be asked about messages of the response. */
void exchange_split_leave(struct exchange *x);
/* Its head is about to be sent: where its messages may wait it goes on without a length, and
 * decoded. false without memory. */
bool exchange_split_settle(struct exchange *x, bool up, struct http_head *sent) MUST_CHECK;
/* Such a content is sent from here, by its feed; NULL: it is no such one (exchange_message.c). */
struct buf *exchange_split_out(struct exchange *x, bool up);
/* Takes off the front of *in until something is there to be sent; 'last': nothing comes behind it.
 * false: a message waits, or that was the end of the exchange. */
bool exchange_split_pass(struct exchange *x, bool up, struct slice *in, bool last) MUST_CHECK;
/* Sends a message of our own among those of a content; 'about' has the name of an event. */
bool exchange_inject(struct exchange *x, bool up, const struct message *about, struct slice content,
                     struct slice by, struct err *e) MUST_CHECK;
/* Nothing more comes. */
void exchange_split_end(struct exchange *x);
/* Sends content to the client, up to the fault that a rule wants there; false: that was the end. */
bool exchange_send_down(struct exchange *x, const struct part *p);
/* The fault at the beginning of the response; false: there will be none. */
bool exchange_fault_begin(struct exchange *x);
/* The fault at its end; false: that was the end. */
bool exchange_fault_end(struct exchange *x);
/* The content of a direction has been sent, and its END is due. */
void exchange_end_up(struct exchange *x);
void exchange_end_down(struct exchange *x);

/* The heads as they are sent on. false without memory. */
bool exchange_head_request(struct exchange *x) MUST_CHECK;
bool exchange_head_response(struct exchange *x) MUST_CHECK;
/* For a side that speaks HTTP/2 ('many') or HTTP/1, in place. */
bool exchange_translate(struct flow *f, struct http_head *h, bool many) MUST_CHECK;
/* Of a 1xx response. */
bool exchange_head_interim(struct exchange *x, const struct http_head *from,
                           struct http_head *sent) MUST_CHECK;

/* The client's chain and the server's become a tunnel, which finishes the flow. 'first' goes to the
 * server. */
void exchange_tunnel(struct exchange *x, struct slice first);
/* The client's chain carries what the host makes of it: the CONNECT was answered. */
void exchange_connect(struct exchange *x);

/* The same of a content that may be one. */
static inline void
exchange_split(struct exchange *x, bool up, struct slice data)
{
    if (x->splitters[!up])
        exchange_split_take(x, up, data);
}

uint64_t exchange_wall(const struct exchange *x);
/* Asks the host: of the request's or response's next step. */
enum x_next exchange_ask(struct exchange *x, enum ask_type type, void (*answered)(struct ask *a));

/* Says that it happens to who wants to hear of it. */
static inline void
exchange_tell(struct exchange *x, enum hook_id id)
{
    host_tell(x->host, id, x->flow, SLICE_NONE);
}

/* Whether it asks for a tunnel on a stream of HTTP/2 (RFC 8441). That of a WebSocket is asked for
 * as an upgrade; of another protocol, the contents of both messages are the tunnel. */
static inline bool
exchange_is_extended(const struct exchange *x)
{
    return x->flow->req.head.protocol.n;
}

static inline bool
exchange_is_upgrade(const struct exchange *x)
{
    return slice_eq(x->flow->req.head.protocol, SLICE("websocket"));
}

/* Whether content of the request has yet to be read, so that its connection cannot go on after the
 * response (RFC 9112 section 9.6). */
static inline bool
exchange_unread(const struct exchange *x)
{
    const struct http_head *h = &x->flow->req.head;
    return !x->request_done && h->framing != FRAMING_NONE &&
           !(h->framing == FRAMING_LENGTH && !h->length);
}
