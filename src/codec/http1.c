/* HTTP/1 heads: from bytes to an index over them, in one pass. */
#include "codec/http1.h"

#include "codec/http1_parse.h"
#include "codec/token.h"
#include "codec/url.h"

#include <endian.h>

#define SPARE_FIELDS 4
#define FIRST_FIELDS 12

static const struct http1_fault_row fault_rows[] = {
#define HTTP1_FAULT(id, word, status, text) {(word), (text), (status)},
#include "codec/http1_fault_list.h"
#undef HTTP1_FAULT
};

const struct http1_fault_row *
http1_fault_row(enum http1_fault fault)
{
    return &fault_rows[(size_t)fault < ARRAY_LEN(fault_rows) ? fault : HTTP1_FAULT_NONE];
}

size_t
http1_skip_blank(struct slice in)
{
    return slice_starts(in, SLICE("\r\n")) ? 2 : 0;
}

size_t
http1_head_end(struct slice in, size_t *scanned)
{
    for (;;) {
        size_t lf = *scanned + slice_find(slice_from(in, *scanned), '\n');
        *scanned = lf;
        if (lf + 1 >= in.n)
            return 0;
        if (in.p[lf + 1] == '\n')
            return lf + 2;
        if (in.p[lf + 1] == '\r') {
            if (lf + 2 >= in.n)
                return 0;
            if (in.p[lf + 2] == '\n')
                return lf + 3;
        }
        *scanned = lf + 1;
    }
}

/* A request may still have its empty line in front: whether that is one too many is seen when the
 * head is complete. */
static enum http1_fault
first_bytes_fault(struct slice in, bool response)
{
    if (response)
        return slice_starts(SLICE("HTTP/"), slice_first(in, 5)) ? HTTP1_FAULT_NONE
                                                                : HTTP1_FAULT_STATUS_LINE;
    if (!in.n || token_is_tchar(in.p[0]) || in.p[0] == '\r')
        return HTTP1_FAULT_NONE;
    return HTTP1_FAULT_METHOD;
}

enum http1_result
http1_check_partial(struct slice in, bool response, const struct http1_limits *limits,
                    struct http1_why *why)
{
    enum http1_fault fault = first_bytes_fault(in, response);
    size_t at = 0;
    if (!fault && in.n > limits->line_max &&
        slice_find(slice_first(in, limits->line_max + 1), '\n') > limits->line_max) {
        fault = HTTP1_FAULT_TARGET_SIZE;
        at = limits->line_max;
    } else if (!fault && in.n > limits->head_max) {
        fault = HTTP1_FAULT_HEAD_SIZE;
        at = limits->head_max;
    }
    if (!fault)
        return HTTP1_MORE;
    *why = (struct http1_why){fault, at};
    return HTTP1_BAD;
}

enum http1_result
http1_bad(const struct http1_input *x, enum http1_fault fault, const char *at)
{
    *x->why = (struct http1_why){fault, (size_t)(at - x->raw.p)};
    return HTTP1_BAD;
}

/* What a byte that must not be there is called; '*at' is not a visible one. */
static enum http1_fault
control_fault(const char *at)
{
    switch (*at) {
    case '\0': return HTTP1_FAULT_NUL;
    case '\n': return HTTP1_FAULT_BARE_LF;
    case '\r': return HTTP1_FAULT_BARE_CR;
    default: return HTTP1_FAULT_CONTROL;
    }
}

static enum http1_result
check_version(const struct http1_input *x, struct slice version)
{
    if (slice_eq(version, SLICE("HTTP/1.1")) || slice_eq(version, SLICE("HTTP/1.0"))) {
        x->out->version = version.p[7] == '1' ? 11 : 10;
        return HTTP1_OK;
    }
    bool digits = version.n == 8 && slice_starts(version, SLICE("HTTP/")) && version.p[6] == '.' &&
                  version.p[5] >= '0' && version.p[5] <= '9' && version.p[7] >= '0' &&
                  version.p[7] <= '9';
    return http1_bad(x, digits ? HTTP1_FAULT_VERSION : HTTP1_FAULT_VERSION_FORM, version.p);
}

/* RFC 9112 section 3.2: which forms a target may have hangs on the method. */
static enum http1_fault
target_fault(struct slice method, struct slice target)
{
    struct authority at;
    struct url url;
    if (slice_eq(method, SLICE("CONNECT")))
        return url_parse_authority(target, &at) && at.port ? HTTP1_FAULT_NONE
                                                           : HTTP1_FAULT_TARGET_FORM;
    if (target.p[0] == '/')
        return HTTP1_FAULT_NONE;
    if (slice_eq(target, SLICE("*")))
        return slice_eq(method, SLICE("OPTIONS")) ? HTTP1_FAULT_NONE : HTTP1_FAULT_TARGET_FORM;
    if (slice_find(target, ':') == target.n)
        return HTTP1_FAULT_TARGET_FORM;
    return url_parse_absolute(target, &url) ? HTTP1_FAULT_NONE : HTTP1_FAULT_TARGET_URL;
}

