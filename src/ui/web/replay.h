/*
 * Requests of stored flows that are sent again, one after the other: each makes a flow of its own.
 * Everything on the control thread.
 */
#pragma once

#include "base/base.h"

#include <stdbool.h>

struct control;
struct flow;

#define REPLAY_MAX 10000 /* that wait */

/* How many are still to be sent, and what became of the others since the start. */
struct replay_counts {
    size_t left;
    unsigned long sent, failed; /* 'failed' were not sent at all */
};

/* Queues the flows: keeps references. false: they would be too many, or there is no memory; then
 * none is queued. */
bool replay_add(struct control *c, struct flow *const *flows, size_t n) MUST_CHECK;
/* Those that wait are not sent. */
void replay_stop(struct control *c);
struct replay_counts replay_counts(const struct control *c);
/* At the end, when none is under way any more. */
void replay_free(struct control *c);
