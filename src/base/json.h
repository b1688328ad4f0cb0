/*
 * Streaming JSON writer (RFC 8259). Commas and nesting are kept by the writer. Text that is not
 * valid UTF-8 is written with U+FFFD for the bad bytes: bytes that must survive go through
 * json_base64.
 */
#pragma once

#include "base/buf.h"

#include <stdint.h>

struct json {
    struct buf *out;
    unsigned depth;
    bool comma;
};

void json_init(struct json *j, struct buf *out);
/* 'key' may be NULL inside arrays and at the top. */
void json_begin_object(struct json *j, const char *key);
void json_begin_array(struct json *j, const char *key);
void json_end_object(struct json *j);
void json_end_array(struct json *j);
void json_text(struct json *j, const char *key, struct slice s);
void json_str(struct json *j, const char *key, const char *z); /* NULL becomes null */
void json_base64(struct json *j, const char *key, struct slice s);
void json_u64(struct json *j, const char *key, uint64_t v);
void json_i64(struct json *j, const char *key, int64_t v);
void json_bool(struct json *j, const char *key, bool v);
/* As print_time writes it. */
void json_time(struct json *j, const char *key, uint64_t wall_ns);
void json_put_null(struct json *j, const char *key);
/* What is JSON already: one value. */
void json_raw(struct json *j, const char *key, struct slice s);
/* Splits base64 over several pieces: begin, any number of slices, end. */
struct json_base64_state {
    unsigned char held[3];
    unsigned n;
};
void json_base64_begin(struct json *j, const char *key, struct json_base64_state *st);
void json_base64_add(struct json *j, struct json_base64_state *st, struct slice s);
void json_base64_end(struct json *j, struct json_base64_state *st);
