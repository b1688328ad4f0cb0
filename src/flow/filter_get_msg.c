/* Fields of a query that are in the messages: URL, heads, contents. */
#include "flow/filter_get.h"

#include "codec/url.h"
#include "flow/filter_json.h"

#include <stdio.h>

#define PARAM_MAX 65536u

/* The sides that are asked for and there. */
static const struct http_head *
head_on(struct filter_view *v, unsigned sides, enum filter_side side)
{
    return sides & side ? view_head(v->flow, side) : NULL;
}

static const enum filter_side sides_of[] = {FILTER_REQUEST, FILTER_RESPONSE};

bool
get_url(struct filter_view *v, unsigned side)
{
    (void)side;
    struct slice url = view_url(v);
    return url.n && view_text(v, url);
}

bool
get_text(struct filter_view *v, unsigned side)
{
    if (get_url(v, side) || get_note(v, side))
        return true;
    for (int i = 0; i < 2; i++)
        if (view_head(v->flow, sides_of[i]) && view_text(v, view_lines(v, sides_of[i], false)))
            return true;
    return false;
}

bool
get_path(struct filter_view *v, unsigned side)
{
    (void)side;
    struct slice path = view_resource(v->flow).path;
    return path.n && view_text(v, path);
}

bool
get_query(struct filter_view *v, unsigned side)
{
    (void)side;
    struct filter_resource r = view_resource(v->flow);
    return r.has_query && view_text(v, r.query);
}

bool
get_ext(struct filter_view *v, unsigned side)
{
    (void)side;
    struct slice path = view_resource(v->flow).path;
    struct slice file = slice_from(path, slice_find_last(path, '/') + 1);
    size_t dot = slice_find_last(file, '.');
    return dot + 1 < file.n && view_text(v, slice_from(file, dot + 1));
}

bool
get_method(struct filter_view *v, unsigned side)
{
    (void)side;
    const struct http_head *h = view_head(v->flow, FILTER_REQUEST);
    return h && h->method.n && view_text(v, h->method);
}

bool
get_version(struct filter_view *v, unsigned side)
{
    (void)side;
    const struct http_head *h = view_head(v->flow, FILTER_REQUEST);
    char text[16];
    if (!h)
        return false;
    int n = snprintf(text, sizeof(text), "%u.%u", h->version / 10 % 100, h->version % 10);
    return view_text(v, slice_of(text, (size_t)n));
}

bool
get_reason(struct filter_view *v, unsigned side)
{
    (void)side;
    const struct http_head *h = view_head(v->flow, FILTER_RESPONSE);
    return h && h->reason.n && view_text(v, h->reason);
}

/* One "name=value": its value when it has the name that is asked for, all of it when none is. */
static bool
say_param(struct filter_view *v, struct slice pair, struct buf *room)
{
    struct slice want = v->test->name, name, value;
    buf_reset(room);
    url_decode(pair, true, room);
    value = buf_slice(room);
    if (room->failed || pair.n == 0)
        return false;
    if (want.n == 0)
        return view_text(v, value);
    name = slice_cut(&value, '=');
    return slice_eq(name, want) && view_text(v, value);
}

bool
get_param(struct filter_view *v, unsigned side)
{
    (void)side;
    struct slice rest = view_resource(v->flow).query;
    struct buf room;
    bool found = false;
    buf_init(&room, PARAM_MAX);
    while (rest.n && !found)
        found = say_param(v, slice_cut(&rest, '&'), &room);
    buf_release(&room);
    return found;
}

static bool
say_cookie(struct filter_view *v, struct slice pair)
{
    struct slice value = pair, name = slice_trim(slice_cut(&value, '='));
    if (pair.n == 0)
        return false;
    if (v->test->name.n == 0)
        return view_text(v, pair);
    return slice_eq(name, v->test->name) && view_text(v, slice_trim(value));
}

bool
get_cookie(struct filter_view *v, unsigned side)
{
    (void)side;
    const struct http_head *h = view_head(v->flow, FILTER_REQUEST);
    for (size_t i = 0; h && i < h->n; i++) {
        if (!slice_eq_nocase(h->fields[i].name, SLICE("cookie")))
            continue;
        for (struct slice rest = h->fields[i].value; rest.n;)
            if (say_cookie(v, slice_trim(slice_cut(&rest, ';'))))
                return true;
    }
    return false;
}

/* The value alone, and with the attributes behind it. */
bool
get_setcookie(struct filter_view *v, unsigned side)
{
    (void)side;
    const struct http_head *h = view_head(v->flow, FILTER_RESPONSE);
    for (size_t i = 0; h && i < h->n; i++) {
        struct slice all = h->fields[i].value, rest = all;
        if (!slice_eq_nocase(h->fields[i].name, SLICE("set-cookie")))
            continue;
        if (say_cookie(v, slice_trim(slice_cut(&rest, ';'))) || (rest.n && say_cookie(v, all)))
            return true;
    }
    return false;
}

static bool
say_field(struct filter_view *v, const struct http_head *h, struct slice name)
{
    for (size_t i = 0; i < h->n; i++)
        if (slice_eq_nocase(h->fields[i].name, name) && view_text(v, h->fields[i].value))
            return true;
    return false;
}

/* One by its name, or the lines of all. */
bool
get_header(struct filter_view *v, unsigned side)
{
    for (int i = 0; i < 2; i++) {
        const struct http_head *h = head_on(v, side, sides_of[i]);
        struct slice name = v->test->name;
        if (h && (name.n ? say_field(v, h, name) : view_text(v, view_lines(v, sides_of[i], false))))
            return true;
    }
    return false;
}

static bool
say_part(struct filter_view *v, unsigned side, bool value)
{
    const struct http_head *h = view_head(v->flow, (enum filter_side)side);
    for (size_t i = 0; h && i < h->n; i++)
        if (view_text(v, value ? h->fields[i].value : h->fields[i].name))
            return true;
    return false;
}

bool
get_header_name(struct filter_view *v, unsigned side)
{
    return say_part(v, side, false);
}

bool
get_header_value(struct filter_view *v, unsigned side)
{
    return say_part(v, side, true);
}

bool
get_type(struct filter_view *v, unsigned side)
{
    const struct http_head *h = view_head(v->flow, (enum filter_side)side);
    struct slice value = h ? head_value(h, FIELD_CONTENT_TYPE) : SLICE_NONE;
    struct slice type = slice_trim(slice_cut(&value, ';'));
    return type.n && view_text(v, type);
}

bool
get_body(struct filter_view *v, unsigned side)
{
    for (int i = 0; i < 2; i++) {
        if (!head_on(v, side, sides_of[i]))
            continue;
        struct slice content = view_content(v, sides_of[i]);
        if (content.n && view_text(v, content))
            return true;
    }
    return false;
}

static bool
say_json(void *arg, struct slice value)
{
    return view_text(arg, value);
}

bool
get_json(struct filter_view *v, unsigned side)
{
    if (!head_on(v, side, (enum filter_side)side))
        return false;
    struct slice content = view_content(v, (enum filter_side)side);
    return filter_json_find(content, v->test->name, say_json, v);
}

/* The head, and the content behind it. */
bool
get_raw(struct filter_view *v, unsigned side)
{
    for (int i = 0; i < 2; i++)
        if (head_on(v, side, sides_of[i]) && view_text(v, view_lines(v, sides_of[i], true)))
            return true;
    return get_body(v, side);
}
