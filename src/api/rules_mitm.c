/* Rules as mitmproxy's options spell them. */
#include "api/rules_mitm.h"

#include "base/scan.h"

#include <limits.h>
#include <unistd.h>

#define SPECS_MAX   4096
#define PAIRS_MAX   8
#define PART_MAX    ((size_t)16384)
#define NAME_LENGTH 150
#define CHECK_ARENA ((size_t)1 << 20)

struct maker {
    struct arena *arena;
    struct rules_mitm *out;
    const char *option;
    struct slice text; /* the entry */
};

static bool
put(struct rule_spec *spec, struct arena *a, const char *key, struct slice value)
{
    if (!value.n)
        return true;
    struct rule_arg *arg = &spec->args[spec->n];
    arg->values = arena_alloc(a, sizeof *arg->values);
    TRY(spec->n < PAIRS_MAX && arg->values);
    arg->key = arena_dup(a, slice_str(key));
    arg->values[0] = arena_dup(a, value);
    arg->n = 1;
    spec->n++;
    return arg->key.p && arg->values[0].p;
}

/* What every rule of an option has. */
static struct rule_spec *
begin(struct maker *m, const char *action, struct slice when)
{
    struct rule_spec *spec = &m->out->specs[m->out->n];
    struct buf name;
    if (m->out->n == SPECS_MAX)
        return NULL;
    *spec = (struct rule_spec){arena_alloc(m->arena, (PAIRS_MAX + 1) * sizeof *spec->args), 0};
    buf_init(&name, 512);
    buf_printf(&name, "--%s %.*s", m->option, SLICE_ARG(slice_first(m->text, NAME_LENGTH)));
    bool good = spec->args && put(spec, m->arena, "name", buf_slice(&name)) &&
                put(spec, m->arena, "folder", SLICE("options")) &&
                put(spec, m->arena, "when", when) && put(spec, m->arena, "do", slice_str(action));
    buf_release(&name);
    m->out->n += good;
    return good ? spec : NULL;
}

/* One rule, with up to four pairs of its action; an empty value leaves its pair out. */
struct pair {
    const char *key;
    struct slice value;
};

static bool
add(struct maker *m, const char *action, struct slice when, const struct pair *pairs)
{
    struct rule_spec *spec = begin(m, action, when);
    bool good = spec;
    for (; good && pairs && pairs->key; pairs++)
        good = put(spec, m->arena, pairs->key, pairs->value);
    return good;
}

struct parts {
    struct slice query, subject, to;
};

static bool
split(struct slice text, struct parts *out, struct err *e)
{
    struct slice rest = slice_from(text, 1);
    char separator = text.n ? text.p[0] : 0;
    size_t first = slice_find(rest, separator), n = rest.n;
    struct slice a = slice_cut(&rest, separator);
    if (!text.n || first == n)
        return err_set(e, ERR_USAGE, "'%.*s' is neither /QUERY/REGEX/NEW nor /REGEX/NEW",
                       SLICE_ARG(slice_first(text, 100)));
    bool three = slice_find(rest, separator) < rest.n;
    struct slice b = three ? slice_cut(&rest, separator) : SLICE_NONE;
    *out = three ? (struct parts){a, b, rest} : (struct parts){SLICE_NONE, a, rest};
    return out->subject.n ||
           err_set(e, ERR_USAGE, "in '%.*s' there is nothing between the separators",
                   SLICE_ARG(slice_first(text, 100)));
}

static char
escaped(char c)
{
    static const char from[] = "abfnrtv0", to[] = "\a\b\f\n\r\t\v";
    const char *at = c ? strchr(from, c) : NULL;
    return at ? to[at - from] : c;
}

/* One escape, behind its backslash. What is none stays as it is. */
static void
put_escape(struct slice *rest, struct buf *out)
{
    uint64_t byte;
    if (rest->n >= 3 && rest->p[0] == 'x' && scan_hex(slice_of(rest->p + 1, 2), &byte)) {
        buf_byte(out, (char)byte);
        *rest = slice_from(*rest, 3);
        return;
    }
    bool known = rest->n && strchr("abfnrtv0\\'\"", rest->p[0]);
    if (!known)
        buf_byte(out, '\\');
    if (rest->n)
        buf_byte(out, known ? escaped(rest->p[0]) : rest->p[0]);
    *rest = slice_from(*rest, 1);
}

/* A text of Python's without groups, as a replacement that stands for itself. */
static void
put_plain(struct slice text, bool dollars, struct buf *out)
{
    while (text.n) {
        char c = text.p[0];
        text = slice_from(text, 1);
        if (c == '\\') {
            put_escape(&text, out);
            continue;
        }
        if (c == '$' && dollars)
            buf_byte(out, '$');
        buf_byte(out, c);
    }
}

