/* Names, patterns and addresses, and the options that are made of them: two lines, against readers
 * that are written the plain way. */
#include "io/sock.h"
#include "pki/host.h"
#include "proxy/check.h"
#include "proxy/mode.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Label by label from the left; a star in front is worth one label. */
static bool
plainly_matches(const char *pattern, const char *name)
{
    if (pattern[0] == '*') {
        pattern++;
        while (*name && *name != '.')
            name++;
    }
    for (; *pattern && *name; pattern++, name++)
        if (tolower((unsigned char)*pattern) != tolower((unsigned char)*name))
            return false;
    return !*pattern && !*name;
}

static bool
plainly_valid(const char *name)
{
    uint8_t ip[16];
    size_t total = 0, label = 0;
    for (; name[total]; total++) {
        char c = name[total];
        if (c == '.' ? label == 0 : !isalnum((unsigned char)c) && c != '-' && c != '_')
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return label && total <= 253 && inet_pton(AF_INET, name, ip) != 1;
}

static void
try_names(struct slice a, const char *a_text, struct slice b, const char *b_text)
{
    uint8_t ip[16];
    bool starred = slice_starts(a, SLICE("*.")) && a.n <= 253;
    assert(host_name_valid(a) == plainly_valid(a_text));
    assert(host_pattern_valid(a) == (starred ? plainly_valid(a_text + 2) && strchr(a_text + 2, '.')
                                             : plainly_valid(a_text)));
    assert(!host_name_valid(a) || host_matches(a, a));
    assert(!host_name_valid(a) || !host_ip(a, ip));
    assert(host_trim(a).n <= a.n && a.n - host_trim(a).n <= 1);
    bool both = host_pattern_valid(a) && host_name_valid(b);
    assert(host_matches(a, b) == (both && plainly_matches(a_text, b_text)));
}

static void
try_classes(const struct sockaddr *a)
{
    assert(sock_is_loopback(a) + sock_is_link_local(a) + sock_is_private(a) + sock_is_global(a) ==
           1);
    assert(!sock_is_unspecified(a) || sock_is_loopback(a));
}

static void
try_address(const char *text, const char *network)
{
    struct sockaddr_storage there, again;
    const struct sockaddr *a = (const void *)&there;
    char shown[80], host[80];
    bool in;
    if (!sock_parse(text, 8080, &there))
        return;
    try_classes(a);
    assert(sock_port(a) == 8080 && sock_same(a, a));
    sock_text(a, shown, sizeof(shown));
    struct slice rest = slice_str(shown);
    assert(slice_ends(rest, SLICE(":8080")));
    snprintf(host, sizeof(host), "%.*s", (int)rest.n - 5, shown);
    assert(sock_parse(host, 8080, &again) && sock_same(a, (const void *)&again));
    if (sock_in_cidr(a, network, &in))
        assert(check_target(network, &(struct err){0}));
}

static void
try_options(const char *text)
{
    static bool (*const checks[])(const char *, struct err *) = {
        check_mode, check_address, check_host, check_resolve, check_target, check_proxyauth};
    struct mode m;
    struct err e = {0};
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        e = (struct err){0};
        assert(checks[i](text, &e) == (e.code == ERR_NONE));
    }
    if (!mode_parse(text, &m, &e))
        return;
    assert(m.ops && m.port >= -1 && m.port <= 65535 && (m.ops->read || !m.data.n));
    assert(!m.host.n || (m.host.p >= text && m.host.p + m.host.n <= text + slice_str(text).n));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char a_text[400], b_text[400];
    struct slice b = slice_of(data, n), a = slice_cut(&b, '\n');
    if (a.n >= sizeof(a_text) || b.n >= sizeof(b_text) || slice_find(a, 0) < a.n ||
        slice_find(b, 0) < b.n)
        return 0;
    snprintf(a_text, sizeof(a_text), "%.*s", SLICE_ARG(a));
    snprintf(b_text, sizeof(b_text), "%.*s", SLICE_ARG(b));
    try_names(a, a_text, b, b_text);
    try_address(a_text, b_text);
    try_options(a_text);
    return 0;
}
