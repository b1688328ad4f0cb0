/* Faults of other calls: sockets and polling that are refused, a disk that is full or slow, clocks.
 */
#include "shim.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int
socket(int domain, int type, int protocol)
{
    if (shim_fails(&page->socket_errno, &page->socket_times))
        return -1;
    return NEXT(socket)(domain, type, protocol);
}

int
pipe2(int ends[2], int flags)
{
    if (shim_fails(&page->pipe_errno, &page->pipe_times))
        return -1;
    return NEXT(pipe2)(ends, flags);
}

int
epoll_ctl(int epoll, int op, int fd, struct epoll_event *ev)
{
    int r = NEXT(epoll_ctl)(epoll, op, fd, ev);
    /* The kernel looks first whether it is there already, which libuv counts on. */
    if (r != 0 || op != EPOLL_CTL_ADD || !shim_fails(&page->epoll_errno, &page->epoll_times))
        return r;
    int error = errno;
    NEXT(epoll_ctl)(epoll, EPOLL_CTL_DEL, fd, ev);
    errno = error;
    return -1;
}

static void
wait_for_disk(void)
{
    struct timespec moment = {.tv_nsec = 1000000};
    if (!page->disk_stuck)
        return;
    shim_fired();
    while (page->disk_stuck)
        nanosleep(&moment, NULL);
}

ssize_t
write(int fd, const void *p, size_t n)
{
    static _Atomic uint64_t calls;
    struct stat st;
    uint64_t most = page->disk_short, interrupt = page->interrupt;
    if (fd <= STDERR_FILENO || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return NEXT(write)(fd, p, n);
    wait_for_disk();
    if (page->disk_after)
        page->disk_after--;
    else if (shim_fails(&page->disk_errno, &page->disk_times))
        return -1;
    uint64_t call = ++calls;
    if (interrupt && shim_mix(2, call) % interrupt == 0) {
        shim_fired();
        errno = EINTR;
        return -1;
    }
    if (most) {
        most = 1 + shim_mix(3, call) % most;
        if (most < n)
            shim_fired();
        n = most < n ? most : n;
    }
    return NEXT(write)(fd, p, n);
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
    int r = NEXT(clock_gettime)(id, t);
    if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        t->tv_sec += (time_t)page->wall_shift;
    return r;
}

time_t
time(time_t *out)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (out)
        *out = t.tv_sec;
    return t.tv_sec;
}
