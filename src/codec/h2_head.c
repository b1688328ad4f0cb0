/* Header lists of HTTP/2 to heads. */
#include "codec/h2_head.h"

#include "base/scan.h"
#include "codec/token.h"
#include "codec/url.h"

/* Of a field in SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 section 6.5.2). */
#define FIELD_OVERHEAD 32
#define SPARE_FIELDS   4
#define LENGTH_DIGITS  19
#define TEXT_FIRST     ((size_t)512)

static const struct h2_fault_row fault_rows[] = {
#define H2_FAULT(id, word, status, text) {(word), (text), (status)},
#include "codec/h2_fault_list.h"
#undef H2_FAULT
};

static const struct {
    struct slice name;
    char letter;
} pseudo_rows[H2_PSEUDO_COUNT] = {
    [H2_METHOD] = {{":method", 7}, 'm'},        [H2_SCHEME] = {{":scheme", 7}, 's'},
    [H2_AUTHORITY] = {{":authority", 10}, 'a'}, [H2_PATH] = {{":path", 5}, 'p'},
    [H2_PROTOCOL] = {{":protocol", 9}, 'r'},    [H2_STATUS] = {{":status", 7}, 't'},
};

const struct h2_fault_row *
h2_fault_row(enum h2_fault fault)
{
    return &fault_rows[(size_t)fault < ARRAY_LEN(fault_rows) ? fault : H2_FAULT_NONE];
}

struct slice
h2_pseudo_name(enum h2_pseudo p)
{
    return pseudo_rows[p].name;
}

char
h2_pseudo_letter(enum h2_pseudo p)
{
    return pseudo_rows[p].letter;
}

void
h2_put_status(char digits[3], unsigned status)
{
    digits[0] = (char)('0' + status / 100 % 10);
    digits[1] = (char)('0' + status / 10 % 10);
    digits[2] = (char)('0' + status % 10);
}

bool
h2_is_connection_field(enum field_id id)
{
    return id == FIELD_CONNECTION || id == FIELD_KEEP_ALIVE || id == FIELD_PROXY_CONNECTION ||
           id == FIELD_TRANSFER_ENCODING || id == FIELD_UPGRADE;
}

/* Receiving ------------------------------------------------------------------------------------
 */

void
h2_block_init(struct h2_block *b, const struct http1_limits *limits)
{
    *b = (struct h2_block){0};
    buf_init(&b->text, limits->head_max + limits->fields_max * 4 + 64);
}

void
h2_block_release(struct h2_block *b)
{
    buf_release(&b->text);
}

static void
block_fault(struct h2_block *b, enum h2_fault fault)
{
    if (!b->fault)
        b->fault = fault;
}

static bool
value_is_good(struct slice v)
{
    return token_span(v, TOKEN_VALUE) == v.n && slice_trim(v).n == v.n;
}

static bool
name_is_good(struct slice name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] >= 'A' && name.p[i] <= 'Z')
            return false;
    return token_valid(name);
}

static enum h2_fault
field_fault(struct slice name, struct slice value)
{
    if (!name_is_good(name))
        return H2_FAULT_NAME;
    if (!value_is_good(value))
        return H2_FAULT_VALUE;
    enum field_id id = token_field(name);
    bool te = id == FIELD_TE && !slice_eq_nocase(value, SLICE("trailers"));
    return te || h2_is_connection_field(id) ? H2_FAULT_CONNECTION : H2_FAULT_NONE;
}

/* Returns where the next goes. */
static char *
put(char *to, struct slice s)
{
    if (s.n)
        memcpy(to, s.p, s.n);
    return to + s.n;
}

static void
block_write(struct h2_block *b, struct slice name, struct slice value)
{
    size_t n = name.n + value.n + 4;
    char *to = buf_reserve(&b->text, b->text.p ? n : MAX(n, MIN(TEXT_FIRST, b->text.max)));
    if (!to) {
        block_fault(b, H2_FAULT_MEMORY);
        return;
    }
    to = put(to, name);
    to = put(to, SLICE(": "));
    to = put(to, value);
    put(to, SLICE("\r\n"));
    buf_commit(&b->text, n);
}

