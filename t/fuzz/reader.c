/*
 * A second reader of HTTP/1, written from RFC 9112 alone and without a look at ours: what ours
 * takes, it must take too, and see the same in it, to the byte where the next message begins. The
 * first byte of the input says whether it is a request or a response.
 */
#include "codec/chunk.h"
#include "codec/token.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct text {
    const unsigned char *p, *end;
};

/* What the second reader saw. */
struct seen {
    struct text word[3]; /* of the start line */
    struct {
        struct text name, value;
    } field[200];
    int n, minor, status;
    int lengths, codings, hosts;
    bool chunked;
    unsigned long long length;
};

static bool
is_tchar(int c)
{
    return c && (isalnum(c) || strchr("!#$%&'*+-.^_`|~", c));
}

static bool
is(struct text t, const char *word)
{
    size_t n = (size_t)(t.end - t.p);
    return n == strlen(word) && strncasecmp((const char *)t.p, word, n) == 0;
}

static bool
all(struct text t, bool (*good)(int c))
{
    for (const unsigned char *p = t.p; p < t.end; p++)
        if (!good(*p))
            return false;
    return t.p < t.end;
}

static bool
is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool
is_visible(int c)
{
    return c > 0x20 && c < 0x7f;
}

static bool
is_line_byte(int c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

/* A line up to its CR LF, which is taken too; false when it is not there or bad. */
static bool
read_line(struct text *rest, struct text *line)
{
    const unsigned char *p = rest->p;
    while (p < rest->end && is_line_byte(*p))
        p++;
    if (rest->end - p < 2 || p[0] != '\r' || p[1] != '\n')
        return false;
    *line = (struct text){rest->p, p};
    rest->p = p + 2;
    return true;
}

/* Up to the blank, which is taken too. */
static struct text
read_word(struct text *line)
{
    const unsigned char *p = line->p;
    while (p < line->end && *p != ' ')
        p++;
    struct text word = {line->p, p};
    line->p = p < line->end ? p + 1 : p;
    return word;
}

static bool
read_version(struct text t, struct seen *s)
{
    s->minor = is(t, "HTTP/1.1");
    return t.end - t.p == 8 && memcmp(t.p, "HTTP/1.", 7) == 0 && (s->minor || t.p[7] == '0');
}

static bool
read_request_line(struct text line, struct seen *s)
{
    s->word[0] = read_word(&line);
    s->word[1] = read_word(&line);
    return all(s->word[0], is_tchar) && all(s->word[1], is_visible) && read_version(line, s);
}

static bool
read_status_line(struct text line, struct seen *s)
{
    struct text version = read_word(&line), status = read_word(&line);
    s->word[2] = line;
    s->status = status.end - status.p == 3 ? (int)strtoul((const char *)status.p, NULL, 10) : 0;
    return read_version(version, s) && all(status, is_digit) && s->status >= 100;
}

static bool
note_framing(struct text name, struct text value, struct seen *s)
{
    s->hosts += is(name, "Host");
    if (is(name, "Content-Length")) {
        s->lengths++;
        s->length = strtoull((const char *)value.p, NULL, 10); /* ends at the line's CR */
        return all(value, is_digit) && s->length <= INT64_MAX;
    }
    if (is(name, "Transfer-Encoding")) {
        s->codings++;
        s->chunked = is(value, "chunked");
        return s->chunked;
    }
    return true;
}

static bool
read_field(struct text line, struct seen *s)
{
    const unsigned char *colon = line.p;
    while (colon < line.end && *colon != ':')
        colon++;
    if (colon == line.end || s->n == 200)
        return false;
    struct text name = {line.p, colon}, value = {colon + 1, line.end};
    while (value.p < value.end && (*value.p == ' ' || *value.p == '\t'))
        value.p++;
    while (value.p < value.end && (value.end[-1] == ' ' || value.end[-1] == '\t'))
        value.end--;
    s->field[s->n].name = name;
    s->field[s->n++].value = value;
    return all(name, is_tchar) && note_framing(name, value, s);
}

/* A head, and that nobody could frame it in another way. */
static bool
read_head(struct text *rest, bool response, struct seen *s)
{
    struct text line;
    memset(s, 0, sizeof(*s));
    if (!read_line(rest, &line) ||
        !(response ? read_status_line(line, s) : read_request_line(line, s)))
        return false;
    for (;;) {
        if (!read_line(rest, &line))
            return false;
        if (line.p == line.end)
            break;
        if (!read_field(line, s))
            return false;
    }
    if (!response && (s->hosts > 1 || (s->minor && !s->hosts)))
        return false;
    return s->codings + s->lengths <= 1 && (s->minor || !s->codings);
}

static int
digit_value(int c)
{
    return is_digit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* Chunked content; false: bad or not all there. */
static bool
read_chunks(struct text *rest, struct buf *data)
{
    for (;;) {
        struct text line;
        unsigned long long size = 0;
        if (!read_line(rest, &line) || line.p == line.end || digit_value(*line.p) < 0)
            return false;
        for (; line.p < line.end && digit_value(*line.p) >= 0; line.p++)
            size = size * 16 + (unsigned long long)digit_value(*line.p);
        if (line.p < line.end && !strchr("; \t", *line.p))
            return false;
        if (!size)
            break;
        unsigned long long left = (unsigned long long)(rest->end - rest->p);
        if (left < 2 || size > left - 2 || rest->p[size] != '\r' || rest->p[size + 1] != '\n')
            return false;
        buf_append(data, slice_of(rest->p, size));
        rest->p += size + 2;
    }
    for (struct text line;;) {
        if (!read_line(rest, &line))
            return false;
        if (line.p == line.end)
            return true;
    }
}

/* Ours --------------------------------------------------------------------------------------------
 */
static bool
same(struct slice ours, struct text theirs)
{
    return slice_eq(ours, slice_of(theirs.p, (size_t)(theirs.end - theirs.p)));
}

static void
compare_heads(const struct http_head *h, bool response, const struct seen *s)
{
    assert(h->version == (unsigned)(10 + s->minor) && h->n == (size_t)s->n);
    for (size_t i = 0; i < h->n; i++)
        assert(same(h->fields[i].name, s->field[i].name) &&
               same(h->fields[i].value, s->field[i].value));
    if (response)
        assert(h->status == (unsigned)s->status && same(h->reason, s->word[2]));
    else
        assert(same(h->method, s->word[0]) && same(h->target, s->word[1]));
    if (h->framing == FRAMING_CHUNKED)
        assert(s->chunked);
    if (h->framing == FRAMING_LENGTH)
        assert(s->lengths == 1 && h->length == s->length);
    if (h->framing == FRAMING_EOF)
        assert(response && !s->chunked && !s->lengths);
    bool none = response ? s->status < 200 || s->status == 204 || s->status == 304
                         : is(s->word[0], "CONNECT");
    if (h->framing == FRAMING_NONE)
        assert(none || (!response && !s->chunked && !s->lengths));
}

static void
compare_contents(struct slice in, struct text rest, struct arena *mem)
{
    struct http_head h;
    struct chunk_reader r;
    struct http1_why why;
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    AUTO(buf_release) struct buf ours = {.max = 1 << 20}, theirs = {.max = 1 << 20};
    enum chunk_event ev;
    size_t at = 0, used;
    struct slice data;
    chunk_init(&r, &limits);
    while ((ev = chunk_next(&r, slice_from(in, at), &used, &data, &why)) == CHUNK_DATA) {
        at += used;
        buf_append(&ours, data);
    }
    at += used;
    const unsigned char *begin = rest.p;
    bool whole = read_chunks(&rest, &theirs);
    if (ev == CHUNK_TRAILERS && http1_parse_trailers(data, &limits, mem, &h, &why) == HTTP1_OK)
        assert(whole && (size_t)(rest.p - begin) == at &&
               slice_eq(buf_slice(&ours), buf_slice(&theirs)));
    if (ev == CHUNK_MORE)
        assert(!whole);
}

static void
compare(struct slice in, bool response)
{
    static struct seen s;
    struct arena *a = arena_new(1024, 1 << 20);
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    struct http_head h;
    struct http1_why why;
    size_t scanned = 0, n = http1_head_end(in, &scanned);
    struct slice raw = slice_first(in, n);
    enum http1_result r = HTTP1_MORE;
    if (n)
        r = response ? http1_parse_response(raw, &limits, a, &h, &why)
                     : http1_parse_request(raw, &limits, a, &h, &why);
    if (r == HTTP1_OK && (!response || http1_frame_response(&h, SLICE("GET"), &why))) {
        struct text rest = {(const unsigned char *)in.p, (const unsigned char *)in.p + in.n};
        assert(read_head(&rest, response, &s) && (const char *)rest.p == in.p + n);
        compare_heads(&h, response, &s);
        if (h.framing == FRAMING_CHUNKED)
            compare_contents(slice_from(in, n), rest, a);
    }
    arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n)
        compare(slice_of(data + 1, n - 1), data[0] & 1);
    return 0;
}
