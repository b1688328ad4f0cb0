/* Listening sockets, and accepting with limits. */
#include "io/listen.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/loop_uv.h"
#include "io/sock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define BACKLOG       4096
#define ROUND_ACCEPTS 64 /* then others have their turn */
#define PAUSE         (100 * NS_PER_MS)

struct listener {
    uv_poll_t uv;
    struct loop *loop;
    struct timer *pause; /* runs while accepting pauses */
    listen_fn *accepted;
    void *arg;
    struct sockaddr_storage addr;
    char text[128];
    int fd;
    bool starved; /* said so, until the backlog has been emptied */
    bool closed;
};

static void on_readable(uv_poll_t *uv, int status, int events);

/* A listening descriptor, or -1 with errno. */
static int
listen_socket(const struct sockaddr *a)
{
    int on = 1;
    bool four = a->sa_family == AF_INET;
    int fd = socket(a->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0 &&
        (four || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
        bind(fd, a, sock_len(a)) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static bool
listener_bind(struct listener *l, const char *host, uint16_t port, struct err *e)
{
    struct sockaddr_storage a;
    if (!sock_parse(host, port, &a))
        return err_set(e, ERR_START, "cannot listen on '%s': it is not an address", host);
    socklen_t n = sizeof(l->addr);
    sock_text((struct sockaddr *)&a, l->text, sizeof(l->text));
    l->fd = listen_socket((struct sockaddr *)&a);
    if (l->fd < 0)
        return err_errno(e, ERR_START, errno, "cannot listen on '%s'", l->text);
    getsockname(l->fd, (struct sockaddr *)&l->addr, &n);
    sock_text((struct sockaddr *)&l->addr, l->text, sizeof(l->text));
    return true;
}

/* Whether the file is a socket on which nobody listens any more. */
static bool
unix_is_stale(const struct sockaddr_un *a)
{
    struct stat st;
    if (lstat(a->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool stale = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof(*a)) != 0 &&
                 errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return stale;
}

static bool
unix_listen(int fd, const struct sockaddr_un *a)
{
    const struct sockaddr *at = (const struct sockaddr *)a;
    mode_t before = umask(0177);
    bool good = bind(fd, at, sizeof(*a)) == 0;
    if (!good && errno == EADDRINUSE && unix_is_stale(a)) {
        unlink(a->sun_path);
        good = bind(fd, at, sizeof(*a)) == 0;
    }
    umask(before);
    return good && listen(fd, BACKLOG) == 0;
}

static bool
listener_bind_unix(struct listener *l, const char *path, struct err *e)
{
    struct sockaddr_un *a = (struct sockaddr_un *)&l->addr;
    snprintf(l->text, sizeof(l->text), "%s", path);
    if (slice_str(path).n >= sizeof(a->sun_path))
        return err_set(e, ERR_START,
                       "cannot listen on '%s': the name of a socket has at most %zu bytes", path,
                       sizeof(a->sun_path) - 1);
    a->sun_family = AF_UNIX;
    snprintf(a->sun_path, sizeof(a->sun_path), "%s", path);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd >= 0 && unix_listen(l->fd, a))
        return true;
    err_errno(e, ERR_START, errno, "cannot listen on '%s'", path);
    if (l->fd >= 0)
        close(l->fd);
    return false;
}

static void
on_pause_over(void *arg)
{
    struct listener *l = arg;
    uv_poll_start(&l->uv, UV_READABLE, on_readable);
}

/* No descriptor, or no memory in the kernel: the clients stay in the backlog for a while. */
static void
listener_pause(struct listener *l, int error)
{
    if (!l->starved)
        log_line(LOG_WARN, "'%s' accepts no more connections for now: %s", l->text,
                 uv_strerror(uv_translate_sys_error(error)));
    l->starved = true;
    uv_poll_stop(&l->uv);
    timer_set(l->pause, loop_now(l->loop) + PAUSE);
}

/* One connection; false when there is no reason to go on for now. */
static bool
listener_accept(struct listener *l)
{
    struct sockaddr_storage from;
    socklen_t n = sizeof(from);
    int on = 1;
    int fd = accept4(l->fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        l->accepted(l->arg, fd, (struct sockaddr *)&from);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        listener_pause(l, errno);
        return false;
    }
    /* Anything else is the fault of that one connection (ECONNABORTED, EPROTO, and more in
     * accept(2)). */
    if (errno != EAGAIN)
        return true;
    if (l->starved)
        log_line(LOG_INFO, "'%s' accepts connections again", l->text);
    l->starved = false;
    return false;
}

static void
on_readable(uv_poll_t *uv, int status, int events)
{
    (void)status, (void)events;
    struct listener *l = container_of(uv, struct listener, uv);
    for (int i = 0; i < ROUND_ACCEPTS && !l->closed; i++)
        if (!listener_accept(l))
            return;
}

static void
on_listener_closed(uv_handle_t *uv)
{
    mem_free(container_of((uv_poll_t *)uv, struct listener, uv));
}

static void
listener_unbind(struct listener *l)
{
    close(l->fd);
    timer_free(l->pause);
}

static struct listener *
listener_new(struct loop *loop, listen_fn *accepted, void *arg, struct err *e)
{
    struct listener *l = mem_zalloc(sizeof(*l));
    if (!l) {
        err_memory(e);
        return NULL;
    }
    l->loop = loop;
    l->accepted = accepted;
    l->arg = arg;
    return l;
}

/* The descriptor listens: from now on its clients are accepted. */
static struct listener *
listener_begin(struct listener *l, struct err *e)
{
    l->pause = timer_new(l->loop, on_pause_over, l);
    if (!l->pause || uv_poll_init(loop_uv(l->loop), &l->uv, l->fd) != 0) {
        listener_unbind(l);
        mem_free(l);
        err_memory(e);
        return NULL;
    }
    uv_poll_start(&l->uv, UV_READABLE, on_readable);
    return l;
}

/* Where, who hears of it, and the error: there is nothing to group in six parameters. */
struct listener * /* NOLINTNEXTLINE(readability-function-size) */
listen_open(struct loop *loop, const char *host, uint16_t port, listen_fn *accepted, void *arg,
            struct err *e)
{
    struct listener *l = listener_new(loop, accepted, arg, e);
    if (l && listener_bind(l, host, port, e))
        return listener_begin(l, e);
    mem_free(l);
    return NULL;
}

struct listener *
listen_open_unix(struct loop *loop, const char *path, listen_fn *accepted, void *arg, struct err *e)
{
    struct listener *l = listener_new(loop, accepted, arg, e);
    if (l && listener_bind_unix(l, path, e))
        return listener_begin(l, e);
    mem_free(l);
    return NULL;
}

void
listen_close(struct listener *l)
{
    /* Who is in the queue is connected already, as far as he knows. */
    for (int i = 0; i < BACKLOG && listener_accept(l); i++)
        ;
    l->closed = true;
    uv_close((uv_handle_t *)&l->uv, on_listener_closed);
    listener_unbind(l);
}

uint16_t
listen_port(const struct listener *l)
{
    return sock_port(listen_addr(l));
}

const struct sockaddr *
listen_addr(const struct listener *l)
{
    return (const struct sockaddr *)&l->addr;
}
