/* A flow as a row of a list: what a table of flows shows, as the messages stand after changes. */
#pragma once

#include "base/json.h"
#include "flow/flow.h"

/*
 * {id, kind, method, url, host, path, status, type: of the response's content, request_size,
 * response_size, started_us, ended_us, flags, and where it is so: marks, error: the reason word,
 * local: true}. Long texts are cut, and so are many
 * tags.
 */
void flow_row(struct json *j, const struct flow *f);
