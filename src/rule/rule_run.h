/* What a list of rules needs of one rule, and nobody else. */
#pragma once

#include "rule/rule.h"

const struct filter *rule_filter(const struct rule *r);
/* Acts when it matches: notes it in the flow, counts it. false when it did nothing. */
bool rule_run(struct rule *r, struct hook *h) MUST_CHECK;
/* At the stage of a head: whether it could act on the content while that passes; and that it does
 * so, if it matches. */
bool rule_can_stream(const struct rule *r, const struct hook *h);
void rule_stream(struct rule *r, struct hook *h);
