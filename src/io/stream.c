/* Drives a chain over a TCP connection. */
#include "io/stream.h"

#include "base/clock.h"
#include "base/mem.h"
#include "io/loop_uv.h"
#include "io/pipe.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

/* After our last byte: what the peer still sends is read and dropped, so that a reset does not
 * overtake that byte. */
#define LINGER_TIME  (2 * NS_PER_S)
#define LINGER_BYTES (256u << 10)
#define READ_MAX     (64u << 10)
/* Moved at a time from one to another. */
#define MOVE_MAX WIRE_FULL
/* Who has sent so much may have sent more by now; and before others have their turn. */
#define MOVE_MORE (32u << 10)
#define MOVES_MAX 16
/* Of a peer's credit, so that the sum of times has room. */
#define SLOW_SECONDS_MAX 1000000000ull

struct stream {
    uv_poll_t uv;
    struct loop *loop;
    struct chain *chain; /* NULL when closed and the owner has let go */
    void (*gone)(struct chain *c);
    struct timer *timer;
    struct soon room;  /* chain_drained is owed */
    struct pipe *pipe; /* with what comes before 'out', from the other one; or NULL */
    int fd;
    int watched;  /* what libuv waits for */
    int broken;   /* errno of the write after which only reading makes sense, or 0 */
    bool blocked; /* the socket takes nothing for now */
    bool shut;    /* we have half closed */
    bool lingering, closed;
    size_t dropped;      /* bytes, while lingering */
    uint64_t stall_time; /* 0: never */
    uint64_t give_up_at; /* of the blocked write, or of the lingering; 0: never */
    /* A peer that takes less than 'slow_rate' bytes a second is behind from 'slow_at' on. */
    uint64_t slow_rate, slow_time, blocked_at, slow_at; /* slow_at 0: never */
    uint64_t sent;
};

static atomic_ulong streams_open;

/* Ends ---------------------------------------------------------------------------------------- */

static void
on_closed(uv_handle_t *uv)
{
    struct stream *s = container_of((uv_poll_t *)uv, struct stream, uv);
    struct chain *c = s->chain;
    void (*gone)(struct chain *) = s->gone;
    mem_free(s);
    if (!c)
        return;
    c->driver = NULL;
    gone(c);
}

/* The chain hears 'why' at once or at the end of the turn, the owner when libuv has let go of the
 * handle. */
static void
stream_end(struct stream *s, const struct failure *why)
{
    s->closed = true;
    timer_free(s->timer);
    loop_soon_cancel(&s->room);
    uv_close((uv_handle_t *)&s->uv, on_closed);
    pipe_give(loop_pipes(s->loop), s->pipe);
    close(s->fd);
    atomic_fetch_sub(&streams_open, 1);
    if (s->chain)
        chain_lost(s->chain, why);
}

/* As the chain wanted it. */
static void
stream_finish(struct stream *s)
{
    struct failure why;
    failure_set(&why, REASON_NONE, NULL);
    stream_end(s, &why);
}

static void
stream_reset(struct stream *s)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    stream_finish(s);
}

static void
stream_fail(struct stream *s, int error)
{
    struct failure why;
    enum reason reason = REASON_CLIENT_CLOSED;
    if (s->chain->role == ROLE_CONNECT)
        reason = error == ECONNRESET || error == EPIPE ? REASON_SERVER_RESET : REASON_SERVER_CLOSED;
    failure_set(&why, reason, "%s", uv_strerror(uv_translate_sys_error(error)));
    stream_end(s, &why);
}

static void
stream_stall(struct stream *s, const char *how)
{
    struct failure why;
    bool client = s->chain->role == ROLE_ACCEPT;
    failure_set(&why, client ? REASON_CLIENT_TIMEOUT : REASON_SERVER_TIMEOUT, "%s", how);
    stream_end(s, &why);
}

/* Bytes in the kernel that the peer has not taken. */
static uint64_t
stream_queued(const struct stream *s)
{
    int n = 0;
    return ioctl(s->fd, TIOCOUTQ, &n) == 0 && n > 0 ? (uint64_t)n : 0;
}

