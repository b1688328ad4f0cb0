/* Elements of XML and their texts. */
#include "api/xml.h"

#include "base/scan.h"

struct walk {
    struct slice all, rest;
    struct xml_path path;
    struct buf text;
    void (*on_element)(void *arg, const struct xml_path *path, struct slice text);
    void *arg;
};

struct slice
xml_name(const struct xml_path *path, size_t above)
{
    return above < path->n ? path->names[path->n - 1 - above] : SLICE_NONE;
}

static bool
fail(const struct walk *w, const char *why, struct err *e)
{
    size_t line = 1;
    for (const char *p = w->all.p; p < w->rest.p; p++)
        line += *p == '\n';
    return err_set(e, ERR_USAGE, "line %zu: %s", line, why);
}

/* Over what stands before 'end', and 'end'. */
static bool
skip_to(struct walk *w, struct slice end, struct err *e)
{
    while (w->rest.n && !slice_starts(w->rest, end))
        w->rest = slice_from(w->rest, 1);
    if (!w->rest.n)
        return fail(w, "something that was begun does not end", e);
    w->rest = slice_from(w->rest, end.n);
    return true;
}

static void
append_utf8(struct buf *out, uint64_t cp)
{
    if (cp < 0x80) {
        buf_byte(out, (char)cp);
        return;
    }
    static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
    unsigned more = cp < 0x800 ? 1 : cp < 0x10000 ? 2 : 3;
    buf_byte(out, (char)(leads[more] | cp >> 6 * more));
    while (more--)
        buf_byte(out, (char)(0x80 | (cp >> 6 * more & 0x3f)));
}

static bool
append_number(struct slice digits, struct buf *out)
{
    uint64_t cp;
    bool hex = slice_starts(digits, SLICE("x"));
    if (hex ? !scan_hex(slice_from(digits, 1), &cp) : !scan_u64(digits, 0x10ffff, &cp))
        return false;
    if (!cp || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
        return false;
    append_utf8(out, cp);
    return true;
}

static bool
append_entity(struct slice name, struct buf *out)
{
    static const struct {
        struct slice name;
        char byte;
    } entities[] = {{{"lt", 2}, '<'},
                    {{"gt", 2}, '>'},
                    {{"amp", 3}, '&'},
                    {{"quot", 4}, '"'},
                    {{"apos", 4}, '\''}};
    if (slice_starts(name, SLICE("#")))
        return append_number(slice_from(name, 1), out);
    for (size_t i = 0; i < ARRAY_LEN(entities); i++)
        if (slice_eq(entities[i].name, name)) {
            buf_byte(out, entities[i].byte);
            return true;
        }
    return false;
}

static bool
take_text(struct walk *w, struct err *e)
{
    while (w->rest.n && w->rest.p[0] != '<') {
        size_t n = MIN(slice_find(w->rest, '<'), slice_find(w->rest, '&'));
        buf_append(&w->text, slice_first(w->rest, n));
        w->rest = slice_from(w->rest, n);
        if (!slice_starts(w->rest, SLICE("&")))
            continue;
        struct slice behind = slice_from(w->rest, 1), name = slice_cut(&behind, ';');
        if (!append_entity(name, &w->text))
            return fail(w, "this entity is not known", e);
        w->rest = behind;
    }
    return !w->text.failed || fail(w, "this text is too long", e);
}

static void
leave(struct walk *w)
{
    w->on_element(w->arg, &w->path, buf_slice(&w->text));
    w->path.n--;
    buf_reset(&w->text);
}

static struct slice
take_name(struct slice tag)
{
    size_t n = 0;
    while (n < tag.n && (unsigned char)tag.p[n] > ' ' && tag.p[n] != '/')
        n++;
    return slice_first(tag, n);
}

/* What stands between '<' and '>'; a '>' in an attribute's quotes does not end it. */
static bool
take_tag(struct walk *w, struct slice *tag, struct err *e)
{
    char quote = 0;
    for (size_t i = 1; i < w->rest.n; i++) {
        char c = w->rest.p[i];
        if (quote) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            *tag = slice_of(w->rest.p + 1, i - 1);
            w->rest = slice_from(w->rest, i + 1);
            return true;
        }
    }
    return fail(w, "this tag does not end", e);
}

static bool
enter(struct walk *w, struct slice tag, struct err *e)
{
    struct slice name = take_name(tag);
    if (!name.n)
        return fail(w, "this tag has no name", e);
    if (w->path.n == XML_DEPTH_MAX)
        return fail(w, "elements are too deep in each other", e);
    w->path.names[w->path.n++] = name;
    buf_reset(&w->text);
    if (slice_ends(tag, SLICE("/")))
        leave(w);
    return true;
}

static bool
close_tag(struct walk *w, struct slice tag, struct err *e)
{
    struct slice name = take_name(slice_from(tag, 1));
    if (!w->path.n || !slice_eq(name, xml_name(&w->path, 0)))
        return fail(w, "this ends what was not begun", e);
    leave(w);
    return true;
}

static bool
take_markup(struct walk *w, struct err *e)
{
    struct slice tag = SLICE_NONE;
    if (slice_starts(w->rest, SLICE("<!--")))
        return skip_to(w, SLICE("-->"), e);
    if (slice_starts(w->rest, SLICE("<?")))
        return skip_to(w, SLICE("?>"), e);
    if (slice_starts(w->rest, SLICE("<!")))
        return fail(w, "only elements and texts are read", e);
    TRY(take_tag(w, &tag, e));
    return slice_starts(tag, SLICE("/")) ? close_tag(w, tag, e) : enter(w, tag, e);
}

static bool
walk_all(struct walk *w, struct err *e)
{
    while (w->rest.n)
        TRY(w->rest.p[0] == '<' ? take_markup(w, e) : take_text(w, e));
    return !w->path.n || fail(w, "an element does not end", e);
}

bool
xml_walk(struct slice text,
         void (*on_element)(void *arg, const struct xml_path *path, struct slice text), void *arg,
         struct err *e)
{
    struct walk w = {.all = text, .rest = text, .on_element = on_element, .arg = arg};
    buf_init(&w.text, XML_TEXT_MAX);
    bool good = walk_all(&w, e);
    buf_release(&w.text);
    return good;
}
