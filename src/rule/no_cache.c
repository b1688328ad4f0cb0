/* no-cache: the server sends everything, and nobody keeps it. */
#include "rule/act.h"

/* If-Match and If-Unmodified-Since protect what a request writes: they stay. */
static const struct slice conditions[] = {
    {"If-None-Match", 13},
    {"If-Modified-Since", 17},
    {"If-Range", 8},
};

static const char *
apply(const void *action UNUSED, struct hook *h)
{
    struct http_msg *m = act_msg(h);
    struct version *v = edit_begin(h, m);
    for (size_t i = 0; v && m == &h->flow->req && i < ARRAY_LEN(conditions); i++)
        edit_remove(v, conditions[i]);
    bool good = v && edit_set(h, v, SLICE("Cache-Control"), SLICE("no-store"));
    return act_end(h, v, good) ? "kept out of caches" : NULL;
}

const struct rule_ops rule_no_cache = {
    .name = "no-cache",
    .help =
        "Takes the conditions that caches make (If-None-Match, If-Modified-Since, "
        "If-Range) out of the request, and sets Cache-Control: no-store in it and in the response.",
    .stages = 1u << STAGE_REQUEST_HEAD | 1u << STAGE_RESPONSE_HEAD,
    .each = true,
    .apply = apply,
};
