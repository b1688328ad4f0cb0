/* Socket addresses as text and as classes. */
#include "io/sock.h"

#include "base/hash.h"
#include "base/scan.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ifaddrs.h>
#include <netinet/in.h>

/* Every address as an IPv6 one, IPv4 as ::ffff:a.b.c.d, so that one comparison does for both. */
struct ip {
    unsigned char byte[16];
};

struct range {
    struct ip ip;
    unsigned bits;
};

static const struct range mapped = {{{[10] = 0xff, [11] = 0xff}}, 96};

static const char *const unspecified[] = {"0.0.0.0", "::", NULL};
static const char *const loopback[] = {"127.0.0.0/8", "::1", "0.0.0.0", "::", NULL};
static const char *const link_local[] = {"169.254.0.0/16", "fe80::/10", NULL};
static const char *const private_nets[] = {"10.0.0.0/8",    "172.16.0.0/12", "192.168.0.0/16",
                                           "100.64.0.0/10", "fc00::/7",      NULL};

static struct ip
ip_from4(const struct in_addr *a)
{
    struct ip ip = mapped.ip;
    memcpy(ip.byte + 12, a, 4);
    return ip;
}

static struct ip
ip_from6(const struct in6_addr *a)
{
    struct ip ip;
    memcpy(ip.byte, a, 16);
    return ip;
}

/* The address and its port in network order; false for other families. */
static bool
ip_of(const struct sockaddr *a, struct ip *ip, uint16_t *port)
{
    if (a->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)a;
        *ip = ip_from4(&in->sin_addr);
        *port = in->sin_port;
        return true;
    }
    if (a->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)a;
        *ip = ip_from6(&in6->sin6_addr);
        *port = in6->sin6_port;
        return true;
    }
    return false;
}

static bool
range_has(const struct range *r, const struct ip *ip)
{
    unsigned whole = r->bits / 8, rest = r->bits % 8;
    if (memcmp(r->ip.byte, ip->byte, whole) != 0)
        return false;
    return rest == 0 || (r->ip.byte[whole] ^ ip->byte[whole]) >> (8 - rest) == 0;
}

socklen_t
sock_len(const struct sockaddr *a)
{
    return a->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

void
sock_text(const struct sockaddr *a, char *out, size_t n)
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (a->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)a;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        snprintf(out, n, "[%s]:%u", host, ntohs(in6->sin6_port));
        return;
    }
    if (a->sa_family != AF_INET) {
        snprintf(out, n, "?");
        return;
    }
    const struct sockaddr_in *in = (const void *)a;
    inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
    snprintf(out, n, "%s:%u", host, ntohs(in->sin_port));
}

/* The text between brackets, or the text; false when it does not fit. */
static bool
host_copy(struct slice s, char *out, size_t n)
{
    if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        s = (struct slice){s.p + 1, s.n - 2};
    if (s.n >= n)
        return false;
    memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return true;
}

bool
sock_parse(const char *host, uint16_t port, struct sockaddr_storage *out)
{
    char text[INET6_ADDRSTRLEN];
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, host, &in.sin_addr) == 1) {
        *out = (struct sockaddr_storage){0};
        memcpy(out, &in, sizeof(in));
        return true;
    }
    if (!host_copy(slice_str(host), text, sizeof(text)) ||
        inet_pton(AF_INET6, text, &in6.sin6_addr) != 1)
        return false;
    *out = (struct sockaddr_storage){0};
    memcpy(out, &in6, sizeof(in6));
    return true;
}

bool
sock_split(const char *text, char host[64], uint16_t *port)
{
    struct sockaddr_storage a;
    uint64_t number;
    struct slice s = slice_str(text);
    size_t colon = slice_find_last(s, ':');
    if (colon >= 64 || !scan_u64(slice_from(s, colon + 1), 65535, &number))
        return false;
    memcpy(host, s.p, colon);
    host[colon] = '\0';
    *port = (uint16_t)number;
    return sock_parse(host, *port, &a);
}

