/* Rules of other programs. */
#include "api/rules_import.h"

#include "api/xml.h"
#include "base/arena.h"
#include "base/mem.h"

#include <jansson.h>

#define PAIRS_MAX         10
#define CHARLES_TEXTS_MAX ((size_t)16 << 20)

struct import {
    struct rule **rules;
    size_t n, cap;
    struct buf *said;
};

/* A rule that is being put together. */
struct spec {
    struct rule_arg args[PAIRS_MAX];
    struct slice values[PAIRS_MAX];
    size_t n;
};

static void
put(struct spec *s, const char *key, struct slice value)
{
    if (!value.n || s->n == PAIRS_MAX)
        return;
    s->values[s->n] = value;
    s->args[s->n] = (struct rule_arg){slice_str(key), &s->values[s->n], 1};
    s->n++;
}

static struct slice
text_of(const json_t *rule, const char *key)
{
    const json_t *v = json_object_get(rule, key);
    return json_is_string(v) ? slice_of(json_string_value(v), json_string_length(v)) : SLICE_NONE;
}

static bool
is_true(const json_t *v)
{
    return json_is_true(v) || (json_is_integer(v) && json_integer_value(v) != 0);
}

/* Older versions have a bool, newer ones a word. */
static bool
is_literal(const json_t *rule)
{
    return is_true(json_object_get(rule, "is_simple_match")) ||
           slice_eq(text_of(rule, "category"), SLICE("literal"));
}

struct kind {
    struct slice type;
    const char *side;
    const char *action;
};
static const struct kind kinds[] = {
    {{"request_header", 14}, "request", "replace-line"},
    {{"request_body", 12}, "request", "replace-body"},
    {{"response_header", 15}, "response", "replace-line"},
    {{"response_body", 13}, "response", "replace-body"},
};

static const struct kind *
find_kind(struct slice type)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (slice_eq(kinds[i].type, type))
            return &kinds[i];
    return NULL;
}

/* Without a pattern a header is added. */
static void
put_addition(struct spec *s, struct slice line)
{
    struct slice name = slice_cut(&line, ':');
    put(s, "do", SLICE("add-field"));
    put(s, "field", slice_trim(name));
    put(s, "value", slice_trim(line));
}

static bool
make_spec(const json_t *rule, struct spec *s)
{
    const struct kind *k = find_kind(text_of(rule, "rule_type"));
    struct slice pattern = text_of(rule, "string_match"), with = text_of(rule, "string_replace");
    if (!k)
        return false;
    put(s, "name", slice_first(text_of(rule, "comment"), 150));
    put(s, "folder", SLICE("Burp"));
    put(s, "on", is_true(json_object_get(rule, "enabled")) ? SLICE_NONE : SLICE("no"));
    put(s, "side", slice_str(k->side));
    if (!pattern.n && slice_eq(slice_str(k->action), SLICE("replace-line"))) {
        put_addition(s, with);
        return true;
    }
    put(s, "do", slice_str(k->action));
    put(s, "pattern", pattern);
    put(s, "with", with);
    put(s, "literal", is_literal(rule) ? SLICE("yes") : SLICE_NONE);
    return pattern.n;
}

static bool
keep(struct import *im, struct rule *r)
{
    if (im->n == im->cap) {
        size_t cap = im->cap ? im->cap * 2 : 16;
        struct rule **more = mem_realloc(im->rules, cap * sizeof(struct rule *));
        if (!more) {
            rule_unref(r);
            return false;
        }
        im->rules = more;
        im->cap = cap;
    }
    im->rules[im->n++] = r;
    return true;
}

/* false without memory alone. */
static bool
make_rule(struct import *im, struct spec *s, size_t number)
{
    struct err e = {0};
    struct rule_spec spec = {s->args, s->n};
    struct rule *r = rule_new(&spec, 0, NULL, &e);
    if (r)
        return keep(im, r);
    buf_printf(im->said, "rule %zu: %s\n", number, e.text);
    return e.code != ERR_MEMORY;
}

/* false without memory alone. */
static bool
import_rule(struct import *im, const json_t *rule, size_t number)
{
    struct spec s = {.n = 0};
    struct slice type = slice_first(text_of(rule, "rule_type"), 40);
    if (!make_spec(rule, &s)) {
        buf_printf(im->said, "rule %zu of the type '%.*s' has no likeness here\n", number,
                   SLICE_ARG(type));
        return true;
    }
    return make_rule(im, &s, number);
}

static const json_t *
find_list(const json_t *root)
{
    static const char *const wraps[] = {"project_options", "user_options"};
    const json_t *proxy = json_object_get(root, "proxy");
    for (size_t i = 0; !proxy && i < ARRAY_LEN(wraps); i++)
        proxy = json_object_get(json_object_get(root, wraps[i]), "proxy");
    return json_object_get(proxy, "match_replace_rules");
}

