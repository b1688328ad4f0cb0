/* Mode specs and the table of modes. */
#include "proxy/mode.h"

#include "base/scan.h"

#include <stdio.h>

#define MODE(name) extern const struct mode_ops mode_##name;
#include "proxy/mode_list.h"
#undef MODE

static const struct mode_ops *const modes[] = {
#define MODE(name) &mode_##name,
#include "proxy/mode_list.h"
#undef MODE
};

static const struct mode_ops *
mode_find(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        if (slice_eq_nocase(name, slice_str(modes[i]->name)))
            return modes[i];
    return NULL;
}

static bool
mode_unknown(struct slice name, struct err *e)
{
    char names[200] = "";
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", i ? ", " : "", modes[i]->name);
    return err_set(e, ERR_USAGE, "unknown mode '%.*s' (there is: %s)", SLICE_ARG(name), names);
}

const struct mode_ops *
mode_at(size_t i)
{
    return i < ARRAY_LEN(modes) ? modes[i] : NULL;
}

/* "port" or "host:port", the host of IPv6 with or without brackets. */
static bool
mode_address(const char *spec, struct slice at, struct mode *m, struct err *e)
{
    uint64_t port;
    size_t colon = slice_find_last(at, ':');
    struct slice digits = colon < at.n ? slice_from(at, colon + 1) : at;
    if (!scan_u64(digits, 65535, &port))
        return err_set(e, ERR_USAGE, "mode '%s': '%.*s' is not a port from 0 to 65535", spec,
                       SLICE_ARG(digits));
    m->port = (int)port;
    if (colon < at.n)
        m->host = slice_first(at, colon);
    if (m->host.n > 2 && m->host.p[0] == '[' && m->host.p[m->host.n - 1] == ']')
        m->host = slice_of(m->host.p + 1, m->host.n - 2);
    return true;
}

bool
mode_parse(const char *spec, struct mode *out, struct err *e)
{
    struct slice rest = slice_str(spec);
    size_t at = slice_find_last(rest, '@');
    struct mode m = {.port = -1};
    if (at < rest.n) {
        TRY(mode_address(spec, slice_from(rest, at + 1), &m, e));
        rest = slice_first(rest, at);
    }
    struct slice name = slice_cut(&rest, ':');
    m.ops = mode_find(name);
    m.data = rest;
    if (!m.ops)
        return mode_unknown(name, e);
    if (m.data.n && !m.ops->read)
        return err_set(e, ERR_USAGE, "mode '%s' takes nothing behind a colon", m.ops->name);
    if (m.ops->read && !m.ops->read(m.data, &m.server, e)) {
        err_prefix(e, "mode '%s'", spec);
        return false;
    }
    *out = m;
    return true;
}
