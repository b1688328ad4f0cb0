/* Authorities and http URLs: strict readers and the one spelling by which hosts are compared. */
#include "codec/url.h"

#include "base/scan.h"
#include "codec/token.h"

#include <arpa/inet.h>

#define LABEL_MAX   63
#define IP_TEXT_MAX 45

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* inet_pton wants a string and takes only the canonical kinds of literals: no octal, no short IPv4.
 */
static bool
parse_ip_as(int family, struct slice s, uint8_t out[16])
{
    char text[IP_TEXT_MAX + 1];
    if (s.n > IP_TEXT_MAX || memchr(s.p, '\0', s.n))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    return inet_pton(family, text, out) == 1;
}

bool
url_parse_ip(struct slice s, uint8_t out[16], unsigned *len)
{
    bool v6 = slice_find(s, ':') < s.n;
    if (!s.n || (!v6 && !is_digit(s.p[0])) || !parse_ip_as(v6 ? AF_INET6 : AF_INET, s, out))
        return false;
    *len = v6 ? 16 : 4;
    return true;
}

static bool
is_digits(struct slice s)
{
    uint64_t v;
    return s.n > 0 && s.n < 19 && scan_u64(s, UINT64_MAX, &v);
}

/* What other programs would take for an IPv4 address in one of its old spellings: "1", "0x7f.1",
 * "127.1". */
static bool
looks_like_ipv4(struct slice last_label)
{
    return is_digits(last_label) || slice_starts(last_label, SLICE("0x")) ||
           slice_starts(last_label, SLICE("0X"));
}

static bool
is_name(struct slice s)
{
    if (!s.n || s.n > URL_HOST_MAX || token_span(s, TOKEN_HOST) < s.n)
        return false;
    struct slice label = SLICE_NONE;
    while (s.n) {
        label = slice_cut(&s, '.');
        if (!label.n || label.n > LABEL_MAX)
            return false;
    }
    return !looks_like_ipv4(label);
}

/* A host without brackets; 'brackets' tells whether there were some, as an IPv6 literal needs. */
static bool
parse_host(struct slice s, bool brackets, struct authority *out)
{
    uint8_t ip[16];
    unsigned len = 0;
    bool is_ip = url_parse_ip(s, ip, &len);
    if (brackets ? len != 16 : len == 16)
        return false;
    if (!is_ip && !is_name(s))
        return false;
    *out = (struct authority){.host = s, .is_ip = is_ip, .ipv6 = brackets};
    return true;
}

static bool
parse_port(struct slice s, uint16_t *port)
{
    uint64_t v;
    if (!s.n || s.p[0] == '0' || !scan_u64(s, UINT16_MAX, &v))
        return false;
    *port = (uint16_t)v;
    return true;
}

bool
url_parse_authority(struct slice s, struct authority *out)
{
    bool brackets = s.n && s.p[0] == '[';
    size_t end = slice_find(s, brackets ? ']' : ':');
    if (brackets && end == s.n)
        return false;
    struct authority at;
    struct slice host = slice_first(s, end);
    TRY(parse_host(brackets ? slice_from(host, 1) : host, brackets, &at));
    struct slice rest = slice_from(s, brackets ? end + 1 : end);
    if (rest.n && rest.p[0] != ':')
        return false;
    if (rest.n)
        TRY(parse_port(slice_from(rest, 1), &at.port));
    *out = at;
    return true;
}

static size_t
authority_end(struct slice s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] != '/' && s.p[n] != '?')
        n++;
    return n;
}

bool
url_parse_absolute(struct slice s, struct url *out)
{
    struct url u = {.scheme = slice_first(s, slice_find(s, ':'))};
    u.https = slice_eq_nocase(u.scheme, SLICE("https"));
    if (!u.https && !slice_eq_nocase(u.scheme, SLICE("http")))
        return false;
    struct slice rest = slice_from(s, u.scheme.n);
    if (!slice_starts(rest, SLICE("://")) || token_span(s, TOKEN_TARGET) < s.n)
        return false;
    rest = slice_from(rest, 3);
    u.authority = slice_first(rest, authority_end(rest));
    TRY(url_parse_authority(u.authority, &u.at));
    u.port = u.at.port ? u.at.port : (uint16_t)(u.https ? 443 : 80);
    rest = slice_from(rest, u.authority.n);
    size_t query = slice_find(rest, '?');
    u.path = query ? slice_first(rest, query) : SLICE("/");
    u.query = slice_from(rest, query);
    *out = u;
    return true;
}

struct slice
url_origin(const struct url *u, struct arena *a)
{
    if (!u->query.n)
        return u->path;
    if (u->path.p + u->path.n == u->query.p)
        return slice_of(u->path.p, u->path.n + u->query.n);
    char *p = arena_alloc(a, u->query.n + 1);
    if (!p)
        return SLICE_NONE;
    p[0] = '/';
    memcpy(p + 1, u->query.p, u->query.n);
    return slice_of(p, u->query.n + 1);
}

bool
url_host_normal(struct slice host, char out[URL_HOST_MAX + 1])
{
    struct authority at;
    uint8_t ip[16];
    unsigned len;
    bool brackets = slice_starts(host, SLICE("[")) && slice_ends(host, SLICE("]"));
    if (brackets)
        host = slice_first(slice_from(host, 1), host.n - 2);
    bool literal = url_parse_ip(host, ip, &len);
    if (literal && len == 16)
        return inet_ntop(AF_INET6, ip, out, URL_HOST_MAX + 1);
    /* An IPv4 literal has one spelling. */
    if (brackets || (!literal && !parse_host(host, false, &at)))
        return false;
    size_t n = slice_ends(host, SLICE(".")) ? host.n - 1 : host.n;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(host.p[i] >= 'A' && host.p[i] <= 'Z' ? host.p[i] | 0x20 : host.p[i]);
    out[n] = '\0';
    return true;
}

bool
url_take_byte(struct slice *rest, bool form, char *out)
{
    uint64_t byte;
    char c = rest->p[0];
    bool coded = c == '%' && rest->n > 2 && scan_hex(slice_of(rest->p + 1, 2), &byte);
    *out = coded ? (char)byte : form && c == '+' ? ' ' : c;
    *rest = slice_from(*rest, coded ? 3 : 1);
    return coded || c != '%';
}

void
url_decode(struct slice s, bool form, struct buf *out)
{
    while (s.n) {
        char byte;
        (void)url_take_byte(&s, form, &byte);
        buf_byte(out, byte);
    }
}
