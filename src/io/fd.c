/* Descriptors, for code that knows no sockets. */
#include "io/fd.h"

#include "io/sock.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

void
fd_local_text(int fd, char *out, size_t n)
{
    struct sockaddr_storage own;
    socklen_t len = sizeof(own);
    out[0] = 0;
    if (getsockname(fd, (struct sockaddr *)&own, &len) == 0)
        sock_text((struct sockaddr *)&own, out, n);
}

void
fd_keep_alive(int fd)
{
    static const struct {
        int level, option, value;
    } rows[] = {{SOL_SOCKET, SO_KEEPALIVE, 1},
                {IPPROTO_TCP, TCP_KEEPIDLE, 60},
                {IPPROTO_TCP, TCP_KEEPINTVL, 15},
                {IPPROTO_TCP, TCP_KEEPCNT, 4}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        setsockopt(fd, rows[i].level, rows[i].option, &rows[i].value, sizeof(rows[i].value));
}

void
fd_close(int fd)
{
    close(fd);
}

bool
fd_peer_is_own(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == geteuid();
}

void
fd_raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}
