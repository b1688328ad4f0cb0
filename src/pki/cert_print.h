/* Certificates as people and programs read them. Whatever is in one, no control byte but HTAB (and
 * LF between lines) comes out. */
#pragma once

#include "base/buf.h"
#include "base/json.h"

struct stack_st_X509;
struct X509_name_st;
struct x509_st;

#define CERT_PRINT_MAX_NAMES 100 /* subject alternative names; the number of the rest is given */

/* Lines "subject: ...", "issuer: ...", names, validity, key, signature, serial, SHA-256
 * fingerprint. */
void cert_print(struct buf *out, struct x509_st *cert);
/* An object with the members subject, issuer, names, names_total, not_before, not_after, key, bits,
 * signature, serial, sha256. 'key' may be NULL as in base/json.h. */
void cert_json(struct json *j, const char *key, struct x509_st *cert);
/* The CN, or the first name of the SAN, or the last attribute of the subject, or "(no name)", at
 * most 'max' bytes. Appended. */
void cert_name(struct buf *out, struct x509_st *cert, size_t max);
/* The value of the attribute number 'at' of a name, at most 'max' bytes of it. Appended; nothing
 * when there is none. */
void cert_attribute(struct buf *out, const struct X509_name_st *name, int at, size_t max);
/* SHA-256 over the DER form, 32 bytes. */
bool cert_sha256(struct x509_st *cert, unsigned char out[32]) MUST_CHECK;
