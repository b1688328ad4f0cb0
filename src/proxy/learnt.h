/*
 * What clients have taught: who refused our certificate for a host, and is passed through unopened
 * for a while because of it (see the option 'pass-refused'). Bounded: the oldest go. Any thread.
 */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define LEARNT_MAX 1000u

struct learnt;

struct lesson {
    uint64_t id;         /* ascending */
    uint64_t client;     /* see sock_source */
    char from[64];       /* its address, as text */
    char host[256];      /* normal */
    char why[160];       /* what it did */
    uint64_t at, until;  /* wall clock */
    unsigned long times; /* it was passed through since */
};

/* NULL without memory. */
struct learnt *learnt_new(void) MUST_CHECK;
/* NULL is allowed. */
void learnt_free(struct learnt *l);
/* In the place of what was known of that client and host. Without memory nothing is learnt. */
void learnt_put(struct learnt *l, const struct lesson *lesson);
/* Whether the client is to be passed through for the host, which is counted: a copy of why. */
bool learnt_get(struct learnt *l, uint64_t client, struct slice host, uint64_t now,
                struct lesson *out);
/* Those that hold, the oldest first. */
void learnt_each(struct learnt *l, uint64_t now, void (*fn)(void *arg, const struct lesson *lesson),
                 void *arg);
/* Forgets one, or with 0 all; how many there were. */
size_t learnt_forget(struct learnt *l, uint64_t id);
