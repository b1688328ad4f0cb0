/* Values at a path in a JSON text (RFC 8259). */
#include "flow/filter_json.h"

#include "base/scan.h"

#include <stdint.h>

struct reader {
    struct slice rest;
    unsigned depth;
    bool bad;       /* it broke off, or is no JSON */
    struct buf key; /* decoded */
    bool (*fn)(void *arg, struct slice value);
    void *arg;
};

static bool read_value(struct reader *r, struct slice path, bool wanted);

static void
skip_blanks(struct reader *r)
{
    while (r->rest.n && slice_find(SLICE(" \t\r\n"), r->rest.p[0]) < 4)
        r->rest = slice_from(r->rest, 1);
}

static bool
take(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->rest.n == 0 || r->rest.p[0] != c)
        return false;
    r->rest = slice_from(r->rest, 1);
    return true;
}

/* The inside of the string that begins here, with its escapes. */
static struct slice
take_string(struct reader *r)
{
    if (!take(r, '"')) {
        r->bad = true;
        return SLICE_NONE;
    }
    size_t i = 0;
    while (i < r->rest.n && r->rest.p[i] != '"')
        i += r->rest.p[i] == '\\' ? 2 : 1;
    r->bad |= i >= r->rest.n;
    struct slice inside = slice_first(r->rest, i);
    r->rest = slice_from(r->rest, i + 1);
    return inside;
}

static void
put_utf8(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_byte(out, (char)c);
        return;
    }
    unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    buf_byte(out, (char)(lead[more] | (c >> (6 * more))));
    while (more--)
        buf_byte(out, (char)(0x80 | ((c >> (6 * more)) & 0x3f)));
}

/* Four hexadecimal digits at the start of s, or false. */
static bool
read_unit(struct slice s, uint32_t *out)
{
    uint64_t n;
    if (s.n < 4 || !scan_hex(slice_first(s, 4), &n))
        return false;
    *out = (uint32_t)n;
    return true;
}

/* What follows "\u"; returns how many bytes it took. A half of a pair alone becomes U+FFFD. */
static size_t
put_unicode(struct buf *out, struct slice s)
{
    uint32_t c, low;
    if (!read_unit(s, &c)) {
        buf_append(out, SLICE("\\u"));
        return 0;
    }
    size_t used = 4;
    bool high = c >= 0xd800 && c < 0xdc00;
    if (high && slice_starts(slice_from(s, 4), SLICE("\\u")) && read_unit(slice_from(s, 6), &low) &&
        low >= 0xdc00 && low < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        used = 10;
    }
    put_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    return used;
}

static void
put_escape(struct buf *out, char c)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *at = c ? strchr(from, c) : NULL;
    buf_byte(out, at ? to[at - from] : c);
}

static void
unescape(struct buf *out, struct slice s)
{
    while (s.n) {
        size_t plain = slice_find(s, '\\');
        buf_append(out, slice_first(s, plain));
        s = slice_from(s, plain + 1);
        if (s.n == 0)
            return;
        char c = s.p[0];
        s = slice_from(s, 1);
        if (c == 'u')
            s = slice_from(s, put_unicode(out, s));
        else
            put_escape(out, c);
    }
}

static bool
is_step(struct slice step, struct slice name)
{
    return slice_eq(step, name) || slice_eq(step, SLICE("*"));
}

/* A number, true, false or null. */
static struct slice
take_plain(struct reader *r)
{
    size_t n = 0;
    while (n < r->rest.n && slice_find(SLICE(",]} \t\r\n\"[{:"), r->rest.p[n]) == 11)
        n++;
    struct slice word = slice_first(r->rest, n);
    r->rest = slice_from(r->rest, n);
    r->bad |= n == 0;
    return word;
}

/* The comma before a further element, or the end. */
static bool
more(struct reader *r, char end)
{
    if (r->bad || take(r, end))
        return false;
    r->bad |= !take(r, ',');
    return !r->bad;
}

static bool
read_object(struct reader *r, struct slice path, bool wanted)
{
    struct slice step = slice_cut(&path, '.');
    if (take(r, '}'))
        return false;
    do {
        struct slice name = take_string(r);
        r->bad |= !take(r, ':');
        bool escaped = slice_find(name, '\\') < name.n;
        if (wanted && escaped) {
            buf_reset(&r->key);
            unescape(&r->key, name);
            name = buf_slice(&r->key);
        }
        if (!r->bad && read_value(r, path, wanted && is_step(step, name)))
            return true;
    } while (more(r, '}'));
    return false;
}

static bool
read_array(struct reader *r, struct slice path, bool wanted)
{
    struct slice step = slice_cut(&path, '.');
    uint64_t index = 0;
    bool any = slice_eq(step, SLICE("*")), one = scan_u64(step, UINT32_MAX, &index);
    if (take(r, ']'))
        return false;
    uint64_t i = 0;
    do {
        if (read_value(r, path, wanted && (any || (one && i == index))))
            return true;
        i++;
    } while (more(r, ']'));
    return false;
}

/* 'wanted' and nothing left of the path: this is the one. */
static bool
say_string(struct reader *r, bool here)
{
    struct slice inside = take_string(r);
    if (!here || r->bad)
        return false;
    if (slice_find(inside, '\\') == inside.n)
        return r->fn(r->arg, inside);
    struct buf text;
    buf_init(&text, inside.n + 1);
    unescape(&text, inside);
    bool done = !text.failed && r->fn(r->arg, buf_slice(&text));
    buf_release(&text);
    return done;
}

static bool
read_group(struct reader *r, struct slice path, bool wanted)
{
    struct slice all = r->rest;
    bool object = all.p[0] == '{', here = wanted && path.n == 0;
    if (++r->depth > FILTER_JSON_DEPTH) {
        r->bad = true;
        return false;
    }
    r->rest = slice_from(r->rest, 1);
    bool done =
        object ? read_object(r, path, wanted && !here) : read_array(r, path, wanted && !here);
    r->depth--;
    if (done || !here || r->bad)
        return done;
    return r->fn(r->arg, slice_first(all, all.n - r->rest.n));
}

static bool
read_value(struct reader *r, struct slice path, bool wanted)
{
    bool here = wanted && path.n == 0;
    skip_blanks(r);
    r->bad |= r->rest.n == 0;
    if (r->bad)
        return false;
    char c = r->rest.p[0];
    if (c == '"')
        return say_string(r, here);
    if (c == '{' || c == '[')
        return read_group(r, path, wanted);
    struct slice word = take_plain(r);
    return here && !r->bad && r->fn(r->arg, word);
}

bool
filter_json_find(struct slice text, struct slice path, bool (*fn)(void *arg, struct slice value),
                 void *arg)
{
    struct reader r = {.rest = text, .fn = fn, .arg = arg};
    buf_init(&r.key, 65536);
    bool done = read_value(&r, path, true);
    buf_release(&r.key);
    return done;
}
