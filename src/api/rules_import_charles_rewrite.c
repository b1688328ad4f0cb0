/* Rules out of Charles's rewrite sets. */
#include "api/rules_import_charles.h"

#include "base/scan.h"

/* One rule of a set. */
struct rewrite {
    struct import *import;
    struct slice where, name, when;
    bool off;
    bool request, response; /* where it acts */
    struct slice header, value, new_header, new_value;
    bool regex; /* 'value' is one */
    bool whole; /* it has to be all of what is looked at */
    bool first; /* only the first match is replaced */
    bool ignore_case;
    bool strange; /* a name that is a regular expression */
};

static void
leave(const struct rewrite *w, const char *why)
{
    import_leave(w->import, w->where, "%s", why);
}

static void
add(const struct rewrite *w, const char *action, const struct import_pair *pairs)
{
    struct import_rule r = {
        .where = w->where, .name = w->name, .when = w->when, .off = w->off, .action = action};
    for (size_t i = 0; pairs[i].key; i++)
        r.pairs[i] = pairs[i];
    import_add(w->import, &r);
}

/* The same for the sides that it is for; pairs[0] is the side. */
static void
add_sides(const struct rewrite *w, const char *action, struct import_pair *pairs)
{
    if (!w->request && !w->response)
        leave(w, "it acts on neither side");
    pairs[0] = (struct import_pair){"side", SLICE("request")};
    if (w->request)
        add(w, action, pairs);
    pairs[0].value = SLICE("response");
    if (w->response)
        add(w, action, pairs);
}

/* A pattern and what takes its place. 'before' is what may stand in front of the match in the text
 * that is looked at, and 'some' what the text that counts is made of: for where only the first
 * match counts, or only a part of the text. 'behind' ends a match that has to be the whole. */
struct swap {
    const char *before, *some, *behind;
    bool anchored;
    struct slice pattern, with;
};

/* Without a value all of it is meant. */
static void
put_value(struct buf *out, const struct rewrite *w, const char *some)
{
    if (!w->value.n)
        buf_append(out, slice_str(some));
    else if (w->regex)
        buf_append(out, w->value);
    else
        import_put_literal(out, w->value);
}

/* 'front': with what stands in front as a group. */
static struct slice
swap_pattern(const struct rewrite *w, const struct swap *s, bool front, bool whole)
{
    struct buf out = {.max = IMPORT_TEXT_MAX};
    if (w->ignore_case)
        buf_append(&out, SLICE("(?i)"));
    if (front && whole)
        buf_printf(&out, "^(%s)", s->before);
    else if (front)
        buf_printf(&out, "^(%s%s?)", s->before, s->some);
    else if (whole)
        buf_byte(&out, '^');
    buf_append(&out, SLICE("(?:"));
    put_value(&out, w, s->some);
    buf_byte(&out, ')');
    if (whole)
        buf_append(&out, slice_str(s->behind));
    return import_keep(w->import, &out);
}

static struct slice
swap_with(const struct rewrite *w, bool front)
{
    struct buf out = {.max = IMPORT_TEXT_MAX};
    if (front)
        buf_append(&out, SLICE("${1}"));
    if (w->regex)
        import_put_java(&out, w->new_value);
    else
        import_put_plain(&out, w->new_value);
    return import_keep(w->import, &out);
}

/* false: it has been left out. */
static bool
make_swap(const struct rewrite *w, struct swap *s)
{
    bool whole = w->whole || !w->value.n;
    bool front = s->anchored || (w->first && !whole);
    if (front && w->regex && slice_find(w->new_value, '$') < w->new_value.n) {
        leave(w, "groups of a pattern that counts once only cannot be taken over");
        return false;
    }
    s->pattern = swap_pattern(w, s, front, whole);
    s->with = swap_with(w, front);
    return true;
}

/* The kinds, by their numbers in the file ---------------------------------------------------- */

static void
add_header(const struct rewrite *w)
{
    if (w->header.n || w->value.n)
        leave(w, "a field that is added under a condition has no equal here");
    else
        add_sides(
            w, "add-field",
            (struct import_pair[]){{0}, {"field", w->new_header}, {"value", w->new_value}, {0}});
}