static void
add_pseudo(struct h2_block *b, struct slice name, struct slice value)
{
    size_t p = 0;
    while (p < H2_PSEUDO_COUNT && !slice_eq(name, pseudo_rows[p].name))
        p++;
    if (p == H2_PSEUDO_COUNT || b->pseudo[p].at) {
        block_fault(b, H2_FAULT_PSEUDO);
        return;
    }
    if (b->n) {
        block_fault(b, H2_FAULT_PSEUDO_ORDER);
        return;
    }
    if (!value_is_good(value)) {
        block_fault(b, H2_FAULT_VALUE);
        return;
    }
    size_t at = buf_len(&b->text) + name.n + 2, last = slice_str(b->order).n;
    block_write(b, name, value);
    b->pseudo[p].at = at;
    b->pseudo[p].n = value.n;
    b->order[last] = pseudo_rows[p].letter;
    b->pseudo_bytes = buf_len(&b->text);
}

void
h2_block_add(struct h2_block *b, struct slice name, struct slice value,
             const struct http1_limits *limits)
{
    b->size += name.n + value.n + FIELD_OVERHEAD;
    if (b->fault)
        return;
    if (buf_len(&b->text) + name.n + value.n + 4 > limits->head_max) {
        block_fault(b, H2_FAULT_SIZE);
        return;
    }
    if (name.n && name.p[0] == ':') {
        add_pseudo(b, name, value);
        return;
    }
    if (b->n == limits->fields_max)
        block_fault(b, H2_FAULT_FIELD_COUNT);
    else
        block_fault(b, field_fault(name, value));
    if (b->fault)
        return;
    b->n++;
    block_write(b, name, value);
}

struct slice
h2_block_pseudo(const struct h2_block *b, enum h2_pseudo p)
{
    if (!b->pseudo[p].at || buf_len(&b->text) < b->pseudo[p].at + b->pseudo[p].n)
        return SLICE_NONE;
    return slice_of(b->text.p + b->pseudo[p].at, b->pseudo[p].n);
}

/* To a head ------------------------------------------------------------------------------------
 */

static bool
block_bad(struct h2_block *b, enum h2_fault fault)
{
    block_fault(b, fault);
    return false;
}

static struct slice
block_regular(const struct h2_block *b)
{
    return slice_from(buf_slice(&b->text), b->pseudo_bytes);
}

static bool
block_has(const struct h2_block *b, enum h2_pseudo p)
{
    return b->pseudo[p].at;
}

/* Fields out of lines that end with the empty one; what they say has been checked. */
static bool
index_lines(struct slice lines, size_t n, struct arena *a, struct http_head *out)
{
    out->cap = n + SPARE_FIELDS;
    out->fields = arena_alloc(a, out->cap * sizeof(*out->fields));
    TRY(out->fields);
    while (lines.n > 2) {
        struct field *f = &out->fields[out->n++];
        size_t end = slice_find(lines, '\n') + 1, colon = slice_find(lines, ':');
        f->line = slice_first(lines, end);
        f->name = slice_first(lines, colon);
        f->value = slice_from(slice_first(lines, end - 2), colon + 2);
        f->id = token_field(f->name);
        lines = slice_from(lines, end);
    }
    return true;
}

/* The head as text: its start line, the authority where no Host says it, the fields. */
static bool
write_head(struct h2_block *b, struct slice line, bool host, struct arena *a, struct http_head *out)
{
    struct slice authority = h2_block_pseudo(b, H2_AUTHORITY), regular = block_regular(b);
    size_t n = line.n + (host ? authority.n + 8 : 0) + regular.n + 2;
    char *to = arena_alloc(a, n);
    if (!to)
        return block_bad(b, H2_FAULT_MEMORY);
    out->raw = slice_of(to, n);
    to = put(to, line);
    if (host) {
        to = put(to, SLICE("host: "));
        to = put(to, authority);
        to = put(to, SLICE("\r\n"));
    }
    to = put(to, regular);
    put(to, SLICE("\r\n"));
    out->line = slice_first(out->raw, line.n);
    memcpy(out->pseudo, b->order, sizeof(b->order));
    return index_lines(slice_from(out->raw, line.n), b->n + host, a, out) ||
           block_bad(b, H2_FAULT_MEMORY);
}

static bool
read_length(struct h2_block *b, struct http_head *h)
{
    const struct field *length = head_find(h, FIELD_CONTENT_LENGTH);
    h->framing = FRAMING_CHUNKED;
    if (!length)
        return true;
    for (size_t i = 0; i < h->n; i++)
        if (h->fields[i].id == FIELD_CONTENT_LENGTH && &h->fields[i] != length)
            return block_bad(b, H2_FAULT_LENGTH);
    if (length->value.n > LENGTH_DIGITS || !scan_u64(length->value, INT64_MAX, &h->length))
        return block_bad(b, H2_FAULT_LENGTH);
    h->framing = FRAMING_LENGTH;
    return true;
}