/* Everything that the peer has ever taken counts: the kernel tells of it in large steps only, and
 * who has taken much may pause. */
static bool
stream_is_slow(struct stream *s)
{
    uint64_t taken = s->sent - MIN(s->sent, stream_queued(s));
    uint64_t credit = MIN(taken / s->slow_rate, SLOW_SECONDS_MAX) * NS_PER_S;
    s->slow_at = s->blocked_at + s->slow_time + credit;
    return s->slow_at <= loop_now(s->loop);
}

/* Watching ------------------------------------------------------------------------------------ */

static void on_ready(uv_poll_t *uv, int status, int events);

static void
stream_set_timer(struct stream *s)
{
    uint64_t at = s->lingering ? 0 : chain_deadline(s->chain);
    uint64_t limit = s->lingering || s->blocked ? s->give_up_at : 0;
    if (s->blocked && !s->lingering && s->slow_at)
        limit = limit ? MIN(limit, s->slow_at) : s->slow_at;
    timer_set(s->timer, at && limit ? MIN(at, limit) : at + limit);
}

/* The one that gets what comes here as it is, or NULL. */
static struct stream *
stream_onto(const struct stream *s)
{
    struct chain *c = s->chain ? s->chain->wire.onto : NULL;
    return c && !c->flush ? c->driver : NULL;
}

static bool
stream_wants_input(const struct stream *s)
{
    const struct stream *to = stream_onto(s);
    return chain_wants_input(s->chain) && !(to && to->blocked);
}

/* Waits for what the chain and the socket need now. */
static void
stream_settle(struct stream *s)
{
    if (s->closed)
        return;
    bool reading = s->lingering || stream_wants_input(s);
    int events = (reading ? UV_READABLE : 0) | (s->blocked ? UV_WRITABLE : 0);
    if (events != s->watched)
        uv_poll_start(&s->uv, events, on_ready);
    s->watched = events;
    stream_set_timer(s);
}

/* Writing ------------------------------------------------------------------------------------- */

/* The peer takes nothing any more, but an answer may be there to be read; the end of that loses the
 * connection. 'out' stays as it is, so that nobody takes its bytes for sent. */
static void
stream_break(struct stream *s, int error)
{
    bool closed_by_peer = error == EPIPE || error == ECONNRESET;
    s->blocked = false;
    s->broken = error;
    if (!closed_by_peer || !chain_wants_input(s->chain))
        stream_fail(s, error);
}

/* The socket takes no more for now. */
static void
stream_block(struct stream *s)
{
    s->blocked_at = loop_now(s->loop);
    s->slow_at = s->slow_rate ? s->blocked_at + s->slow_time : 0;
}

/* Bytes that wait for the socket. */
static size_t
stream_left(const struct stream *s)
{
    const struct wire *w = &s->chain->wire;
    return w->queued + w->lent.n + buf_len(&w->out);
}

static ssize_t
stream_send(struct stream *s)
{
    struct wire *w = &s->chain->wire;
    if (!s->pipe) {
        struct slice bytes = w->lent.n ? w->lent : buf_slice(&w->out);
        ssize_t n = send(s->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        size_t sent = n > 0 ? (size_t)n : 0;
        if (w->lent.n)
            w->lent = slice_from(w->lent, sent);
        else
            buf_consume(&w->out, sent);
        return n;
    }
    ssize_t n = pipe_drain(s->pipe, s->fd);
    w->queued = pipe_len(s->pipe);
    if (!w->queued) {
        pipe_give(loop_pipes(s->loop), s->pipe);
        s->pipe = NULL;
    }
    return n;
}

/* One write. What is left waits for the socket. */
static void
stream_write(struct stream *s)
{
    if (s->broken || !stream_left(s))
        return;
    ssize_t sent = stream_send(s);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        stream_break(s, errno);
        return;
    }
    if (sent > 0)
        s->sent += (uint64_t)sent;
    if (s->stall_time && (sent > 0 || !s->blocked))
        s->give_up_at = loop_now(s->loop) + s->stall_time;
    if (!s->blocked && stream_left(s))
        stream_block(s);
    s->blocked = stream_left(s) > 0;
    if (!s->blocked)
        chain_sent(s->chain);
}

