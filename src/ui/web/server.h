/* The HTTP server of the control API: its connections. */
#pragma once

#include "layer/chain.h"
#include "ui/web/gate.h"

struct control;
struct sockaddr;

/* Connections at the same time; more are closed. */
#define SERVER_VISITS_MAX 256
/* More that may come by the local socket, so that others cannot fill it up. */
#define SERVER_NEIGHBOURS 64

/* One connection. */
struct visit {
    struct host host;
    struct list node; /* in the control's visits */
    struct control *control;
    struct chain *chain;
    struct peer *peer;
    struct gate_from from;
    char who[64]; /* "127.0.0.1:4711", "socket" */
    struct dying dying;
};

/* A client has come. Takes the descriptor. 'from' is NULL for the local socket. */
void server_accept(struct control *c, int fd, const struct sockaddr *from);
/* Closes all connections. */
void server_close(struct control *c);
