/* The names of the stages and of the hooks. */
#include "flow/hook.h"

static const char *const names[STAGES_N] = {
    [STAGE_CLIENT_HELLO] = "client-hello", [STAGE_REQUEST_HEAD] = "request-head",
    [STAGE_REQUEST] = "request",           [STAGE_RESPONSE_HEAD] = "response-head",
    [STAGE_RESPONSE] = "response",         [STAGE_MESSAGE] = "message",
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

const struct hook_row hook_rows[HOOKS_N] = {
#define HOOK(id, ...) [HOOK_##id] = {__VA_ARGS__},
#include "flow/hook_list.h"
#undef HOOK
};

uint64_t
hook_match(struct slice pattern)
{
    bool open = pattern.n && pattern.p[pattern.n - 1] == '*';
    struct slice begin = slice_first(pattern, pattern.n - open);
    uint64_t set = 0;
    for (enum hook_id i = 0; i < HOOKS_N; i++) {
        struct slice name = slice_str(hook_rows[i].name);
        if (open ? slice_starts(name, begin) : slice_eq(name, pattern))
            set |= HOOK_BIT(i);
    }
    return set;
}

bool
hook_stage(enum hook_id id, enum stage *out)
{
    return stage_find(slice_str(hook_rows[id].name), out);
}
