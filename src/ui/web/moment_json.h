/*
 * Moments (flow/hook.h) as messages of the feed.
 *
 *     {"type": "hook", "hook": NAME, "at_us": MICROSECONDS SINCE 1970,
 *      "flow": {"id", "kind", "method", "url", "status", "request_size", "response_size"},
 *      "client": CONNECTION, "server": CONNECTION,
 *      "word": TEXT, "text": TEXT, "size": BYTES, "status": NUMBER, "fields": [[NAME, VALUE], ...],
 *      "content_base64": TEXT, "cut": BOOL}
 *
 * What does not belong to the hook is not there. A connection is as in flow/flow_json.h, without
 * certificates; one of a flow is its id alone.
 */
#pragma once

#include "base/json.h"
#include "flow/hook.h"

/* 'content': so many bytes of data are shown, 0: not even that there are some. */
void moment_json(struct json *j, const struct moment *m, size_t content);
