/* Rules out of Burp's options: match and replace. */
#include "api/rules_import_make.h"

#include <jansson.h>

#define WHERE "proxy.match_replace_rules"

/* One of them, as it stands in the file. */
struct burp_rule {
    struct import *import;
    struct slice where, comment, match, replace;
    bool off, literal;
};

/* A kind of rule: what is changed, on which side. */
struct burp_type {
    const char *name;
    const char *side;
    void (*add)(const struct burp_rule *b, const struct burp_type *t);
};

static struct slice
text_of(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_string(v) ? slice_of(json_string_value(v), json_string_length(v)) : SLICE("");
}

static bool
is_text(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return !v || json_is_null(v) || json_is_string(v);
}

/* Numbers are bools for some who write these files. */
static bool
bool_of(const json_t *o, const char *key, bool def)
{
    const json_t *v = json_object_get(o, key);
    if (json_is_integer(v))
        return json_integer_value(v);
    return json_is_boolean(v) ? json_is_true(v) : def;
}

static void
add(const struct burp_rule *b, const char *action, const struct import_pair *pairs)
{
    struct import_rule r = {.where = b->where, .name = b->comment, .off = b->off, .action = action};
    for (size_t i = 0; pairs[i].key; i++)
        r.pairs[i] = pairs[i];
    import_add(b->import, &r);
}

static struct slice
replacement(const struct burp_rule *b, struct slice text)
{
    struct buf out = {.max = IMPORT_TEXT_MAX};
    if (b->literal)
        buf_append(&out, text);
    else
        import_put_java(&out, text);
    return import_keep(b->import, &out);
}

static void
add_body(const struct burp_rule *b, const struct burp_type *t)
{
    if (!b->match.n) {
        import_leave(b->import, b->where, "there is nothing that it would match");
        return;
    }
    add(b, "replace-body",
        (struct import_pair[]){{"side", slice_str(t->side)},
                               {"pattern", b->match},
                               {"with", replacement(b, b->replace)},
                               {"literal", b->literal ? SLICE("yes") : SLICE_NONE},
                               {0}});
}

/* The name in front of a colon; none when something else is there. */
static struct slice
field_name(struct slice line)
{
    size_t n = 0;
    while (n < line.n && line.p[n] &&
           strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                  "0123456789-_",
                  line.p[n]))
        n++;
    return slice_first(line, n);
}

/* What the replacement makes of the field's value; false when it makes another field of it. */
static bool
new_value(const struct burp_rule *b, struct slice name, struct slice *out)
{
    struct slice to = field_name(b->replace), rest = slice_from(b->replace, to.n);
    if (!slice_eq_nocase(to, name) || !slice_starts(rest, SLICE(":")))
        return false;
    *out = replacement(b, slice_trim(slice_from(rest, 1)));
    return true;
}

static void
leave_header(const struct burp_rule *b)
{
    import_leave(b->import, b->where, "'%.*s' is not about one field, or makes another one of it",
                 SLICE_ARG(slice_first(b->match, 100)));
}

/* An empty match adds the field. */
static void
add_field(const struct burp_rule *b, const struct burp_type *t)
{
    struct slice name = field_name(b->replace), rest = slice_from(b->replace, name.n);
    if (!name.n || !slice_starts(rest, SLICE(":"))) {
        import_leave(b->import, b->where, "'%.*s' is no field that could be added",
                     SLICE_ARG(slice_first(b->replace, 100)));
        return;
    }
    add(b, "add-field",
        (struct import_pair[]){{"side", slice_str(t->side)},
                               {"field", name},
                               {"value", slice_trim(slice_from(rest, 1))},
                               {0}});
}

/* The part of a pattern on a line "Name: value" that is about the value. 'whole': all of it. */
static bool
value_pattern(struct slice rest, struct slice *out, bool *whole)
{
    static const struct slice any[] = {{".*", 2},   {".*$", 3},   {":.*", 3},     {":.*$", 4},
                                       {": .*", 4}, {": .*$", 5}, {":\\s*.*$", 7}};
    static const struct slice colons[] = {{":\\s*", 4}, {":\\s+", 4}, {":\\s", 3}, {": *", 3},
                                          {": ?", 3},   {": ", 2},    {":", 1}};
    for (size_t i = 0; i < ARRAY_LEN(any); i++)
        if ((*whole = slice_eq(rest, any[i]))) {
            *out = SLICE("^.*$");
            return true;
        }
    for (size_t i = 0; i < ARRAY_LEN(colons); i++)
        if (slice_starts(rest, colons[i])) {
            *out = slice_from(rest, colons[i].n);
            return out->n && slice_find(*out, '|') == out->n;
        }
    return false;
}

