/* What the readers of Charles's tools share: places, as queries and as regular expressions. */
#pragma once

#include "api/rules_import_make.h"
#include "api/xml.h"

/* A place, each part of it may be empty: any. '*' and '?' stand for some signs and for one. */
struct charles_place {
    struct slice protocol, host, port, path, query;
};

/* NULL is any place. */
struct charles_place charles_place(const struct xml *location);
/* The place as a query, in the arena. */
struct slice charles_query(struct import *m, const struct charles_place *p);
/* The places of a list as one query. *off says that all of them are. */
struct slice charles_queries(struct import *m, const struct xml *patterns, bool *off);
/* Appends a text with '*' and '?' as a regular expression. */
void charles_put_pattern(struct buf *out, struct slice text);
/* "true"; 'def' when it is not there. */
bool charles_bool(const struct xml *x, const char *name, bool def);

/* Whether it is the element with the name; else it is left out. */
bool charles_is(struct import *m, const struct xml *x, const char *name) MUST_CHECK;

/* <rewriteSet>; 'off': the tool is. */
void charles_rewrite(struct import *m, const struct xml *set, bool off);
