/*
 * The segments of a tunnel as messages: what came at once is one. Most tunnels only keep them;
 * where somebody wants to be asked about them, or sends one by hand, there is a struct segments, by
 * which all bytes of the tunnel go.
 */
#pragma once

#include "base/err.h"
#include "layer/carrier.h"
#include "layer/chain.h"

struct segments;

/* Keeps a segment that has gone on with the flow. */
void segment_keep(struct host *h, struct flow *f, bool up, struct slice data);

/* For a flow that outlives it. Who wants to be asked, as ws_watch. Returns owned, NULL without
 * memory. */
struct segments *segments_new(struct chain *client, struct flow *f, void *hooks,
                              bool stage) MUST_CHECK;
void segments_carry(struct segments *g, const struct carrier_ops *by, void *arg);
/* Takes all of it; not while that way waits. */
void segments_take(struct segments *g, bool up, struct slice data);
/* Whether a segment that way waits for an answer. NULL is allowed. */
bool segments_wait(const struct segments *g, bool up);
/* Whether the receivers got something else than was sent. */
bool segments_changed(const struct segments *g);
/* Sends a segment of our own, after one that waits. */
bool segments_inject(struct segments *g, bool up, struct slice content, struct slice by,
                     struct err *e) MUST_CHECK;
/* The flow is to be recorded. Nothing is done from here on. NULL is allowed. */
void segments_end(struct segments *g);
/* NULL is allowed. */
void segments_free(struct segments *g);
