/*
 * Heads of HTTP/2 (RFC 9113 section 8): from a header list to a head as HTTP/1 has it. As strict as
 * codec/http1.h, since what came may go on as HTTP/1: whatever could become another message there
 * is a fault. The head is written down as text, so that all who look at heads have the same to look
 * at:
 * ":authority" is the first field, Host, unless there is a Host.
 */
#pragma once

#include "base/buf.h"
#include "codec/http1.h"

enum h2_fault {
#define H2_FAULT(id, word, status, text) H2_FAULT_##id,
#include "codec/h2_fault_list.h"
#undef H2_FAULT
};

struct h2_fault_row {
    const char *word, *text;
    unsigned status; /* what a server answers to such a request */
};

enum h2_pseudo {
    H2_METHOD,
    H2_SCHEME,
    H2_AUTHORITY,
    H2_PATH,
    H2_PROTOCOL,
    H2_STATUS,
    H2_PSEUDO_COUNT,
};

/* A header list that is being received. */
struct h2_block {
    struct buf text;     /* "name: value" lines, the pseudo-fields first */
    size_t pseudo_bytes; /* of them */
    size_t n;            /* fields that are not pseudo */
    size_t size;         /* as SETTINGS_MAX_HEADER_LIST_SIZE counts it */
    struct {
        size_t at, n; /* the value in 'text'; at is 0 when it is not there */
    } pseudo[H2_PSEUDO_COUNT];
    char order[H2_PSEUDO_COUNT + 1]; /* see http_head.pseudo */
    enum h2_fault fault;             /* the first; nothing is kept behind it */
};

const struct h2_fault_row *h2_fault_row(enum h2_fault fault);
/* ":method"; the letter in http_head.pseudo. */
struct slice h2_pseudo_name(enum h2_pseudo p);
char h2_pseudo_letter(enum h2_pseudo p);
/* The three digits of :status. */
void h2_put_status(char digits[3], unsigned status);
/* Whether a field with the id belongs to one connection of HTTP/1 and has no place in HTTP/2. */
bool h2_is_connection_field(enum field_id id);

void h2_block_init(struct h2_block *b, const struct http1_limits *limits);
void h2_block_release(struct h2_block *b);
/* Checks and keeps a field; what is wrong with it is in b->fault from then on. */
void h2_block_add(struct h2_block *b, struct slice name, struct slice value,
                  const struct http1_limits *limits);
/* The value of a pseudo-field, or an empty slice. Borrowed until the block changes. */
struct slice h2_block_pseudo(const struct h2_block *b, enum h2_pseudo p);

/*
 * The list as a head; everything of it lives in the arena. 'ended': no content comes behind it.
 * framing is NONE then, LENGTH with a Content-Length, else CHUNKED: what it will need in HTTP/1.
 * false sets b->fault.
 */
bool h2_block_request(struct h2_block *b, bool ended, const struct http1_limits *limits,
                      struct arena *a, struct http_head *out) MUST_CHECK;
/* 'method' is that of the request. */
bool h2_block_response(struct h2_block *b, bool ended, struct slice method, struct arena *a,
                       struct http_head *out) MUST_CHECK;
/* As http1_parse_trailers. */
bool h2_block_trailers(struct h2_block *b, struct arena *a, struct http_head *out) MUST_CHECK;
/* What there is of a list that is wrong, for the record. */
bool h2_block_lenient(const struct h2_block *b, struct arena *a, struct http_head *out) MUST_CHECK;
