/*
 * Bytes from one socket to another by way of the kernel alone. A pipe is needed for as long as
 * bytes are in it, so a loop has few: who gets none copies. Systems without splice(2) have none at
 * all.
 */
#pragma once

#include "io/loop.h"

#include <sys/types.h>

struct pipe;

/* Of a loop; zeroed it is empty. */
struct pipes {
    struct pipe *spare;
    unsigned n_spare, n_open;
};

/* An empty one, or NULL: the limit, no descriptors, no memory, not on this system. */
struct pipe *pipe_take(struct pipes *ps);
/* Gives it back; what is in it is lost. NULL is allowed. */
void pipe_give(struct pipes *ps, struct pipe *p);
/* As recv and send do. EINVAL, ENOSYS: this socket, this system cannot. */
ssize_t pipe_fill(struct pipe *p, int from, size_t max);
ssize_t pipe_drain(struct pipe *p, int to);
/* Bytes in it. */
size_t pipe_len(const struct pipe *p);
/* All were given back. */
void pipes_release(struct pipes *ps);
