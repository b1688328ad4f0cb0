/* The error codes of HTTP/2 by name. */
#include "codec/h2_code.h"

#include "base/scan.h"

/* By their numbers. */
static const char *const names[] = {
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
};

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
