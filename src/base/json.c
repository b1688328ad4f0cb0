/* Streaming JSON writer. */
#include "base/json.h"

#include "base/base64.h"
#include "base/print.h"
#include "base/utf8.h"

#include <assert.h>
#include <inttypes.h>

void
json_init(struct json *j, struct buf *out)
{
    *j = (struct json){.out = out};
}

static void
put(struct json *j, const char *z)
{
    buf_append(j->out, slice_str(z));
}

/* What is at the front of s and cannot stand as it is; the bytes that it has. Characters that would
 * do something to a terminal are escaped, since that is where lines of JSON are looked at. */
static size_t
put_special(struct json *j, struct slice s)
{
    static const char shorts[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                  ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    uint32_t cp;
    unsigned n = utf8_next(s, &cp);
    if (!n)
        put(j, "\xef\xbf\xbd"); /* U+FFFD for a byte that is not UTF-8 */
    else if (cp < sizeof(shorts) && shorts[cp])
        buf_append(j->out, slice_of((char[]){'\\', shorts[cp]}, 2));
    else
        buf_printf(j->out, "\\u%04x", (unsigned)cp);
    return MAX(n, 1u);
}

static bool
is_plain(unsigned char c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* Bytes at the front of s that are written as they are. */
static size_t
plain_run(struct slice s)
{
    size_t n = 0;
    while (n < s.n) {
        uint32_t cp;
        unsigned len = is_plain((unsigned char)s.p[n]) ? 1 : 0;
        if (!len && (unsigned char)s.p[n] >= 0x80)
            len = utf8_next(slice_from(s, n), &cp);
        if (!len || (len > 1 && !print_is_safe(cp)))
            break;
        n += len;
    }
    return n;
}

static void
put_quoted(struct json *j, struct slice s)
{
    buf_byte(j->out, '"');
    while (s.n) {
        size_t n = plain_run(s);
        buf_append(j->out, slice_first(s, n));
        s = slice_from(s, n);
        if (!s.n)
            break;
        s = slice_from(s, put_special(j, s));
    }
    buf_byte(j->out, '"');
}

/* What stands in front of every value. */
static void
begin_value(struct json *j, const char *key)
{
    if (j->comma)
        buf_byte(j->out, ',');
    j->comma = true;
    if (!key)
        return;
    put_quoted(j, slice_str(key));
    buf_byte(j->out, ':');
}

static void
open_nesting(struct json *j, const char *key, char bracket)
{
    begin_value(j, key);
    buf_byte(j->out, bracket);
    j->depth++;
    j->comma = false;
}

static void
close_nesting(struct json *j, char bracket)
{
    assert(j->depth > 0);
    buf_byte(j->out, bracket);
    j->depth--;
    j->comma = true;
}

void
json_begin_object(struct json *j, const char *key)
{
    open_nesting(j, key, '{');
}

void
json_begin_array(struct json *j, const char *key)
{
    open_nesting(j, key, '[');
}

void
json_end_object(struct json *j)
{
    close_nesting(j, '}');
}

void
json_end_array(struct json *j)
{
    close_nesting(j, ']');
}

void
json_text(struct json *j, const char *key, struct slice s)
{
    begin_value(j, key);
    put_quoted(j, s);
}

void
json_str(struct json *j, const char *key, const char *z)
{
    if (z)
        json_text(j, key, slice_str(z));
    else
        json_put_null(j, key);
}

void
json_base64(struct json *j, const char *key, struct slice s)
{
    begin_value(j, key);
    buf_byte(j->out, '"');
    base64_encode(j->out, s);
    buf_byte(j->out, '"');
}

void
json_u64(struct json *j, const char *key, uint64_t v)
{
    begin_value(j, key);
    buf_printf(j->out, "%" PRIu64, v);
}

void
json_i64(struct json *j, const char *key, int64_t v)
{
    begin_value(j, key);
    buf_printf(j->out, "%" PRId64, v);
}

void
json_time(struct json *j, const char *key, uint64_t wall_ns)
{
    char bytes[64];
    struct buf text = {.p = bytes, .cap = sizeof(bytes), .max = sizeof(bytes)};
    print_time(&text, wall_ns);
    json_text(j, key, buf_slice(&text));
}

void
json_bool(struct json *j, const char *key, bool v)
{
    begin_value(j, key);
    put(j, v ? "true" : "false");
}

void
json_put_null(struct json *j, const char *key)
{
    begin_value(j, key);
    put(j, "null");
}

void
json_raw(struct json *j, const char *key, struct slice s)
{
    begin_value(j, key);
    buf_append(j->out, s);
}

void
json_base64_begin(struct json *j, const char *key, struct json_base64_state *st)
{
    begin_value(j, key);
    buf_byte(j->out, '"');
    st->n = 0;
}

void
json_base64_add(struct json *j, struct json_base64_state *st, struct slice s)
{
    /* Fill up what the last piece left over, then whole groups of three, then hold the rest. */
    while (st->n && st->n < 3 && s.n) {
        st->held[st->n++] = (unsigned char)s.p[0];
        s = slice_from(s, 1);
    }
    if (st->n == 3) {
        base64_encode(j->out, slice_of(st->held, 3));
        st->n = 0;
    }
    base64_encode(j->out, slice_first(s, s.n - s.n % 3));
    for (s = slice_from(s, s.n - s.n % 3); s.n; s = slice_from(s, 1))
        st->held[st->n++] = (unsigned char)s.p[0];
}

void
json_base64_end(struct json *j, struct json_base64_state *st)
{
    base64_encode(j->out, slice_of(st->held, st->n));
    buf_byte(j->out, '"');
    st->n = 0;
}
