/* The error codes of HTTP/2 (RFC 9113 section 7) by name. */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#include <stdint.h>

enum h2_code {
    H2_NO_ERROR,
    H2_PROTOCOL_ERROR,
    H2_INTERNAL_ERROR,
    H2_FLOW_CONTROL_ERROR,
    H2_SETTINGS_TIMEOUT,
    H2_STREAM_CLOSED,
    H2_FRAME_SIZE_ERROR,
    H2_REFUSED_STREAM,
    H2_CANCEL,
    H2_COMPRESSION_ERROR,
    H2_CONNECT_ERROR,
    H2_ENHANCE_YOUR_CALM,
    H2_INADEQUATE_SECURITY,
    H2_HTTP_1_1_REQUIRED,
};

#define H2_CODE_TEXT 12

/* Its name, or its number in 'room' where it has none. */
const char *h2_code_name(uint32_t code, char room[H2_CODE_TEXT]);
/* By its name, "REFUSED_STREAM" in either case, or by its number. false when it is neither. */
bool h2_code_find(struct slice text, uint32_t *out) MUST_CHECK;
