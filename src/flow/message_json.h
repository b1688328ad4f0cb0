/*
 * Messages of a flow as JSON objects:
 *
 *   number      in the flow, from 1
 *   at_us       its beginning
 *   kind        ws, tcp, sse, grpc
 *   from        client, server
 *   op          of a WebSocket: text, binary, close, ping, pong, or the number of another opcode
 *   name        of an event: its type, where it has one; "trailers" for those of gRPC-Web
 *   code, reason   of a close, where it has them
 *   size        bytes of its content, decoded; wire_size: as it came, where that differs
 *   flags       of: compressed, fragmented, invalid, unfinished, held, edited, dropped, injected;
 *               cut: not all of the content is kept
 *   why         what is wrong with it, where something is
 *   by          who edited, dropped or injected it
 *   frames      the sizes of its frames, where there were several: the first 64
 *   text or base64   the content, decoded: text where it is meant as such and is UTF-8
 *   shortened   true: only the front of it
 *   sent_text or sent_base64   what was sent on in its place, where it was edited
 *   raw         base64 of the content as it came, where that differs: only in full
 */
#pragma once

#include "base/json.h"
#include "flow/message.h"

/* 'limit' is the most bytes of each content; 'full': with the raw one, and contents in base64. */
void message_json(struct json *j, const struct message *m, size_t limit, bool full);
/* "text", "ping"; a number in 'room' for an opcode that has no name. */
const char *message_op(const struct message *m, char room[12]);
/* Of a flow that has messages: {total, lost}, with 'full' all of them in "list". */
void messages_json(struct json *j, const char *key, const struct messages *ms, bool full);
