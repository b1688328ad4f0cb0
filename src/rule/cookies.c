/* Cookies that were seen: a list, the one used last in front. */
#include "rule/cookies.h"

#include "base/list.h"
#include "base/mem.h"
#include "base/scan.h"

struct cookie {
    struct list node;
    struct slice name, value, domain, path; /* in 'text' */
    uint16_t port;
    bool host_only, secure;
    char text[];
};

struct cookies {
    struct list all;
    size_t n;
};

struct cookies *
cookies_new(void)
{
    struct cookies *c = mem_zalloc(sizeof *c);
    if (c)
        list_init(&c->all);
    return c;
}

static void
drop(struct cookies *c, struct cookie *it)
{
    list_remove(&it->node);
    mem_free(it);
    c->n--;
}

void
cookies_free(struct cookies *c)
{
    if (!c)
        return;
    list_for_safe (it, &c->all)
        drop(c, container_of(it, struct cookie, node));
    mem_free(c);
}

/* "www.a.test" is below "a.test"; an address is below itself alone. */
static bool
host_below(struct slice host, struct slice domain)
{
    if (slice_eq_nocase(host, domain))
        return true;
    if (host.n <= domain.n || slice_find(host, ':') < host.n ||
        host.p[host.n - domain.n - 1] != '.')
        return false;
    char last = host.p[host.n - 1];
    return !(last >= '0' && last <= '9') &&
           slice_eq_nocase(slice_from(host, host.n - domain.n), domain);
}

/* Section 5.1.4. */
static bool
path_below(struct slice path, struct slice cookie)
{
    return slice_starts(path, cookie) &&
           (path.n == cookie.n || slice_ends(cookie, SLICE("/")) || path.p[cookie.n] == '/');
}

static struct slice
default_path(struct slice path)
{
    size_t at = slice_find_last(path, '/');
    return at == 0 || at == path.n ? SLICE("/") : slice_first(path, at);
}

struct attributes {
    struct slice domain, path;
    bool secure, over;
};

/* Whether the time of an Expires is past is told by its year alone: sites that take a cookie back
 * give one long ago. */
static bool
year_is_past(struct slice date)
{
    for (; date.n >= 4; date = slice_from(date, 1)) {
        uint64_t year;
        if (scan_u64(slice_first(date, 4), 9999, &year))
            return year < 2000;
    }
    return false;
}

static void
read_attribute(struct slice name, struct slice value, struct attributes *a)
{
    if (slice_eq_nocase(name, SLICE("Domain")) && value.n)
        a->domain = slice_from(value, value.p[0] == '.');
    else if (slice_eq_nocase(name, SLICE("Path")) && slice_starts(value, SLICE("/")))
        a->path = value;
    else if (slice_eq_nocase(name, SLICE("Secure")))
        a->secure = true;
    else if (slice_eq_nocase(name, SLICE("Max-Age")))
        a->over = slice_starts(value, SLICE("-")) || slice_eq(value, SLICE("0"));
    else if (slice_eq_nocase(name, SLICE("Expires")))
        a->over = a->over || year_is_past(value);
}

static struct slice
put_text(char **at, struct slice s)
{
    char *begin = *at;
    if (s.n)
        memcpy(begin, s.p, s.n);
    *at += s.n;
    return slice_of(begin, s.n);
}

static struct cookie *
cookie_new(const struct cookie *from)
{
    size_t n = from->name.n + from->value.n + from->domain.n + from->path.n;
    struct cookie *it = n <= COOKIE_BYTES_MAX ? mem_alloc(sizeof *it + n) : NULL;
    if (!it)
        return NULL;
    memcpy(it, from, sizeof *it);
    char *at = it->text;
    it->name = put_text(&at, from->name);
    it->value = put_text(&at, from->value);
    it->domain = put_text(&at, from->domain);
    it->path = put_text(&at, from->path);
    return it;
}

static struct cookie *
find_same(struct cookies *c, const struct cookie *like)
{
    list_for (node, &c->all) {
        struct cookie *it = container_of(node, struct cookie, node);
        if (slice_eq(it->name, like->name) && slice_eq_nocase(it->domain, like->domain) &&
            slice_eq(it->path, like->path) && it->port == like->port)
            return it;
    }
    return NULL;
}

static bool
store(struct cookies *c, const struct cookie *like, bool over)
{
    struct cookie *old = find_same(c, like), *it = over ? NULL : cookie_new(like);
    if (old && (over || it))
        drop(c, old);
    if (!it)
        return old && over;
    if (c->n == COOKIES_MAX)
        drop(c, container_of(c->all.prev, struct cookie, node));
    list_push_front(&c->all, &it->node);
    c->n++;
    return true;
}

bool
cookies_take(struct cookies *c, const struct cookie_place *from, struct slice set_cookie)
{
    struct attributes a = {0};
    struct slice value = slice_cut(&set_cookie, ';'), name = slice_cut(&value, '=');
    while (set_cookie.n) {
        struct slice text = slice_cut(&set_cookie, ';'), key = slice_cut(&text, '=');
        read_attribute(slice_trim(key), slice_trim(text), &a);
    }
    struct cookie it = {
        .name = slice_trim(name),
        .value = slice_trim(value),
        .domain = a.domain.n ? a.domain : from->host,
        .path = a.path.n ? a.path : default_path(from->path),
        .port = from->port,
        .host_only = !a.domain.n,
        .secure = a.secure,
    };
    /* A host may speak for domains that it is in, but not for a whole "com". */
    if (!it.name.n || !host_below(from->host, it.domain) ||
        (a.domain.n && slice_find(a.domain, '.') == a.domain.n &&
         !slice_eq_nocase(a.domain, from->host)))
        return false;
    return store(c, &it, a.over);
}

static bool
fits(const struct cookie *it, const struct cookie_place *to)
{
    bool host =
        it->host_only ? slice_eq_nocase(to->host, it->domain) : host_below(to->host, it->domain);
    return host && it->port == to->port && path_below(to->path, it->path) &&
           (!it->secure || to->secure);
}

void
cookies_put(struct cookies *c, const struct cookie_place *to, struct buf *out)
{
    size_t before = buf_len(out);
    list_for (node, &c->all) {
        const struct cookie *it = container_of(node, struct cookie, node);
        if (!fits(it, to))
            continue;
        if (buf_len(out) > before)
            buf_append(out, SLICE("; "));
        buf_append(out, it->name);
        buf_byte(out, '=');
        buf_append(out, it->value);
    }
}
