/*
 * Rules out of the files of other programs. What has no equal here is left out, and each such thing
 * is named with its place; a file that is damaged gives nothing at all.
 */
#pragma once

#include "base/arena.h"
#include "rule/rule.h"

#define RULES_IMPORT_MAX   ((size_t)8 << 20)  /* bytes of a file */
#define RULES_IMPORT_ARENA ((size_t)64 << 20) /* what its rules may take */

struct rules_left {
    struct slice where; /* "line 12", "match_replace_rules[3]" */
    struct slice why;
};

struct rules_import {
    struct rule_spec *specs; /* each makes a rule */
    size_t n;
    struct rules_left *left;
    size_t n_left;
};

struct rules_format {
    const char *name, *help;
    bool (*read)(struct slice text, struct rules_import *out, struct arena *a, struct err *e);
};

/* Ended by a NULL name. */
extern const struct rules_format rules_formats[];

/* 'format' may be empty: then it is guessed. Everything is in the arena. */
bool rules_import_read(struct slice text, struct slice format, struct rules_import *out,
                       struct arena *a, struct err *e) MUST_CHECK;
