/* Rules out of Charles's tools: places, map remote, map local, block list. */
#include "api/rules_import_charles.h"

#include "base/scan.h"

bool
charles_bool(const struct xml *x, const char *name, bool def)
{
    const struct xml *child = xml_child(x, name);
    return child ? slice_eq(child->text, SLICE("true")) : def;
}

struct charles_place
charles_place(const struct xml *location)
{
    return (struct charles_place){
        .protocol = xml_text(location, "protocol"),
        .host = xml_text(location, "host"),
        .port = xml_text(location, "port"),
        .path = xml_text(location, "path"),
        .query = xml_text(location, "query"),
    };
}

static bool
is_wild(struct slice text)
{
    return slice_find(text, '*') < text.n || slice_find(text, '?') < text.n;
}

void
charles_put_pattern(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        struct slice one = slice_of(text.p + i, 1);
        if (one.p[0] == '*')
            buf_append(out, SLICE(".*"));
        else if (one.p[0] == '?')
            buf_byte(out, '.');
        else
            import_put_literal(out, one);
    }
}

/* FIELD~/^...$/ */
static void
put_match(struct buf *out, const char *field, struct slice text)
{
    struct buf pattern = {.max = IMPORT_TEXT_MAX};
    charles_put_pattern(&pattern, text);
    buf_printf(out, "%s~/^", field);
    struct slice s = buf_slice(&pattern);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '/')
            buf_byte(out, '\\');
        buf_byte(out, s.p[i]);
    }
    buf_append(out, SLICE("$/c"));
    out->failed |= pattern.failed;
    buf_release(&pattern);
}

/* FIELD="..." */
static void
put_equal(struct buf *out, const char *field, struct slice text)
{
    buf_printf(out, "%s=\"", field);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"' || text.p[i] == '\\')
            buf_byte(out, '\\');
        buf_byte(out, text.p[i]);
    }
    buf_byte(out, '"');
}

static void
put_test(struct buf *out, const char *field, struct slice text)
{
    if (!text.n || slice_eq(text, SLICE("*")))
        return;
    if (buf_len(out))
        buf_byte(out, ' ');
    if (is_wild(text))
        put_match(out, field, text);
    else
        put_equal(out, field, text);
}

/* Names of hosts are small letters here. */
static void
put_host(struct buf *out, struct slice host)
{
    struct buf small = {.max = IMPORT_TEXT_MAX};
    for (size_t i = 0; i < host.n; i++) {
        bool capital = host.p[i] >= 'A' && host.p[i] <= 'Z';
        buf_byte(&small, (char)(capital ? host.p[i] + ('a' - 'A') : host.p[i]));
    }
    put_test(out, "host", buf_slice(&small));
    out->failed |= small.failed;
    buf_release(&small);
}

static void
put_place(struct buf *out, const struct charles_place *p)
{
    put_test(out, "scheme", p->protocol);
    put_host(out, p->host);
    put_test(out, "port", p->port);
    put_test(out, "path", p->path);
    put_test(out, "query", p->query);
}

struct slice
charles_query(struct import *m, const struct charles_place *p)
{
    struct buf out = {.max = IMPORT_TEXT_MAX};
    put_place(&out, p);
    return import_keep(m, &out);
}

bool
charles_is(struct import *m, const struct xml *x, const char *name)
{
    if (slice_eq(x->name, slice_str(name)))
        return true;
    import_leave(m, import_line(m, x->line), "'%s' is expected here, not '%.*s'", name,
                 SLICE_ARG(slice_first(x->name, 60)));
    return false;
}

/* The element with the name, and in it the place with the name. What is no place would be taken for
 * any. */
static bool
has_place(struct import *m, const struct xml *x, const char *name, const char *place)
{
    const struct xml *location = xml_child(x, place);
    if (!charles_is(m, x, name))
        return false;
    if (location && !location->text.n)
        return true;
    import_leave(m, import_line(m, x->line),
                 "a place must be there, with a host, a path and so on");
    return false;
}

struct slice
charles_queries(struct import *m, const struct xml *patterns, bool *off)
{
    struct buf out = {.max = IMPORT_TEXT_MAX};
    bool any = false, on = false;
    for (const struct xml *x = patterns ? patterns->first : NULL; x; x = x->next) {
        struct charles_place p = charles_place(xml_child(x, "location"));
        struct buf one = {.max = IMPORT_TEXT_MAX};
        if (!has_place(m, x, "locationMatch", "location") || !charles_bool(x, "enabled", true))
            continue;
        put_place(&one, &p);
        any |= !buf_len(&one);
        buf_append(&out, on ? SLICE(" or (") : SLICE("("));
        buf_append(&out, buf_slice(&one));
        buf_byte(&out, ')');
        out.failed |= one.failed;
        buf_release(&one);
        on = true;
    }
    *off = patterns && patterns->first && !on;
    if (any)
        buf_reset(&out);
    return import_keep(m, &out);
}

