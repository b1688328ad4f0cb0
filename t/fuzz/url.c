/* Authorities and URLs: what is taken has no room for a second reading, and its parts make the
 * whole again. */
#include "codec/url.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_authority(struct slice in, const struct authority *at)
{
    char normal[URL_HOST_MAX + 1], again[URL_HOST_MAX + 1];
    assert(at->host.n > 0 && at->host.n <= URL_HOST_MAX);
    assert(slice_find(in, '@') == in.n && slice_find(in, '/') == in.n && slice_find(in, 0) == in.n);
    assert(url_host_normal(at->host, normal));
    assert(url_host_normal(slice_str(normal), again));
    assert(slice_eq(slice_str(normal), slice_str(again)));
    size_t rest = in.n - at->host.n - (at->ipv6 ? 2 : 0);
    assert(at->port ? rest >= 2 && rest <= 6 : rest == 0);
}

static void
check_url(struct slice in, const struct url *u)
{
    struct arena *a = arena_new(64, 1 << 20);
    check_authority(u->authority, &u->at);
    struct slice origin = url_origin(u, a);
    assert(!origin.p || origin.p[0] == '/');
    assert(u->port && slice_find(in, '#') == in.n);
    assert(!u->query.n || slice_ends(in, u->query));
    arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    struct authority at;
    struct url u;
    char normal[URL_HOST_MAX + 1];
    uint8_t ip[16];
    unsigned len;
    if (url_parse_authority(in, &at))
        check_authority(in, &at);
    if (url_parse_absolute(in, &u))
        check_url(in, &u);
    if (url_host_normal(in, normal))
        assert(normal[0]);
    if (url_parse_ip(in, ip, &len))
        assert(len == 4 || len == 16);
    return 0;
}
