/*
 * A stack of layers without a network. The other ends of its connections are the test: it says what
 * they send, and reads what was sent to them. The host answers as it is told, the clock stands
 * still until it is moved. Chains are driven as io/stream.c does it: input only while the chain
 * wants some, output at the end of each turn.
 */
#pragma once

#include "flow/hook.h"
#include "layer/fan.h"
#include "lib/frames.h"

enum rig_stack {
    RIG_PROXY,  /* a client that speaks HTTP/1 */
    RIG_PEEK,   /* a client of which nothing is known */
    RIG_TUNNEL, /* a client and a server that are joined byte for byte */
    RIG_H2,     /* a client that speaks HTTP/2 */
};

/* What is wanted at a stage: "want", "wait", "answer 403 text", see rig_hook.c. */
struct rig_hook {
    enum stage stage;
    char words[200];
};

struct rig_options {
    enum rig_stack stack;
    struct layer_limits limits;
    size_t piece; /* input is handed over in pieces of this size */
    bool quiet;   /* nothing is written to 'did' */
    /* Questions that wait for rig_answer_*. */
    bool wait_request, wait_open, wait_next;
    /* Or how they are answered at once. */
    unsigned respond;       /* 0: forward; else a page with this status and the text */
    enum reason open_fails; /* 0: open */
    bool refuse_tunnel;
    bool tell;      /* moments are written to 'did', but those of pieces of content */
    bool server_h2; /* servers speak HTTP/2 */
    bool finish;    /* the caller means to use rig_finish */
    struct rig_hook hooks[6];
    size_t n_hooks;
    const char *text; /* borrowed: of the page, or of the failure */
    char target[64];  /* of requests that name none */
    uint16_t port;
};

#define RIG_CONNS      16 /* the client and its servers */
#define RIG_TARGET_MAX 300

struct rig_conn {
    struct rig *rig;
    char name[16];               /* "client", "server", "server 2" */
    struct chain *chain;         /* NULL: never opened, or gone */
    struct fan *fan;             /* servers */
    char target[RIG_TARGET_MAX]; /* servers: "host:port" */
    bool h2;                     /* it speaks HTTP/2 */
    struct frames frames;        /* of what it gets */
    bool unclean;                /* the end of its input is not clean */
    bool ended;                  /* we have closed it */
    bool idle;                   /* in the pool */
    /* What the other end does. */
    char *in; /* owned: sent and not read yet */
    size_t in_r, in_w, in_cap;
    bool in_eof;
    bool slow;            /* reads nothing */
    bool shut, held_back; /* said so */
};

/* A flow that was recorded, a reference, and how it was then: nobody may change it any more. */
struct rig_kept {
    struct flow *flow;
    struct flow was;
};

struct rig {
    struct host host;
    struct audience audience; /* wants to hear of everything */
    struct rig_options options;
    struct turn turn;
    uint64_t now;
    size_t read;                      /* bytes that all connections have read */
    struct rig_conn conns[RIG_CONNS]; /* the client first */
    size_t n_conns;
    struct chain *branches[4];   /* tunnels on streams */
    struct ask *asks[RIG_CONNS]; /* that wait, the oldest first */
    size_t n_asks;
    struct lines did;
    uint64_t *flows; /* owned: of requests that were asked about and not recorded */
    size_t n_flows;
    struct rig_kept kept[16]; /* the last that were recorded */
    size_t n_recorded;
    struct peer *failed; /* the connection that could not be opened */
};

void rig_options_init(struct rig_options *o);
/* As bytes at the front of a seed of the fuzzer: the stack, the switches, whether the limits are
 * small, the size of the pieces (0: as usual), the allocation that fails (two bytes; 0: none),
 * which is for the caller. */
#define RIG_OPTIONS_BYTES 6
void rig_options_write(const struct rig_options *o, FILE *out);
void rig_options_read(struct rig_options *o, const unsigned char bytes[RIG_OPTIONS_BYTES]);
/* NULL without memory for the stack. */
struct rig *rig_new(const struct rig_options *o);
void rig_free(struct rig *r);

/* What happens. A connection that does not exist takes it in silence. 'n': 0 is the client. */
void rig_input(struct rig *r, size_t n, struct slice bytes);
void rig_eof(struct rig *r, size_t n, bool clean);
/* The connection is gone, with the reason for the failure. */
void rig_lose(struct rig *r, size_t n, enum reason why);
void rig_slow(struct rig *r, size_t n, bool slow);
void rig_pass(struct rig *r, uint64_t ns);
/* Answers the oldest question of the kind; false when there is none. */
bool rig_answer_request(struct rig *r, unsigned status, const char *text);
bool rig_answer_open(struct rig *r, bool reuse, enum reason failure, const char *text);
bool rig_answer_next(struct rig *r);
/* Says what is wanted; the question then has its answer. */
bool rig_answer_hook(struct rig *r, struct slice words);
/* A message of our own, in what is under way of the client: false when there is nothing. */
bool rig_inject(struct rig *r, bool up, struct slice bytes);
/* The end of a play: all questions are answered, everybody reads, hours pass. Everything must have
 * come to its end then; NULL, or a sentence about what has not. */
const char *rig_finish(struct rig *r);

/* Between rig.c, rig_host.c, rig_hook.c and rig_hear.c. */
/* Of the audience: 'arg' is the rig. */
void rig_hear(void *arg, const struct moment *m);
/* Does what the options say for the stage; true when it is to wait. */
bool rig_hook_run(struct rig *r, struct ask *a);
/* Does what the words say; false when they are not understood. */
bool rig_hook_do(struct rig *r, struct ask *a, struct slice words);
unsigned rig_hook_stages(const struct rig *r);
/* The earliest time that somebody waits for, up to 'until'; 0 for none. */
uint64_t rig_pause_next(const struct rig *r, uint64_t until);
/* Answers those whose time has come. */
void rig_pause_end(struct rig *r);
extern const struct host_ops rig_host_ops;
/* A new connection to the flow's server, opened; NULL without memory. */
struct rig_conn *rig_connect(struct rig *r, const struct flow *f);
void rig_target(const struct flow *f, char out[RIG_TARGET_MAX]);
/* Frees the chain. */
void rig_close(struct rig_conn *c);
struct rig_conn *rig_conn_of(struct rig *r, const struct fan *f);
/* Everything that a driver would do now. */
void rig_run(struct rig *r);
/* HTTP for the client, not yet on a chain. */
bool rig_http(struct rig *r, bool h2, struct layer **http, struct layer **fan) MUST_CHECK;
/* Checks and lets go of the flows that were recorded. */
void rig_forget(struct rig *r);
static inline struct rig *
rig_of(struct host *h)
{
    return container_of(h, struct rig, host);
}
