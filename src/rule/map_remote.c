/* map-remote: another URL. */
#include "codec/url.h"
#include "rule/act.h"
#include "rule/pattern.h"

struct map_remote {
    struct slice from, text, to;
    bool keep_host;
    struct pattern *pattern;
};

static const struct rule_param params[] = {
    PARAM(map_remote, from, "from", TEXT,
          .help = "the beginning of the URL that is replaced; without it and without a pattern: "
                  "scheme, host and port"),
    PARAM(map_remote, text, "pattern", TEXT,
          .help =
              "in place of 'from' a regular expression on the whole URL; each match is replaced"),
    PARAM(map_remote, to, "to", TEXT, .required = true,
          .help =
              "the new beginning, https://host:port/path; with a pattern what takes the place of "
              "a match ($1 and ${name} stand for groups)"),
    PARAM(map_remote, keep_host, "keep-host", BOOL, .def = "no",
          .help = "the Host field says what it said before"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    struct map_remote *a = action;
    struct pattern_spec spec = {.text = a->text};
    struct url url;
    if (a->from.n && a->text.n)
        return err_set(e, ERR_USAGE, "'from' and 'pattern' cannot both be there");
    if (!a->text.n)
        return url_parse_absolute(a->to, &url) ||
               err_set(e, ERR_USAGE, "'to': '%.*s' is no URL like https://host/path",
                       SLICE_ARG(slice_first(a->to, 60)));
    a->pattern = pattern_new(&spec, e);
    return a->pattern && pattern_check(a->pattern, a->to, e);
}

static void
release(void *action)
{
    pattern_free(((struct map_remote *)action)->pattern);
}

/* Bytes of "scheme://host:port". */
static size_t
origin_len(struct slice url)
{
    size_t begin = slice_find(url, ':') + 3;
    return begin + slice_find(slice_from(url, begin), '/');
}

/* Scheme and host in any case, the path as it is spelt. */
static bool
begins_with(struct slice url, struct slice from)
{
    size_t n = MIN(origin_len(url), from.n);
    return url.n >= from.n && slice_eq_nocase(slice_first(url, n), slice_first(from, n)) &&
           slice_starts(slice_from(url, n), slice_from(from, n)) &&
           /* "https://a.test" is not the beginning of "https://a.test.evil/". */
           (from.n > n || n == origin_len(url));
}

static bool
rewrite(const struct map_remote *a, struct slice url, struct buf *out)
{
    if (a->pattern)
        return pattern_replace(a->pattern, url, a->to, out);
    if (a->from.n && !begins_with(url, a->from))
        return false;
    struct slice rest = slice_from(url, a->from.n ? a->from.n : origin_len(url)), to = a->to;
    if (slice_ends(to, SLICE("/")) && slice_starts(rest, SLICE("/")))
        to = slice_first(to, to.n - 1);
    buf_append(out, to);
    /* What the client has put behind 'from' is never a part of the host. */
    if (origin_len(to) == to.n && !slice_starts(rest, SLICE("/")))
        buf_byte(out, '/');
    buf_append(out, rest);
    return !out->failed;
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct map_remote *a = action;
    struct buf url, made;
    buf_init(&url, ACT_URL_MAX);
    buf_init(&made, ACT_URL_MAX);
    act_url(h, &url);
    bool good = !url.failed && rewrite(a, buf_slice(&url), &made) &&
                !slice_eq(buf_slice(&url), buf_slice(&made)) &&
                act_go(h, buf_slice(&made), a->keep_host);
    const char *did = good ? act_say(h, "went to %.*s", SLICE_ARG(buf_slice(&made))) : NULL;
    buf_release(&url);
    buf_release(&made);
    return did;
}

const struct rule_ops rule_map_remote = {
    .name = "map-remote",
    .help = "Sends the request to another URL. A result that is no URL is not taken.",
    .size = sizeof(struct map_remote),
    .params = params,
    .stages = ACT_REQUEST,
    .prepare = prepare,
    .release = release,
    .apply = apply,
};