/* Groups of Python's: "\1", "\g<name>". */
static bool
put_group(struct slice *rest, struct buf *out)
{
    struct slice name = SLICE_NONE;
    if (rest->n && rest->p[0] >= '1' && rest->p[0] <= '9') {
        name = slice_first(*rest, rest->n > 1 && rest->p[1] >= '0' && rest->p[1] <= '9' ? 2 : 1);
        *rest = slice_from(*rest, name.n);
    } else if (slice_starts(*rest, SLICE("g<")) && slice_find(*rest, '>') < rest->n) {
        *rest = slice_from(*rest, 2);
        name = slice_cut(rest, '>');
    }
    if (name.n)
        buf_printf(out, "${%.*s}", SLICE_ARG(name));
    return name.n;
}

static void
put_template(struct slice text, struct buf *out)
{
    while (text.n) {
        char c = text.p[0];
        text = slice_from(text, 1);
        if (c == '\\' && put_group(&text, out))
            continue;
        if (c == '\\') {
            put_escape(&text, out);
            continue;
        }
        if (c == '$')
            buf_byte(out, '$');
        buf_byte(out, c);
    }
}

/* A name of a file as it is meant here and now. */
static void
put_path(struct slice path, struct buf *out)
{
    char here[PATH_MAX];
    bool absolute = slice_starts(path, SLICE("/")) || slice_starts(path, SLICE("~/"));
    if (!absolute && getcwd(here, sizeof here))
        buf_printf(out, "%s/", here);
    buf_append(out, path);
}

static bool
finish(struct maker *m, bool good, struct err *e)
{
    return good || err_set(e, ERR_MEMORY, "there is no room for the rules of '--%s'", m->option);
}

static bool
make_map_remote(struct maker *m, struct err *e)
{
    struct parts p;
    struct buf to;
    TRY(split(m->text, &p, e));
    buf_init(&to, PART_MAX);
    put_template(p.to, &to);
    struct pair pairs[] = {{"pattern", p.subject}, {"to", buf_slice(&to)}, {0}};
    bool good = add(m, "map-remote", p.query, pairs);
    buf_release(&to);
    return finish(m, good, e);
}

static bool
make_map_local(struct maker *m, struct err *e)
{
    struct parts p;
    struct buf path;
    TRY(split(m->text, &p, e));
    if (!p.to.n)
        return err_set(e, ERR_USAGE, "the name of a file or a folder is missing");
    buf_init(&path, PART_MAX);
    put_path(p.to, &path);
    struct pair pairs[] = {{"path", buf_slice(&path)}, {"pattern", p.subject}, {0}};
    bool good = add(m, "map-local", p.query, pairs);
    buf_release(&path);
    return finish(m, good, e);
}

static bool
make_modify_body(struct maker *m, struct err *e)
{
    struct parts p;
    struct buf to;
    TRY(split(m->text, &p, e));
    bool file = slice_starts(p.to, SLICE("@"));
    buf_init(&to, PART_MAX);
    if (file)
        put_path(slice_from(p.to, 1), &to);
    else
        put_plain(p.to, true, &to);
    struct pair pairs[] = {{"side", SLICE("request")},
                           {"pattern", p.subject},
                           {file ? "file" : "with", buf_slice(&to)},
                           {0}};
    bool good = add(m, "replace-body", p.query, pairs);
    pairs[0].value = SLICE("response");
    good = good && add(m, "replace-body", p.query, pairs);
    buf_release(&to);
    return finish(m, good, e);
}

/* Both passes see all entries: first the fields of all go, then the new ones come. */
static bool
make_modify_headers(struct maker *m, bool adds, struct err *e)
{
    static const struct slice sides[] = {{"request", 7}, {"response", 8}};
    struct parts p;
    struct buf value;
    TRY(split(m->text, &p, e));
    bool good = true, file = slice_starts(p.to, SLICE("@"));
    buf_init(&value, PART_MAX);
    if (file)
        put_path(slice_from(p.to, 1), &value);
    else
        put_plain(p.to, false, &value);
    for (size_t i = 0; good && i < 2 && (!adds || p.to.n); i++) {
        struct pair pairs[] = {{"side", sides[i]},
                               {"field", p.subject},
                               {file ? "file" : "value", adds ? buf_slice(&value) : SLICE_NONE},
                               {0}};
        good = add(m, adds ? "add-field" : "remove-field", p.query, pairs);
    }
    buf_release(&value);
    return finish(m, good, e);
}

static bool
make_removals(struct maker *m, struct err *e)
{
    return make_modify_headers(m, false, e);
}

static bool
make_additions(struct maker *m, struct err *e)
{
    return make_modify_headers(m, true, e);
}

