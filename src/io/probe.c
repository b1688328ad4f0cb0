/* Whether a port is free. */
#include "io/probe.h"

#include "io/sock.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

static bool
probe_listen(int fd, const struct sockaddr_storage *a)
{
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
        return false;
    if (a->ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
        return false;
    return bind(fd, (const struct sockaddr *)a, sock_len((const struct sockaddr *)a)) == 0 &&
           listen(fd, 1) == 0;
}

bool
probe_port(const char *host, uint16_t port, struct err *e)
{
    struct sockaddr_storage a;
    char text[64];
    if (!sock_parse(host, port, &a))
        return err_set(e, ERR_USAGE, "'%s' is not an address to listen on", host);
    sock_text((struct sockaddr *)&a, text, sizeof(text));
    int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && (!port || probe_listen(fd, &a));
    int errnum = errno;
    if (fd >= 0)
        close(fd);
    return good || err_errno(e, ERR_START, errnum, "cannot listen on '%s'", text);
}

bool
probe_address(const char *host)
{
    struct sockaddr_storage a;
    if (!sock_parse(host, 0, &a))
        return false;
    int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && bind(fd, (struct sockaddr *)&a, sock_len((struct sockaddr *)&a)) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}