/* Our last byte has left. When the peer's has come already nothing is left to wait for. */
static void
stream_linger(struct stream *s)
{
    if (s->chain->wire.eof) {
        stream_finish(s);
        return;
    }
    shutdown(s->fd, SHUT_WR);
    s->lingering = true;
    s->give_up_at = loop_now(s->loop) + LINGER_TIME;
}

static void
stream_write_end(struct stream *s)
{
    const struct wire *w = &s->chain->wire;
    if (w->close && s->broken) {
        stream_fail(s, s->broken);
        return;
    }
    if (stream_left(s))
        return;
    if (w->close) {
        stream_linger(s);
    } else if (w->shut && !s->shut) {
        s->shut = true;
        shutdown(s->fd, SHUT_WR);
    }
}

void
stream_flush(struct chain *c)
{
    struct stream *s = c->driver;
    if (!s || s->closed)
        return;
    if (c->wire.abort) {
        stream_reset(s);
        return;
    }
    if (!s->lingering && !s->blocked)
        stream_write(s);
    if (!s->lingering && !s->closed)
        stream_write_end(s);
    /* EV_ROOM is a turn of its own. */
    if (!s->closed && c->wire.was_full && !s->blocked)
        loop_soon(s->loop, &s->room);
    stream_settle(s);
}

static void
on_room(void *arg)
{
    struct stream *s = arg;
    chain_drained(s->chain);
}

/* Reading ------------------------------------------------------------------------------------- */

/* Nothing was read. */
static void
stream_not_read(struct stream *s, ssize_t n)
{
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        stream_fail(s, errno);
    else if (n == 0 && s->broken)
        stream_fail(s, s->broken);
    else if (n == 0)
        chain_eof(s->chain);
}

static void
stream_read(struct stream *s)
{
    char *bytes = loop_buffer(s->loop);
    const struct wire *w = &s->chain->wire;
    /* It may be that nothing of it is taken now. */
    size_t most = w->bulk ? 2 * LAYER_HELD_MAX - buf_len(&w->held) : READ_MAX;
    ssize_t n = recv(s->fd, bytes, MIN(most, LOOP_BUFFER), 0);
    if (n > 0)
        chain_input(s->chain, slice_of(bytes, (size_t)n));
    else
        stream_not_read(s, n);
}

/* Where what comes can go past the chain, since nothing is in front of it; or NULL. */
static struct stream *
stream_way(const struct stream *s)
{
    struct stream *to = stream_onto(s);
    if (!to || to->closed || to->lingering || to->broken || buf_len(&s->chain->wire.held))
        return NULL;
    const struct wire *w = &to->chain->wire;
    return stream_left(to) || w->shut || w->close || w->abort ? NULL : to;
}

/* What is there goes to the other one by the kernel; what that does not take waits in its pipe.
 * Returns whether more may be there. */
static bool
stream_move(struct stream *s, struct stream *to, struct pipe *p)
{
    ssize_t n = pipe_fill(p, s->fd, MOVE_MAX);
    if (n <= 0) {
        int error = errno;
        pipe_give(loop_pipes(s->loop), p);
        errno = error;
        if (n < 0 && (error == EINVAL || error == ENOSYS))
            chain_part(s->chain);
        else
            stream_not_read(s, n);
        return false;
    }
    to->pipe = p;
    to->chain->wire.queued = (size_t)n;
    chain_moved(s->chain, (uint64_t)n);
    stream_write(to);
    stream_settle(to);
    return (size_t)n >= MOVE_MORE;
}

static void
stream_take(struct stream *s)
{
    bool more = true;
    for (int i = 0; i < MOVES_MAX && more && !s->closed && stream_wants_input(s); i++) {
        struct stream *to = stream_way(s);
        struct pipe *p = to ? pipe_take(loop_pipes(s->loop)) : NULL;
        more = p && stream_move(s, to, p);
        if (!p)
            stream_read(s);
    }
}

