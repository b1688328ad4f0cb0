/* Questions of layers to their host, and the host itself. */
#pragma once

#include "flow/hook.h"
#include "layer/layer.h"

struct fan;
struct hello;
struct host;
struct ssl_st;

enum ask_type {
    ASK_NEXT,    /* which layer follows, given the first bytes? */
    ASK_TLS,     /* how do we speak TLS to this client? */
    ASK_REQUEST, /* a request head is there: forward it, or answer it? */
    ASK_HOOK,    /* what is wanted at this stage of an exchange? */
    ASK_OPEN,    /* a connection to the flow's target, please */
    ASK_PAUSE,   /* answered when the time has come */
};

enum ask_result { ASK_DONE, ASK_WAIT };

/* What becomes of a client's TLS. */
enum tls_way {
    TLS_WAY_SPEAK, /* with 'ssl'; NULL: there is none, and an alert says so */
    TLS_WAY_ALERT, /* 'alert', and the end */
    TLS_WAY_CLOSE, /* the end without a word */
    TLS_WAY_RESET,
    TLS_WAY_INSTEAD, /* it is not for us: 'instead' takes the place of the layer, and every byte
                        from the first one on */
};

/*
 * Embedded in the layer or exchange that asks, one at a time. While it waits, the host keeps a
 * pointer to it; whoever dies with a waiting question calls host->cancel.
 */
struct ask {
    enum ask_type type;
    bool waiting;
    struct chain *chain; /* of the one who asks */
    /* Called in a turn of its own when the answer comes after ASK_WAIT. */
    void (*answered)(struct ask *a);
    void *host_data; /* the host's own */
    union {
        struct {
            const struct layer_ops *found; /* best score, or NULL */
            bool silent; /* nothing has come for a while. Without a layer it is waited for on; an
                            answer that is waited for is withdrawn when something comes */
            struct slice first;
            struct layer *layer; /* out: owned by the chain from then on; NULL: close */
            struct layer *above; /* out: put on top of it, or NULL */
        } next;
        struct {
            const struct hello *hello; /* valid until answered */
            bool half; /* out, before the answer: the client may have said all that it has to say,
                          and is not gone for that */
            enum tls_way way;      /* out */
            struct ssl_st *ssl;    /* out: configured for the accept role, owned by the layer */
            uint8_t alert;         /* out */
            struct layer *instead; /* out: owned by the chain */
        } tls;
        struct {
            struct flow *flow;
            bool answer; /* out: the flow's response and 'content' are to be sent; else forward */
            struct slice content; /* out: lives in the flow's arena; p is NULL when there was no
                                     memory for it */
            bool set_host;        /* out: Host names the flow's target, whatever the client said */
            unsigned stages; /* out: bits 1 << enum stage at which somebody may want something */
            void *hooks;     /* out: the host's own for this exchange, until 'unhook'; or NULL */
        } request;
        struct {
            struct flow *flow;
            enum stage stage;
            void *hooks;
            struct message *message;  /* STAGE_MESSAGE: borrowed until it is answered */
            struct decision decision; /* out */
            bool want;    /* out: all of the message is to be waited for, and asked about */
            bool no_more; /* out, at the head of the response: nobody will want anything of the
                             messages behind it */
        } hook;
        struct {
            uint64_t until; /* monotonic */
        } pause;
        struct {
            struct flow *flow;
            bool fresh;         /* in: not a connection that has served before */
            struct slice to;    /* in: "host:port" in place of the flow's target, or empty */
            struct fan *server; /* out: NULL on failure */
            bool reused;        /* out */
            struct peer *peer;  /* out on failure: the connection as far as it got, or NULL; valid
                                   until answered */
            struct failure why; /* out on failure */
        } open;
    };
};

