/* Checks of option values. */
#include "proxy/check.h"

#include "codec/url.h"
#include "flow/filter.h"
#include "io/dial.h"
#include "io/sock.h"
#include "proxy/hosts.h"
#include "proxy/mode.h"

bool
check_mode(const char *text, struct err *e)
{
    struct mode m;
    return mode_parse(text, &m, e);
}

bool
check_address(const char *text, struct err *e)
{
    struct sockaddr_storage a;
    return sock_parse(text, 0, &a) ||
           err_set(e, ERR_USAGE, "'%s' is not an address like 127.0.0.1, 0.0.0.0 or ::1", text);
}

bool
check_web_listen(const char *text, struct err *e)
{
    char host[64];
    uint16_t port;
    return sock_split(text, host, &port) ||
           err_set(e, ERR_USAGE, "'%s' is not an address with a port like 127.0.0.1:8081", text);
}

bool
check_host(const char *text, struct err *e)
{
    char normal[URL_HOST_MAX + 1];
    return url_host_normal(slice_str(text), normal) ||
           err_set(e, ERR_USAGE, "'%s' is not a host name", text);
}

bool
check_resolve(const char *text, struct err *e)
{
    return dial_check_override(text, e);
}

bool
check_target(const char *text, struct err *e)
{
    static const char *const words[] = {"private", "link-local", "loopback"};
    struct sockaddr_storage any;
    bool in;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (slice_eq(slice_str(text), slice_str(words[i])))
            return true;
    return (sock_parse("127.0.0.1", 0, &any) &&
            sock_in_cidr((const struct sockaddr *)&any, text, &in)) ||
           err_set(e, ERR_USAGE,
                   "'%s' is neither private, link-local, loopback, nor a network like 10.0.0.0/8",
                   text);
}

bool
check_filter(const char *text, struct err *e)
{
    size_t at = 0;
    struct filter *f = filter_parse(slice_str(text), &filter_presets_any, &at, e);
    if (!f)
        err_prefix(e, "at byte %zu of '%.80s'", at, text);
    filter_unref(f);
    return f;
}

bool
check_regex(const char *text, struct err *e)
{
    const char *list[] = {text, NULL};
    struct hosts *h = hosts_new(list, e);
    hosts_free(h);
    return h;
}

bool
check_proxyauth(const char *text, struct err *e)
{
    struct slice s = slice_str(text);
    size_t colon = slice_find(s, ':');
    return (s.n > 1 && s.p[0] == '@') || (colon > 0 && colon < s.n) ||
           err_set(e, ERR_USAGE, "the value is neither USER:PASSWORD nor @FILE");
}
