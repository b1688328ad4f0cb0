/* Trailer sections, and which fields must not be in them. */
#include "codec/http1_parse.h"

/*
 * RFC 9110 section 6.5.1: framing, routing, request modifiers, authentication, response control and
 * content format are never read from trailers. What is hop-by-hop could not be stripped any more
 * when it comes this late.
 */
static const char *const forbidden_names[] = {
    "Age",
    "Allow",
    "Cache-Control",
    "Content-Range",
    "Cookie",
    "Expires",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Max-Forwards",
    "Pragma",
    "Range",
    "Retry-After",
    "Set-Cookie",
    "Vary",
    "Warning",
};

/* Every field that the program itself acts on is one of those, but for Accept-Encoding and Via that
 * do no harm. */
bool
http1_may_be_trailer(const struct field *f)
{
    if (f->id != FIELD_OTHER)
        return f->id == FIELD_ACCEPT_ENCODING || f->id == FIELD_VIA;
    for (size_t i = 0; i < ARRAY_LEN(forbidden_names); i++)
        if (slice_eq_nocase(f->name, slice_str(forbidden_names[i])))
            return false;
    return true;
}

enum http1_result
http1_parse_trailers(struct slice raw, const struct http1_limits *limits, struct arena *a,
                     struct http_head *out, struct http1_why *why)
{
    struct http1_input x = {raw, false, limits, a, out, why};
    *out = (struct http_head){0};
    if (raw.n > limits->trailer_max)
        return http1_bad(&x, HTTP1_FAULT_TRAILER_SIZE, raw.p + limits->trailer_max);
    enum http1_result r = http1_parse_fields(&x, raw.p);
    if (r != HTTP1_OK)
        return r;
    size_t kept = 0;
    for (size_t i = 0; i < out->n; i++)
        if (http1_may_be_trailer(&out->fields[i]))
            out->fields[kept++] = out->fields[i];
    out->n = kept;
    return HTTP1_OK;
}
