/* The arguments of a rule: from the texts of its spec into the struct of its action. */
#pragma once

#include "base/arena.h"
#include "rule/rule.h"

struct params {
    const struct rule_ops *ops;
    void *action;
    struct arena *arena;
    const char *folder; /* what relative file names are below; may be NULL */
};

/* Sets every field that the table of the ops has, from the spec, which must outlive the action, or
 * from its default. The error names the key. */
bool params_fill(const struct params *p, const struct rule_spec *spec, struct err *e) MUST_CHECK;