static enum http1_result
check_target(const struct http1_input *x)
{
    struct slice target = x->out->target;
    size_t good = token_span(target, TOKEN_TARGET);
    if (good < target.n)
        return http1_bad(x, target.p[good] == '#' ? HTTP1_FAULT_FRAGMENT : HTTP1_FAULT_TARGET_BYTE,
                         target.p + good);
    enum http1_fault fault = target_fault(x->out->method, target);
    return fault ? http1_bad(x, fault, target.p) : HTTP1_OK;
}

static enum http1_result
parse_request_line(const struct http1_input *x, struct slice line)
{
    struct slice rest = line;
    x->out->method = slice_cut(&rest, ' ');
    x->out->target = slice_cut(&rest, ' ');
    if (!x->out->method.n || !x->out->target.n || !rest.n || slice_find(rest, ' ') < rest.n)
        return http1_bad(x, HTTP1_FAULT_REQUEST_LINE, line.p);
    if (!token_valid(x->out->method))
        return http1_bad(x, HTTP1_FAULT_METHOD, line.p);
    enum http1_result r = check_target(x);
    return r == HTTP1_OK ? check_version(x, rest) : r;
}

static enum http1_result
parse_status_line(const struct http1_input *x, struct slice line)
{
    if (line.n < 9 || line.p[8] != ' ')
        return http1_bad(x, HTTP1_FAULT_STATUS_LINE, line.p);
    enum http1_result r = check_version(x, slice_first(line, 8));
    if (r != HTTP1_OK)
        return r;
    const char *digit = line.p + 9;
    unsigned status = 0;
    for (size_t i = 0; i < 3; i++) {
        if (9 + i >= line.n || digit[i] < '0' || digit[i] > '9')
            return http1_bad(x, HTTP1_FAULT_STATUS, digit);
        status = status * 10 + (unsigned)(digit[i] - '0');
    }
    if (status < 100 || (line.n > 12 && line.p[12] != ' '))
        return http1_bad(x, HTTP1_FAULT_STATUS, digit);
    x->out->status = status;
    x->out->reason = slice_from(line, 13);
    return HTTP1_OK;
}

/* Takes the start line off *p. */
static enum http1_result
parse_start(const struct http1_input *x, const char **p)
{
    struct slice raw = x->raw;
    size_t lf = slice_find(raw, '\n');
    if (MIN(lf, raw.n) > x->limits->line_max)
        return http1_bad(x, HTTP1_FAULT_TARGET_SIZE, raw.p + x->limits->line_max);
    if (lf == raw.n)
        return HTTP1_MORE;
    if (lf == 0 || (lf == 1 && raw.p[0] == '\r'))
        return http1_bad(x, HTTP1_FAULT_BLANK_LINE, raw.p);
    struct slice line = slice_first(raw, lf - 1);
    const char *end = http1_text_end(line.p, line.p + line.n);
    if (end < line.p + line.n)
        return http1_bad(x, control_fault(end), end);
    if (raw.p[lf - 1] != '\r')
        return http1_bad(x, HTTP1_FAULT_BARE_LF, raw.p + lf);
    x->out->line = slice_first(raw, lf + 1);
    *p = raw.p + lf + 1;
    return x->response ? parse_status_line(x, line) : parse_request_line(x, line);
}

/* Bytes of w that are below 0x20 or 0x7f leave their highest bit; exact for the lowest of them. */
static uint64_t
controls_of(uint64_t w)
{
    const uint64_t ones = 0x0101010101010101u, high = ones << 7;
    uint64_t low = (w - ones * 0x20) & ~w;
    uint64_t del = w ^ (ones * 0x7f);
    return (low | ((del - ones) & ~del)) & high;
}

/* Eight bytes at a time: field values are most of what a proxy looks at. */
const char *
http1_text_end(const char *p, const char *end)
{
    while (end - p >= 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        uint64_t controls = controls_of(le64toh(w));
        if (!controls) {
            p += 8;
            continue;
        }
        p += __builtin_ctzll(controls) / 8;
        if (*p != '\t')
            return p;
        p++;
    }
    while (p < end && (token_class[(unsigned char)*p] & TOKEN_VALUE))
        p++;
    return p;
}

/* White space behind a name: a colon may follow, or later in the line, or none. */
static enum http1_fault
space_fault(struct slice rest)
{
    size_t n = 0;
    while (n < rest.n && (rest.p[n] == ' ' || rest.p[n] == '\t'))
        n++;
    if (n < rest.n && rest.p[n] == ':')
        return HTTP1_FAULT_SPACE_COLON;
    bool colon = slice_find(rest, ':') < slice_find(rest, '\n');
    return colon ? HTTP1_FAULT_NAME_BYTE : HTTP1_FAULT_NO_COLON;
}

