/* Rules out of the files of other programs: the formats, and what their readers share. */
#include "api/rules_import_make.h"

#include <stdio.h>

#define PAIRS_MAX 12
#define LEFT_MAX  10000

const struct rules_format rules_formats[] = {
    {"burp", "options of a project or of a user as JSON: match and replace", import_burp},
    {"charles", "tools as XML: map remote, map local, rewrite, block list", import_charles},
    {"mitmproxy", "config.yaml: the options that make rules", import_mitmproxy},
    {NULL, NULL, NULL},
};

static const struct rules_format *
find_format(struct slice name)
{
    for (const struct rules_format *f = rules_formats; f->name; f++)
        if (slice_eq(name, slice_str(f->name)))
            return f;
    return NULL;
}

/* By the first sign. */
static struct slice
guess(struct slice text)
{
    if (slice_starts(text, SLICE("\xef\xbb\xbf")))
        text = slice_from(text, 3);
    while (text.n && strchr(" \t\r\n", text.p[0]))
        text = slice_from(text, 1);
    bool json = slice_starts(text, SLICE("{")) || slice_starts(text, SLICE("["));
    return json                             ? SLICE("burp")
           : slice_starts(text, SLICE("<")) ? SLICE("charles")
                                            : SLICE("mitmproxy");
}

bool
rules_import_read(struct slice text, struct slice format, struct rules_import *out, struct arena *a,
                  struct err *e)
{
    const struct rules_format *f = find_format(format.n ? format : guess(text));
    *out = (struct rules_import){0};
    if (!f)
        return err_set(e, ERR_USAGE, "there is no format '%.*s': burp, charles or mitmproxy",
                       SLICE_ARG(slice_first(format, 60)));
    if (text.n > RULES_IMPORT_MAX)
        return err_set(e, ERR_USAGE, "the file is larger than %zu bytes", RULES_IMPORT_MAX);
    if (f->read(text, out, a, e))
        return true;
    *out = (struct rules_import){0};
    err_prefix(e, "this is no file of %s that can be read", f->name);
    return false;
}

void
import_begin(struct import *m, struct rules_import *out, struct arena *a, const char *folder)
{
    *m = (struct import){.arena = a, .out = out, .folder = slice_str(folder)};
}

bool
import_end(const struct import *m, struct err *e)
{
    return !m->full || err_set(e, ERR_USAGE, "there are more rules in it than there is room for");
}

/* Room for one more of a list, or NULL. */
static void *
more(struct import *m, void **list, size_t n, size_t *cap, size_t size)
{
    if (n == *cap) {
        size_t grown = *cap ? *cap * 2 : 32;
        void *p = arena_grow(m->arena, *list, *cap * size, grown * size);
        if (!p)
            return NULL;
        *list = p;
        *cap = grown;
    }
    return (char *)*list + n * size;
}

static void
put(struct import *m, struct rule_spec *spec, const char *key, struct slice value)
{
    struct rule_arg *arg = &spec->args[spec->n];
    if (!value.p)
        return;
    if (spec->n == PAIRS_MAX || !(arg->values = arena_alloc(m->arena, sizeof *arg->values))) {
        m->full = true;
        return;
    }
    arg->key = arena_dup(m->arena, slice_str(key));
    arg->values[0] = arena_dup(m->arena, value);
    arg->n = 1;
    spec->n++;
    m->full |= !arg->key.p || !arg->values[0].p;
}

static void
fill(struct import *m, struct rule_spec *spec, const struct import_rule *r)
{
    put(m, spec, "name", r->name.n ? slice_first(r->name, 200) : SLICE_NONE);
    put(m, spec, "folder", m->folder);
    put(m, spec, "on", r->off ? SLICE("no") : SLICE_NONE);
    put(m, spec, "when", r->when.n ? r->when : SLICE_NONE);
    put(m, spec, "do", slice_str(r->action));
    for (const struct import_pair *p = r->pairs; p->key; p++)
        put(m, spec, p->key, p->value);
}

/* Whether it makes a rule. */
static bool
is_rule(struct import *m, const struct rule_spec *spec, struct slice where)
{
    struct err e = {0};
    struct rule *made = rule_new(spec, 0, NULL, &e);
    if (made)
        rule_unref(made);
    else if (e.code == ERR_MEMORY)
        m->full = true;
    else
        import_leave(m, where, "%s", e.text);
    return made;
}

void
import_add(struct import *m, const struct import_rule *r)
{
    struct rules_import *out = m->out;
    struct rule_spec spec = {0}, *slot;
    if (m->full)
        return;
    slot = more(m, (void **)&out->specs, out->n, &m->cap, sizeof *slot);
    spec.args = arena_alloc(m->arena, (PAIRS_MAX + 1) * sizeof *spec.args);
    m->full = !slot || !spec.args || out->n == RULES_MAX;
    if (m->full)
        return;
    fill(m, &spec, r);
    if (m->full || !is_rule(m, &spec, r->where))
        return;
    *slot = spec;
    out->n++;
}

void
import_leave(struct import *m, struct slice where, const char *fmt, ...)
{
    struct rules_import *out = m->out;
    struct rules_left *left;
    char text[400];
    va_list args;
    if (m->full)
        return;
    left = more(m, (void **)&out->left, out->n_left, &m->cap_left, sizeof *left);
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    m->full = !left || out->n_left == LEFT_MAX;
    if (m->full)
        return;
    *left = (struct rules_left){arena_dup(m->arena, where), arena_dup(m->arena, slice_str(text))};
    out->n_left++;
}

struct slice
import_line(const struct import *m, size_t line)
{
    char text[40];
    snprintf(text, sizeof text, "line %zu", line);
    struct slice kept = arena_dup(m->arena, slice_str(text));
    return kept.p ? kept : SLICE("");
}

struct slice
import_keep(struct import *m, struct buf *b)
{
    struct slice kept = b->failed ? SLICE_NONE : arena_dup(m->arena, buf_slice(b));
    buf_release(b);
    m->full |= !kept.p;
    return kept.p ? kept : SLICE("");
}

void
import_put_literal(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] && strchr("\\^$.[]|()?*+{}#", text.p[i]))
            buf_byte(out, '\\');
        buf_byte(out, text.p[i]);
    }
}

void
import_put_plain(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '$')
            buf_byte(out, '$');
        buf_byte(out, text.p[i]);
    }
}

void
import_put_java(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        bool escaped = text.p[i] == '\\' && i + 1 < text.n;
        i += escaped;
        if (escaped && text.p[i] == '$')
            buf_byte(out, '$');
        buf_byte(out, text.p[i]);
    }
}
