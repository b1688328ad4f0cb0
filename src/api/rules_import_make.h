/* What the readers of foreign rules have in common: rules and what is left out go into a list; once
 * there is no room, all else does nothing and import_end says so. */
#pragma once

#include "api/rules_import.h"
#include "base/buf.h"

#define IMPORT_TEXT_MAX ((size_t)1 << 20) /* of one argument */

struct import {
    struct arena *arena;
    struct rules_import *out;
    struct slice folder; /* of all its rules */
    size_t cap, cap_left;
    bool full;
};

/* Arguments of an action; a NULL text leaves the pair out, an empty one does not. */
struct import_pair {
    const char *key;
    struct slice value;
};

struct import_rule {
    struct slice where; /* for what is said when it makes no rule */
    struct slice name, when;
    bool off;
    const char *action;
    struct import_pair pairs[6]; /* ended by a NULL key */
};

void import_begin(struct import *m, struct rules_import *out, struct arena *a, const char *folder);
/* Takes it over, or leaves it out with the reason. Copies everything. */
void import_add(struct import *m, const struct import_rule *r);
void import_leave(struct import *m, struct slice where, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool import_end(const struct import *m, struct err *e) MUST_CHECK;
/* "line 12", in the arena. */
struct slice import_line(const struct import *m, size_t line);
/* The text in the arena, which is empty without room. Releases the buf. */
struct slice import_keep(struct import *m, struct buf *b);

/* Appends a regular expression that matches the text. */
void import_put_literal(struct buf *out, struct slice text);
/* Appends a replacement that stands for the text. */
void import_put_plain(struct buf *out, struct slice text);
/* Appends what a replacement of Java's means: "$1", and a backslash in front of what stands for
 * itself. */
void import_put_java(struct buf *out, struct slice text);

bool import_burp(struct slice text, struct rules_import *out, struct arena *a,
                 struct err *e) MUST_CHECK;
bool import_charles(struct slice text, struct rules_import *out, struct arena *a,
                    struct err *e) MUST_CHECK;
bool import_mitmproxy(struct slice text, struct rules_import *out, struct arena *a,
                      struct err *e) MUST_CHECK;
