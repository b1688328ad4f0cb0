/* path: another path or query. */
#include "codec/token.h"
#include "codec/url.h"
#include "rule/act.h"
#include "rule/pattern.h"

#define PATH_MAX_N ((size_t)65536)

struct path {
    struct replacement by;
};

static const struct rule_param params[] = {
    PARAM(path, by.text, "pattern", TEXT,
          .help = "a regular expression on the path with its query; without it all of that is "
                  "replaced"),
    PARAM(path, by.with, "with", TEXT, .required = true,
          .help = "what takes the place of each match; $1 and ${name} stand for groups, $$ for $"),
    PARAM_READING(path, by),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    struct path *a = action;
    if (!a->by.text.n)
        return (slice_starts(a->by.with, SLICE("/")) &&
                token_span(a->by.with, TOKEN_TARGET) == a->by.with.n) ||
               err_set(e, ERR_USAGE, "'with': '%.*s' is no path that begins with '/'",
                       SLICE_ARG(slice_first(a->by.with, 60)));
    return replacement_prepare(&a->by, e);
}

static void
release(void *action)
{
    replacement_release(&((struct path *)action)->by);
}

/* Path and query as they stand. */
static struct slice
target_now(const struct hook *h)
{
    struct slice target = edit_head(&h->flow->req)->target;
    struct url url;
    return url_parse_absolute(target, &url) ? url_origin(&url, h->flow->arena) : target;
}

static bool
change_path(struct hook *h, struct slice to)
{
    if (!slice_starts(to, SLICE("/")) || token_span(to, TOKEN_TARGET) < to.n ||
        slice_eq(to, target_now(h)))
        return false;
    struct version *v = edit_begin(h, &h->flow->req);
    return act_end(h, v, v && edit_path(h, v, to));
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct path *a = action;
    struct buf room;
    buf_init(&room, PATH_MAX_N);
    bool good = !a->by.pattern;
    if (a->by.pattern)
        good = pattern_replace(a->by.pattern, target_now(h), a->by.with, &room);
    good = good && change_path(h, a->by.pattern ? buf_slice(&room) : a->by.with);
    buf_release(&room);
    return good ? act_say(h, "went to %.*s", SLICE_ARG(edit_head(&h->flow->req)->target)) : NULL;
}

const struct rule_ops rule_path = {
    .name = "path",
    .help = "Changes the path or the query of the request. A result that is no path is not taken.",
    .size = sizeof(struct path),
    .params = params,
    .stages = ACT_REQUEST,
    .prepare = prepare,
    .release = release,
    .apply = apply,
};
