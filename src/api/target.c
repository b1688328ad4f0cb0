/* Targets of calls, filled with arguments. */
#include "api/target.h"

#include "api/json_in.h"
#include "base/base.h"

static void
append_escaped(struct buf *out, struct slice s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || c == '.';
        if (plain) {
            buf_byte(out, (char)c);
            continue;
        }
        buf_byte(out, '%');
        buf_byte(out, hex[c >> 4]);
        buf_byte(out, hex[c & 15]);
    }
}

static void
append_argument(struct buf *out, json_t *args, struct slice name)
{
    const json_t *value = json_object_getn(args, name.p, name.n);
    if (json_is_string(value))
        append_escaped(out, json_in_text(value));
    else if (json_is_integer(value))
        buf_printf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        buf_append(out, json_is_true(value) ? SLICE("true") : SLICE("false"));
    json_object_deln(args, name.p, name.n);
}

static void
fill_piece(struct buf *out, struct slice rest, json_t *args)
{
    while (rest.n) {
        buf_append(out, slice_cut(&rest, '{'));
        if (rest.n)
            append_argument(out, args, slice_cut(&rest, '}'));
    }
}

static bool
has_argument(struct slice piece, const json_t *args)
{
    slice_cut(&piece, '{');
    if (!piece.n)
        return true;
    struct slice name = slice_cut(&piece, '}');
    return json_object_getn(args, name.p, name.n);
}

void
target_fill(struct buf *out, const char *pattern, json_t *args)
{
    struct slice query = slice_str(pattern), path = slice_cut(&query, '?');
    char mark = '?';
    fill_piece(out, path, args);
    while (query.n) {
        struct slice piece = slice_cut(&query, '&');
        if (!has_argument(piece, args))
            continue;
        buf_byte(out, mark);
        fill_piece(out, piece, args);
        mark = '&';
    }
}

void
target_flatten(json_t *args)
{
    json_t *inner = json_object_get(args, "args");
    if (!json_is_object(inner))
        return;
    json_object_update_missing(args, inner);
    json_object_del(args, "args");
}
