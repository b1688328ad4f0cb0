/* Hop-by-hop fields: what a proxy takes out of a head before passing it on (RFC 9110, 7.6.1). */
#pragma once

#include "base/arena.h"
#include "codec/head.h"

/*
 * Strips 'h', whose field array must be its own (head_copy), in place: Connection and the fields it
 * names, Keep-Alive, Proxy-Connection, TE (all of it but "trailers"), Upgrade, HTTP2-Settings,
 * Proxy-Authorization in requests, and Transfer-Encoding unless the framing is chunked. Connection
 * can not take away what has a meaning end to end: every field with a field_id, Content-*, cookies,
 * If-*, X-Forwarded-* and their like.
 *
 * Connection stays as it was spelt while all it says is "keep-alive", "TE" beside a "TE: trailers",
 * and with 'keep_upgrade' "upgrade" beside an Upgrade field, because the next hop is told the same.
 * Otherwise a Connection of our own with what is left of those but keep-alive takes its place.
 * false without memory.
 */
bool hop_strip(struct http_head *h, struct arena *a, bool response, bool keep_upgrade) MUST_CHECK;
