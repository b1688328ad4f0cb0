/*
 * A stack of layers for one transport connection, with the wire at its bottom, and the turn that
 * flushes the chains it touched. Nothing here knows a socket: the driver reads and writes what the
 * wire records, and so do tests.
 *
 *      driver                     chain
 *      chain_input(bytes)  ->  wire -> tls -> h1 -> fan        events up
 *      wire.out, .closing  <-  wire <- tls <- h1 <- fan        commands down
 */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "layer/ask.h"
#include "layer/layer.h"

/* Above this many bytes queued a chain is full; below half of it there is room again. */
#define WIRE_FULL (256u << 10)
/* What a read of 64 KiB becomes when it is encrypted again, with some room. Who has more than
 * WIRE_SMALL to send gets so much memory at once: to grow by steps would copy every byte again. */
#define WIRE_BULK  (72u << 10)
#define WIRE_SMALL (8u << 10)
/* Bytes that were not taken, and are kept: the most a wire or a TLS layer holds for the layer
 * above. */
#define LAYER_HELD_MAX (128u << 10)

/* The turns of one thread. */
struct turn {
    struct list dirty; /* chains to be settled */
    struct dying *dead;
    unsigned depth;
    struct buf spare;     /* empty: the memory of an 'out' that was sent, for the next one */
    struct slice lasting; /* what the driver has read: it stays where it is until the end */
    /* Called at the end of a turn for each chain that was touched: write wire.out, act on wire.shut
     * and the rest. It may call chain_lost, nothing else. */
    void (*flush)(struct chain *c);
};

/* The bottom of a chain: what the driver must do, and what a test compares. */
struct wire {
    struct layer layer;
    struct buf out;    /* to be sent; the driver consumes it */
    struct slice lent; /* to be sent, out of turn->lasting, and then 'out' is empty. What the flush
                          leaves of it goes there */
    bool borrows;      /* the driver looks at 'lent' */
    size_t queued;     /* sent bytes that the driver still holds elsewhere; counts for chain_full */
    struct buf held;   /* received and not taken */
    bool bulk;         /* it is passed on as it is: much of it at once is worth reading */
    struct chain *onto;      /* where what comes goes as it is, see chain_join; or NULL */
    bool shut, close, abort; /* wanted: half close, close after 'out', close now */
    bool was_full;           /* EV_ROOM is owed */
    bool more;               /* CMD_MORE came */
    bool eof, lost;          /* the peer has ended; the connection is gone */
    struct failure *why;     /* for 'lost': owned; see failure_kept */
};

struct chain {
    struct wire wire;
    struct layer *top;
    struct layer *swapped_in; /* in this turn: has yet to hear of an end that came before */
    struct turn *turn;
    struct host *host;
    struct peer *peer; /* a reference */
    enum role role;
    struct list dirty; /* in turn->dirty when 'touched' */
    bool touched;
    bool closed; /* EV_CLOSED has gone up */
    struct dying dying;
    void *driver;                   /* the driver's own */
    void (*flush)(struct chain *c); /* in place of the turn's; NULL: that */
    void *owner;                    /* the host's own */
};

void turn_init(struct turn *t, void (*flush)(struct chain *c));
/* Between turns: gives back what it keeps for the next ones. */
void turn_trim(struct turn *t);
/* Turns nest only by these two; the driver rarely needs them, chain_* calls bring their own. */
void turn_begin(struct turn *t);
void turn_end(struct turn *t);
/* Destroys d at the end of the turn; at once outside of one. */
void turn_defer(struct turn *t, struct dying *d, void (*destroy)(struct dying *d));

/* An empty chain with its wire. Keeps the peer. NULL without memory. */
struct chain *chain_new(struct turn *t, struct host *host, enum role role,
                        struct peer *peer) MUST_CHECK;
/* Ends every layer and frees the chain, at the end of the turn when inside one. The layers hear
 * EV_CLOSED first when they have not yet. */
void chain_free(struct chain *c);

/* Puts the layer on top. Takes it. The layer hears nothing: EV_START is the caller's to raise with
 * layer's on_event. */
void chain_push(struct chain *c, struct layer *l);
/* Puts 'l' in the place of 'old' and everything above it; they die at the end of the turn. What was
 * not taken is offered to 'l' at the end of the turn, and EV_EOF is said again if it has been.
 * Takes l. */
void chain_swap(struct chain *c, struct layer *old, struct layer *l);

/* For the layer that stands on the wires of both, and counts what it passes on and no more: while
 * nothing is held on one and in the queue of the other, the driver may move what comes without
 * showing it. Until either is gone, gets another layer, or chain_part. */
void chain_join(struct chain *a, struct chain *b);
void chain_part(struct chain *c);

/* Puts 'l' directly below 'above'; what was not taken is offered to it at the end of the turn.
 * Takes l, which hears nothing. */
void chain_insert(struct chain *c, struct layer *above, struct layer *l);

/* From the driver. Each is a turn. */
void chain_start(struct chain *c);
void chain_input(struct chain *c, struct slice data);
/* What came on this one has been put onto the other, or into 'queued' there. */
void chain_moved(struct chain *c, uint64_t n);
void chain_eof(struct chain *c);
/* The connection is gone. Inside a turn it is delivered when the turn ends. */
void chain_lost(struct chain *c, const struct failure *why);
/* For who is about to close it: a word for peer_end, which does not count when the peer has ended
 * it before. */
void chain_ends(struct chain *c, const char *by);
/* The driver has sent something: queued or out have shrunk. */
void chain_drained(struct chain *c);
/* For the driver, when 'out' has been sent as a whole: more than WIRE_SMALL of memory leaves the
 * chain, for there are thousands of idle ones. */
void chain_sent(struct chain *c);
/* Raises EV_TIMER in the layers whose deadline is past. */
void chain_timer(struct chain *c, uint64_t now);

/* The earliest deadline of its layers, 0 for none. */
uint64_t chain_deadline(const struct chain *c);
/* Gives the connection up for want of memory: CMD_ABORT at its wire, EV_CLOSED with that reason at
 * the end of the turn. */
void chain_fail(struct chain *c);
/* Whether the driver should read: the connection lives and the wire holds less than LAYER_HELD_MAX.
 */
bool chain_wants_input(const struct chain *c);
/* Whether so much is queued that no more should be sent now; EV_ROOM will come. */
bool chain_full(struct chain *c);
/* For a layer that holds back what is to be sent: EV_ROOM comes when the wire has room. */
void chain_want_room(struct chain *c);
/* Marks the chain for the end of the turn; commands do so by themselves. */
void chain_touch(struct chain *c);

/* Asks the host. */
enum ask_result chain_ask(struct chain *c, struct ask *a);
/* For the host: the answer is in *a. A turn of its own. */
void ask_answer(struct ask *a);