/* RFC 9113 section 8.3.1, and what RFC 9112 wants of a Host. */
static bool
check_authority(struct h2_block *b, const struct http_head *h)
{
    struct authority at;
    struct slice said = h2_block_pseudo(b, H2_AUTHORITY);
    const struct field *host = head_find(h, FIELD_HOST);
    if (!host)
        return block_bad(b, H2_FAULT_HOST);
    if (!url_parse_authority(host->value, &at))
        return block_bad(b, H2_FAULT_AUTHORITY);
    for (size_t i = 0; i < h->n; i++)
        if (h->fields[i].id == FIELD_HOST && &h->fields[i] != host)
            return block_bad(b, H2_FAULT_HOST);
    return !block_has(b, H2_AUTHORITY) || slice_eq_nocase(said, host->value) ||
           block_bad(b, H2_FAULT_HOST);
}

static bool
check_path(struct h2_block *b, const struct http1_limits *limits)
{
    struct slice path = h2_block_pseudo(b, H2_PATH);
    bool star =
        slice_eq(path, SLICE("*")) && slice_eq(h2_block_pseudo(b, H2_METHOD), SLICE("OPTIONS"));
    if (path.n > limits->line_max)
        return block_bad(b, H2_FAULT_PATH_SIZE);
    if (!star && (!path.n || path.p[0] != '/'))
        return block_bad(b, H2_FAULT_PATH);
    return token_span(path, TOKEN_TARGET) == path.n || block_bad(b, H2_FAULT_PATH);
}

/* A CONNECT has an authority and nothing else, unless it is an extended one (RFC 8441). */
static bool /* NOLINTNEXTLINE(readability-*): one rule below the other */
check_request(struct h2_block *b, const struct http1_limits *limits)
{
    struct slice method = h2_block_pseudo(b, H2_METHOD), scheme = h2_block_pseudo(b, H2_SCHEME);
    bool connect = slice_eq(method, SLICE("CONNECT")), extended = block_has(b, H2_PROTOCOL);
    if (b->fault)
        return false;
    if (block_has(b, H2_STATUS) || (extended && !connect))
        return block_bad(b, H2_FAULT_PSEUDO);
    if (!block_has(b, H2_METHOD) || (connect && !block_has(b, H2_AUTHORITY)))
        return block_bad(b, H2_FAULT_PSEUDO_MISSING);
    if (!token_valid(method))
        return block_bad(b, H2_FAULT_METHOD);
    if (connect && !extended)
        return (!block_has(b, H2_SCHEME) && !block_has(b, H2_PATH)) ||
               block_bad(b, H2_FAULT_PSEUDO);
    if (!block_has(b, H2_SCHEME) || !block_has(b, H2_PATH))
        return block_bad(b, H2_FAULT_PSEUDO_MISSING);
    if (!slice_eq_nocase(scheme, SLICE("https")) && !slice_eq_nocase(scheme, SLICE("http")))
        return block_bad(b, H2_FAULT_SCHEME);
    return check_path(b, limits);
}

static bool
block_names_host(const struct h2_block *b)
{
    struct slice rest = block_regular(b);
    while (rest.n) {
        size_t end = slice_find(rest, '\n') + 1;
        if (slice_starts(rest, SLICE("host:")))
            return true;
        rest = slice_from(rest, end);
    }
    return false;
}

static bool
write_request(struct h2_block *b, struct arena *a, struct http_head *out)
{
    struct slice method = h2_block_pseudo(b, H2_METHOD);
    bool path = block_has(b, H2_PATH), host = block_has(b, H2_AUTHORITY) && !block_names_host(b);
    struct slice target = h2_block_pseudo(b, path ? H2_PATH : H2_AUTHORITY);
    struct buf line;
    buf_init(&line, SIZE_MAX / 2);
    buf_append(&line, method);
    buf_byte(&line, ' ');
    buf_append(&line, target);
    buf_append(&line, SLICE(" HTTP/2.0\r\n"));
    bool good =
        line.failed ? block_bad(b, H2_FAULT_MEMORY) : write_head(b, buf_slice(&line), host, a, out);
    buf_release(&line);
    TRY(good);
    out->method = slice_first(out->raw, method.n);
    out->target = slice_first(slice_from(out->raw, method.n + 1), target.n);
    out->scheme = arena_dup(a, h2_block_pseudo(b, H2_SCHEME));
    out->protocol = arena_dup(a, h2_block_pseudo(b, H2_PROTOCOL));
    return (out->scheme.p && out->protocol.p) || block_bad(b, H2_FAULT_MEMORY);
}

