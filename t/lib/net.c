/* Loopback sockets and a small DNS server for tests of io/. */
#include "lib/net.h"

#include "base/mem.h"
#include "base/thread.h"
#include "io/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

static void
need(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

static socklen_t
address(const char *host, uint16_t port, struct sockaddr_storage *a)
{
    need(sock_parse(host, port, a), host);
    return sock_len((struct sockaddr *)a);
}

static uint16_t
port_of(int fd)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof(a);
    need(getsockname(fd, (struct sockaddr *)&a, &n) == 0, "getsockname");
    return sock_port((struct sockaddr *)&a);
}

bool
net_has(const char *host)
{
    struct sockaddr_storage a;
    socklen_t n = address(host, 0, &a);
    int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

int
net_listen(const char *host, uint16_t *port, int backlog)
{
    struct sockaddr_storage a;
    int on = 1;
    socklen_t n = address(host, *port, &a);
    int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    need(bind(fd, (struct sockaddr *)&a, n) == 0, "bind");
    need(listen(fd, backlog) == 0, "listen");
    *port = port_of(fd);
    return fd;
}

static void
shrink(int fd)
{
    int n = 32768;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &n, sizeof(n));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n, sizeof(n));
}

void
net_pair(int *ours, int *peer, bool small)
{
    uint16_t port = 0;
    struct sockaddr_storage a;
    int server = net_listen("127.0.0.1", &port, 1);
    socklen_t n = address("127.0.0.1", port, &a);
    *peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (small) {
        shrink(server);
        shrink(*peer);
    }
    need(connect(*peer, (struct sockaddr *)&a, n) == 0, "connect");
    *ours = accept4(server, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    need(*ours >= 0, "accept");
    close(server);
}

bool
net_send(int fd, const void *p, size_t n)
{
    const char *at = p;
    for (ssize_t done; n; at += done, n -= (size_t)done)
        if ((done = send(fd, at, n, MSG_NOSIGNAL)) <= 0)
            return false;
    return true;
}

bool
net_recv(int fd, void *p, size_t n)
{
    char *at = p;
    for (ssize_t done; n; at += done, n -= (size_t)done)
        if ((done = recv(fd, at, n, 0)) <= 0)
            return false;
    return true;
}

long
net_drain(int fd)
{
    char room[16384];
    long all = 0;
    ssize_t n;
    while ((n = recv(fd, room, sizeof(room), 0)) > 0)
        all += n;
    return n == 0 ? all : -1;
}

void
net_reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

/* DNS ----------------------------------------------------------------------------------------- */

enum { TYPE_A = 1, TYPE_AAAA = 28, NO_ERROR = 0, SERVFAIL = 2, NXDOMAIN = 3 };

struct dns {
    struct thread thread;
    int fd;
    char text[64];
    atomic_uint asked;
};

static bool
label_is(const unsigned char *question, const char *label)
{
    size_t n = strlen(label);
    return question[0] == n && memcmp(question + 1, label, n) == 0;
}

static int
rcode_of(const unsigned char *q)
{
    static const char *const known[] = {"both", "four", "late", "empty"};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (label_is(q, known[i]))
            return NO_ERROR;
    return label_is(q, "fail") ? SERVFAIL : NXDOMAIN;
}

/* Appends the record that answers, if any; its size. */
static size_t
put_record(const unsigned char *q, unsigned type, unsigned char *out)
{
    static const unsigned char four[] = {0xc0, 12, 0, TYPE_A, 0,   1, 0, 0,
                                         0,    60, 0, 4,      127, 0, 0, 1};
    static const unsigned char six[] = {0xc0, 12, 0, TYPE_AAAA, 0, 1, 0, 0, 0, 60, 0, 16, 0, 0,
                                        0,    0,  0, 0,         0, 0, 0, 0, 0, 0,  0, 0,  0, 1};
    bool both = label_is(q, "both");
    if (type == TYPE_A && (both || label_is(q, "four") || label_is(q, "late"))) {
        memcpy(out, four, sizeof(four));
        return sizeof(four);
    }
    if (type == TYPE_AAAA && both) {
        memcpy(out, six, sizeof(six));
        return sizeof(six);
    }
    return 0;
}

/* Turns the question into its answer; the size of that, 0 for none. */
static size_t
answer(unsigned char *msg, size_t n, unsigned asked)
{
    unsigned char *q = msg + 12, *at = q;
    while (at < msg + n && *at)
        at += *at + 1;
    at += 5; /* the root label, type and class */
    if (at > msg + n || label_is(q, "silent") || (label_is(q, "late") && asked < 2))
        return 0;
    unsigned type = at[-3];
    size_t record = put_record(q, type, at);
    msg[2] = 0x81;
    msg[3] = (unsigned char)(0x80 | rcode_of(q));
    memset(msg + 6, 0, 6);
    msg[7] = record != 0;
    return (size_t)(at - msg) + record;
}

static void
dns_run(void *arg)
{
    struct dns *d = arg;
    unsigned char msg[1024];
    struct sockaddr_storage from;
    for (;;) {
        socklen_t n_from = sizeof(from);
        ssize_t n = recvfrom(d->fd, msg, 512, 0, (struct sockaddr *)&from, &n_from);
        if (n < 17)
            return;
        size_t out = answer(msg, (size_t)n, atomic_fetch_add(&d->asked, 1));
        if (out)
            sendto(d->fd, msg, out, 0, (struct sockaddr *)&from, n_from);
    }
}

struct dns *
dns_start(void)
{
    struct sockaddr_storage a;
    struct err e;
    struct dns *d = mem_need(mem_zalloc(sizeof(*d)));
    socklen_t n = address("127.0.0.1", 0, &a);
    d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    need(bind(d->fd, (struct sockaddr *)&a, n) == 0, "bind");
    snprintf(d->text, sizeof(d->text), "127.0.0.1:%u", port_of(d->fd));
    need(thread_start(&d->thread, "dns", dns_run, d, &e), "thread");
    return d;
}

void
dns_stop(struct dns *d)
{
    struct sockaddr_storage a;
    socklen_t n = address("127.0.0.1", port_of(d->fd), &a);
    need(sendto(d->fd, "", 1, 0, (struct sockaddr *)&a, n) == 1, "sendto");
    thread_join(&d->thread);
    close(d->fd);
    mem_free(d);
}

const char *
dns_address(const struct dns *d)
{
    return d->text;
}

unsigned
dns_asked(const struct dns *d)
{
    return atomic_load(&d->asked);
}
