/* host: another server for the same path. */
#include "codec/url.h"
#include "rule/act.h"

struct host {
    struct slice to;
    bool keep_host;
    struct authority at;
};

static const struct rule_param params[] = {
    PARAM(host, to, "to", TEXT, .required = true, .help = "HOST or HOST:PORT"),
    PARAM(host, keep_host, "keep-host", BOOL, .def = "no",
          .help = "the Host field says what it said before"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    struct host *a = action;
    return url_parse_authority(a->to, &a->at) ||
           err_set(e, ERR_USAGE, "'to': '%.*s' is neither HOST nor HOST:PORT",
                   SLICE_ARG(slice_first(a->to, 60)));
}

/* scheme://HOST:PORT/path?query of where the request goes from now on. */
static void
append_url(const struct host *a, const struct hook *h, struct buf *url)
{
    struct buf now;
    buf_init(&now, url->max);
    act_url(h, &now);
    struct slice rest = buf_slice(&now);
    size_t begin = slice_find(rest, ':') + 3;
    buf_append(url, slice_first(rest, begin));
    rest = slice_from(rest, begin);
    buf_append(url, a->to);
    if (!a->at.port)
        buf_printf(url, ":%u", h->flow->port);
    buf_append(url, slice_from(rest, slice_find(rest, '/')));
    buf_release(&now);
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct host *a = action;
    struct flow *f = h->flow;
    if (slice_eq_nocase(f->host, a->at.host) && (!a->at.port || a->at.port == f->port))
        return NULL;
    struct buf url;
    buf_init(&url, ACT_URL_MAX);
    append_url(a, h, &url);
    bool good = act_go(h, buf_slice(&url), a->keep_host);
    buf_release(&url);
    return good ? act_say(h, "went to %.*s", SLICE_ARG(a->to)) : NULL;
}

const struct rule_ops rule_host = {
    .name = "host",
    .help = "Sends the request to another host; scheme, path and query stay, and so does the port "
            "unless one is given.",
    .size = sizeof(struct host),
    .params = params,
    .stages = ACT_REQUEST,
    .prepare = prepare,
    .apply = apply,
};