/* Map remote: the whole URL as a pattern with a name for each part, and what it becomes ------- */

static bool
has_tail(struct slice path)
{
    return slice_ends(path, SLICE("*")) && !is_wild(slice_first(path, path.n - 1));
}

static void
put_part(struct buf *out, const char *name, struct slice text, const char *any)
{
    buf_printf(out, "(?<%s>", name);
    if (text.n)
        charles_put_pattern(out, text);
    else
        buf_append(out, slice_str(any));
    buf_byte(out, ')');
}

/* The query has looked at the port already: a usual one is not in the URL. */
static void
put_port_pattern(struct buf *out, struct slice port)
{
    buf_append(out, SLICE("(?<port>(?::"));
    buf_append(out, port.n ? port : SLICE("\\d+"));
    buf_append(out, SLICE(")?)"));
}

static struct slice
remote_pattern(struct import *m, const struct charles_place *p)
{
    struct buf out = {.max = IMPORT_TEXT_MAX};
    bool tail = has_tail(p->path);
    buf_append(&out, SLICE("(?i)^"));
    put_part(&out, "scheme", p->protocol, "https?");
    buf_append(&out, SLICE("://"));
    put_part(&out, "host", p->host, "\\[[^\\]]*\\]|[^/:?]+");
    put_port_pattern(&out, p->port);
    put_part(&out, "path", tail ? slice_first(p->path, p->path.n - 1) : p->path, "[^?]*");
    buf_append(&out, tail ? SLICE("(?<tail>[^?]*)") : SLICE("(?<tail>)"));
    if (p->query.n) {
        buf_append(&out, SLICE("(?<query>\\?"));
        charles_put_pattern(&out, p->query);
        buf_append(&out, SLICE(")$"));
    } else {
        buf_append(&out, SLICE("(?<query>(?:\\?.*)?)$"));
    }
    return import_keep(m, &out);
}

/* What is empty stays as it was. */
static struct slice
remote_to(struct import *m, const struct charles_place *to)
{
    struct buf out = {.max = IMPORT_TEXT_MAX};
    struct slice path = to->path;
    bool moved = to->protocol.n || to->host.n;
    if (slice_ends(path, SLICE("*")))
        path.n--;
    import_put_plain(&out, to->protocol);
    buf_append(&out, to->protocol.n ? SLICE("://") : SLICE("${scheme}://"));
    import_put_plain(&out, to->host);
    buf_append(&out, to->host.n ? SLICE("") : SLICE("${host}"));
    if (to->port.n)
        buf_printf(&out, ":%.*s", SLICE_ARG(to->port));
    else if (!moved)
        buf_append(&out, SLICE("${port}"));
    import_put_plain(&out, path);
    buf_append(&out, path.n ? SLICE("${tail}") : SLICE("${path}${tail}"));
    if (to->query.n) {
        buf_byte(&out, '?');
        import_put_plain(&out, to->query);
    } else {
        buf_append(&out, SLICE("${query}"));
    }
    return import_keep(m, &out);
}

static bool
is_port(struct slice port)
{
    uint64_t n;
    return !port.n || (scan_u64(port, 65535, &n) && n);
}

static void
add_map_remote(struct import *m, const struct xml *x, bool off)
{
    struct charles_place from = charles_place(xml_child(x, "sourceLocation"));
    struct charles_place to = charles_place(xml_child(x, "destLocation"));
    struct slice where = import_line(m, x->line);
    if (!is_port(from.port) || !is_port(to.port)) {
        import_leave(m, where, "a port of a map must be a number");
        return;
    }
    bool keep = charles_bool(x, "preserveHostHeader", false);
    struct import_rule r = {
        .where = where,
        .name = from.host.n ? from.host : SLICE("map remote"),
        .when = charles_query(m, &from),
        .off = off || !charles_bool(x, "enabled", true),
        .action = "map-remote",
        .pairs = {{"pattern", remote_pattern(m, &from)},
                  {"to", remote_to(m, &to)},
                  {"keep-host", keep ? SLICE("yes") : SLICE_NONE}},
    };
    import_add(m, &r);
}

/* Map local --------------------------------------------------------------------------------- */

/* Its first group is what is looked up below the folder. */
static struct slice
local_pattern(struct import *m, struct slice path)
{
    struct buf out = {.max = IMPORT_TEXT_MAX};
    buf_append(&out, SLICE("^[a-z]+://[^/]+"));
    import_put_literal(&out, slice_first(path, path.n - 1));
    buf_append(&out, SLICE("([^?]*)"));
    return import_keep(m, &out);
}

