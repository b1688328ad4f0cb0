/* The error codes of HTTP/2 by name. */
#include "codec/h2_code.h"

#include "base/scan.h"

#include <stdio.h>

static const char *const names[] = {
    [H2_NO_ERROR] = "NO_ERROR",
    [H2_PROTOCOL_ERROR] = "PROTOCOL_ERROR",
    [H2_INTERNAL_ERROR] = "INTERNAL_ERROR",
    [H2_FLOW_CONTROL_ERROR] = "FLOW_CONTROL_ERROR",
    [H2_SETTINGS_TIMEOUT] = "SETTINGS_TIMEOUT",
    [H2_STREAM_CLOSED] = "STREAM_CLOSED",
    [H2_FRAME_SIZE_ERROR] = "FRAME_SIZE_ERROR",
    [H2_REFUSED_STREAM] = "REFUSED_STREAM",
    [H2_CANCEL] = "CANCEL",
    [H2_COMPRESSION_ERROR] = "COMPRESSION_ERROR",
    [H2_CONNECT_ERROR] = "CONNECT_ERROR",
    [H2_ENHANCE_YOUR_CALM] = "ENHANCE_YOUR_CALM",
    [H2_INADEQUATE_SECURITY] = "INADEQUATE_SECURITY",
    [H2_HTTP_1_1_REQUIRED] = "HTTP_1_1_REQUIRED",
};

const char *
h2_code_name(uint32_t code, char room[H2_CODE_TEXT])
{
    if (code < ARRAY_LEN(names))
        return names[code];
    snprintf(room, H2_CODE_TEXT, "0x%x", code);
    return room;
}

bool
h2_code_find(struct slice text, uint32_t *out)
{
    uint64_t number;
    for (uint32_t i = 0; i < ARRAY_LEN(names); i++)
        if (slice_eq_nocase(text, slice_str(names[i]))) {
            *out = i;
            return true;
        }
    if (!scan_u64(text, UINT32_MAX, &number))
        return false;
    *out = (uint32_t)number;
    return true;
}
