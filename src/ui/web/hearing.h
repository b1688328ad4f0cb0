/*
 * Clients of the feed that hear of moments (flow/hook.h): a live view and not a record. A client
 * says of what, and says it again when that changes:
 *
 *     {"hooks": {"names": ["tls-*", "request"], "query": QUERY, "content": BYTES}}
 *
 * The wish takes the place of the one before, and what waits for that is dropped. No names: nothing
 * any more. With a query only moments of flows that match it are told, as they
 * stand then. "content": so many bytes of each piece of content are shown, at most
 * HEARING_CONTENT_MAX; without it none. It is told:
 *
 *     {"type": "hooks", "names": [...]}    from now on it hears of these
 *     {"type": "hook", ...}                see ui/web/moment_json.h
 *     {"type": "dropped", "count": N}      here so many are missing: the client was too slow
 *
 * The threads where it happens write the message into a queue of the client, which is bounded, and
 * never wait; the control thread sends from there what the connection takes.
 */
#pragma once

#include "base/err.h"
#include "flow/hook.h"

#define HEARINGS_MAX        16
#define HEARING_CONTENT_MAX ((size_t)64 << 10)
/* Of messages that wait, for each client. */
#define HEARING_QUEUE_MAX ((size_t)1 << 20)

struct hearing; /* of one client */
struct hub;     /* of all of them */
struct json_t;
struct loop;
struct websocket;

/* The audience is filled in, and hears nothing yet. It and the loop, which is that of the clients,
 * are borrowed until hub_free. NULL without memory. */
struct hub *hub_new(struct audience *a, struct loop *l) MUST_CHECK;
/* Nobody may tell anything any more. NULL is allowed. */
void hub_free(struct hub *h);
/* From a thread of ours. */
void hub_tell(struct hub *h, const struct moment *m);
/* Messages that were dropped, since the start. Any thread. */
unsigned long hub_dropped(const struct hub *h);

/* The rest: on the control thread. */

/* Begins to hear what the member "hooks" of a message says, in place of 'old' (may be NULL), which
 * ends, and has the client told; false with a sentence, then all stays as it was. */
bool hearing_begin(struct hub *h, struct websocket *w, const struct json_t *hooks,
                   struct hearing **old, struct err *e) MUST_CHECK;
/* NULL is allowed. */
void hearing_end(struct hearing *h);
/* The connection takes more. NULL is allowed. */
void hearing_send(struct hearing *h);
