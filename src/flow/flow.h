/*
 * What was seen: one exchange of HTTP, a tunnel, or a handshake that failed. A flow belongs to the
 * thread of its connection until it is finished; then it is immutable and shared by references.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/thread.h"
#include "codec/head.h"
#include "flow/body.h"
#include "flow/peer.h"

enum flow_kind {
    FLOW_HTTP,
    FLOW_CONNECT, /* the CONNECT that opened a tunnel */
    FLOW_TUNNEL,  /* bytes that were relayed without being understood */
    FLOW_TLS,     /* a handshake with the client that failed, or whose ClientHello was acted on */
};

struct messages; /* flow/message.h */
struct version;  /* flow/edit.h */

struct http_msg {
    struct http_head head; /* as received; head.line.n is 0 while there is none */
    struct http_head sent; /* as sent on; the same slices where nothing was changed; raw is empty */
    struct body body;
    struct http_head trailers; /* n is 0 without; raw as received */
    struct slice chunk_ext;    /* the first chunk extension that was seen */
    uint64_t head_at, end_at;  /* wall clock; 0 while it has not happened */
    uint64_t wire_bytes;       /* content with its framing, as received */
    struct version *versions;  /* what was made of it on its way, oldest first; NULL: nothing */
};

/* What a rule did. */
struct trace {
    struct trace *next; /* oldest first */
    uint64_t rule;      /* its id */
    struct slice name;
    const char *stage, *did;
    uint64_t at;
};

/* What people and rules say of a flow: at any time, so it is replaced as a whole. */
struct marks {
    struct marks *older;
    struct slice mark; /* a colour or a sign; may be empty */
    struct slice note;
    struct slice *tags;
    size_t n_tags;
};

enum flow_flag {
    FLOW_EDITED = 1,
    FLOW_MOCKED = 2, /* a rule or a person answered */
    FLOW_WAS_HELD = 4,
    FLOW_SENT = 8,       /* composed here, or sent again */
    FLOW_DISCARDED = 16, /* not to be recorded */
    FLOW_WS = 32,        /* its 101 began a WebSocket */
};

/* A 1xx response that came before the final one. */
struct interim {
    struct interim *next;
    struct http_head head;
    uint64_t at;
};

struct flow {
    struct mail mail; /* for the mailbox of the recorder */
    struct {
        struct list node;
        struct flow *next; /* with the same last bits of the id */
        size_t bytes;
    } kept; /* for the store in memory */
    atomic_uint refs;
    uint64_t id; /* unique in the process, ascending by start */
    struct arena *arena;
    _Atomic(struct marks *) marks; /* see flow_mark; NULL: none */
    struct flow *original;         /* a reference: what follows is borrowed from it; NULL: own */
    enum flow_kind kind;           /* the first of what a copy has from its original */
    struct peer *client, *server;  /* references; server may be NULL */
    const char *scheme;            /* "http", "https"; "" when there is none */
    struct slice host;             /* the target, without brackets */
    uint16_t port;
    struct http_msg req, resp;
    struct interim *interim; /* oldest first */
    uint64_t started, ended; /* wall clock */
    uint32_t stream;         /* HTTP/2: on the client's connection; else 0 */
    bool server_reused;      /* the server's connection had served before */
    bool local;              /* we answered, no server was asked */
    unsigned flags;          /* enum flow_flag */
    struct trace *trace;     /* rules that touched it */
    const char *error;       /* a reason word (static), or NULL */
    struct slice error_text; /* the sentence */
    bool reset;              /* that was RST_STREAM of a peer of HTTP/2, with 'code' */
    uint32_t code;
    uint64_t tunnel_up, tunnel_down; /* relayed bytes, also behind a 101 */
    struct messages *messages;       /* what crossed it piece by piece; NULL: nothing */
    struct slice passed; /* of what is left alone (TLS is not opened): who wanted that */
};

#define FLOW_MARKS_MAX 100

/* One reference, a fresh id. Keeps the client. NULL without memory. */
struct flow *flow_new(enum flow_kind kind, struct peer *client, struct budget *budget) MUST_CHECK;
/* One reference to a flow with a fresh id and the same marks; the rest is shared with the finished
 * one. NULL without memory. */
struct flow *flow_copy(struct flow *f) MUST_CHECK;
struct flow *flow_ref(struct flow *f);
/* NULL is allowed. Any thread. */
void flow_unref(struct flow *f);
/* Whether it is an exchange that is left alone: nothing of it is told or shown while it goes on. */
static inline bool
flow_is_private(const struct flow *f)
{
    return f->kind == FLOW_HTTP && f->passed.n;
}
/* At its end it becomes a tunnel: where it went, how much of it there was, and how it ended. */
void flow_hide(struct flow *f);
/* Notes the first error of the flow; later ones are ignored. 'word' must be static. */
void flow_fail(struct flow *f, const char *word, struct slice text);
/* Replaces what is said of it; copies everything. Any thread, at any time. false without memory, or
 * after FLOW_MARKS_MAX changes. */
bool flow_mark(struct flow *f, const struct marks *m) MUST_CHECK;
/* Notes that a rule did something. Thread of the flow. */
bool flow_trace(struct flow *f, const struct trace *t) MUST_CHECK;
/* Keeps a reference to the server in place of the one it has. */
void flow_set_server(struct flow *f, struct peer *server);
/* Appends "https://host:port/path?query"; the default port is left out. A CONNECT gives
 * "host:port". */
void flow_url(const struct flow *f, struct buf *out);
/* Bytes of memory that the flow holds, bodies included: what the store counts. */
size_t flow_memory(const struct flow *f);
