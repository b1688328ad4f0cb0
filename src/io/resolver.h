/*
 * Names to addresses without blocking: c-ares on a loop, the hosts file included. Answers are kept
 * for 30 seconds, of up to 1,000 names; several who ask for one name at a time share one question.
 * An open question does not keep the loop alive: whoever waits has a time limit, and the timer for
 * it.
 */
#pragma once

#include "io/loop.h"

#include <sys/socket.h>

/* Addresses of one name that are used; more are dropped. */
#define RESOLVER_ADDRS_MAX 16

struct resolver;

/* Embedded in whoever asks, one question at a time. */
struct lookup {
    struct list node;
    /* Called once. The addresses are without port, IPv6 and IPv4 in turn (RFC 8305 section 4),
     * borrowed for the call; n is 0 on failure, and then 'why' is a sentence that names the host.
     * It must not ask again at once. */
    void (*done)(struct lookup *k, const struct sockaddr_storage *found, unsigned n,
                 const char *why);
};

struct resolver *resolver_new(struct loop *l, struct err *e) MUST_CHECK;
/* Nobody may be waiting any more. Before the loop is freed. */
void resolver_free(struct resolver *r);
/* 'done' may come before this returns. 'name' is borrowed; upper and lower case are the same. */
void resolver_find(struct resolver *r, struct slice name, struct lookup *k);
/* 'done' is not called any more. Also for a lookup that is over, or was zeroed and never begun. */
void resolver_cancel(struct lookup *k);
/* Tests only: asks these servers, as "127.0.0.1:5300", instead of the system's. */
bool resolver_set_servers(struct resolver *r, const char *list) MUST_CHECK;
