/* The words of HTTP: field names, status texts, and which bytes may be in what (RFC 9110). */
#pragma once

#include "codec/head.h"

/* Case is ignored. FIELD_OTHER for names that are not in the table; no allocation, one comparison
 * at most. */
enum field_id token_field(struct slice name);
/* The usual spelling, "Content-Length"; empty for FIELD_OTHER. */
struct slice token_field_name(enum field_id id);
/* The text of a status (RFC 9110 section 15), "Not Found"; empty when unknown. */
struct slice token_reason(unsigned status);

/* What a byte may be part of; bits of token_class. */
enum token_bits {
    TOKEN_TCHAR = 1,  /* a token: methods, field names */
    TOKEN_TARGET = 2, /* a request target: 0x21 to 0x7e without '#' */
    TOKEN_VALUE = 4,  /* a field value: HTAB, SP, visible ASCII, obs-text (0x80 to 0xff) */
    TOKEN_HOST = 8,   /* a host name: letters, digits, '-', '.', '_' */
};
extern const unsigned char token_class[256];

static inline bool
token_is_tchar(char c)
{
    return token_class[(unsigned char)c] & TOKEN_TCHAR;
}

/* Index of the first byte that lacks the bit, or s.n. */
size_t token_span(struct slice s, enum token_bits bit);

/* One tchar or more, nothing else. */
bool token_valid(struct slice s);
