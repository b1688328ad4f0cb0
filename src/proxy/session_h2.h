/*
 * Connections of HTTP/2 to servers. From its first request on such a connection belongs to the
 * session of one client, so that it may look like that client's own; the session's exchanges share
 * it, and it is closed with the session, or when others wait for the place that it takes. With
 * --share-upstream all sessions of a thread share it instead.
 */
#pragma once

#include "proxy/upstream.h"

struct session;

/* One that can take another exchange, or NULL. */
struct upstream *session_h2_find(struct session *s, const struct upstream_spec *spec);
/* From now on it is the session's; nothing happens to one of HTTP/1. */
void session_h2_own(struct session *s, struct upstream *u);
/* An exchange has left it. */
void session_h2_leave(struct session *s, struct upstream *u);
/* The session ends. */
void session_h2_close(struct session *s);