/* The list of what was taken; frees the import. */
static struct rules *
finish(struct import *im, bool good, struct err *e)
{
    struct rules *rs = good ? rules_new(im->rules, im->n, e) : NULL;
    while (im->n)
        rule_unref(im->rules[--im->n]);
    mem_free(im->rules);
    return rs;
}

static struct rules *
import_list(struct import *im, const json_t *list, struct err *e)
{
    bool good = true;
    for (size_t i = 0; good && i < json_array_size(list) && i < RULES_MAX; i++)
        good = import_rule(im, json_array_get(list, i), i + 1) || err_memory(e);
    return finish(im, good, e);
}

struct rules *
rules_import_burp(struct slice json, struct buf *said, struct err *e)
{
    json_error_t why;
    struct import im = {.said = said};
    struct rules *rs = NULL;
    json_t *root = json_loadb(json.n ? json.p : "", json.n, 0, &why);
    if (!root) {
        err_set(e, ERR_USAGE, "line %d: %s", why.line, why.text);
        return NULL;
    }
    const json_t *list = find_list(root);
    if (json_is_array(list))
        rs = import_list(&im, list, e);
    else
        err_set(e, ERR_USAGE, "there are no 'match_replace_rules' in it");
    json_decref(root);
    return rs;
}

/* Charles: a mapping is a place and where it leads; the parts of a place may hold '*' and '?', and
 * one that is empty is any. */

enum part { PART_PROTOCOL, PART_HOST, PART_PORT, PART_PATH, PART_QUERY, PARTS_N };
static const struct slice part_names[PARTS_N] = {
    {"protocol", 8}, {"host", 4}, {"port", 4}, {"path", 4}, {"query", 5},
};

struct charles {
    struct import im;
    struct arena *arena;
    struct slice from[PARTS_N], to[PARTS_N], dest;
    bool tool_on, on, keep_host, failed;
    size_t number; /* of the mapping */
};

/* A part with wildcards as a regular expression. */
static void
append_wild(struct slice part, const char *any, struct buf *out)
{
    for (size_t i = 0; i < part.n; i++) {
        char c = part.p[i];
        if (c == '*')
            buf_append(out, slice_str(any));
        else if (c == '?')
            buf_byte(out, '.');
        else if (memchr("\\^$.|()[]{}+", c, 13))
            buf_printf(out, "\\%c", c);
        else
            buf_byte(out, c);
    }
}

static void
append_part(struct slice part, const char *any, const char *group, struct buf *out)
{
    buf_append(out, slice_str(group));
    if (part.n)
        append_wild(part, any, out);
    else
        buf_append(out, slice_str(any));
    buf_byte(out, ')');
}

static bool
is_open(struct slice path)
{
    return !path.n || slice_ends(path, SLICE("*"));
}

/* The place as an expression on URLs. Of a path that ends in '*' the rest is in the group t, and
 * the query in any case. With 'local' that is the first group. */
static void
append_place(const struct slice *place, bool local, struct buf *out)
{
    struct slice path = place[PART_PATH], port = place[PART_PORT];
    bool open = is_open(path);
    buf_byte(out, '^');
    append_part(place[PART_PROTOCOL], "[a-z]+", local ? "(?:" : "(?<p>", out);
    buf_append(out, SLICE("://"));
    append_part(place[PART_HOST], "[^/:]*", local ? "(?i:" : "(?<h>(?i)", out);
    bool usual = !port.n || slice_eq(port, SLICE("443")) || slice_eq(port, SLICE("80"));
    buf_append(out, local ? SLICE("(?:") : SLICE("(?<o>"));
    if (usual)
        buf_append(out, SLICE("(?::[0-9]+)?)"));
    else
        buf_printf(out, ":%.*s)", SLICE_ARG(port));
    append_wild(path.n ? slice_first(path, path.n - open) : SLICE("/"), ".*", out);
    buf_append(out, open ? SLICE("(?<t>.*)$") : SLICE("(?<t>(?:[?].*)?)$"));
}

/* A text that stands for itself in a replacement. */
static void
append_plain(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '$')
            buf_byte(out, '$');
        buf_byte(out, text.p[i]);
    }
}

