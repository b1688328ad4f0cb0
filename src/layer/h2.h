/*
 * HTTP/2 on one connection (RFC 9113), by nghttp2: frames to parts and back. Each stream is an
 * exchange of its own.
 *
 * Windows are opened as content is taken above, so a stream that nobody takes holds up its own
 * sender and nobody else; what has come by then waits here, within the windows that were said, and
 * beyond H2_HELD_MAX in all the connection is not read. Towards the peer a stream is full when
 * H2_OUT_FULL waits for its window.
 *
 * Towards a server nothing is sent before the first request, since its client decides how the
 * connection begins: SETTINGS, window and PRIORITY frames are those of peer->h2.
 */
#pragma once

#include "codec/h2_code.h"
#include "codec/h2_head.h"
#include "layer/chain.h"

#define H2_WINDOW     (256u << 10) /* of a stream, as we say it ourselves */
#define H2_CONNECTION (1u << 20)   /* of a connection */
#define H2_HELD_MAX   (1u << 20)
#define H2_OUT_FULL   (64u << 10)

#define H2_URGENCIES_MAX 16 /* streams that have yet to begin, and whose priority is known */

struct nghttp2_session;
struct h2_urgencies;
struct h2_urgency;

struct h2_stream {
    struct list node;
    struct h2 *h;
    uint32_t up;       /* as those above know it */
    int32_t id;        /* on the wire */
    struct flow *flow; /* a reference, while the message that we read is under way */

    /* Reading. */
    struct buf in; /* content that was not taken */
    enum framing framing;
    uint64_t left;       /* FRAMING_LENGTH: that has yet to come */
    uint64_t content;    /* bytes so far */
    uint64_t waits_from; /* for the peer to send: since when; 0: it does not */
    uint64_t content_at; /* accept: since when the client could send content */
    const struct http_head *trailers_in;
    bool head_read; /* the final one */
    bool ended;     /* END_STREAM came */
    bool said_end;
    bool deaf;    /* what still comes is dropped */
    bool more;    /* CMD_MORE came */
    bool patient; /* CMD_WAIT */

    /* Writing. */
    struct buf out;
    const struct http_head *trailers;
    uint64_t blocked_from; /* content waits for the peer's window: since when; 0: it does not */
    uint64_t sent;         /* since then */
    struct h2_urgency *urgency; /* connect, owned: of PRIORITY_UPDATE; NULL: there was none */
    bool begun, out_end;        /* the head, the end was written from above */
    bool waiting;               /* connect: the head, until it is known what the server takes */
    bool end_sent;
    bool tunnel;   /* it carries one, in halves that end apart */
    bool cut;      /* content ends here, and not well */
    bool deferred; /* nghttp2 waits for content */
    bool full;     /* EV_ROOM is owed */

    bool over;     /* for those above */
    bool closed;   /* for nghttp2 */
    bool reset;    /* by the peer */
    uint32_t code; /* with which it closed */
};

struct h2 {
    struct layer layer;
    enum role role;
    struct nghttp2_session *session; /* connect: NULL before the first request */
    struct http1_limits limits;
    struct flow *first;  /* a reference: of the upgrade, until it starts; else NULL */
    struct list streams; /* the newest last */
    struct list gone;    /* to be freed at the end of the turn */
    unsigned n_streams;
    uint32_t seen;             /* accept: the last stream that began */
    uint32_t gap_from, gap_to; /* between these two it began none, when it last left some out */
    size_t held;               /* of all 'in' */
    struct h2_block block;
    struct h2_urgencies *urgencies; /* owned, or NULL */
    char update[PRIORITY_MAX + 4];  /* the payload of a PRIORITY_UPDATE that comes, or its front */
    size_t update_n;                /* how long it is */
    size_t block_bytes;             /* of its frames */
    uint64_t block_from;            /* its last frame has yet to come: since when; else 0 */
    uint64_t idle_from;             /* no stream: since when */
    struct failure why;             /* of 'failed' */
    bool failed;                    /* we end the connection, for a reason */
    bool more;                      /* of some stream */
    bool news;                      /* some stream has closed */
    bool waiting;                   /* some stream is */
    bool settled;                   /* SETTINGS of the peer came */
    bool reading;                   /* in nghttp2_session_mem_recv */
    bool eof, closing, closed;
    bool no_more; /* EV_EOF has gone up */
    bool shut;    /* connect: our SETTINGS leave each stream a window of nothing */

    /* Of the current ten seconds. */
    uint64_t count_from;
    unsigned resets, frames;
};

