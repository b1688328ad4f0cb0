/*
 * The engine: workers, listeners, the shared caches, start, reload, stop.
 */
#pragma once

#include "base/err.h"
#include "flow/body.h"
#include "proxy/config.h"

struct audience;
struct json;
struct learnt;
struct proxy;
struct rules;
struct setup;
struct sockaddr;
struct writer;

/* Numbers that say how the engine fares; any thread may read them. */
struct proxy_counters {
    atomic_ulong connections;     /* accepted since the start */
    atomic_ulong clients;         /* connected now */
    atomic_ulong refused;         /* not accepted: limits */
    atomic_ulong flows;           /* recorded */
    atomic_ulong client_refusals; /* handshakes that clients refused */
    atomic_ulong passed;          /* connections whose TLS was left closed */
    atomic_ulong limited;         /* clients that were sent away: limits of HTTP/2 */
    atomic_ulong held;            /* that wait for a person now */
    atomic_ulong held_total;      /* since the start */
    atomic_ulong unheld;          /* that should have been held: the limit was reached */
};

/*
 * Opens everything, listeners too, and starts no thread. Keeps the configuration; the budget is
 * borrowed until proxy_free. NULL with a sentence; the code tells wrong configuration from what
 * could not be started.
 */
struct proxy *proxy_new(const struct config *c, struct budget *budget, struct err *e) MUST_CHECK;
/* No client is ever led to this address, nor to those that reach the same listener: it is not an
 * engine's, but of the same program. Before proxy_start. */
bool proxy_shun(struct proxy *p, const struct sockaddr *a, struct err *e) MUST_CHECK;
/* A reference to what was made of the newest configuration. On the thread that starts and reloads.
 */
struct setup *proxy_setup(const struct proxy *p) MUST_CHECK;
/* What clients have taught: see the option 'pass-refused'. Any thread. */
struct learnt *proxy_learnt(const struct proxy *p);
/* Appends an array of the listeners: mode, address, connections open now and accepted since it was
 * opened. On the thread that starts and reloads. */
void proxy_listeners(struct proxy *p, struct json *j, const char *key);
/* Gives up what is not needed for serving, as the configuration says. Before there are threads. */
bool proxy_confine(const struct proxy *p, struct err *e) MUST_CHECK;
/* Begins to serve; the writer is borrowed until proxy_free. The lines "listening MODE ADDRESS:PORT"
 * go to standard output and to the port file. On failure it must be stopped, waited for and freed.
 */
bool proxy_start(struct proxy *p, struct writer *w, struct err *e) MUST_CHECK;
/* Makes the configuration that of new connections, opens and closes listeners as it says. On
 * failure all stays as it was. Any thread, one at a time. */
bool proxy_reload(struct proxy *p, const struct config *c, struct err *e) MUST_CHECK;
/* These rules hold for new requests. Keeps a reference. Any thread. */
void proxy_set_rules(struct proxy *p, struct rules *rules);
/* fn(arg) is called when a flow begins or ends to be held: on any worker, so it must be short.
 * NULL: nobody. */
void proxy_watch(struct proxy *p, void (*fn)(void *arg), void *arg);
/* Who hears of moments of this engine (flow/hook.h): to be filled in before proxy_start, by who
 * lives until proxy_wait has returned. */
struct audience *proxy_audience(struct proxy *p);
/* Finishes what is running, within the grace time, then ends the workers; a second call ends them
 * at once. Not from a worker. Returns at once. */
void proxy_stop(struct proxy *p);
/* Until all workers have ended after proxy_stop. */
void proxy_wait(struct proxy *p);
/* After proxy_wait. */
void proxy_free(struct proxy *p);
const struct proxy_counters *proxy_counters(const struct proxy *p);