/* Where it leads; what is not said stays as it is. */
static void
append_target(const struct charles *c, struct buf *out)
{
    const struct slice *to = c->to;
    struct slice path = to[PART_PATH].n ? to[PART_PATH] : c->from[PART_PATH];
    if (to[PART_PROTOCOL].n)
        append_plain(to[PART_PROTOCOL], out);
    else
        buf_append(out, SLICE("${p}"));
    buf_append(out, SLICE("://"));
    if (to[PART_HOST].n)
        append_plain(to[PART_HOST], out);
    else
        buf_append(out, SLICE("${h}"));
    if (to[PART_PORT].n)
        buf_printf(out, ":%.*s", SLICE_ARG(to[PART_PORT]));
    else if (!to[PART_HOST].n)
        buf_append(out, SLICE("${o}"));
    append_plain(path.n ? slice_first(path, slice_find(path, '*')) : SLICE("/"), out);
    buf_append(out, SLICE("${t}"));
}

/* What cannot be said of a mapping here; NULL: nothing. */
static const char *
charles_lacks(const struct charles *c, bool local)
{
    struct slice path = c->from[PART_PATH];
    if (c->from[PART_QUERY].n || c->to[PART_QUERY].n)
        return "it asks for a query";
    if (!local && !c->to[PART_PATH].n && slice_find(path, '*') + is_open(path) < path.n)
        return "it keeps a path that has a wildcard inside";
    return NULL;
}

static void
make_mapping(struct charles *c, bool local)
{
    struct spec s = {.n = 0};
    struct buf pattern, to;
    const char *lacks = charles_lacks(c, local);
    c->number++;
    if (lacks) {
        buf_printf(c->im.said, "mapping %zu: %s\n", c->number, lacks);
        return;
    }
    buf_init(&pattern, 65536);
    buf_init(&to, 65536);
    append_place(c->from, local, &pattern);
    append_target(c, &to);
    put(&s, "folder", SLICE("Charles"));
    put(&s, "on", c->on && c->tool_on ? SLICE_NONE : SLICE("no"));
    put(&s, "do", local ? SLICE("map-local") : SLICE("map-remote"));
    put(&s, "path", local ? c->dest : SLICE_NONE);
    put(&s, "pattern", buf_slice(&pattern));
    put(&s, "to", local ? SLICE_NONE : buf_slice(&to));
    put(&s, "keep-host", c->keep_host ? SLICE("yes") : SLICE_NONE);
    c->failed = !make_rule(&c->im, &s, c->number) || c->failed;
    buf_release(&pattern);
    buf_release(&to);
}

static void
begin_mapping(struct charles *c)
{
    for (size_t i = 0; i < PARTS_N; i++)
        c->from[i] = c->to[i] = SLICE_NONE;
    c->dest = SLICE_NONE;
    c->on = c->keep_host = false;
}

static void
keep_text(struct charles *c, struct slice *to, struct slice text)
{
    *to = arena_dup(c->arena, text);
    if (!to->p)
        c->failed = true;
}

static void
on_part(struct charles *c, struct slice *place, struct slice name, struct slice text)
{
    for (size_t i = 0; i < PARTS_N; i++)
        if (slice_eq(part_names[i], name))
            keep_text(c, &place[i], text);
}

static void
on_element(void *arg, const struct xml_path *path, struct slice text)
{
    struct charles *c = arg;
    struct slice name = xml_name(path, 0), above = xml_name(path, 1);
    bool remote = slice_eq(name, SLICE("mapMapping")), yes = slice_eq(text, SLICE("true"));
    if (slice_eq(above, SLICE("sourceLocation")))
        on_part(c, c->from, name, text);
    else if (slice_eq(above, SLICE("destLocation")))
        on_part(c, c->to, name, text);
    else if (slice_eq(name, SLICE("dest")))
        keep_text(c, &c->dest, text);
    else if (slice_eq(name, SLICE("enabled")))
        c->on = yes;
    else if (slice_eq(name, SLICE("toolEnabled")))
        c->tool_on = yes;
    else if (slice_eq(name, SLICE("preserveHostHeader")))
        c->keep_host = yes;
    else if (slice_eq(name, SLICE("rewriteRule")) || slice_eq(name, SLICE("locationMatch")))
        buf_printf(c->im.said, "a rule of the kind '%.*s' has no likeness here\n", SLICE_ARG(name));
    if (!remote && !slice_eq(name, SLICE("mapLocalMapping")))
        return;
    if (c->im.n < RULES_MAX)
        make_mapping(c, !remote);
    begin_mapping(c);
}

struct rules *
rules_import_charles(struct slice xml, struct buf *said, struct err *e)
{
    struct charles c = {.im = {.said = said}, .arena = arena_new(4096, CHARLES_TEXTS_MAX)};
    bool good = c.arena ? xml_walk(xml, on_element, &c, e) : err_memory(e);
    if (good && c.failed)
        good = err_memory(e);
    if (good && !c.number)
        good = err_set(e, ERR_USAGE, "there are no mappings in it");
    struct rules *rs = finish(&c.im, good, e);
    arena_free(c.arena);
    return rs;
}