static void
remove_header(const struct rewrite *w)
{
    if (w->strange || w->value.n)
        leave(w, "only a field with this very name, whatever it says, can be removed");
    else
        add_sides(w, "remove-field", (struct import_pair[]){{0}, {"field", w->header}, {0}});
}

static void
modify_header(const struct rewrite *w)
{
    struct swap s = {.before = "", .some = ".*", .behind = "$"};
    if (w->strange || !w->header.n)
        leave(w, "only the value of a field with this very name can be replaced");
    else if (w->new_header.n && !slice_eq_nocase(w->new_header, w->header))
        leave(w, "a field cannot get another name");
    else if (make_swap(w, &s))
        add_sides(w, "replace-field",
                  (struct import_pair[]){
                      {0}, {"field", w->header}, {"pattern", s.pattern}, {"with", s.with}, {0}});
}

/* Of the URL only the host: a match of it counts once. */
static void
modify_host(const struct rewrite *w)
{
    struct swap s = {
        .before = "[a-z]+://", .some = "[^/:?]*", .behind = "(?=[:/?]|$)", .anchored = true};
    if (w->regex || !make_swap(w, &s)) {
        if (w->regex)
            leave(w, "a regular expression on the host has no equal here");
        return;
    }
    add(w, "map-remote", (struct import_pair[]){{"pattern", s.pattern}, {"to", s.with}, {0}});
}

static void
modify_path(const struct rewrite *w)
{
    struct swap s = {.before = "", .some = "[^?]*", .behind = "(?=\\?|$)", .anchored = true};
    if (make_swap(w, &s))
        add(w, "path", (struct import_pair[]){{"pattern", s.pattern}, {"with", s.with}, {0}});
}

static void
modify_url(const struct rewrite *w)
{
    struct swap s = {.before = "", .some = ".*", .behind = "$"};
    if (make_swap(w, &s))
        add(w, "map-remote", (struct import_pair[]){{"pattern", s.pattern}, {"to", s.with}, {0}});
}

static void
modify_body(const struct rewrite *w)
{
    struct swap s = {.before = "", .some = ".*", .behind = "$"};
    if (make_swap(w, &s))
        add_sides(w, "replace-body",
                  (struct import_pair[]){{0}, {"pattern", s.pattern}, {"with", s.with}, {0}});
}