static bool
make_block_list(struct maker *m, struct err *e)
{
    struct parts p;
    TRY(split(m->text, &p, e));
    if (p.query.n || !p.to.n)
        return err_set(e, ERR_USAGE, "'%.*s' is not /QUERY/STATUS",
                       SLICE_ARG(slice_first(m->text, 100)));
    struct pair pairs[] = {{"status", p.to}, {0}};
    return finish(m, add(m, "block", p.subject, pairs), e);
}

static bool
make_stickyauth(struct maker *m, struct err *e)
{
    return finish(m, add(m, "sticky-auth", m->text, NULL), e);
}

static bool
make_stickycookie(struct maker *m, struct err *e)
{
    return finish(m, add(m, "sticky-cookie", m->text, NULL), e);
}

static bool
make_anticache(struct maker *m, struct err *e)
{
    return finish(m, add(m, "no-cache", SLICE_NONE, NULL), e);
}

static bool
make_anticomp(struct maker *m, struct err *e)
{
    return finish(m, add(m, "accept-encoding", SLICE_NONE, NULL), e);
}

typedef bool (*make_fn)(struct maker *m, struct err *e);

/* An option: a list of entries, or one text. */
struct source {
    const char *option;
    const char *const *entries, *text;
    make_fn make;
};

static bool
make_one(struct maker *m, const char *text, make_fn make, struct err *e)
{
    m->text = slice_str(text);
    if (make(m, e))
        return true;
    err_prefix(e, "option '%s'", m->option);
    return false;
}

static bool
make_source(const struct source *s, struct arena *a, struct rules_mitm *out, struct err *e)
{
    struct maker m = {.arena = a, .out = out, .option = s->option};
    bool good = !s->text || make_one(&m, s->text, s->make, e);
    for (const char *const *t = s->entries; good && t && *t; t++)
        good = make_one(&m, *t, s->make, e);
    return good;
}

bool
rules_mitm_make(const struct config *c, struct arena *a, struct rules_mitm *out, struct err *e)
{
    const struct source rows[] = {
        {"block-list", c->block_list, NULL, make_block_list},
        {"anticache", NULL, c->anticache ? "" : NULL, make_anticache},
        {"anticomp", NULL, c->anticomp ? "" : NULL, make_anticomp},
        {"map-remote", c->map_remote, NULL, make_map_remote},
        {"map-local", c->map_local, NULL, make_map_local},
        {"modify-body", c->modify_body, NULL, make_modify_body},
        {"modify-headers", c->modify_headers, NULL, make_removals},
        {"modify-headers", c->modify_headers, NULL, make_additions},
        {"stickyauth", NULL, c->stickyauth, make_stickyauth},
        {"stickycookie", NULL, c->stickycookie, make_stickycookie},
    };
    *out = (struct rules_mitm){arena_alloc(a, (SPECS_MAX + 1) * sizeof *out->specs), 0};
    if (!out->specs)
        return err_memory(e);
    bool good = true;
    for (size_t i = 0; good && i < ARRAY_LEN(rows); i++)
        good = make_source(&rows[i], a, out, e);
    return good;
}

static bool
check_rules(const struct rules_mitm *made, struct err *e)
{
    const struct rule_origin any = {.presets = &filter_presets_any};
    for (size_t i = 0; i < made->n; i++) {
        struct rule *r = rule_new_from(&made->specs[i], &any, e);
        if (!r)
            return false;
        rule_unref(r);
    }
    return true;
}

static bool
check(const char *text, make_fn make, struct err *e)
{
    struct rule_spec specs[8];
    struct rules_mitm out = {specs, 0};
    struct arena *a = arena_new(1024, CHECK_ARENA);
    struct maker m = {a, &out, "option", slice_str(text)};
    if (!a)
        return err_memory(e);
    bool good = make(&m, e) && check_rules(&out, e);
    arena_free(a);
    return good;
}

bool
rules_mitm_check_map_remote(const char *text, struct err *e)
{
    return check(text, make_map_remote, e);
}

bool
rules_mitm_check_map_local(const char *text, struct err *e)
{
    return check(text, make_map_local, e);
}

bool
rules_mitm_check_modify_body(const char *text, struct err *e)
{
    return check(text, make_modify_body, e);
}

bool
rules_mitm_check_modify_headers(const char *text, struct err *e)
{
    return check(text, make_removals, e) && check(text, make_additions, e);
}

bool
rules_mitm_check_block_list(const char *text, struct err *e)
{
    return check(text, make_block_list, e);
}

bool
rules_mitm_check_query(const char *text, struct err *e)
{
    struct filter *f = filter_parse(slice_str(text), &filter_presets_any, NULL, e);
    filter_unref(f);
    return f;
}
