/* Listening sockets: one per loop and address, sharing the port (SO_REUSEPORT). */
#pragma once

#include "io/loop.h"

#include <sys/socket.h>

struct listener;
typedef void listen_fn(void *arg, int fd, const struct sockaddr *from);

/*
 * 'accepted' gets an owned, non-blocking descriptor with TCP_NODELAY and the client's address.
 * 'host' is a numeric address; port 0 picks a free one. When descriptors run out, accepting pauses
 * for a moment and one line is logged until it works again.
 */
struct listener *listen_open(struct loop *l, const char *host, uint16_t port, listen_fn *accepted,
                             void *arg, struct err *e) MUST_CHECK;
/*
 * The same for a socket in the file system, which only its owner may use (mode 0600). A file that
 * an earlier process has left there is replaced, one that somebody listens on is not. The file
 * stays behind: to take it away is more than the sandbox lets us do. Before there are threads,
 * since it changes the umask for a moment.
 */
struct listener *listen_open_unix(struct loop *l, const char *path, listen_fn *accepted, void *arg,
                                  struct err *e) MUST_CHECK;
/* Clients that wait in its queue are handed over first: they are connected already, as far as they
 * know. */
void listen_close(struct listener *l);
uint16_t listen_port(const struct listener *l);
/* Where it listens. */
const struct sockaddr *listen_addr(const struct listener *l);
