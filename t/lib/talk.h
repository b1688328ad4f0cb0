/* For tests of io/stream.c: a chain with one layer over a socket, and a peer in a thread. */
#pragma once

#include "base/thread.h"
#include "io/loop.h"

#define MB         (1u << 20)
#define TALK_BATCH (64u << 10)

struct talk;

/* The only layer: counts what it hears, and behaves as the test says. */
struct probe {
    struct layer layer;
    struct talk *talk;
    size_t (*behave)(struct probe *p, const struct event *ev);
    struct buf got;
    unsigned starts, offers, rooms, timers, eofs, closes;
    struct failure why;
    size_t to_send, sent; /* of a pump */
    size_t most_out, most_held;
    bool eat, same;
};

struct talk {
    struct loop *loop;
    struct peer *peer;
    struct chain *chain; /* NULL when it was freed */
    struct probe probe;
    unsigned gone;
    bool small; /* set by the test: sockets with small buffers */
    int fd;     /* the peer's end */
    struct thread thread;
    void (*act)(struct talk *t);
    long drained;   /* what the peer found, as net_drain says */
    bool ok;        /* what the peer says of itself */
    size_t n_bytes; /* set by the test: so many are at 'bytes' while they talk */
    char *bytes;
};

extern const struct layer_ops talk_probe_ops;

/* Frees the chain. */
void talk_on_gone(struct chain *c);
/* Opens the stream, lets both sides act, and returns when nothing is left open. */
void talk_play(struct talk *t, enum role role,
               size_t (*behave)(struct probe *p, const struct event *ev),
               void (*act)(struct talk *t));
/* Sends until 'to_send' bytes are sent or the chain is full, TALK_BATCH at a time; closes behind
 * the last. */
void talk_pump(struct probe *p);
/* For the peer: reads to the end; resets the connection. */
void talk_drain(struct talk *t);
void talk_reset(struct talk *t);
