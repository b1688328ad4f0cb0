/* In front of one server: whoever connects is led there (reverse:SPEC, see read_server). */
#include "codec/url.h"
#include "layer/peek.h"
#include "proxy/mode.h"
#include "proxy/session.h"

static const struct {
    const char *name;
    uint16_t port;
    bool tls, raw;
} schemes[] = {
    {"http", 80, false, false},
    {"https", 443, true, false},
    {"tcp", 0, false, true},
    {"tls", 0, true, true},
};

/* A server of the raw kind may be the one to speak first. */
#define RAW_PATIENCE (PEEK_PATIENCE / 10)

static bool
read_scheme(struct slice *data, struct mode_server *out, struct err *e)
{
    struct slice scheme = SLICE("https"), mark = SLICE("://");
    size_t colon = slice_find(*data, ':');
    if (slice_starts(slice_from(*data, colon), mark)) {
        scheme = slice_first(*data, colon);
        *data = slice_from(*data, colon + mark.n);
    }
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (slice_eq_nocase(scheme, slice_str(schemes[i].name))) {
            out->port = schemes[i].port;
            out->tls = schemes[i].tls;
            out->raw = schemes[i].raw;
            return true;
        }
    return err_set(e, ERR_USAGE, "there is no scheme '%.*s' (there is: http, https, tcp, tls)",
                   SLICE_ARG(slice_first(scheme, 40)));
}

/* [scheme://]host[:port][/] */
static bool
read_server(struct slice data, struct mode_server *out, struct err *e)
{
    struct authority at;
    TRY(read_scheme(&data, out, e));
    if (slice_ends(data, SLICE("/")))
        data.n--;
    if (slice_find(data, '/') < data.n)
        return err_set(e, ERR_USAGE, "a server has no path");
    if (!url_parse_authority(data, &at) || !url_host_normal(at.host, out->host))
        return err_set(e, ERR_USAGE, "'%.*s' is no server (host or host:port is expected)",
                       SLICE_ARG(slice_first(data, 100)));
    if (at.port)
        out->port = at.port;
    return out->port || err_set(e, ERR_USAGE, "a server of tcp or tls needs a port");
}

static bool
reverse_accept(struct session *s)
{
    struct layer *peek = peek_new(s->fixed.raw ? RAW_PATIENCE : 0);
    if (!peek)
        return false;
    chain_push(s->client, peek);
    s->tunnelled = s->silent = true;
    return true;
}

const struct mode_ops mode_reverse = {
    .name = "reverse", .port = 8080, .read = read_server, .accept = reverse_accept};