static void
add_field_pattern(const struct burp_rule *b, const struct burp_type *t)
{
    struct slice line = b->match, value, with;
    bool whole = false;
    line = slice_from(line, slice_starts(line, SLICE("^")));
    struct slice name = field_name(line);
    bool good = name.n && value_pattern(slice_from(line, name.n), &value, &whole);
    if (good && whole && !b->replace.n) {
        add(b, "remove-field",
            (struct import_pair[]){{"side", slice_str(t->side)}, {"field", name}, {0}});
        return;
    }
    if (!good || !new_value(b, name, &with)) {
        leave_header(b);
        return;
    }
    struct buf pattern = {.max = IMPORT_TEXT_MAX};
    buf_append(&pattern, whole ? SLICE("") : SLICE("^"));
    buf_append(&pattern, value);
    add(b, "replace-field",
        (struct import_pair[]){{"side", slice_str(t->side)},
                               {"field", name},
                               {"pattern", import_keep(b->import, &pattern)},
                               {"with", with},
                               {0}});
}

/* It stands at the beginning of the line, as good as always. */
static void
add_field_literal(const struct burp_rule *b, const struct burp_type *t)
{
    struct slice name = field_name(b->match), with;
    struct slice value = slice_from(b->match, name.n);
    if (!name.n || !slice_starts(value, SLICE(": ")) || value.n == 2 ||
        !new_value(b, name, &with)) {
        leave_header(b);
        return;
    }
    struct buf pattern = {.max = IMPORT_TEXT_MAX}, plain = {.max = IMPORT_TEXT_MAX};
    buf_byte(&pattern, '^');
    import_put_literal(&pattern, slice_from(value, 2));
    import_put_plain(&plain, with);
    add(b, "replace-field",
        (struct import_pair[]){{"side", slice_str(t->side)},
                               {"field", name},
                               {"pattern", import_keep(b->import, &pattern)},
                               {"with", import_keep(b->import, &plain)},
                               {0}});
}

static void
add_header(const struct burp_rule *b, const struct burp_type *t)
{
    if (!b->match.n)
        add_field(b, t);
    else if (b->literal)
        add_field_literal(b, t);
    else
        add_field_pattern(b, t);
}

/* Of "GET /path HTTP/1.1" only the path can be meant. */
static void
add_first_line(const struct burp_rule *b, const struct burp_type *t)
{
    bool path = slice_starts(b->match, SLICE("/")) && slice_find(b->match, ' ') == b->match.n &&
                slice_find(b->replace, ' ') == b->replace.n;
    (void)t;
    if (!path || !b->literal) {
        import_leave(b->import, b->where, "only a plain text of the path can be taken over");
        return;
    }
    add(b, "path",
        (struct import_pair[]){
            {"pattern", b->match}, {"with", b->replace}, {"literal", SLICE("yes")}, {0}});
}

static const struct burp_type types[] = {
    {"request_header", "request", add_header},         {"request_body", "request", add_body},
    {"response_header", "response", add_header},       {"response_body", "response", add_body},
    {"request_first_line", "request", add_first_line},
};

static const struct burp_type *
find_type(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (slice_eq(name, slice_str(types[i].name)))
            return &types[i];
    return NULL;
}

static bool
is_literal(const json_t *o)
{
    struct slice category = text_of(o, "category");
    bool literal = slice_eq(category, SLICE("literal"));
    return category.n ? literal : bool_of(o, "is_simple_match", false);
}

static void
read_rule(struct import *m, const json_t *o, size_t i)
{
    char where[64];
    snprintf(where, sizeof where, WHERE "[%zu]", i);
    struct slice type = text_of(o, "rule_type");
    const struct burp_type *t = find_type(type);
    struct burp_rule b = {
        .import = m,
        .where = slice_str(where),
        .comment = text_of(o, "comment"),
        .match = text_of(o, "string_match"),
        .replace = text_of(o, "string_replace"),
        .off = !bool_of(o, "enabled", true),
        .literal = is_literal(o),
    };
    if (!json_is_object(o))
        import_leave(m, b.where, "a rule must be an object");
    else if (!is_text(o, "string_match") || !is_text(o, "string_replace"))
        import_leave(m, b.where, "'string_match' and 'string_replace' must be texts");
    else if (!t)
        import_leave(m, b.where, "rules of the type '%.*s' have no equal here",
                     SLICE_ARG(slice_first(type, 60)));
    else
        t->add(&b, t);
}

/* In the options of a project, of a user, or alone. NULL when they are not there. */
static const json_t *
find_rules(const json_t *root)
{
    static const char *const outer[] = {"project_options", "user_options"};
    const json_t *proxy = json_object_get(root, "proxy");
    for (size_t i = 0; !proxy && i < ARRAY_LEN(outer); i++)
        proxy = json_object_get(json_object_get(root, outer[i]), "proxy");
    return json_object_get(proxy ? proxy : root, "match_replace_rules");
}

bool
import_burp(struct slice text, struct rules_import *out, struct arena *a, struct err *e)
{
    struct import m;
    json_error_t why;
    json_t *root = json_loadb(text.n ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &why);
    const json_t *rules = find_rules(root);
    import_begin(&m, out, a, "burp");
    if (!root)
        return err_set(e, ERR_USAGE, "line %d: %s", why.line, why.text);
    if (!json_is_array(rules)) {
        json_decref(root);
        return err_set(e, ERR_USAGE, "there is no list '" WHERE "'");
    }
    for (size_t i = 0; i < json_array_size(rules); i++)
        read_rule(&m, json_array_get(rules, i), i);
    json_decref(root);
    return import_end(&m, e);
}
