/* The names of the stages. */
#include "flow/hook.h"

static const char *const names[STAGES_N] = {
    [STAGE_CLIENT_HELLO] = "client-hello", [STAGE_REQUEST_HEAD] = "request-head",
    [STAGE_REQUEST] = "request",           [STAGE_RESPONSE_HEAD] = "response-head",
    [STAGE_RESPONSE] = "response",
};

const char *
stage_name(enum stage s)
{
    return names[s];
}

bool
stage_find(struct slice name, enum stage *out)
{
    for (unsigned i = 0; i < STAGES_N; i++)
        if (slice_eq(name, slice_str(names[i]))) {
            *out = i;
            return true;
        }
    return false;
}
