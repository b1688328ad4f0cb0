/* Chunked content: a state machine over what the caller holds. */
#include "codec/chunk.h"

#include "base/scan.h"
#include "codec/token.h"

#include <assert.h>

#define SIZE_DIGITS   16
#define OVERHEAD_FREE ((size_t)64 * 1024)

/* One call of chunk_next. A step returns true to go on with the next state; 'event' counts when it
 * returns false. */
struct chunk_call {
    struct slice in;
    size_t at; /* used of 'in' */
    enum chunk_event event;
    struct slice data;
    struct http1_why *why;
};

void
chunk_init(struct chunk_reader *r, const struct http1_limits *limits)
{
    *r =
        (struct chunk_reader){.trailer_max = limits->trailer_max, .ext_max = limits->chunk_ext_max};
}

static bool
stop(struct chunk_call *c, enum chunk_event event)
{
    c->event = event;
    return false;
}

static bool
stop_bad(const struct chunk_reader *r, struct chunk_call *c, enum http1_fault fault, size_t at)
{
    *c->why = (struct http1_why){fault, (size_t)r->offset + at};
    return stop(c, CHUNK_BAD);
}

static bool
is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* The length of the extension at 'in' up to its CR; in.n when that is not there yet. *fault is set
 * when it is wrong. */
static size_t
scan_ext(struct slice in, size_t max, enum http1_fault *fault)
{
    size_t n = 1;
    while (n < in.n && in.p[n] >= 0x21 && in.p[n] <= 0x7e && n < max)
        n++;
    if (n == in.n)
        return n;
    if (in.p[n] >= 0x21 && in.p[n] <= 0x7e)
        *fault = HTTP1_FAULT_CHUNK_EXT_SIZE;
    else if (in.p[n] == '\n')
        *fault = HTTP1_FAULT_BARE_LF;
    else if (in.p[n] != '\r' || n == 1)
        *fault = HTTP1_FAULT_CHUNK_EXT;
    return n;
}

/* The size of a quoted string at the start of 's', 0 when it has no end. Its bytes are known to be
 * visible. */
static size_t
quoted_span(struct slice s)
{
    for (size_t n = 1; n < s.n; n++) {
        if (s.p[n] == '"')
            return n + 1;
        if (s.p[n] == '\\')
            n++;
    }
    return 0;
}

/* Extensions are ";name" and ";name=value" (RFC 9112 section 7.1.1); else *at is where they stop
 * being that. */
static bool
check_ext(struct slice ext, size_t *at)
{
    for (*at = 0; *at < ext.n;) {
        size_t name = token_span(slice_from(ext, *at + 1), TOKEN_TCHAR);
        if (ext.p[*at] != ';')
            return false;
        *at += 1 + name;
        if (!name)
            return false;
        if (*at == ext.n || ext.p[*at] != '=')
            continue;
        struct slice value = slice_from(ext, ++*at);
        bool quoted = value.n && value.p[0] == '"';
        size_t n = quoted ? quoted_span(value) : token_span(value, TOKEN_TCHAR);
        if (!n)
            return false;
        *at += n;
    }
    return true;
}

/* What stands behind the digits of a size line, at 'at': nothing or extensions, then CR LF. Moves
 * *at behind it. */
static bool
read_line_rest(struct chunk_reader *r, struct chunk_call *c, size_t *at)
{
    struct slice rest = slice_from(c->in, *at);
    enum http1_fault fault = HTTP1_FAULT_NONE;
    size_t ext = rest.n && rest.p[0] == ';' ? scan_ext(rest, r->ext_max, &fault) : 0;
    if (fault)
        return stop_bad(r, c, fault, *at + ext);
    struct slice end = slice_from(rest, ext);
    if (end.n && end.p[0] != '\r')
        return stop_bad(r, c, end.p[0] == '\n' ? HTTP1_FAULT_BARE_LF : HTTP1_FAULT_CHUNK_SIZE,
                        *at + ext);
    if (end.n < 2)
        return stop(c, CHUNK_MORE);
    if (end.p[1] != '\n')
        return stop_bad(r, c, HTTP1_FAULT_BARE_CR, *at + ext);
    size_t good;
    if (!check_ext(slice_first(rest, ext), &good))
        return stop_bad(r, c, HTTP1_FAULT_CHUNK_EXT, *at + good);
    r->ext = slice_first(rest, ext);
    *at += ext + 2;
    return true;
}

/* The size line is good and ends at 'end'. It is used together with its first content byte. */
static bool
start_chunk(struct chunk_reader *r, struct chunk_call *c, uint64_t size, size_t end)
{
    if (size > (uint64_t)INT64_MAX - r->content)
        return stop_bad(r, c, HTTP1_FAULT_CHUNK_SIZE, c->at);
    uint64_t content = r->content + size, ext_bytes = r->ext_bytes + r->ext.n;
    if (ext_bytes > OVERHEAD_FREE && ext_bytes - OVERHEAD_FREE > content / 10)
        return stop_bad(r, c, HTTP1_FAULT_CHUNK_OVERHEAD, c->at);
    if (size && end == c->in.n) {
        r->ext = SLICE_NONE;
        return stop(c, CHUNK_MORE);
    }
    r->content = content;
    r->ext_bytes = ext_bytes;
    r->left = size;
    r->state = size ? CHUNK_STATE_DATA : CHUNK_STATE_TRAILERS;
    c->at = end;
    return true;
}