static bool
range_parse(struct slice s, struct range *out)
{
    char text[INET6_ADDRSTRLEN];
    struct slice host = slice_cut(&s, '/');
    bool alone = s.p == host.p + host.n;
    struct in_addr a4;
    struct in6_addr a6;
    TRY(host_copy(host, text, sizeof(text)));
    bool four = inet_pton(AF_INET, text, &a4) == 1;
    if (!four && inet_pton(AF_INET6, text, &a6) != 1)
        return false;
    uint64_t most = four ? 32 : 128, bits = most;
    if (!alone)
        TRY(scan_u64(s, most, &bits));
    out->ip = four ? ip_from4(&a4) : ip_from6(&a6);
    out->bits = (unsigned)bits + (four ? mapped.bits : 0);
    return true;
}

bool
sock_in_cidr(const struct sockaddr *a, const char *cidr, bool *in)
{
    struct range r;
    struct ip ip;
    uint16_t port;
    TRY(range_parse(slice_str(cidr), &r));
    /* An IPv6 range as wide as ::/0 does not mean the IPv4 addresses. */
    *in = ip_of(a, &ip, &port) && range_has(&mapped, &ip) == range_has(&mapped, &r.ip) &&
          range_has(&r, &ip);
    return true;
}

static bool
in_any(const struct sockaddr *a, const char *const *cidrs)
{
    bool in = false;
    for (; *cidrs && !in; cidrs++) {
        bool good = sock_in_cidr(a, *cidrs, &in);
        assert(good);
    }
    return in;
}

bool
sock_is_unspecified(const struct sockaddr *a)
{
    return in_any(a, unspecified);
}

bool
sock_is_loopback(const struct sockaddr *a)
{
    return in_any(a, loopback);
}

bool
sock_is_link_local(const struct sockaddr *a)
{
    return in_any(a, link_local);
}

bool
sock_is_private(const struct sockaddr *a)
{
    return in_any(a, private_nets);
}

bool
sock_is_global(const struct sockaddr *a)
{
    return !sock_is_loopback(a) && !sock_is_link_local(a) && !sock_is_private(a);
}

uint16_t
sock_port(const struct sockaddr *a)
{
    struct ip ip;
    uint16_t port;
    return ip_of(a, &ip, &port) ? ntohs(port) : 0;
}

bool
sock_same(const struct sockaddr *a, const struct sockaddr *b)
{
    struct ip ip_a, ip_b;
    uint16_t port_a, port_b;
    return ip_of(a, &ip_a, &port_a) && ip_of(b, &ip_b, &port_b) && port_a == port_b &&
           memcmp(&ip_a, &ip_b, sizeof(ip_a)) == 0;
}

uint64_t
sock_source(const struct sockaddr *a)
{
    struct ip ip;
    uint16_t port;
    if (sock_is_loopback(a) || !ip_of(a, &ip, &port))
        return 0;
    size_t n = range_has(&mapped, &ip) ? sizeof(ip) : sizeof(ip) / 2;
    return hash_bytes(slice_of((const char *)&ip, n)) | 1;
}

bool
sock_is_own(const struct sockaddr *a)
{
    struct ifaddrs *all;
    struct ip ip, own;
    uint16_t port;
    if (sock_is_loopback(a))
        return true;
    if (!ip_of(a, &ip, &port) || getifaddrs(&all) != 0)
        return false;
    bool found = false;
    for (struct ifaddrs *i = all; i && !found; i = i->ifa_next)
        found = i->ifa_addr && ip_of(i->ifa_addr, &own, &port) && memcmp(&ip, &own, 16) == 0;
    freeifaddrs(all);
    return found;
}

unsigned long
sock_hash_client(const struct sockaddr *a)
{
    struct ip ip;
    uint16_t port;
    if (!ip_of(a, &ip, &port))
        return 0;
    return hash_bytes(slice_of(ip.byte, range_has(&mapped, &ip) ? 16 : 8));
}