static void
add_map_local(struct import *m, const struct xml *x, bool off)
{
    struct charles_place from = charles_place(xml_child(x, "sourceLocation"));
    struct slice where = import_line(m, x->line), dest = xml_text(x, "dest");
    bool absolute = slice_starts(dest, SLICE("/")) || slice_starts(dest, SLICE("~/"));
    if (!absolute) {
        import_leave(m, where, "'%.*s' is no absolute name of a file here",
                     SLICE_ARG(slice_first(dest, 100)));
        return;
    }
    struct import_rule r = {
        .where = where,
        .name = from.host.n ? from.host : SLICE("map local"),
        .when = charles_query(m, &from),
        .off = off || !charles_bool(x, "enabled", true),
        .action = "map-local",
        .pairs = {{"path", dest},
                  {"pattern", has_tail(from.path) ? local_pattern(m, from.path) : SLICE_NONE}},
    };
    import_add(m, &r);
}

/* Block list -------------------------------------------------------------------------------- */

static void
add_block(struct import *m, const struct xml *x, bool off, bool answer)
{
    struct charles_place p = charles_place(xml_child(x, "location"));
    struct import_rule r = {
        .where = import_line(m, x->line),
        .name = p.host.n ? p.host : SLICE("block"),
        .when = charles_query(m, &p),
        .off = off || !charles_bool(x, "enabled", true),
        .action = "block",
        .pairs = {{"how", answer ? SLICE("answer") : SLICE("close")}},
    };
    import_add(m, &r);
}

/* Tools ------------------------------------------------------------------------------------- */

static void
read_map_remote(struct import *m, const struct xml *tool, bool off)
{
    const struct xml *list = xml_child(tool, "mappings");
    for (const struct xml *x = list ? list->first : NULL; x; x = x->next)
        if (has_place(m, x, "mapMapping", "sourceLocation"))
            add_map_remote(m, x, off);
}

static void
read_map_local(struct import *m, const struct xml *tool, bool off)
{
    const struct xml *list = xml_child(tool, "mappings");
    for (const struct xml *x = list ? list->first : NULL; x; x = x->next)
        if (has_place(m, x, "mapLocalMapping", "sourceLocation"))
            add_map_local(m, x, off);
}

static void
read_block(struct import *m, const struct xml *tool, bool off)
{
    const struct xml *list = xml_child(xml_child(tool, "locations"), "locationPatterns");
    bool answer = slice_eq(xml_text(tool, "action"), SLICE("1"));
    for (const struct xml *x = list ? list->first : NULL; x; x = x->next)
        if (has_place(m, x, "locationMatch", "location"))
            add_block(m, x, off, answer);
}

static void
read_rewrite(struct import *m, const struct xml *tool, bool off)
{
    const struct xml *sets = xml_child(tool, "sets");
    for (const struct xml *x = sets ? sets->first : tool->first; x; x = x->next)
        if (slice_eq(x->name, SLICE("rewriteSet")))
            charles_rewrite(m, x, off);
}

static const struct {
    const char *name;
    void (*read)(struct import *m, const struct xml *tool, bool off);
} tools[] = {
    {"map", read_map_remote},           {"mapLocal", read_map_local}, {"rewrite", read_rewrite},
    {"rewriteSet-array", read_rewrite}, {"blacklist", read_block},    {"blockList", read_block},
};

/* false when it is none that is known. */
static bool
read_tool(struct import *m, const struct xml *x)
{
    for (size_t i = 0; i < ARRAY_LEN(tools); i++)
        if (slice_eq(x->name, slice_str(tools[i].name))) {
            tools[i].read(m, x, !charles_bool(x, "toolEnabled", true));
            return true;
        }
    return false;
}

/* <entry>: a name and the tool. One that does nothing is not missed. */
static void
read_entry(struct import *m, const struct xml *entry)
{
    struct slice name = xml_text(entry, "string");
    for (const struct xml *x = entry->first; x; x = x->next)
        if (!slice_eq(x->name, SLICE("string")) && !read_tool(m, x) && x->first)
            import_leave(m, import_line(m, x->line), "the tool '%.*s' makes no rules here",
                         SLICE_ARG(slice_first(name, 60)));
}

/* The settings as a whole, or one tool alone. */
static bool
read_root(struct import *m, const struct xml *root, struct err *e)
{
    const struct xml *tool = xml_child(root, "toolConfiguration");
    const struct xml *list = xml_child(tool, "configs");
    if (!tool && !read_tool(m, root))
        return err_set(e, ERR_USAGE, "line %zu: '%.*s' is none of Charles's tools", root->line,
                       SLICE_ARG(slice_first(root->name, 60)));
    for (const struct xml *x = list ? list->first : NULL; x; x = x->next)
        read_entry(m, x);
    return import_end(m, e);
}

bool
import_charles(struct slice text, struct rules_import *out, struct arena *a, struct err *e)
{
    struct import m;
    const struct xml *root = xml_parse(text, a, e);
    import_begin(&m, out, a, "charles");
    return root && read_root(&m, root, e);
}
