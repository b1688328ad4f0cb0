/* Sockets and TLS of the bench. */
#include "bench/lib/wire.h"

#include "base/scan.h"

#include <openssl/err.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

void
wire_die(const char *what, const char *about)
{
    char reason[256] = "";
    if (ERR_peek_error())
        ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
    fprintf(stderr, "%s '%s' %s\n", what, about, reason);
    exit(2);
}

static ssize_t
ssl_result(SSL *ssl, int n)
{
    switch (SSL_get_error(ssl, n)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return WIRE_AGAIN;
    default: ERR_clear_error(); return WIRE_END;
    }
}

static ssize_t
socket_result(ssize_t n)
{
    if (n > 0)
        return n;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? WIRE_AGAIN : WIRE_END;
}

ssize_t
wire_read(struct wire *w, char *to, size_t n)
{
    if (!w->ssl)
        return socket_result(recv(w->fd, to, n, 0));
    int got = SSL_read(w->ssl, to, (int)n);
    return got > 0 ? got : ssl_result(w->ssl, got);
}

ssize_t
wire_write(struct wire *w, const char *from, size_t n)
{
    if (!w->ssl)
        return socket_result(send(w->fd, from, n, MSG_NOSIGNAL));
    int put = SSL_write(w->ssl, from, (int)n);
    return put > 0 ? put : ssl_result(w->ssl, put);
}

int
wire_handshake(struct wire *w)
{
    int done = SSL_do_handshake(w->ssl);
    return done == 1 ? 1 : (int)ssl_result(w->ssl, done);
}

void
wire_close(struct wire *w)
{
    if (w->ssl) {
        SSL_shutdown(w->ssl);
        SSL_free(w->ssl);
        ERR_clear_error();
    }
    if (w->fd >= 0)
        close(w->fd);
    *w = (struct wire){.fd = -1};
}

SSL_CTX *
wire_ctx(const SSL_METHOD *method)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    if (!ctx)
        wire_die("no TLS context", "");
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    /* One recv for many records. */
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_read_buffer_len(ctx, (size_t)64 * 1024);
    return ctx;
}

static struct sockaddr_in
address_of(const char *text)
{
    struct slice rest = slice_str(text), host = slice_cut(&rest, ':');
    char name[INET_ADDRSTRLEN];
    uint64_t port;
    struct sockaddr_in at = {.sin_family = AF_INET};
    snprintf(name, sizeof(name), "%.*s", SLICE_ARG(host));
    if (!scan_u64(rest, UINT16_MAX, &port) || inet_pton(AF_INET, name, &at.sin_addr) != 1)
        wire_die("not an address and port", text);
    at.sin_port = htons((uint16_t)port);
    return at;
}

void
wire_nodelay(int fd)
{
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

void
wire_setup(void)
{
    struct rlimit files;
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static int
tcp_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        wire_nodelay(fd);
    return fd;
}

int
wire_connect(const char *address)
{
    struct sockaddr_in at = address_of(address);
    int fd = tcp_socket();
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

int
wire_listen(const char *address)
{
    struct sockaddr_in at = address_of(address);
    int one = 1, fd = tcp_socket();
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 4096) == 0)
        return fd;
    close(fd);
    return -1;
}

unsigned
wire_port(int fd)
{
    struct sockaddr_in at = {0};
    socklen_t n = sizeof(at);
    getsockname(fd, (struct sockaddr *)&at, &n);
    return ntohs(at.sin_port);
}

bool
wire_watch(int epoll, int fd, void *who)
{
    struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = who};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) == 0;
}
