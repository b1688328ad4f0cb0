/*
 * Rules as mitmproxy's options spell them: the first character separates the parts,
 * "/QUERY/REGEX/NEW" or, for all exchanges, "/REGEX/NEW".
 */
#pragma once

#include "base/arena.h"
#include "proxy/config.h"
#include "rule/rule.h"

/* The rules that the options of a configuration ask for, in the order in which mitmproxy applies
 * them, in the arena. Relative names of files are below the current folder. */
struct rules_mitm {
    struct rule_spec *specs;
    size_t n;
};
bool rules_mitm_make(const struct config *c, struct arena *a, struct rules_mitm *out,
                     struct err *e) MUST_CHECK;

/* Whether an entry of the option would make good rules. */
bool rules_mitm_check_map_remote(const char *text, struct err *e) MUST_CHECK;
bool rules_mitm_check_map_local(const char *text, struct err *e) MUST_CHECK;
bool rules_mitm_check_modify_body(const char *text, struct err *e) MUST_CHECK;
bool rules_mitm_check_modify_headers(const char *text, struct err *e) MUST_CHECK;
bool rules_mitm_check_block_list(const char *text, struct err *e) MUST_CHECK;
bool rules_mitm_check_query(const char *text, struct err *e) MUST_CHECK;
