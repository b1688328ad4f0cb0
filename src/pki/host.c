/* Host names and addresses as certificates see them. */
#include "pki/host.h"

#include <arpa/inet.h>

size_t
host_ip(struct slice host, uint8_t ip[16])
{
    char text[INET6_ADDRSTRLEN];
    if (host.n == 0 || host.n >= sizeof text || slice_find(host, '\0') != host.n)
        return 0;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    if (inet_pton(AF_INET, text, ip) == 1)
        return 4;
    return inet_pton(AF_INET6, text, ip) == 1 ? 16 : 0;
}

static bool
label_valid(struct slice label)
{
    if (label.n == 0 || label.n > 63)
        return false;
    for (size_t i = 0; i < label.n; i++) {
        char c = label.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return false;
    }
    return true;
}

bool
host_name_valid(struct slice name)
{
    uint8_t ip[16];
    if (name.n == 0 || name.n > HOST_MAX || name.p[name.n - 1] == '.' || host_ip(name, ip))
        return false;
    while (name.n)
        if (!label_valid(slice_cut(&name, '.')))
            return false;
    return true;
}

bool
host_pattern_valid(struct slice name)
{
    if (!slice_starts(name, SLICE("*.")))
        return host_name_valid(name);
    struct slice base = slice_from(name, 2);
    return name.n <= HOST_MAX && host_name_valid(base) && slice_find(base, '.') != base.n;
}

bool
host_matches(struct slice pattern, struct slice name)
{
    if (!host_pattern_valid(pattern) || !host_name_valid(name))
        return false;
    if (pattern.p[0] != '*')
        return slice_eq_nocase(pattern, name);
    size_t dot = slice_find(name, '.');
    return slice_eq_nocase(slice_from(pattern, 1), slice_from(name, dot));
}

struct slice
host_trim(struct slice host)
{
    return host.n > 1 && host.p[host.n - 1] == '.' ? slice_first(host, host.n - 1) : host;
}
