/* A client of a Unix socket that waits. */
#include "io/local.h"

#include "base/mem.h"
#include "base/scan.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define HEAD_MAX (64u << 10)

struct local {
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    unsigned wait_ms;
    int fd; /* -1: none */
};

static bool
local_connect(struct local *l, struct err *e)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct timeval wait = {l->wait_ms / 1000, l->wait_ms % 1000 * 1000};
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", l->path);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return err_errno(e, ERR_FAILED, errno, "cannot open a socket");
    setsockopt(l->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    setsockopt(l->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    if (connect(l->fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return true;
    int why = errno;
    close(l->fd);
    l->fd = -1;
    return err_errno(e, ERR_FAILED, why, "no engine answers at '%s'", l->path);
}

struct local *
local_open(const char *path, unsigned wait_ms, struct err *e)
{
    struct local *l = mem_zalloc(sizeof(*l));
    if (!l) {
        err_memory(e);
        return NULL;
    }
    l->fd = -1;
    l->wait_ms = wait_ms;
    struct slice at = slice_str(path);
    bool fits = at.n < sizeof(l->path);
    snprintf(l->path, sizeof(l->path), "%.*s", SLICE_ARG(at));
    if (fits ? local_connect(l, e)
             : err_set(e, ERR_USAGE, "'%s' is too long for the path of a socket", path))
        return l;
    mem_free(l);
    return NULL;
}

void
local_close(struct local *l)
{
    if (!l)
        return;
    if (l->fd >= 0)
        close(l->fd);
    mem_free(l);
}

static bool
local_send(struct local *l, struct slice s)
{
    while (s.n) {
        ssize_t n = send(l->fd, s.p, s.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        s = slice_from(s, (size_t)n);
    }
    return true;
}

/* More bytes into the buffer; false at the end, or when there is no room. */
static bool
local_read(struct local *l, struct buf *in)
{
    char *room = buf_reserve(in, 4096);
    if (!room)
        return false;
    ssize_t n;
    do
        n = recv(l->fd, room, 4096, 0);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return false;
    buf_commit(in, (size_t)n);
    return true;
}

/* The value of a field of the head, without blanks. */
static struct slice
head_field(struct slice head, struct slice name)
{
    while (head.n) {
        struct slice line = slice_cut(&head, '\n'), key = slice_cut(&line, ':');
        if (slice_eq_nocase(key, name) && line.n)
            return slice_trim(slice_first(line, line.n - 1));
    }
    return SLICE_NONE;
}

/* Up to the empty line; 'head' points into the buffer, whose rest is content. */
static bool
read_head(struct local *l, struct buf *in, struct slice *head)
{
    for (;;) {
        struct slice s = buf_slice(in);
        const char *end = s.n ? memmem(s.p, s.n, "\r\n\r\n", 4) : NULL;
        if (end) {
            *head = slice_first(s, (size_t)(end - s.p) + 4);
            return true;
        }
        if (!local_read(l, in))
            return false;
    }
}

static bool
read_answer(struct local *l, unsigned *status, struct buf *out)
{
    struct buf in;
    struct slice head;
    uint64_t code = 0, length = 0;
    buf_init(&in, HEAD_MAX + out->max);
    bool good = read_head(l, &in, &head) && head.n > 12 &&
                scan_u64(slice_of(head.p + 9, 3), 999, &code) &&
                scan_u64(head_field(head, SLICE("content-length")), out->max, &length);
    size_t from = good ? head.n : 0;
    bool last = good && slice_eq_nocase(head_field(head, SLICE("connection")), SLICE("close"));
    while (good && buf_len(&in) < from + length)
        good = local_read(l, &in);
    if (good)
        buf_append(out, slice_first(slice_from(buf_slice(&in), from), (size_t)length));
    *status = (unsigned)code;
    buf_release(&in);
    if (last || !good) {
        close(l->fd);
        l->fd = -1;
    }
    return good && !out->failed;
}

bool
local_ask(struct local *l, struct local_call *c, struct err *e)
{
    struct buf head;
    buf_init(&head, HEAD_MAX);
    buf_printf(&head, "%s %.*s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n", c->method,
               SLICE_ARG(c->target), c->content.n);
    buf_append(&head,
               c->content.n ? SLICE("Content-Type: application/json\r\n\r\n") : SLICE("\r\n"));
    bool good = false;
    for (int i = 0; i < 2 && !good && !head.failed; i++) {
        bool fresh = l->fd < 0;
        if (fresh && !local_connect(l, e))
            break;
        good = local_send(l, buf_slice(&head)) && local_send(l, c->content) &&
               read_answer(l, &c->status, c->out);
        if (good || fresh || buf_len(c->out)) {
            if (!good)
                err_set(e, ERR_FAILED, "the engine at '%s' did not answer", l->path);
            break;
        }
    }
    buf_release(&head);
    return good;
}
