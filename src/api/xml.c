/* XML documents as trees, read by expat. */
#include "api/xml.h"

#include "base/buf.h"

#include <expat.h>

#define TEXT_MAX ((size_t)16 << 20)

struct reader {
    XML_Parser parser;
    struct arena *arena;
    struct xml *root, *at;
    unsigned depth;
    struct buf text;
    const char *why;
};

static void
stop(struct reader *r, const char *why)
{
    r->why = why;
    XML_StopParser(r->parser, XML_FALSE);
}

static void
hang_in(struct reader *r, struct xml *x)
{
    struct xml *parent = r->at;
    x->parent = parent;
    if (!parent)
        r->root = x;
    else if (parent->last)
        parent->last->next = x;
    else
        parent->first = x;
    if (parent)
        parent->last = x;
    r->at = x;
}

static void
on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *r = arg;
    struct xml *x = arena_alloc(r->arena, sizeof *x);
    (void)attributes;
    if (r->depth++ == XML_DEPTH_MAX) {
        stop(r, "there are too many elements in each other");
        return;
    }
    if (x)
        x->name = arena_dup(r->arena, slice_str(name));
    if (!x || !x->name.p) {
        stop(r, "there is too much of it");
        return;
    }
    x->line = XML_GetCurrentLineNumber(r->parser);
    hang_in(r, x);
    buf_reset(&r->text);
}

static void
on_end(void *arg, const XML_Char *name)
{
    struct reader *r = arg;
    struct xml *x = r->at;
    (void)name;
    if (!x->first)
        x->text = arena_dup(r->arena, buf_slice(&r->text));
    if (r->text.failed || (!x->first && !x->text.p))
        stop(r, "there is too much of it");
    buf_reset(&r->text);
    r->depth--;
    r->at = x->parent;
}

static void
on_text(void *arg, const XML_Char *p, int n)
{
    struct reader *r = arg;
    if (r->at && !r->at->first)
        buf_append(&r->text, slice_of(p, (size_t)n));
}

static void
on_doctype(void *arg, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
           int internal)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)internal;
    stop(arg, "a document type is not for this file");
}

static bool
run(struct reader *r, struct slice text, struct err *e)
{
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    if (XML_Parse(r->parser, text.n ? text.p : "", (int)text.n, XML_TRUE) == XML_STATUS_OK)
        return true;
    const char *why = r->why ? r->why : XML_ErrorString(XML_GetErrorCode(r->parser));
    return err_set(e, ERR_USAGE, "line %lu: %s", (unsigned long)XML_GetCurrentLineNumber(r->parser),
                   why);
}

struct xml *
xml_parse(struct slice text, struct arena *a, struct err *e)
{
    struct reader r = {.arena = a, .text.max = TEXT_MAX};
    if (text.n > TEXT_MAX) {
        err_set(e, ERR_USAGE, "it is larger than %zu bytes", TEXT_MAX);
        return NULL;
    }
    r.parser = XML_ParserCreate(NULL);
    if (!r.parser) {
        err_memory(e);
        return NULL;
    }
    bool good = run(&r, text, e);
    XML_ParserFree(r.parser);
    buf_release(&r.text);
    return good ? r.root : NULL;
}

const struct xml *
xml_child(const struct xml *x, const char *name)
{
    const struct xml *it = x ? x->first : NULL;
    while (it && !slice_eq(it->name, slice_str(name)))
        it = it->next;
    return it;
}

struct slice
xml_text(const struct xml *x, const char *name)
{
    const struct xml *child = xml_child(x, name);
    return child && child->text.p ? child->text : SLICE("");
}