/* NULL without memory. */
struct layer *h2_new(struct host *host, enum role role) MUST_CHECK;
/* Whether a request of HTTP/1 asks for HTTP/2 in clear, and does so as it should (RFC 7540 section
 * 3.2). */
bool h2_upgrade_wanted(const struct http_head *head);
/* Of a layer that has yet to start, in place of that which read the request: it will answer 101,
 * and have the request as its stream 1. Keeps the flow. */
void h2_upgrade_with(struct layer *l, struct flow *f);
extern const struct layer_ops h2_accept_ops;

/* The parts, for h2*.c. */
static inline struct h2 *
h2_of(struct layer *l)
{
    return container_of(l, struct h2, layer);
}

uint64_t h2_now(const struct h2 *h);
/* The session, with the first frames. 'like': whom to resemble, or NULL. false without memory. */
bool h2_begin(struct h2 *h, const struct peer_h2 *like) MUST_CHECK;
/* A stream that nghttp2 knows; NULL without memory. */
struct h2_stream *h2_stream_new(struct h2 *h, uint32_t up, int32_t id) MUST_CHECK;
void h2_stream_free(struct h2_stream *s);
struct h2_stream *h2_stream_find(struct h2 *h, uint32_t up);
/* Ends it on the wire, with a code of HTTP/2. */
void h2_reset(struct h2_stream *s, uint32_t code);
/* Ends the connection with a code of HTTP/2; the first reason counts. */
void h2_end(struct h2 *h, uint32_t code, const struct failure *why);
/* For a client beyond one of its limits. */
void h2_limit(struct h2 *h, const char *what);
/* The exchange needs nothing more: it may have handed the flow over. */
void h2_over(struct h2_stream *s);

/* h2_upgrade.c: the request of the upgrade becomes stream 1. false without memory. */
bool h2_upgrade(struct h2 *h) MUST_CHECK;

/* h2_read.c: bytes, and content that is asked for again. Returns what was taken. */
size_t h2_read(struct h2 *h, struct slice in);
/* The stream fails for those above; it is ended on the wire with the code if it is not yet. */
void h2_fail(struct h2_stream *s, const struct failure *why, uint32_t code);
/* nghttp2's callbacks for what is received. */
struct nghttp2_session_callbacks;
void h2_read_callbacks(struct nghttp2_session_callbacks *c);

/* h2_priority.c: PRIORITY_UPDATE, whose payload is in h->update. */
struct nghttp2_option;
void h2_priority_callbacks(struct nghttp2_session_callbacks *c, struct nghttp2_option *option);
void h2_on_priority(struct h2 *h, int32_t on);
struct slice h2_priority_value(const struct h2 *h);
int32_t h2_priority_stream(const struct h2 *h);
/* The stream has begun: those above hear what came for it before. */
void h2_priority_begin(struct h2_stream *s);
void h2_priority_send(struct h2_stream *s, struct slice value);
/* What was sent before the stream had a number. */
void h2_priority_queue(struct h2_stream *s);

/* h2_tell.c: an nghttp2_frame that is neither head nor content came; for who hears of it. */
void h2_tell(struct h2 *h, const void *nghttp2);

/* h2_message.c: what a header list says, and the end of a message. */
void h2_on_head(struct h2_stream *s, bool ended, const struct priority *priority);
void h2_on_end(struct h2_stream *s);
/* A request that was read elsewhere, to its end. Takes the flow. */
void h2_on_upgraded(struct h2_stream *s, struct flow *f);
/* The message is wrong. */
void h2_bad(struct h2_stream *s, enum h2_fault fault);
/* Offers what 'in' holds, and the end behind it. */
void h2_offer(struct h2_stream *s);
struct http_msg *h2_msg(const struct h2_stream *s);
bool h2_up(struct h2_stream *s, struct part *p);

/* h2_write.c: parts, and all that can be sent now. */
void h2_write(struct h2 *h, uint32_t stream, const struct part *p);
void h2_send(struct h2 *h);
/* Streams wait for the first SETTINGS of the server: once it came they begin, or fail. */
void h2_begin_waiting(struct h2 *h);
void h2_write_callbacks(struct nghttp2_session_callbacks *c);

/* h2_time.c: deadlines, and counters of frames. */
void h2_set_deadline(struct h2 *h);
void h2_on_timer(struct h2 *h);
/* A reset; a frame that carries nothing. */
void h2_count_reset(struct h2 *h);
void h2_count_frame(struct h2 *h);
/* Content has moved, for which some frames are needed. */
void h2_credit(struct h2 *h);
