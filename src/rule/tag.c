/* tag: a word on the flow. */
#include "rule/act.h"

#define TAGS_MAX 32

struct tag {
    struct slice at;
    struct slice text;
};

static const struct rule_param params[] = {
    PARAM(tag, text, "tag", TEXT, .required = true, .help = "the word"),
    PARAM_AT(tag),
    PARAM_END,
};

static bool
has_tag(const struct marks *m, struct slice tag)
{
    for (size_t i = 0; i < m->n_tags; i++)
        if (slice_eq(m->tags[i], tag))
            return true;
    return false;
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct tag *a = action;
    struct marks now = act_marks(h);
    struct slice tags[TAGS_MAX];
    if (now.n_tags >= TAGS_MAX || has_tag(&now, a->text))
        return NULL;
    for (size_t i = 0; i < now.n_tags; i++)
        tags[i] = now.tags[i];
    tags[now.n_tags++] = a->text;
    now.tags = tags;
    return flow_mark(h->flow, &now) ? "tagged" : NULL;
}

const struct rule_ops rule_tag = {
    .name = "tag",
    .help = "Puts one more word on the exchange, for people to find it.",
    .size = sizeof(struct tag),
    .params = params,
    .stages = ACT_HELLO | ACT_ANY | ACT_MESSAGE,
    .stage = act_at,
    .apply = apply,
};