static void
stream_drop_input(struct stream *s)
{
    ssize_t n = recv(s->fd, loop_buffer(s->loop), LOOP_BUFFER, 0);
    if (n > 0)
        s->dropped += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        stream_finish(s);
    if (s->dropped > LINGER_BYTES && !s->closed)
        stream_finish(s);
}

/* The error of a connection that nobody reads from. */
static void
stream_check(struct stream *s)
{
    int error = 0;
    socklen_t n = sizeof(error);
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &n);
    stream_fail(s, error ? error : ECONNRESET);
}

static void
on_ready(uv_poll_t *uv, int status, int events)
{
    struct stream *s = container_of(uv, struct stream, uv);
    if (status < 0) {
        s->watched = 0; /* libuv has stopped it */
        events = UV_READABLE;
    }
    if (s->lingering) {
        stream_drop_input(s);
    } else if (events & UV_READABLE) {
        if (stream_wants_input(s))
            stream_take(s);
        else if (status < 0)
            stream_check(s);
    }
    if (!s->closed && !s->lingering && (events & UV_WRITABLE)) {
        stream_write(s);
        if (!s->closed)
            chain_drained(s->chain);
    }
    stream_settle(s);
    /* It may have waited for this one. */
    struct stream *other = stream_onto(s);
    if (other)
        stream_settle(other);
}

static void
on_deadline(void *arg)
{
    struct stream *s = arg;
    uint64_t now = loop_now(s->loop);
    if (s->lingering) {
        stream_finish(s);
        return;
    }
    if (s->blocked && s->give_up_at && s->give_up_at <= now) {
        stream_stall(s, "it has stopped reading");
        return;
    }
    if (s->blocked && s->slow_at && s->slow_at <= now && stream_is_slow(s)) {
        stream_stall(s, "it reads too slowly");
        return;
    }
    uint64_t at = chain_deadline(s->chain);
    if (at && at <= now)
        chain_timer(s->chain, now);
    stream_settle(s);
}

/* Life ---------------------------------------------------------------------------------------- */

static struct stream *
stream_new(struct loop *l, int fd)
{
    struct stream *s = mem_zalloc(sizeof(*s));
    if (!s)
        return NULL;
    s->loop = l;
    s->fd = fd;
    s->room = (struct soon){.fn = on_room, .arg = s};
    s->timer = timer_new(l, on_deadline, s);
    if (s->timer && uv_poll_init(loop_uv(l), &s->uv, fd) == 0)
        return s;
    timer_free(s->timer);
    mem_free(s);
    return NULL;
}

bool
stream_open(struct loop *l, int fd, struct chain *c, void (*gone)(struct chain *c), struct err *e)
{
    struct stream *s = stream_new(l, fd);
    if (!s) {
        close(fd);
        return err_memory(e);
    }
    s->chain = c;
    s->gone = gone;
    c->driver = s;
    c->wire.borrows = true;
    atomic_fetch_add(&streams_open, 1);
    chain_start(c);
    return true;
}

void
stream_close(struct chain *c)
{
    struct stream *s = c->driver;
    if (!s)
        return;
    c->driver = NULL;
    s->chain = NULL;
    if (!s->closed)
        stream_end(s, NULL);
}

void
stream_stall_time(struct chain *c, uint64_t ns)
{
    struct stream *s = c->driver;
    if (!s || s->closed || s->lingering)
        return;
    s->stall_time = ns;
    s->give_up_at = ns ? loop_now(s->loop) + ns : 0;
    stream_set_timer(s);
}

void
stream_slow(struct chain *c, uint64_t rate, uint64_t ns)
{
    struct stream *s = c->driver;
    if (!s || s->closed || s->lingering)
        return;
    s->slow_rate = rate;
    s->slow_time = ns;
    if (s->blocked)
        stream_block(s);
    stream_set_timer(s);
}

unsigned long
stream_count(void)
{
    return atomic_load(&streams_open);
}
