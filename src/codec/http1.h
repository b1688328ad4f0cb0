/*
 * HTTP/1.0 and HTTP/1.1 heads: parse and print (RFC 9112). Strict: whatever two implementations
 * could read in two ways is a fault and not repaired. Nothing here keeps state; chunked content is
 * in codec/chunk.h.
 *
 * The way of a head: http1_skip_blank once (requests), http1_head_end at every arrival until it
 * finds the end (http1_check_partial while it does not), then one of the parsers over exactly those
 * bytes, in memory that stays.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "codec/head.h"

enum http1_result { HTTP1_MORE, HTTP1_OK, HTTP1_BAD };

enum http1_fault {
#define HTTP1_FAULT(id, word, status, text) HTTP1_FAULT_##id,
#include "codec/http1_fault_list.h"
#undef HTTP1_FAULT
};

struct http1_fault_row {
    const char *word; /* "bare-lf" */
    const char *text; /* "a line ends with LF instead of CR LF" */
    unsigned status;  /* what a server answers to such a request; in a response, it is a 502 */
};

/* What is wrong and where. Filled with the result HTTP1_BAD only. */
struct http1_why {
    enum http1_fault fault;
    size_t at; /* offset in the head; in chunked content, in the whole body as it arrived */
};

/* Bytes, but for fields_max. All of them are inclusive. */
struct http1_limits {
    size_t head_max;      /* start line, fields and empty line together */
    size_t line_max;      /* the start line; field lines are bounded by head_max only */
    size_t fields_max;    /* field lines of a head or of a trailer section */
    size_t trailer_max;   /* a trailer section with its empty line */
    size_t chunk_ext_max; /* the extensions of one chunk */
};

#define HTTP1_LIMITS_DEFAULT                                                                       \
    ((struct http1_limits){.head_max = 64 * 1024,                                                  \
                           .line_max = 16 * 1024,                                                  \
                           .fields_max = 128,                                                      \
                           .trailer_max = 8 * 1024,                                                \
                           .chunk_ext_max = 256})

/* The options of all Connection fields of a head together, empty ones included. */
#define HTTP1_OPTIONS_MAX 64

const struct http1_fault_row *http1_fault_row(enum http1_fault fault);

/*
 * Bytes to skip in front of a request: 2 for one CR LF, else 0. RFC 9112 section 2.2 wants at least
 * one empty line ignored; call it once per head, so that a second one is a fault. Not for
 * responses.
 */
size_t http1_skip_blank(struct slice in);

/*
 * The size of the head at the start of 'in' with its empty line, or 0 when it is not all there.
 * '*scanned' (start with 0) remembers how far it looked, so that a head in many pieces costs one
 * pass. An empty line that is a bare LF ends the head too, and a bare LF in front of one: the
 * parser refuses it then, where else it would wait for ever.
 */
size_t http1_head_end(struct slice in, size_t *scanned);

/*
 * Looks at a head that is not all there: HTTP1_BAD when it is over the limits already or its first
 * bytes cannot become a start line, so that nobody waits for the rest; HTTP1_MORE otherwise.
 */
enum http1_result http1_check_partial(struct slice in, bool response,
                                      const struct http1_limits *limits,
                                      struct http1_why *why) MUST_CHECK;

/*
 * Parse one complete head, no byte more. 'raw' must live as long as 'out': every slice of it points
 * there, and nothing is copied; the field array comes from the arena and has room for 4 more.
 * HTTP1_MORE when the empty line is missing.
 *
 * Requests: framing, length, keep_alive and expect_continue are set. CONNECT has FRAMING_NONE; on
 * it a Transfer-Encoding or a Content-Length above 0 is a fault. Host is there exactly once (at
 * most once in 1.0) and is a valid authority; that it agrees with an absolute target is for the
 * caller to see to (RFC 9112 section 3.2.2: the target wins). Proxy-Connection counts when there is
 * no Connection field.
 */
enum http1_result http1_parse_request(struct slice raw, const struct http1_limits *limits,
                                      struct arena *a, struct http_head *out,
                                      struct http1_why *why) MUST_CHECK;

/*
 * Responses: framing is not set before http1_frame_response. The reason may be empty, and the blank
 * before it may be missing.
 */
enum http1_result http1_parse_response(struct slice raw, const struct http1_limits *limits,
                                       struct arena *a, struct http_head *out,
                                       struct http1_why *why) MUST_CHECK;

/*
 * Sets framing, length and keep_alive of a response to a request with this method (RFC 9112
 * section 6.3); false is a fault. 2xx to CONNECT is FRAMING_TUNNEL, its framing fields are not
 * looked at. 101 is FRAMING_TUNNEL. In 1xx and 204 a Transfer-Encoding or a Content-Length above 0
 * is a fault; "Content-Length: 0" is let through, servers do send it. For HEAD and 304 the fields
 * must be well formed, and there is no content. FRAMING_EOF clears keep_alive.
 */
bool http1_frame_response(struct http_head *h, struct slice method,
                          struct http1_why *why) MUST_CHECK;

/*
 * An index over a head that is let through as it is: whatever can be told apart, and nothing is
 * checked. Sets malformed, FRAMING_TUNNEL and keep_alive = false. Takes any bytes. At most 1024
 * fields are indexed. false without memory.
 */
bool http1_parse_lenient(struct slice raw, bool response, struct arena *a,
                         struct http_head *out) MUST_CHECK;

/*
 * A trailer section with its empty line (as chunk_next gives it) into out->fields; the rest of
 * 'out' is zero but for raw. Fields that must not be trailers (RFC 9110 section 6.5.1: framing,
 * routing, authentication, request modifiers, content format, and whatever is hop-by-hop) are left
 * out of out->fields; raw still has them.
 */
enum http1_result http1_parse_trailers(struct slice raw, const struct http1_limits *limits,
                                       struct arena *a, struct http_head *out,
                                       struct http1_why *why) MUST_CHECK;

/* Whether a field may stand in trailers, by the list above. */
bool http1_may_be_trailer(const struct field *f);

/*
 * Print a head. The start line goes out byte for byte when it still says what method, target,
 * status and reason say, in HTTP/1.1; otherwise a line of HTTP/1.1 is written. Fields with a 'line'
 * go out verbatim, others as "Name: value". A malformed head is printed as its raw bytes.
 */
void http1_print_request(struct buf *out, const struct http_head *h, struct slice target);
void http1_print_response(struct buf *out, const struct http_head *h);
/* Only the field lines, without the empty line. */
void http1_print_fields(struct buf *out, const struct http_head *h);