/* The name at 'line' ends at 'at' without a colon. */
static enum http1_result
name_fault(const struct http1_input *x, const char *line, const char *at)
{
    struct slice rest = slice_of(at, (size_t)(x->raw.p + x->raw.n - at));
    if (*at == ' ' || *at == '\t')
        return http1_bad(x, at == line ? HTTP1_FAULT_OBS_FOLD : space_fault(rest), at);
    if (slice_starts(rest, SLICE("\r\n")))
        return http1_bad(x, HTTP1_FAULT_NO_COLON, at);
    bool text = token_class[(unsigned char)*at] & TOKEN_VALUE;
    return http1_bad(x, text ? HTTP1_FAULT_NAME_BYTE : control_fault(at), at);
}

/* The two bytes at 'at' must be CR LF. */
static enum http1_result
parse_line_end(const struct http1_input *x, const char *at)
{
    const char *end = x->raw.p + x->raw.n;
    if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
        return HTTP1_OK;
    if (at == end || (*at == '\r' && at + 1 == end))
        return HTTP1_MORE;
    return http1_bad(x, control_fault(at), at);
}

/* Reads the field line at *p and moves behind it. */
static enum http1_result
parse_field(const struct http1_input *x, const char **p, struct field *f)
{
    const char *line = *p, *end = x->raw.p + x->raw.n, *colon = line;
    while (colon < end && (token_class[(unsigned char)*colon] & TOKEN_TCHAR))
        colon++;
    if (colon == end)
        return HTTP1_MORE;
    if (*colon != ':')
        return name_fault(x, line, colon);
    if (colon == line)
        return http1_bad(x, HTTP1_FAULT_NAME_EMPTY, line);
    const char *value_end = http1_text_end(colon + 1, end);
    enum http1_result r = parse_line_end(x, value_end);
    if (r != HTTP1_OK)
        return r;
    *p = value_end + 2;
    f->line = slice_of(line, (size_t)(*p - line));
    f->name = slice_of(line, (size_t)(colon - line));
    f->value = slice_trim(slice_of(colon + 1, (size_t)(value_end - colon - 1)));
    f->id = token_field(f->name);
    return HTTP1_OK;
}

/* Room for one more field and the spare ones. Nothing else is taken from the arena meanwhile, so it
 * grows where it is. */
static bool
grow_fields(struct http_head *h, struct arena *a)
{
    if (h->n + SPARE_FIELDS < h->cap)
        return true;
    size_t size = sizeof(*h->fields), cap = h->cap ? h->cap * 2 : FIRST_FIELDS + SPARE_FIELDS;
    struct field *fields =
        h->cap ? arena_grow(a, h->fields, h->cap * size, cap * size) : arena_alloc(a, cap * size);
    if (!fields)
        return false;
    h->fields = fields;
    h->cap = cap;
    return true;
}

enum http1_result
http1_parse_fields(const struct http1_input *x, const char *p)
{
    struct http_head *h = x->out;
    const char *end = x->raw.p + x->raw.n;
    while (p < end && *p != '\r' && *p != '\n') {
        if (h->n == x->limits->fields_max)
            return http1_bad(x, HTTP1_FAULT_FIELD_COUNT, p);
        if (!grow_fields(h, x->arena))
            return http1_bad(x, HTTP1_FAULT_MEMORY, p);
        enum http1_result r = parse_field(x, &p, &h->fields[h->n]);
        if (r != HTTP1_OK)
            return r;
        h->n++;
    }
    if (!grow_fields(h, x->arena))
        return http1_bad(x, HTTP1_FAULT_MEMORY, p);
    size_t size = sizeof(*h->fields), cap = h->n + SPARE_FIELDS;
    arena_trim(x->arena, h->fields, h->cap * size, cap * size);
    h->cap = cap;
    enum http1_result r = parse_line_end(x, p);
    if (r == HTTP1_OK)
        h->raw = slice_of(x->raw.p, (size_t)(p + 2 - x->raw.p));
    return r;
}

static enum http1_result
parse_head(const struct http1_input *x)
{
    const char *p = x->raw.p;
    *x->out = (struct http_head){0};
    if (x->raw.n > x->limits->head_max)
        return http1_bad(x, HTTP1_FAULT_HEAD_SIZE, x->raw.p + x->limits->head_max);
    enum http1_result r = parse_start(x, &p);
    return r == HTTP1_OK ? http1_parse_fields(x, p) : r;
}

enum http1_result
http1_parse_request(struct slice raw, const struct http1_limits *limits, struct arena *a,
                    struct http_head *out, struct http1_why *why)
{
    struct http1_input x = {raw, false, limits, a, out, why};
    enum http1_result r = parse_head(&x);
    if (r == HTTP1_OK && !http1_frame_request(out, why))
        r = HTTP1_BAD;
    return r;
}

enum http1_result
http1_parse_response(struct slice raw, const struct http1_limits *limits, struct arena *a,
                     struct http_head *out, struct http1_why *why)
{
    struct http1_input x = {raw, true, limits, a, out, why};
    return parse_head(&x);
}
