/*
 * A layer is one protocol on one side of one connection: a state machine without sockets, clocks,
 * locks or threads. Layers stand on each other in a chain. Events travel up, commands travel down.
 *
 * The turn rule. A turn is one call from the driver into a chain. In a turn events travel only up
 * and commands only down; a command never raises an event; nothing is freed; a question to the host
 * is answered on the spot or later, in a turn of its own. At the end of the turn the chains that
 * were touched are flushed and the dead are reaped.
 *
 * Eating. EV_DATA and EV_PART return how much was taken: bytes of the data; 1 or 0 for a part. What
 * was not taken stays with the layer below, which offers it again, together with what came behind
 * it, when more arrives or when it is told CMD_MORE. Bounded, because a layer that holds as much as
 * its limit takes no more from below: that is the whole of the flow control towards the sender.
 * Towards the receiver, chain_full (is_full of a layer with streams) says when to stop taking,
 * EV_ROOM when to go on.
 */
#pragma once

#include "base/slice.h"
#include "flow/part.h"
#include "layer/reason.h"

#include <stdint.h>

enum event_type {
    EV_START,  /* the connection below is ready for use */
    EV_DATA,   /* bytes, borrowed for the call */
    EV_PART,   /* a part of a message */
    EV_MOVED,  /* the driver has moved bytes past the layers (chain_join) */
    EV_ROOM,   /* the wire has drained after chain_full was true */
    EV_TIMER,  /* the deadline of this layer has passed; not passed on */
    EV_EOF,    /* the peer sends nothing beyond what was offered so far; who has left bytes untaken
                * remembers it. 'clean':    it said so (close_notify), or plain TCP. From HTTP/2:
                * no new stream will be served */
    EV_CLOSED, /* the connection is gone; nothing can be sent any more */
};

struct event {
    enum event_type type;
    uint32_t stream; /* PART, ROOM: 0 for all */
    union {
        struct slice data;
        const struct part *part;
        uint64_t moved;            /* MOVED: so many */
        bool clean;                /* EOF */
        const struct failure *why; /* CLOSED; borrowed */
        uint64_t now;              /* TIMER: monotonic, nanoseconds */
    };
};

enum cmd_type {
    CMD_SEND,  /* bytes, borrowed for the call */
    CMD_PART,  /* a part of a message */
    CMD_MORE,  /* offer again what was not taken */
    CMD_WAIT,  /* what is not taken waits for others than the peer: no deadline until CMD_MORE */
    CMD_FLUSH, /* end of the turn: let out what was held back to leave in one piece */
    CMD_TORN,  /* what is sent is cut short, whose end must not look like a clean one */
    CMD_SHUT,  /* nothing more will be sent: half close */
    CMD_CLOSE, /* send what is queued, then close */
    CMD_ABORT, /* close now, with a reset; what is queued is lost */
};

struct cmd {
    enum cmd_type type;
    uint32_t stream;
    /* CMD_ABORT of a stream, for those who know codes: the code, if 'coded'; and whether it is the
     * end of the whole connection. */
    bool coded, whole;
    uint32_t code;
    union {
        struct slice data;
        const struct part *part;
    };
};

enum role { ROLE_ACCEPT, ROLE_CONNECT };

struct layer;

struct layer_ops {
    const char *name;
    /* How surely these first bytes of a client are this protocol: 0 no, 1 to 100; -1: more bytes
     * are needed. NULL: never detected. */
    int (*detect)(struct slice first);
    /* Bytes or parts taken; 0 for other events. */
    size_t (*on_event)(struct layer *l, const struct event *ev);
    void (*on_cmd)(struct layer *l, const struct cmd *c);
    /* Frees the layer. Called at the end of a turn. */
    void (*destroy)(struct layer *l);
    /* Whether so much of the stream waits to be sent that no more should come; EV_ROOM for it will
     * follow. NULL: the chain decides (chain_full). */
    bool (*is_full)(struct layer *l, uint32_t stream);
};

/* Something that is freed at the end of the turn. */
struct dying {
    struct dying *next;
    void (*destroy)(struct dying *d);
};

/* The first member of every concrete layer. */
struct layer {
    const struct layer_ops *ops;
    struct layer *up, *down;
    struct chain *chain;
    uint64_t deadline;       /* EV_TIMER comes after this time; 0 for none */
    bool ended, ended_clean; /* EV_EOF has gone up from here */
    struct dying dying;
};

static inline size_t
layer_up(struct layer *l, const struct event *ev)
{
    if (ev->type == EV_EOF) {
        l->ended = true;
        l->ended_clean = ev->clean;
    }
    return l->up ? l->up->ops->on_event(l->up, ev) : 0;
}

static inline void
layer_down(struct layer *l, const struct cmd *c)
{
    if (l->down)
        l->down->ops->on_cmd(l->down, c);
}

static inline void
layer_send(struct layer *l, struct slice data)
{
    layer_down(l, &(struct cmd){.type = CMD_SEND, .data = data});
}

/* CMD_MORE, WAIT, FLUSH, TORN, SHUT, CLOSE, ABORT. */
static inline void
layer_tell(struct layer *l, enum cmd_type type)
{
    layer_down(l, &(struct cmd){.type = type});
}
