/* What a rule is made from, as JSON says it: keys with texts, numbers, bools, or lists of them. */
#pragma once

#include "rule/rule.h"
#include "ui/web/call.h"

/* All of it lives as long as the call. Keys that the server alone shows are left out. false: the
 * call has failed. */
bool spec_read(struct call *c, struct json_t *o, struct rule_spec *spec) MUST_CHECK;