/* What the layers may ask of the world. Implemented by proxy/session.c and by t/lib/rig.c. */
struct host_ops {
    enum ask_result (*ask)(struct host *h, struct ask *a);
    /* The question is withdrawn. */
    void (*cancel)(struct host *h, struct ask *a);
    /* Monotonic and wall clock, nanoseconds, as of the start of the turn. */
    uint64_t (*now)(struct host *h);
    uint64_t (*wall)(struct host *h);
    /* Makes the flow's response (its head) the page that explains the failure, and gives its
     * content, which lives in the flow's arena. false without memory. */
    bool (*page)(struct host *h, struct flow *f, const struct failure *why, struct slice *content);
    /* The flow is finished: record it. Borrows. */
    void (*record)(struct host *h, struct flow *f);
    /* The exchange of this flow has left the server's connection; 'reusable' says whether another
     * may use it. */
    void (*leave)(struct host *h, struct fan *server, struct flow *f, bool reusable);
    /* A CONNECT was answered 2xx, or a 101 sent: the chain of the client now carries 'flow's
     * tunnel. Returns the layer to put on the client's chain, owned by it, or NULL to close. */
    struct layer *(*tunnel)(struct host *h, struct flow *f);
    /* The same on a stream of HTTP/2: a chain for what the tunnel carries, with a layer on it, and
     * who frees it. Owned by the host. NULL to close. */
    struct chain *(*branch)(struct host *h, struct flow *f, void (**gone)(struct chain *c));
    /* Whether the first request on a client's connection, which asks for an upgrade of that, gets
     * it: from 'next', which goes on with both, and 'above' on top of it, owned by the chain. NULL:
     * there is no memory. The op may be NULL. */
    bool (*upgrade)(struct host *h, struct chain *c, struct flow *f, struct layer **next,
                    struct layer **above);
    /* What request.hooks gave is not needed any more. */
    void (*unhook)(struct host *h, void *hooks);
    /* A client is sent away since it went beyond a limit of its connection. NULL: nobody counts. */
    void (*limited)(struct host *h, const struct failure *why);
    /* A handshake with the client ended: good (NULL) or not. The facts are in ssl. */
    void (*secured)(struct host *h, struct chain *c, struct ssl_st *ssl, const struct failure *why);
};

/* Limits and switches that layers need, as plain data. */
struct layer_limits {
    size_t head_max, line_max, fields_max, trailer_max;
    uint64_t body_limit; /* bytes kept of each body */
    /* The most that a byte of a compressed message should become, 0 for any; and how much all may
     * become beyond that. */
    unsigned decode_ratio;
    uint64_t decode_limit;
    uint64_t head_time, idle_time, keepalive_time, handshake_time; /* nanoseconds */
    /* Bytes a second that a client moves of a content, 0 for as few as it likes; and how long it
     * may fall behind. */
    uint64_t body_rate, body_time;
    bool allow_malformed;
    bool forward_chunk_ext;
    /* HTTP/2: streams of a client at a time; resets, and frames that carry nothing, in ten seconds.
     */
    uint32_t h2_streams, h2_resets, h2_frames;
};

struct host {
    const struct host_ops *ops;
    const struct layer_limits *limits; /* of the configuration when the session began */
    struct budget *budget;
    struct audience *audience; /* who hears of moments; NULL: nobody ever does */
};

static inline bool
host_wants(const struct host *h, enum hook_id id)
{
    return audience_wants(h->audience, id);
}

/* Once somebody wants it: says that it happens now. */
void host_say(struct host *h, const struct moment *m);
/* What follows the check in the functions below. */
void host_tell_now(struct host *h, enum hook_id id, struct flow *f, struct slice data);
void host_tell_head_now(struct host *h, enum hook_id id, struct flow *f,
                        const struct http_head *head);

/* The usual: about a flow, with some data or none. */
static inline void
host_tell(struct host *h, enum hook_id id, struct flow *f, struct slice data)
{
    if (host_wants(h, id))
        host_tell_now(h, id, f, data);
}

/* About a head of it. */
static inline void
host_tell_head(struct host *h, enum hook_id id, struct flow *f, const struct http_head *head)
{
    if (host_wants(h, id))
        host_tell_head_now(h, id, f, head);
}

/* The end of a flow, with the reason if it was a bad one. */
void host_tell_end(struct host *h, enum hook_id id, struct flow *f);
