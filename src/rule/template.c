/* Texts with places for what the request says. */
#include "rule/template.h"

#include "base/print.h"
#include "codec/url.h"
#include "rule/act.h"

static void
put_method(const struct hook *h, struct slice name UNUSED, struct buf *out)
{
    buf_append(out, edit_head(&h->flow->req)->method);
}

static void
put_scheme(const struct hook *h, struct slice name UNUSED, struct buf *out)
{
    buf_append(out, slice_str(h->flow->scheme));
}

static void
put_host(const struct hook *h, struct slice name UNUSED, struct buf *out)
{
    buf_append(out, h->flow->host);
}

static void
put_port(const struct hook *h, struct slice name UNUSED, struct buf *out)
{
    buf_u64(out, h->flow->port);
}

static void
put_url(const struct hook *h, struct slice name UNUSED, struct buf *out)
{
    act_url(h, out);
}

/* Path and query, in 'room'. */
static struct slice
target(const struct hook *h, struct buf *room)
{
    act_url(h, room);
    struct slice url = buf_slice(room);
    url = slice_from(url, slice_find(url, ':') + 3);
    return slice_from(url, slice_find(url, '/'));
}

static void
put_path(const struct hook *h, struct slice name UNUSED, struct buf *out)
{
    struct buf room;
    buf_init(&room, ACT_URL_MAX);
    struct slice rest = target(h, &room);
    buf_append(out, slice_cut(&rest, '?'));
    buf_release(&room);
}

static void
put_query(const struct hook *h, struct slice name, struct buf *out)
{
    struct buf room;
    buf_init(&room, ACT_URL_MAX);
    struct slice rest = target(h, &room);
    slice_cut(&rest, '?');
    if (!name.n)
        buf_append(out, rest);
    while (name.n && rest.n) {
        struct slice value = slice_cut(&rest, '&'), key = slice_cut(&value, '=');
        if (!slice_eq(key, name))
            continue;
        url_decode(value, true, out);
        break;
    }
    buf_release(&room);
}

static void
put_header(const struct hook *h, struct slice name, struct buf *out)
{
    const struct field *f = head_find_name(edit_head(&h->flow->req), name);
    if (f)
        buf_append(out, f->value);
}

static void
put_status(const struct hook *h, struct slice name UNUSED, struct buf *out)
{
    if (h->flow->resp.head.status)
        buf_u64(out, edit_head(&h->flow->resp)->status);
}

static void
put_id(const struct hook *h, struct slice name UNUSED, struct buf *out)
{
    buf_u64(out, h->flow->id);
}

static void
put_time(const struct hook *h, struct slice name UNUSED, struct buf *out)
{
    print_time(out, h->now);
}

enum place_name { NAME_NONE, NAME_MAY, NAME_MUST };

static const struct place {
    struct slice word;
    enum place_name name; /* ".NAME" behind it */
    void (*put)(const struct hook *h, struct slice name, struct buf *out);
} places[] = {
    {{"header", 6}, NAME_MUST, put_header}, {{"host", 4}, NAME_NONE, put_host},
    {{"id", 2}, NAME_NONE, put_id},         {{"method", 6}, NAME_NONE, put_method},
    {{"path", 4}, NAME_NONE, put_path},     {{"port", 4}, NAME_NONE, put_port},
    {{"query", 5}, NAME_MAY, put_query},    {{"scheme", 6}, NAME_NONE, put_scheme},
    {{"status", 6}, NAME_NONE, put_status}, {{"time", 4}, NAME_NONE, put_time},
    {{"url", 3}, NAME_NONE, put_url},
};

/* Takes text and the place behind it off the front; false when no further place comes. */
static bool
take_place(struct slice *rest, struct slice *text, struct slice *inner)
{
    *text = *rest;
    for (size_t i = 0; i + 1 < rest->n; i++) {
        if (rest->p[i] != '{' || rest->p[i + 1] != '{')
            continue;
        struct slice behind = slice_from(*rest, i + 2);
        size_t end = slice_find(behind, '}');
        if (end + 1 >= behind.n || behind.p[end + 1] != '}')
            return false;
        *text = slice_first(*rest, i);
        *inner = slice_trim(slice_first(behind, end));
        *rest = slice_from(behind, end + 2);
        return true;
    }
    return false;
}

static const struct place *
find_place(struct slice inner, struct slice *name)
{
    struct slice word = slice_cut(&inner, '.');
    *name = inner;
    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        if (slice_eq(places[i].word, word))
            return (inner.n ? places[i].name != NAME_NONE : places[i].name != NAME_MUST)
                       ? &places[i]
                       : NULL;
    return NULL;
}

bool
template_check(struct slice text, struct err *e)
{
    struct slice before, inner, name;
    while (take_place(&text, &before, &inner))
        if (!find_place(inner, &name))
            return err_set(e, ERR_USAGE, "there is no place '{{%.*s}}'",
                           SLICE_ARG(slice_first(inner, 60)));
    return true;
}

void
template_fill(struct slice text, const struct hook *h, struct buf *out)
{
    struct slice before, inner, name;
    while (take_place(&text, &before, &inner)) {
        const struct place *p = find_place(inner, &name);
        buf_append(out, before);
        if (p)
            p->put(h, name, out);
    }
    buf_append(out, before);
}
