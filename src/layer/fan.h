/*
 * The top of an HTTP chain: hands the parts of each stream to the seat of its exchange. On a
 * client's chain the head of a new stream makes an exchange; on a server's chain exchanges take a
 * seat and leave it.
 */
#pragma once

#include "layer/chain.h"

struct seat;

struct seat_ops {
    /* 1 when taken, 0 to be offered again after fan_more. */
    size_t (*on_part)(struct seat *s, const struct part *p);
    void (*on_room)(struct seat *s);
    /* The connection is gone, or the stream was aborted: the seat is free after this. */
    void (*on_closed)(struct seat *s, const struct failure *why);
    /* When the seat wants to be told the time, 0 for never. NULL: never. */
    uint64_t (*due)(struct seat *s);
    void (*on_timer)(struct seat *s, uint64_t now);
};

struct seat {
    const struct seat_ops *ops;
    struct fan *fan; /* NULL when not seated */
    uint32_t stream;
    struct list node;
};

/* A client's stream begins: makes a seat for it that fan_sit has put on the stream, or NULL without
 * memory. */
typedef struct seat *fan_arrive_fn(struct fan *f, uint32_t stream);

struct fan {
    struct layer layer;
    struct list seats;
    fan_arrive_fn *arrive; /* client's side */
    uint32_t next_stream;  /* server's side */
    unsigned served;       /* exchanges that have used it */
    bool many;             /* HTTP/2: exchanges are served side by side */
    bool broken;           /* the connection must not be used again */
};

/* Takes nothing; the chain owns it once pushed. NULL without memory. */
struct fan *fan_new(fan_arrive_fn *arrive) MUST_CHECK;
/* Server's side: takes a seat with a stream of its own. */
void fan_join(struct fan *f, struct seat *s);
/* Client's side, for 'arrive'. */
void fan_sit(struct fan *f, struct seat *s, uint32_t stream);
void fan_leave(struct seat *s);
/* Sends a part down the seat's stream. */
void fan_send(struct seat *s, const struct part *p);
/* Offer the seat what it did not take. */
void fan_more(struct seat *s);
/* CMD_CLOSE or CMD_ABORT of the seat's stream. */
void fan_tell(struct seat *s, enum cmd_type type);
/* CMD_ABORT with what else it says; the type and the stream are filled in. */
void fan_abort(struct seat *s, struct cmd c);
bool fan_full(const struct seat *s);
/* What is due for a seat has changed. */
void fan_set_deadline(struct fan *f);
