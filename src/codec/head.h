/*
 * The head of an HTTP message: the bytes as they arrived, with an index over them. Everything in
 * here is a slice into memory that the flow's arena owns. RFC 9110 for the terms, RFC 9112 for the
 * form on the wire.
 */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

#include <stdint.h>

/* Fields that the program itself looks at; the rest is FIELD_OTHER. The names are in codec/token.c.
 */
enum field_id {
    FIELD_OTHER,
    FIELD_ACCEPT_ENCODING,
    FIELD_AUTHORIZATION,
    FIELD_CONNECTION,
    FIELD_CONTENT_ENCODING,
    FIELD_CONTENT_LENGTH,
    FIELD_CONTENT_TYPE,
    FIELD_DATE,
    FIELD_EXPECT,
    FIELD_HOST,
    FIELD_KEEP_ALIVE,
    FIELD_LOCATION,
    FIELD_PROXY_AUTHENTICATE,
    FIELD_PROXY_AUTHORIZATION,
    FIELD_PROXY_CONNECTION,
    FIELD_TE,
    FIELD_TRAILER,
    FIELD_TRANSFER_ENCODING,
    FIELD_UPGRADE,
    FIELD_VIA,
    FIELD_WWW_AUTHENTICATE,
};

struct field {
    struct slice
        line; /* as it arrived, with its line end; empty when the field was made or changed by us */
    struct slice name;  /* as spelt */
    struct slice value; /* without the OWS around it */
    enum field_id id;
};

/* How the content of a message is delimited (RFC 9112 section 6.3). */
enum framing {
    FRAMING_NONE,   /* there is none: no framing field in a request, HEAD, 1xx, 204, 304 */
    FRAMING_LENGTH, /* Content-Length, 0 included */
    FRAMING_CHUNKED,
    FRAMING_EOF,    /* to the end of the connection: responses only */
    FRAMING_TUNNEL, /* no HTTP after this head: 2xx to CONNECT, 101, a malformed message that is let
                       through */
};

/* The old signals of HTTP/2 (RFC 7540 section 5.3), which go on as they came. */
struct priority {
    uint32_t stream; /* that it depends on */
    uint16_t weight; /* 1 to 256; 0: there was none */
    bool exclusive;
};

struct http_head {
    struct slice raw;    /* all of it, through the empty line */
    struct slice line;   /* the start line with its line end */
    struct slice method; /* requests; empty in responses */
    struct slice target; /* requests: the request target as spelt */
    struct slice reason; /* responses: may be empty */
    unsigned status;     /* responses: 100 to 999; 0 in requests */
    unsigned version;    /* 10, 11, 20 */
    struct field *fields;
    size_t n, cap;
    enum framing framing;
    uint64_t length; /* for FRAMING_LENGTH */
    bool keep_alive; /* the sender would keep the connection, by version and Connection field */
    bool expect_continue; /* Expect: 100-continue in a request of HTTP/1.1 */
    bool malformed;       /* let through as it is by 'allow-malformed' */
    /* HTTP/2 only. */
    char pseudo[8];           /* the pseudo-fields in their order, a letter each: "masp" */
    struct slice scheme;      /* requests: ":scheme" */
    struct slice protocol;    /* an extended CONNECT: ":protocol" */
    struct priority priority; /* requests: of the HEADERS frame */
};

/* The first field with the id, or NULL. */
struct field *head_find(const struct http_head *h, enum field_id id);
/* The first field with the name (case ignored), or NULL. */
struct field *head_find_name(const struct http_head *h, struct slice name);
/* Its value, or an empty slice. */
struct slice head_value(const struct http_head *h, enum field_id id);
/* Whether a list field (all lines with the id) holds the token, case ignored. */
bool head_has_token(const struct http_head *h, enum field_id id, struct slice token);
/* Takes every field with the id out. */
void head_remove(struct http_head *h, enum field_id id);
/* Adds a field at the end; name and value are copied into the arena. false without memory. */
bool head_add(struct http_head *h, struct arena *a, struct slice name,
              struct slice value) MUST_CHECK;
/* Replaces the value of the first field with the id where it stands and removes the others; adds it
 * when there is none. */
bool head_set(struct http_head *h, struct arena *a, enum field_id id,
              struct slice value) MUST_CHECK;
/* A copy whose field array is its own (in the arena); the slices still point where they pointed. */
bool head_copy(struct http_head *to, const struct http_head *from, struct arena *a) MUST_CHECK;