static bool
read_size(struct chunk_reader *r, struct chunk_call *c)
{
    struct slice in = slice_from(c->in, c->at);
    size_t digits = 0;
    while (digits < in.n && digits <= SIZE_DIGITS && is_hex(in.p[digits]))
        digits++;
    if (digits > SIZE_DIGITS || (in.n && !digits))
        return stop_bad(r, c, HTTP1_FAULT_CHUNK_SIZE, c->at);
    if (digits == in.n)
        return stop(c, CHUNK_MORE);
    size_t at = c->at + digits;
    TRY(read_line_rest(r, c, &at));
    uint64_t size;
    if (!scan_hex(slice_first(in, digits), &size))
        return stop_bad(r, c, HTTP1_FAULT_CHUNK_SIZE, c->at);
    return start_chunk(r, c, size, at);
}

static bool
read_data(struct chunk_reader *r, struct chunk_call *c)
{
    size_t there = c->in.n - c->at;
    size_t n = r->left < there ? (size_t)r->left : there;
    if (!n)
        return stop(c, CHUNK_MORE);
    c->data = slice_first(slice_from(c->in, c->at), n);
    c->at += n;
    r->left -= n;
    if (!r->left)
        r->state = CHUNK_STATE_DATA_END;
    return stop(c, CHUNK_DATA);
}

static bool
read_data_end(struct chunk_reader *r, struct chunk_call *c)
{
    struct slice in = slice_from(c->in, c->at);
    if ((in.n > 0 && in.p[0] != '\r') || (in.n > 1 && in.p[1] != '\n'))
        return stop_bad(r, c, HTTP1_FAULT_CHUNK_END, c->at);
    if (in.n < 2)
        return stop(c, CHUNK_MORE);
    c->at += 2;
    r->state = CHUNK_STATE_SIZE;
    return true;
}

/* The size of the trailer section with its empty line, which may be all of it; 0 when it is not
 * complete. */
static size_t
trailer_size(struct slice in, size_t *scanned)
{
    return slice_starts(in, SLICE("\r\n")) ? 2 : http1_head_end(in, scanned);
}

static bool
read_trailers(struct chunk_reader *r, struct chunk_call *c)
{
    struct slice in = slice_from(c->in, c->at);
    if (in.n && in.p[0] == '\n')
        return stop_bad(r, c, HTTP1_FAULT_BARE_LF, c->at);
    if (in.n > 1 && in.p[0] == '\r' && in.p[1] != '\n')
        return stop_bad(r, c, HTTP1_FAULT_BARE_CR, c->at);
    size_t size = trailer_size(in, &r->scanned);
    if ((size ? size : in.n) > r->trailer_max)
        return stop_bad(r, c, HTTP1_FAULT_TRAILER_SIZE, c->at + r->trailer_max);
    if (!size)
        return stop(c, CHUNK_MORE);
    c->data = slice_first(in, size);
    c->at += size;
    r->state = CHUNK_STATE_DONE;
    return stop(c, CHUNK_TRAILERS);
}

enum chunk_event
chunk_next(struct chunk_reader *r, struct slice in, size_t *used, struct slice *data,
           struct http1_why *why)
{
    static bool (*const steps[])(struct chunk_reader *, struct chunk_call *) = {
        [CHUNK_STATE_SIZE] = read_size,
        [CHUNK_STATE_DATA] = read_data,
        [CHUNK_STATE_DATA_END] = read_data_end,
        [CHUNK_STATE_TRAILERS] = read_trailers,
    };
    struct chunk_call c = {.in = in, .event = CHUNK_MORE, .why = why};
    r->ext = SLICE_NONE;
    assert(r->state != CHUNK_STATE_DONE);
    while (steps[r->state](r, &c))
        continue;
    r->offset += c.at;
    *used = c.at;
    *data = c.data;
    return c.event;
}

void
chunk_print_size(struct buf *out, uint64_t n)
{
    static const char digits[] = "0123456789abcdef";
    char text[SIZE_DIGITS + 2];
    size_t at = SIZE_DIGITS;
    text[SIZE_DIGITS] = '\r';
    text[SIZE_DIGITS + 1] = '\n';
    do {
        text[--at] = digits[n & 15];
        n >>= 4;
    } while (n);
    buf_append(out, slice_of(text + at, sizeof(text) - at));
}

void
chunk_print_last(struct buf *out, const struct http_head *trailers)
{
    buf_append(out, SLICE("0\r\n"));
    if (trailers)
        http1_print_fields(out, trailers);
    buf_append(out, SLICE("\r\n"));
}
