/*
 * A flow as one JSON object: the form of recorded files and of 'weir dump --json'. Keys are only
 * ever added. Times are microseconds since 1970, null for what did not happen; text that is not
 * valid UTF-8 has U+FFFD for the bad bytes, while everything in base64 is exact.
 *
 *   weir_flow     1, the version of this form: always the first key
 *   id            unique in the process that recorded it, ascending by start
 *   kind          http, connect (the CONNECT that opened a tunnel), tunnel (bytes that were not
 *                 understood), tls (a handshake with the client that failed)
 *   url, scheme, host, port
 *   started_us, ended_us
 *   error         null, or {"reason": a word, "text": a sentence}
 *   local         true: we answered, no server was asked
 *   client, server   one connection each; server may be null
 *   server_reused    the connection to the server had served before
 *   stream           of HTTP/2, on the client's connection; missing in HTTP/1
 *   flags         of: edited, mocked (a rule or a person answered), was_held, sent (composed here),
 *                 websocket
 *   marks         {mark, note, tags}, what people and rules say of it: only where they do
 *   trace         what rules did: [{rule: its id, name, stage, did, at_us}]; only where they did
 *   request, response   messages; null when there was none
 *   interim       1xx responses, oldest first: status, reason, fields, raw, at_us
 *   tunnel        {"up", "down", "passed_through_by": who wanted its TLS to be left closed}: bytes
 *                 from and to the client; only for a tunnel, or behind a 101
 *   messages      {total, lost: that are not kept, list: see flow/message_json.h}: only where there
 *                 were any
 *
 * A connection: id, local, remote, host, port, opened_us, resolved_us, connected_us, secured_us,
 * ended_us, ended_by: null while it goes on, else see peer_end,
 * http2, of clients that speak it: {settings: [[id, value], ...], window}
 * tls: null or {version, cipher, group, alpn, sni, ja3, ja4, resumed, verdict, verdict_text, certs:
 * base64 of DER, leaf first}.
 *
 * A message: method and target or status and reason, version, fields: [[name, value], ...], raw:
 * base64 of the head as received, sent: base64 of the head as sent on, where that differs;
 * malformed, trailers: {fields, raw}, chunk_ext: where they are; head_us, end_us, wire_bytes, body:
 * {size: bytes that crossed the wire, kept: bytes that were kept, a prefix; cut: whether that is
 * not all; base64: as they crossed the wire, content coding included}; versions: what was made of
 * it on its way, oldest first, where anything was: {by, at_us, the head as above, exact: its bytes
 * were sent as they are, replaced: whether the content was, then size and base64}.
 */
#pragma once

#include "base/json.h"
#include "flow/flow.h"

/* What every object begins with. */
#define FLOW_JSON_BEGIN "{\"weir_flow\":"

/* 'whole': with everything in base64, else without. */
void flow_json(struct json *j, const struct flow *f, bool whole);
/* A part of it, with its key. */
void flow_json_peer(struct json *j, const char *key, const struct peer *p, bool whole);
void flow_json_flags(struct json *j, const struct flow *f);
void flow_json_url(struct json *j, const struct flow *f);
void flow_json_fields(struct json *j, const struct http_head *h);
const char *flow_kind_name(enum flow_kind k);