/* In a query, as browsers write it. */
static void
put_encoded(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c && strchr("-._~", c));
        if (plain)
            buf_byte(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

/* PREFIX NAME=VALUE */
static struct slice
param_text(const struct rewrite *w, const char *prefix, struct slice name, struct slice value)
{
    struct buf out = {.max = IMPORT_TEXT_MAX};
    buf_append(&out, slice_str(prefix));
    put_encoded(&out, name);
    buf_byte(&out, '=');
    put_encoded(&out, value);
    return import_keep(w->import, &out);
}

/* Two rules: where there is a query, then where there is none; after the first there is one. */
static void
add_param(const struct rewrite *w)
{
    if (!w->new_header.n || w->header.n || w->value.n) {
        leave(w, "a parameter that is added must have a name and no condition");
        return;
    }
    add(w, "path",
        (struct import_pair[]){{"pattern", SLICE("^([^?]*\\?.+)$")},
                               {"with", param_text(w, "${1}&", w->new_header, w->new_value)},
                               {0}});
    add(w, "path",
        (struct import_pair[]){{"pattern", SLICE("^([^?]*)\\??$")},
                               {"with", param_text(w, "${1}?", w->new_header, w->new_value)},
                               {0}});
}

static void
modify_param(const struct rewrite *w)
{
    struct buf name = {.max = IMPORT_TEXT_MAX}, pattern = {.max = IMPORT_TEXT_MAX};
    if (w->strange || w->regex || !w->header.n) {
        leave(w, "only a parameter with this very name and value can be replaced");
        return;
    }
    put_encoded(&name, w->header);
    buf_append(&pattern, SLICE("(?<=[?&])"));
    import_put_literal(&pattern, buf_slice(&name));
    buf_byte(&pattern, '=');
    buf_reset(&name);
    put_encoded(&name, w->value);
    if (w->value.n)
        import_put_literal(&pattern, buf_slice(&name));
    else
        buf_append(&pattern, SLICE("[^&]*"));
    buf_append(&pattern, SLICE("(?=&|$)"));
    buf_release(&name);
    add(w, "path",
        (struct import_pair[]){
            {"pattern", import_keep(w->import, &pattern)},
            {"with", param_text(w, "", w->new_header.n ? w->new_header : w->header, w->new_value)},
            {0}});
}

static void
remove_param(const struct rewrite *w)
{
    struct buf name = {.max = IMPORT_TEXT_MAX}, pattern = {.max = IMPORT_TEXT_MAX};
    if (w->strange || w->value.n || !w->header.n) {
        leave(w, "only a parameter with this very name, whatever it says, can be removed");
        return;
    }
    put_encoded(&name, w->header);
    buf_append(&pattern, SLICE("(?:[?&]"));
    import_put_literal(&pattern, buf_slice(&name));
    buf_append(&pattern, SLICE("(?:=[^&]*)?$|(?<=[?&])"));
    import_put_literal(&pattern, buf_slice(&name));
    buf_append(&pattern, SLICE("(?:=[^&]*)?&)"));
    buf_release(&name);
    add(w, "path",
        (struct import_pair[]){
            {"pattern", import_keep(w->import, &pattern)}, {"with", SLICE("")}, {0}});
}

/* "404", "404 Not Found" */
static void
set_status(const struct rewrite *w)
{
    struct slice reason = w->new_value, number = slice_cut(&reason, ' ');
    if (w->value.n)
        leave(w, "a status that is set in place of some others only has no equal here");
    else
        add(w, "status",
            (struct import_pair[]){
                {"to", number}, {"reason", reason.n ? reason : SLICE_NONE}, {0}});
}

static void (*const kinds[])(const struct rewrite *w) = {
    [1] = add_header,   [2] = remove_header, [3] = modify_header, [4] = modify_host,
    [5] = modify_path,  [6] = modify_url,    [7] = modify_body,   [8] = add_param,
    [9] = modify_param, [10] = remove_param, [11] = set_status,
};

static void
read_rule(struct import *m, const struct xml *x, const struct rewrite *of_set)
{
    uint64_t kind = 0;
    struct rewrite w = *of_set;
    w.import = m;
    w.where = import_line(m, x->line);
    w.off |= !charles_bool(x, "active", true);
    w.request = charles_bool(x, "matchRequest", false);
    w.response = charles_bool(x, "matchResponse", false);
    w.header = xml_text(x, "matchHeader");
    w.value = xml_text(x, "matchValue");
    w.new_header = xml_text(x, "newHeader");
    w.new_value = xml_text(x, "newValue");
    w.regex = w.value.n && charles_bool(x, "matchValueRegex", false);
    w.whole = charles_bool(x, "matchWholeValue", false);
    w.first = slice_eq(xml_text(x, "replaceType"), SLICE("1"));
    w.ignore_case = !charles_bool(x, "caseSensitive", false);
    w.strange = charles_bool(x, "matchHeaderRegex", false);
    if (!scan_u64(xml_text(x, "ruleType"), ARRAY_LEN(kinds) - 1, &kind) || !kinds[kind])
        leave(&w, "a rule of this type is not known");
    else
        kinds[kind](&w);
}

void
charles_rewrite(struct import *m, const struct xml *set, bool off)
{
    const struct xml *rules = xml_child(set, "rules");
    struct rewrite w = {.off = off || !charles_bool(set, "active", true),
                        .name = xml_text(set, "name")};
    bool nowhere;
    w.when = charles_queries(m, xml_child(xml_child(set, "hosts"), "locationPatterns"), &nowhere);
    w.off |= nowhere;
    for (const struct xml *x = rules ? rules->first : NULL; x; x = x->next)
        if (charles_is(m, x, "rewriteRule"))
            read_rule(m, x, &w);
}
