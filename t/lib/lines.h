/*
 * Lines of a playbook: what a stack must do, and what it did. A line is a text, or a name with
 * bytes behind it: 'ask open a:80', 'client "HTTP/1.1 200 OK\r\n"'. Bytes for the same name, one
 * line after the other, are one line.
 */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#include <stdio.h>

struct line {
    char *text;  /* owned; for bytes: the name */
    char *bytes; /* owned; NULL for a text */
    size_t n, cap;
};

struct lines {
    struct line *v; /* owned */
    size_t n;
};

void lines_add(struct lines *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
void lines_add_bytes(struct lines *l, const char *name, struct slice bytes);
void lines_release(struct lines *l);
/* As a playbook spells them. */
void lines_print(FILE *out, const struct lines *l, const char *prefix);
bool lines_equal(const struct lines *a, const struct lines *b);

/*
 * Bytes in a playbook: "text" with \r \n \t \\ \" \xNN, with *NUMBER behind it for repetition, and
 * several of these one after the other; {...} is a frame of HTTP/2 (lib/frames.h). Returns owned
 * bytes with their size in *n, or NULL.
 */
char *bytes_parse(const char *text, size_t *n) MUST_CHECK;
void bytes_print(FILE *out, struct slice bytes, size_t column);
