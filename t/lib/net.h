/* Loopback sockets and a small DNS server for tests of io/. Failures end the process: there is
 * nothing to test then. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A blocking listening socket on the numeric host; *port gets the port, or says which when it is
 * not 0. */
int net_listen(const char *host, uint16_t *port, int backlog);
/* Whether the machine has the address. */
bool net_has(const char *host);
/* Connected TCP sockets: ours does not block, the peer's does. Two hundred kilobytes fill 'small'
 * ones. */
void net_pair(int *ours, int *peer, bool small);
/* Blocking; all n bytes. false when the connection ended or failed before. */
bool net_send(int fd, const void *p, size_t n);
bool net_recv(int fd, void *p, size_t n);
/* Reads until the end: the bytes that came, or -1 when it was a reset. */
long net_drain(int fd);
/* Closes with a reset. */
void net_reset(int fd);

/*
 * A DNS server on a loopback port, in a thread of its own. Answers by the first label of the name:
 * "both": ::1 and 127.0.0.1; "four": 127.0.0.1; "empty": no records; "fail": SERVFAIL; "silent":
 * nothing at all; any other does not exist.
 */
struct dns;
struct dns *dns_start(void);
void dns_stop(struct dns *d);
/* "127.0.0.1:5353" */
const char *dns_address(const struct dns *d);
/* Questions so far. */
unsigned dns_asked(const struct dns *d);
