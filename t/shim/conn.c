/* Faults of TCP connections: short and interrupted calls, sockets that are not ready, cuts. */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FDS 65536

enum side { SIDE_NONE, SIDE_CLIENT, SIDE_SERVER };

struct way {
    uint64_t bytes, cut_at;
    bool will_cut, cut;
};

struct conn {
    enum side side;
    bool end; /* a cut ends the direction only */
    uint64_t number, calls, round;
    struct way ways[2]; /* in, out */
};

/* A connection belongs to one thread. */
static struct conn conns[FDS];
static _Atomic uint64_t numbers[3];

static struct conn *
conn_at(int fd)
{
    return fd >= 0 && fd < FDS && conns[fd].side ? &conns[fd] : NULL;
}

static void
conn_begin(int fd, enum side side)
{
    if (fd < 0 || fd >= FDS)
        return;
    struct conn *c = &conns[fd];
    *c = (struct conn){.side = side, .number = atomic_fetch_add(&numbers[side], 1)};
    atomic_fetch_add(&page->open, 1);
}

/* Those that are open already are cut as well: bytes count from the first call of a round. */
static void
conn_arm(struct conn *c)
{
    if (c->round == page->cut_round || c->ways[0].cut || c->ways[1].cut)
        return;
    c->round = page->cut_round;
    memset(c->ways, 0, sizeof(c->ways));
    struct way *w = &c->ways[page->cut_out != 0];
    w->will_cut = page->cut_side == c->side;
    w->cut_at = page->cut_at;
    c->end = page->cut_end;
}

/* The peer notices, as it would of a real one: by a reset, or by the end of what we send. */
static void
conn_cut(struct conn *c, int fd, bool out)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    c->ways[out].cut = true;
    atomic_fetch_add(&page->cuts, 1);
    shim_fired();
    if (!c->end) {
        c->ways[!out].cut = true;
        NEXT(connect)(fd, &none, sizeof(none));
    } else {
        shutdown(fd, out ? SHUT_WR : SHUT_RD);
    }
}

static ssize_t
conn_after_cut(const struct conn *c, bool out)
{
    if (c->end && !out)
        return 0;
    errno = c->end ? EPIPE : ECONNRESET;
    return -1;
}

/* Whether this call fails for once. */
static bool
conn_hiccup(struct conn *c)
{
    uint64_t call = ++c->calls, again = page->again, interrupt = page->interrupt;
    if (interrupt && shim_mix(c->number, call) % interrupt == 0)
        errno = EINTR;
    else if (again && call % again != 0)
        errno = EAGAIN;
    else
        return false;
    shim_fired();
    return true;
}

/* How many bytes this call may move. */
static size_t
conn_room(struct conn *c, bool out, size_t n)
{
    const struct way *w = &c->ways[out];
    uint64_t most = page->short_max;
    if (most) {
        most = 1 + shim_mix(c->number + 1, c->calls) % most;
        if (most < n)
            shim_fired();
        n = most < n ? most : n;
    }
    return w->will_cut && w->cut_at - w->bytes < n ? w->cut_at - w->bytes : n;
}

/* Before a call: true when there is none, with its result. Else *n is what it may move. */
static bool
conn_before(int fd, bool out, size_t *n, ssize_t *result)
{
    struct conn *c = conn_at(fd);
    *result = -1;
    if (!c)
        return false;
    conn_arm(c);
    struct way *w = &c->ways[out];
    if (!w->cut && conn_hiccup(c))
        return true;
    if (!w->cut && w->will_cut && w->bytes == w->cut_at)
        conn_cut(c, fd, out);
    if (w->cut) {
        *result = conn_after_cut(c, out);
        return true;
    }
    *n = conn_room(c, out, *n);
    return false;
}

static ssize_t
conn_after(int fd, bool out, ssize_t moved)
{
    struct conn *c = conn_at(fd);
    if (!c || moved <= 0)
        return moved;
    struct way *w = &c->ways[out];
    w->bytes += (uint64_t)moved;
    if (w->will_cut && !w->cut && w->bytes == w->cut_at)
        conn_cut(c, fd, out);
    return moved;
}

ssize_t
recv(int fd, void *p, size_t n, int flags)
{
    ssize_t r;
    return conn_before(fd, false, &n, &r) ? r : conn_after(fd, false, NEXT(recv)(fd, p, n, flags));
}

ssize_t __recv_chk(int fd, void *p, size_t n, size_t size, int flags);

ssize_t
__recv_chk(int fd, void *p, size_t n, size_t size, int flags)
{
    if (n > size)
        __builtin_trap();
    return recv(fd, p, n, flags);
}

ssize_t
send(int fd, const void *p, size_t n, int flags)
{
    ssize_t r;
    return conn_before(fd, true, &n, &r) ? r : conn_after(fd, true, NEXT(send)(fd, p, n, flags));
}

ssize_t
splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t n, unsigned flags)
{
    bool out = !conn_at(from);
    int fd = out ? to : from;
    ssize_t r;
    if (conn_before(fd, out, &n, &r))
        return r;
    r = conn_after(fd, out, NEXT(splice)(from, from_at, to, to_at, n, flags));
    if (!out && r > 0)
        atomic_fetch_add(&page->spliced, (uint64_t)r);
    return r;
}

int
accept4(int listener, struct sockaddr *from, socklen_t *n, int flags)
{
    uint64_t interrupt = page->interrupt;
    static _Atomic uint64_t calls;
    if (shim_fails(&page->accept_errno, &page->accept_times))
        return -1;
    if (interrupt && shim_mix(0, ++calls) % interrupt == 0) {
        shim_fired();
        errno = EINTR;
        return -1;
    }
    int fd = NEXT(accept4)(listener, from, n, flags);
    conn_begin(fd, SIDE_CLIENT);
    return fd;
}

int
connect(int fd, const struct sockaddr *to, socklen_t n)
{
    int type = 0;
    socklen_t size = sizeof(type);
    bool tcp = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
               (to->sa_family == AF_INET || to->sa_family == AF_INET6);
    if (tcp && shim_fails(&page->connect_errno, &page->connect_times))
        return -1;
    int r = NEXT(connect)(fd, to, n);
    int error = errno;
    if (tcp && (r == 0 || error == EINPROGRESS))
        conn_begin(fd, SIDE_SERVER);
    errno = error;
    return r;
}

int
close(int fd)
{
    struct conn *c = conn_at(fd);
    if (c) {
        c->side = SIDE_NONE;
        atomic_fetch_sub(&page->open, 1);
    }
    return NEXT(close)(fd);
}