static bool
check_expect(struct h2_block *b, struct http_head *h)
{
    const struct field *expect = head_find(h, FIELD_EXPECT);
    if (!expect)
        return true;
    h->expect_continue = slice_eq_nocase(expect->value, SLICE("100-continue"));
    return h->expect_continue || block_bad(b, H2_FAULT_EXPECT);
}

bool /* NOLINTNEXTLINE(readability-*): one rule below the other */
h2_block_request(struct h2_block *b, bool ended, const struct http1_limits *limits, struct arena *a,
                 struct http_head *out)
{
    *out = (struct http_head){.version = 20, .keep_alive = true};
    TRY(check_request(b, limits));
    TRY(write_request(b, a, out));
    TRY(check_authority(b, out));
    TRY(check_expect(b, out));
    TRY(read_length(b, out));
    if (slice_eq(out->method, SLICE("CONNECT"))) {
        out->framing = FRAMING_NONE;
        return !head_find(out, FIELD_CONTENT_LENGTH) || block_bad(b, H2_FAULT_LENGTH);
    }
    if (!ended)
        return true;
    if (out->length)
        return block_bad(b, H2_FAULT_LENGTH_END);
    if (out->framing == FRAMING_CHUNKED)
        out->framing = FRAMING_NONE;
    return true;
}

static bool
check_response(struct h2_block *b, unsigned *status)
{
    struct slice said = h2_block_pseudo(b, H2_STATUS);
    uint64_t n = 0;
    if (b->fault)
        return false;
    if (!block_has(b, H2_STATUS))
        return block_bad(b, H2_FAULT_PSEUDO_MISSING);
    if (b->order[1])
        return block_bad(b, H2_FAULT_PSEUDO);
    if (said.n != 3 || !scan_u64(said, 999, &n) || n < 100 || n == 101)
        return block_bad(b, H2_FAULT_STATUS);
    *status = (unsigned)n;
    return true;
}

bool /* NOLINTNEXTLINE(readability-*): one rule below the other */
h2_block_response(struct h2_block *b, bool ended, struct slice method, struct arena *a,
                  struct http_head *out)
{
    char line[] = "HTTP/2.0 000\r\n";
    *out = (struct http_head){.version = 20, .keep_alive = true};
    TRY(check_response(b, &out->status));
    h2_put_status(line + 9, out->status);
    TRY(write_head(b, slice_of(line, sizeof(line) - 1), false, a, out));
    TRY(read_length(b, out));
    bool none = out->status < 200 || out->status == 204 || out->status == 304 ||
                slice_eq(method, SLICE("HEAD"));
    if (out->status / 100 == 2 && slice_eq(method, SLICE("CONNECT")))
        out->framing = FRAMING_TUNNEL;
    else if (none || (ended && out->framing == FRAMING_CHUNKED))
        out->framing = FRAMING_NONE;
    else if (ended && out->length)
        return block_bad(b, H2_FAULT_LENGTH_END);
    return true;
}

bool
h2_block_trailers(struct h2_block *b, struct arena *a, struct http_head *out)
{
    *out = (struct http_head){0};
    if (b->fault)
        return false;
    if (b->order[0])
        return block_bad(b, H2_FAULT_PSEUDO);
    TRY(write_head(b, SLICE_NONE, false, a, out));
    size_t kept = 0;
    for (size_t i = 0; i < out->n; i++)
        if (http1_may_be_trailer(&out->fields[i]))
            out->fields[kept++] = out->fields[i];
    out->n = kept;
    out->line = SLICE_NONE;
    return true;
}

bool
h2_block_lenient(const struct h2_block *b, struct arena *a, struct http_head *out)
{
    struct slice method = h2_block_pseudo(b, H2_METHOD), path = h2_block_pseudo(b, H2_PATH);
    *out = (struct http_head){.version = 20, .keep_alive = true};
    out->raw = arena_dup(a, buf_slice(&b->text));
    out->method = arena_dup(a, token_valid(method) ? method : SLICE_NONE);
    out->target = arena_dup(a, path);
    memcpy(out->pseudo, b->order, sizeof(b->order));
    return out->raw.p && out->method.p && out->target.p;
}
