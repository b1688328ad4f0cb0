/* HTTP/1 framing: where the content of a message ends, and whether the connection lives on (RFC
 * 9112 section 6.3). */
#include "base/scan.h"
#include "codec/http1_parse.h"
#include "codec/token.h"
#include "codec/url.h"

/* The digits of the largest length: no reader's buffer is put to the test with zeros. */
#define LENGTH_DIGITS 19

/* The fields that decide, found in one pass over the head. */
struct facts {
    const struct field *host, *length, *coding, *expect, *connection;
    unsigned n_host, n_length, n_coding, n_expect, n_connection, n_proxy_connection;
    size_t connection_bytes;
};

static struct facts
facts_of(const struct http_head *h)
{
    struct facts t = {0};
    for (size_t i = 0; i < h->n; i++) {
        const struct field *f = &h->fields[i];
        if (f->id == FIELD_OTHER)
            continue;
        if (f->id == FIELD_HOST)
            t.host = f, t.n_host++;
        else if (f->id == FIELD_CONTENT_LENGTH)
            t.length = f, t.n_length++;
        else if (f->id == FIELD_TRANSFER_ENCODING)
            t.coding = f, t.n_coding++;
        else if (f->id == FIELD_EXPECT)
            t.expect = f, t.n_expect++;
        else if (f->id == FIELD_CONNECTION)
            t.connection = f, t.n_connection++, t.connection_bytes += f->value.n;
        else if (f->id == FIELD_PROXY_CONNECTION)
            t.n_proxy_connection++;
    }
    return t;
}

/* 'f' may be NULL, and a field that was made by us has no place in the head: both are at 0. */
static bool
refuse(const struct http_head *h, enum http1_fault fault, const struct field *f,
       struct http1_why *why)
{
    size_t at = 0;
    if (f && f->line.p >= h->raw.p && f->line.p < h->raw.p + h->raw.n)
        at = (size_t)(f->line.p - h->raw.p);
    *why = (struct http1_why){fault, at};
    return false;
}

/*
 * Only "chunked" is understood. A clean list that ends otherwise names codings that exist somewhere
 * (501); whatever tries to look like "chunked" without being it is an attack on the next hop (400).
 */
static enum http1_fault
coding_fault(struct slice value)
{
    if (slice_eq_nocase(value, SLICE("chunked")))
        return HTTP1_FAULT_NONE;
    enum http1_fault fault = HTTP1_FAULT_CODING;
    for (struct slice rest = value; rest.n;) {
        bool last = slice_find(rest, ',') == rest.n;
        struct slice coding = slice_trim(slice_cut(&rest, ','));
        if (!token_valid(coding) || (!last && !rest.n))
            return HTTP1_FAULT_CODING;
        if (!last && slice_eq_nocase(coding, SLICE("chunked")))
            return HTTP1_FAULT_CODING;
        fault = HTTP1_FAULT_CODING_UNKNOWN;
    }
    return fault;
}

static enum http1_fault
length_fault(struct slice value, uint64_t *length)
{
    if (value.n <= LENGTH_DIGITS && scan_u64(value, INT64_MAX, length))
        return HTTP1_FAULT_NONE;
    return slice_find(value, ',') < value.n ? HTTP1_FAULT_LENGTH_LIST : HTTP1_FAULT_LENGTH;
}

/* The framing fields by themselves: FRAMING_CHUNKED, FRAMING_LENGTH, or FRAMING_NONE when there are
 * none. */
static bool
read_framing(struct http_head *h, const struct facts *t, struct http1_why *why)
{
    h->framing = FRAMING_NONE;
    h->length = 0;
    if (!t->n_coding && !t->n_length)
        return true;
    if (t->n_length > 1)
        return refuse(h, HTTP1_FAULT_LENGTH_REPEATED, t->length, why);
    if (t->n_coding > 1)
        return refuse(h, HTTP1_FAULT_CODING_REPEATED, t->coding, why);
    if (t->n_coding && t->n_length)
        return refuse(h, HTTP1_FAULT_BOTH_FRAMINGS, t->coding, why);
    if (t->n_coding && h->version != 11)
        return refuse(h, HTTP1_FAULT_CODING_VERSION, t->coding, why);
    enum http1_fault fault =
        t->n_coding ? coding_fault(t->coding->value) : length_fault(t->length->value, &h->length);
    if (fault)
        return refuse(h, fault, t->n_coding ? t->coding : t->length, why);
    h->framing = t->n_coding ? FRAMING_CHUNKED : FRAMING_LENGTH;
    return true;
}

