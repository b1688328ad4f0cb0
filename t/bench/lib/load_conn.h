/* A connection of the load, for the files of the load alone. */
#pragma once

#include "bench/lib/load.h"

#define HEAD_MAX ((size_t)16 * 1024)
#define CHUNK    ((size_t)64 * 1024)

enum conn_state { CLOSED, CONNECTING, ASKING, ASKED, HANDSHAKE, SENDING, READING, RESTING };

enum step { NEXT, WAIT, FAIL };

struct conn {
    struct load *load;
    struct wire wire;
    enum conn_state state;
    unsigned status;    /* that grants what was asked for */
    bool open;          /* it is a WebSocket by now */
    bool close;         /* the peer said that it will */
    bool again;         /* its first request failed once under this name */
    bool ended;         /* the socket says that nothing comes any more */
    uint64_t served;    /* requests on this connection */
    uint64_t sent_at;   /* when the request began to go out */
    uint64_t out_total; /* of head and content */
    uint64_t out_at;
    uint64_t left; /* of the answer's content */
    uint64_t took; /* of it, with HTTP/2 */
    size_t have, request_len;
    char name[128];
    char request[2048];
    char in[HEAD_MAX];
};

struct load {
    const struct load_plan *plan;
    struct load_result *r;
    SSL_CTX *tls;
    SSL_SESSION *session;
    int epoll;
    struct conn **conns;
    size_t n_conns, fresh; /* with 'hold': the first one that was not opened yet */
    uint64_t quota, issued, end, next_due;
    unsigned active;
    struct conn *due; /* waits for next_due */
    uint64_t names;
    char scratch[CHUNK];
};

/* Counts an error, and keeps the first sentence. */
enum step conn_fail(struct conn *c, const char *what);

/* The bytes that go out next, in 'request'. */
void load_ws_request(struct conn *c, const char *host);
void load_h2_request(struct conn *c, const char *host);
/* Reads the whole answer; NEXT when it is the right one, with 'left' 0. */
enum step load_ws_answer(struct conn *c);
enum step load_h2_answer(struct conn *c);
