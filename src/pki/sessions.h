/*
 * TLS sessions of upstream connections, for resumption. One per worker thread, no lock. Bounded by
 * number of keys, the least recently used goes first; up to two sessions per key, each used once
 * (RFC 8446 appendix C.4).
 */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#include <time.h>

struct sessions;
struct ssl_session_st;

#define SESSIONS_PER_KEY 2

/* NULL without memory. */
struct sessions *sessions_new(size_t max_keys) MUST_CHECK;
/* NULL is allowed. */
void sessions_free(struct sessions *s);
/* Takes the session. The key says all that must be equal for a resumption:
 * "host:port:sni:alpn:policy". Without memory the session is dropped. */
void sessions_put(struct sessions *s, struct slice key, struct ssl_session_st *session);
/* Returns owned: the newest that has not ended at 'now', or NULL. Only one of
 * TLS 1.2 or older stays in here as well. */
struct ssl_session_st *sessions_take(struct sessions *s, struct slice key, time_t now) MUST_CHECK;
/* Number of keys held. */
size_t sessions_len(const struct sessions *s);
