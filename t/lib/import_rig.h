/* Files of other programs, read and made to act: what becomes of one exchange. */
#pragma once

#include "api/rules_import.h"
#include "flow/edit.h"

struct import_rig {
    struct arena *arena;
    struct rules_import import;
    struct rules *rules;
    struct err e;
    struct flow *flow;
    struct decision decision;
};

/* An exchange of POST https://example.com/old/a?x=1&y=2 whose contents are "hello hello". */
void import_rig_begin(struct import_rig *x);
void import_rig_end(struct import_rig *x);
/* 'format' may be empty. */
bool import_rig_read(struct import_rig *x, const char *format, const char *text);
/* Reads the text and lets its rules act on the flow. */
void import_rig_apply(struct import_rig *x, const char *format, const char *text);

/* Where it goes now. */
void import_rig_expect_url(struct import_rig *x, const char *url);
void import_rig_expect_content(const struct http_msg *m, const char *text);
/* NULL: there is no such field. */
void import_rig_expect_field(const struct http_msg *m, const char *name, const char *value);
/* That one thing alone was left out. */
void import_rig_expect_left(struct import_rig *x, const char *where, const char *why);