/* There can be no content: a coding or a length above 0 must not say otherwise. */
static bool
require_no_content(struct http_head *h, const struct facts *t, struct http1_why *why)
{
    if (h->framing == FRAMING_CHUNKED)
        return refuse(h, HTTP1_FAULT_CODING_FORBIDDEN, t->coding, why);
    if (h->length)
        return refuse(h, HTTP1_FAULT_LENGTH_FORBIDDEN, t->length, why);
    h->framing = FRAMING_NONE;
    return true;
}

static bool
keeps_alive(const struct http_head *h, enum field_id id)
{
    if (head_has_token(h, id, SLICE("close")))
        return false;
    return h->version == 11 || head_has_token(h, id, SLICE("keep-alive"));
}

static bool
check_host(const struct http_head *h, const struct facts *t, struct http1_why *why)
{
    struct authority at;
    if (!t->n_host)
        return h->version == 10 || refuse(h, HTTP1_FAULT_HOST_MISSING, NULL, why);
    if (t->n_host > 1)
        return refuse(h, HTTP1_FAULT_HOST_REPEATED, t->host, why);
    return url_parse_authority(t->host->value, &at) || refuse(h, HTTP1_FAULT_HOST, t->host, why);
}

/* RFC 9110 section 10.1.1: a server ignores the expectation of an HTTP/1.0 client. */
static bool
check_expect(struct http_head *h, const struct facts *t, struct http1_why *why)
{
    if (!t->n_expect)
        return true;
    if (t->n_expect > 1 || !slice_eq_nocase(t->expect->value, SLICE("100-continue")))
        return refuse(h, HTTP1_FAULT_EXPECT, t->expect, why);
    h->expect_continue = h->version == 11;
    return true;
}

/* Each option is looked for among the fields: both must be few. */
static bool
check_connection(const struct http_head *h, const struct facts *t, struct http1_why *why)
{
    size_t n = 0;
    if (t->connection_bytes <= HTTP1_OPTIONS_MAX)
        return true;
    for (size_t i = 0; i < h->n; i++) {
        struct slice rest = h->fields[i].id == FIELD_CONNECTION ? h->fields[i].value : SLICE_NONE;
        for (; rest.n && n <= HTTP1_OPTIONS_MAX; n++)
            slice_cut(&rest, ',');
    }
    return n <= HTTP1_OPTIONS_MAX || refuse(h, HTTP1_FAULT_OPTION_COUNT, t->connection, why);
}

static bool
request_keeps_alive(const struct http_head *h, const struct facts *t)
{
    if (t->n_connection)
        return keeps_alive(h, FIELD_CONNECTION);
    return t->n_proxy_connection ? keeps_alive(h, FIELD_PROXY_CONNECTION) : h->version == 11;
}

bool
http1_frame_request(struct http_head *h, struct http1_why *why)
{
    struct facts t = facts_of(h);
    TRY(check_host(h, &t, why));
    TRY(read_framing(h, &t, why));
    if (slice_eq(h->method, SLICE("CONNECT")))
        TRY(require_no_content(h, &t, why));
    TRY(check_expect(h, &t, why));
    h->keep_alive = request_keeps_alive(h, &t);
    return check_connection(h, &t, why);
}

/* No content, whatever the framing fields say: they speak of what GET would have brought. */
static bool
has_no_content(const struct http_head *h, struct slice method)
{
    return h->status == 304 || slice_eq(method, SLICE("HEAD"));
}

static bool
frame_interim(struct http_head *h, const struct facts *t, struct http1_why *why)
{
    TRY(require_no_content(h, t, why));
    if (h->status == 101)
        h->framing = FRAMING_TUNNEL;
    return true;
}

bool
http1_frame_response(struct http_head *h, struct slice method, struct http1_why *why)
{
    struct facts t = facts_of(h);
    TRY(check_connection(h, &t, why));
    h->keep_alive = t.n_connection ? keeps_alive(h, FIELD_CONNECTION) : h->version == 11;
    if (h->status / 100 == 2 && slice_eq(method, SLICE("CONNECT"))) {
        h->framing = FRAMING_TUNNEL;
        return true;
    }
    TRY(read_framing(h, &t, why));
    if (h->status < 200 || h->status == 204)
        return frame_interim(h, &t, why);
    if (has_no_content(h, method)) {
        h->framing = FRAMING_NONE;
        return true;
    }
    if (h->framing == FRAMING_NONE) {
        h->framing = FRAMING_EOF;
        h->keep_alive = false;
    }
    return true;
}
