/* redirect: the client is told to go elsewhere. */
#include "codec/token.h"
#include "rule/act.h"
#include "rule/pattern.h"

struct redirect {
    struct slice text, to;
    uint64_t status;
    struct pattern *pattern;
};

static const struct rule_param params[] = {
    PARAM(redirect, text, "pattern", TEXT,
          .help = "a regular expression on the URL; without a match nothing is done"),
    PARAM(redirect, to, "to", TEXT, .required = true,
          .help = "the Location; with a pattern $1 and ${name} stand for groups"),
    PARAM(redirect, status, "status", NUMBER, .def = "302", .min = 300, .max = 399,
          .help = "of the answer"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    struct redirect *a = action;
    struct pattern_spec spec = {.text = a->text};
    TRY(act_check_value(&a->to, e));
    if (!a->text.n)
        return true;
    a->pattern = pattern_new(&spec, e);
    return a->pattern && pattern_check(a->pattern, a->to, e);
}

static void
release(void *action)
{
    pattern_free(((struct redirect *)action)->pattern);
}

static bool
find_location(const struct redirect *a, const struct hook *h, struct buf *out)
{
    if (!a->pattern) {
        buf_append(out, a->to);
        return !out->failed;
    }
    struct buf url;
    buf_init(&url, ACT_URL_MAX);
    act_url(h, &url);
    bool good = !url.failed && pattern_expand(a->pattern, buf_slice(&url), a->to, out);
    buf_release(&url);
    struct slice made = buf_slice(out);
    return good && token_span(made, TOKEN_VALUE) == made.n;
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct redirect *a = action;
    struct buf to;
    buf_init(&to, ACT_URL_MAX);
    bool good = find_location(a, h, &to) &&
                edit_answer(h, (unsigned)a->status, SLICE_NONE, SLICE_NONE) &&
                edit_answer_field(h, SLICE("Location"), buf_slice(&to));
    const char *did = good ? act_say(h, "redirected to %.*s", SLICE_ARG(buf_slice(&to))) : NULL;
    buf_release(&to);
    return did;
}

const struct rule_ops rule_redirect = {
    .name = "redirect",
    .help = "Answers with a redirect, without asking the server.",
    .size = sizeof(struct redirect),
    .params = params,
    .stages = ACT_REQUEST,
    .prepare = prepare,
    .release = release,
    .apply = apply,
};
