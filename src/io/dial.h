/*
 * Connecting to a server by name: resolution (c-ares, with a small cache and overrides), then the
 * addresses one after the other with a head start (happy eyeballs, RFC 8305: 250 ms, IPv6 first
 * when both are there).
 */
#pragma once

#include "io/loop.h"

#include <sys/socket.h>

struct dial;

struct dial_result {
    int fd;             /* connected and non-blocking, owned by the receiver; -1 on failure */
    struct failure why; /* on failure: DNS, CONNECT, CONNECT_TIMEOUT, or what 'allow' said */
    uint64_t resolved, connected; /* wall clock; 'resolved' is 0 when no name was looked up */
    char local[64], remote[64];
};

struct dial_options {
    struct slice host; /* name or IP literal without brackets; borrowed for the call */
    uint16_t port;
    uint64_t timeout; /* nanoseconds, for all of it */
    const char *const
        *overrides; /* HOST:PORT:ADDR[,ADDR]... as in curl's --resolve, NULL-terminated; may be
                     * NULL. '*' as host fits all. Must outlive the dial. */
    /* Judges each address after resolution; false (with *why filled) skips it. May be NULL. */
    bool (*allow)(void *arg, const struct sockaddr *to, struct failure *why);
    void (*done)(void *arg, const struct dial_result *r);
    void *arg;
};

/* 'done' is called exactly once, later, never from inside this call. NULL without memory. */
struct dial *dial_start(struct loop *l, const struct dial_options *o) MUST_CHECK;
/* 'done' is not called any more. */
void dial_cancel(struct dial *d);
/* Whether HOST:PORT:ADDR is well formed. */
bool dial_check_override(const char *text, struct err *e) MUST_CHECK;
